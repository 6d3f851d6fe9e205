"""Answers that are rows of any values, with the names of their columns, and how a value is read. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from insights_engine.answer import AS_SHOWN

from insights_report.charts.text import written

if TYPE_CHECKING:
    from insights_engine.answer import Answer

_COLUMNS = "columns"
# What is said where a LIMIT ended the rows.
CUT = "There are more rows behind the LIMIT"


class ValueRows(NamedTuple):
    """`is_cut`: a LIMIT, be it the one that nobody wrote, ended them."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    is_cut: bool


def result_of(found: Answer) -> Any:
    """As JSON has it. Rows of values say nothing without the names of their columns, so those go with them."""
    names = found.additions.get(_COLUMNS)
    shown = found.result
    if names is not None:
        shown = {_COLUMNS: names, "results": found.result, "hasMore": found.has_more}
    return orjson.loads(orjson.dumps(shown, option=AS_SHOWN))


def value_rows_of(result: Mapping[str, Any]) -> ValueRows:
    """What `result_of` gave."""
    return ValueRows(result[_COLUMNS], result["results"], result["hasMore"])


def said(value: Any) -> str:
    """Numbers as everywhere, lists and objects as JSON."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return written(value)
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
