"""The filters of a list of annotations, one row each. What a list does not know is ignored, as upstream ignores it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from operator import ge, gt, le, lt
from typing import Any

from insights_acl import fields
from insights_engine.errors import ValidationError
from insights_engine.store import Item

Predicate = Callable[[Item], bool]
# Every scope that upstream knows, of which some find nothing here.
_SCOPES = ("dashboard_item", "insight", "dashboard", "project", "organization", "recording")
_OLDER = {"insight": "dashboard_item"}


def chosen(asked: Mapping[str, str]) -> list[Predicate]:
    """What every annotation of the list has to be; an empty value asks nothing.

    Raises ValidationError that names the parameter.
    """
    made = [make(asked[name], name) for name, make in FILTERS.items() if asked.get(name)]
    start, end = (asked.get(name) for name in ("date_from", "date_to"))
    if start and end and fields.stored_moment(start, "date_from") > fields.stored_moment(end, "date_to"):
        raise ValidationError("date_from must be before date_to", attr="date_from")
    return made


def _search(text: str, _: str) -> Predicate:
    wanted = text.lower()
    return lambda item: wanted in (item["content"] or "").lower()


def _scope(text: str, name: str) -> Predicate:
    wanted = fields.choice(text, name, _SCOPES)
    return lambda item: item["scope"] == _OLDER.get(wanted, wanted)


def _marked(compare: Callable[[Any, Any], bool], text: str, name: str) -> Predicate:
    """An annotation without a date is at no time."""
    at = fields.stored_moment(text, name)
    return lambda item: item["date_marker"] is not None and compare(item["date_marker"], at)


def _about(field: str, text: str, name: str) -> Predicate:
    wanted = fields.integer(text, name)
    return lambda item: bool(item[field] == wanted)


FILTERS: dict[str, Callable[[str, str], Predicate]] = {
    "search": _search,
    "scope": _scope,
    "after": partial(_marked, gt),
    "before": partial(_marked, lt),
    "date_from": partial(_marked, ge),
    "date_to": partial(_marked, le),
    "dashboard_item": partial(_about, "dashboard_item"),
    "dashboardItemId": partial(_about, "dashboard_item"),
    "dashboard_id": partial(_about, "dashboard_id"),
    "dashboardId": partial(_about, "dashboard_id"),
}
