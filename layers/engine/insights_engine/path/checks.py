"""What must hold of a paths query whichever form it came in; `field` is what the request calls the value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from insights_engine.errors import ValidationError, attr_of, unknown
from insights_engine.funnel.model import STEPS, FunnelQuery
from insights_engine.path.model import (
    BETWEEN,
    MAX_ITEM,
    MAX_REGEX,
    MAX_RULES,
    FunnelPaths,
    PathQuery,
    Rule,
)
from insights_engine.regexes import check_re2
from insights_engine.trend.model import BreakdownBy

# As ClickHouse reads an alias: a backslash and one digit.
_GROUP = re.compile(r"\\(?:\\|(\d))")


def texts(value: Any, field: str, most: int) -> tuple[str, ...]:
    """A list of short texts."""
    if value is None or value == "":
        return ()
    if not isinstance(value, list) or any(not isinstance(one, str) for one in value):
        raise ValidationError(f"{field} must be a list of texts", attr=attr_of(field))
    if len(value) > most:
        raise ValidationError(f"{field} has more than {most} entries", attr=attr_of(field))
    for index, one in enumerate(value):
        if len(one) > MAX_ITEM:
            place = f"{field}[{index}]"
            raise ValidationError(f"{place} is longer than {MAX_ITEM} characters", attr=attr_of(place))
    return tuple(value)


def groupings(values: tuple[str, ...], field: str) -> tuple[str, ...]:
    """An empty one would match every item, and leave nothing of any path."""
    if "" in values:
        place = f"{field}[{values.index('')}]"
        raise ValidationError(f"{place} must not be empty", attr=attr_of(place))
    return values


def choices(values: Sequence[str], field: str, known: dict[str, str]) -> tuple[str, ...]:
    for index, value in enumerate(values):
        if value not in known:
            raise unknown(f"{field}[{index}]", value, known)
    return tuple(dict.fromkeys(values))


def rules(value: Any, field: str) -> tuple[Rule, ...]:
    """Cleaning rules that ClickHouse will run: RE2, and an alias that names no group that there is not."""
    if value is None or value == "":
        return ()
    if not isinstance(value, list) or len(value) > MAX_RULES:
        raise ValidationError(f"{field} must be a list of at most {MAX_RULES} rules", attr=attr_of(field))
    return tuple(_rule(one, f"{field}[{index}]") for index, one in enumerate(value))


def _rule(value: Any, field: str) -> Rule:
    if not isinstance(value, dict):
        raise ValidationError(f"{field} must be an object with alias and regex", attr=attr_of(field))
    regex, alias = _text(value.get("regex"), f"{field}.regex"), value.get("alias")
    if not regex:
        raise ValidationError(f"{field}.regex must not be empty", attr=attr_of(f"{field}.regex"))
    groups = check_re2(regex, attr_of(f"{field}.regex"))
    alias = "" if alias is None else _text(alias, f"{field}.alias")
    for number in filter(None, _GROUP.findall(alias)):
        if int(number) > groups:
            place = f"{field}.alias"
            raise ValidationError(f"{place} names a group \\{number} that its regex has not", attr=attr_of(place))
    return Rule(regex, alias)


def _text(value: Any, field: str) -> str:
    if not isinstance(value, str):
        raise ValidationError(f"{field} must be a text", attr=attr_of(field))
    if len(value) > MAX_REGEX:
        raise ValidationError(f"{field} is longer than {MAX_REGEX} characters", attr=attr_of(field))
    return value


def weights(query: PathQuery, field: str) -> None:
    if query.greatest_weight and query.least_weight > query.greatest_weight:
        raise ValidationError(f"{field} is below the least weight", attr=attr_of(field))


@contextmanager
def inside(place: str) -> Iterator[None]:
    """Faults of the funnel say where it is: it has fields of the same names as the paths around it."""
    try:
        yield
    except ValidationError as error:
        first = (error.attr or "").partition("__")[0]
        if not first:
            detail = error.detail  # a sentence of its own, which clients may know
        elif error.detail.startswith(first):
            detail = f"{place}.{error.detail}"
        else:
            detail = f"{place}: {error.detail}"
        attr = "__".join(filter(None, (attr_of(place), error.attr)))
        raise ValidationError(detail, attr=attr, code=error.code, extra=error.extra) from error


def funnel_paths(kind: str, funnel: FunnelQuery, step: int | None, names: tuple[str, str]) -> FunnelPaths:
    """`names` are what the request calls the funnel and the step."""
    funnel_field, step_field = names
    if funnel.group_index is not None or funnel.actor_expression is not None:
        raise ValidationError(f"{funnel_field}: paths are those of persons", attr=attr_of(funnel_field))
    count = len(funnel.steps)
    if not count:
        raise ValidationError(f"{funnel_field} has no steps", attr=attr_of(funnel_field))
    if step is None or step in (0, -1) or abs(step) > count:
        raise ValidationError(
            f"{step_field} must be a step from 1 to {count}, or from -2 to -{count} for those who did not reach it",
            attr=attr_of(step_field),
        )
    if kind == BETWEEN and step in (1, -2):
        raise ValidationError(f"{step_field}: there is no step before the first", attr=attr_of(step_field))
    # Who reached a step does not depend on how the funnel would be shown.
    plain = replace(funnel, viz=STEPS, breakdown=BreakdownBy())
    return FunnelPaths(kind, step, plain, funnel.window, funnel_field)
