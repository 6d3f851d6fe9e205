"""The key of a question's result: equal for questions that have the same answer, whichever form they came in. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from types import CodeType, FunctionType
from typing import Any

import orjson

from insights_engine.project import Project

# Raised with every change that gives a question another answer, or its answer another form: older results are left be.
ANSWERS = 1
# Fields that say where in a request something stood, for errors.
_PLACES = frozenset({"field", "expression_field", "rules_field"})


def result_key(kind: str, query: Any, project: Project, *, sight: str = "", shown: str = "") -> str:
    """32 hexadecimal digits. `query` is the frozen query after parsing: what an answer does not depend on is not in it.

    `sight` tells apart callers whose rules let them see different things; `shown` is what of the request itself stands
    in the answer.
    """
    parts = [ANSWERS, kind, canonical(query), _of_project(project), sight, shown]
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()[:32]


def _of_project(project: Project) -> list[Any]:
    """The settings that change answers; not how events are stored, which changes none."""
    return [
        project.id,
        project.timezone,
        project.week_start_day or 0,
        canonical(project.test_account_filters),
        canonical(project.path_cleaning_filters),
        project.aggregate_users_by_distinct_id,
        project.human_friendly_comparison_periods,
        list(project.group_types),
    ]


def canonical(value: Any) -> Any:
    """JSON that is the same in every process for equal values, and different for values of different types.

    What has no such form is named by its `repr`: at worst its result is never found again.
    """
    match value:
        case None | bool() | str():
            return value
        case Enum():
            return [type(value).__name__, value.name]
        case int():
            return value if -(2**53) < value < 2**53 else ["int", str(value)]
        case date():
            return [type(value).__name__, value.isoformat()]
        case Mapping():
            return ["map", _sorted([canonical(name), canonical(one)] for name, one in value.items())]
        case frozenset() | set():
            return ["set", _sorted(map(canonical, value))]
        case list() | tuple():
            return [type(value).__name__, *map(canonical, value)]
    if isinstance(value, FunctionType):
        return _of_function(value)
    if is_dataclass(value) and not isinstance(value, type):
        names = (field.name for field in fields(value) if field.name not in _PLACES)
        return [type(value).__name__, *(canonical(getattr(value, name)) for name in names)]
    return [type(value).__name__, repr(value)]


def _of_function(value: FunctionType) -> Any:
    """Of a table's row: by what it does, as those without a name of their own have no other."""
    code = value.__code__
    constants = [repr(one) for one in code.co_consts if not isinstance(one, CodeType)]
    kept = [canonical(cell.cell_contents) for cell in value.__closure__ or ()]
    inner = [one.co_code.hex() for one in code.co_consts if isinstance(one, CodeType)]
    return ["function", value.__qualname__, code.co_code.hex(), list(code.co_names), constants, inner, kept]


def _sorted(values: Iterable[Any]) -> list[Any]:
    return sorted(values, key=orjson.dumps)
