"""The filters and orders of a list of insights, one row each. Those that a request does not name are not looked at."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC
from functools import partial
from typing import Any, NamedTuple

import orjson
from fastapi import Request
from insights_acl import fields
from insights_acl.access import Access
from insights_acl.models import moment
from insights_engine.dates import parse
from insights_engine.errors import ValidationError, unknown
from insights_engine.kinds import OLDER_NAMES
from insights_engine.store import Item

from insights_api.insight_query import events_of, kind_of
from insights_api.objects import is_true

Predicate = Callable[[Item], bool]
# What upstream makes together with a feature flag.
_FLAG_INSIGHTS = ("Feature Flag Called Total Volume", "Feature Flag calls made by unique users per variant")
_LAST_VIEWED = "last_viewed_at"
_DRAWN = ("InsightVizNode", "DataVisualizationNode")


class Listing(NamedTuple):
    """`viewed`: when the caller last viewed which insight; `on_dashboards`: those it is on that the caller sees."""

    access: Access
    viewed: Callable[[], Mapping[int, str]]
    on_dashboards: Callable[[Item], Collection[int]]

    def value(self, item: Item, name: str) -> Any:
        return self.viewed().get(item["id"]) if name == _LAST_VIEWED else item.get(name)


def chosen(request: Request, listing: Listing) -> list[Predicate]:
    """What every insight of the list has to be. Raises ValidationError that names the parameter."""
    asked = request.query_params
    return [make(asked[name], listing) for name, make in FILTERS.items() if name in asked]


def _short_id(text: str, _: Listing) -> Predicate:
    return lambda item: item["short_id"] == text


def _saved(text: str, listing: Listing) -> Predicate:
    """Saved, or on a dashboard."""
    if not is_true(text):
        return lambda item: not item["saved"]
    return lambda item: item["saved"] or bool(listing.on_dashboards(item))


def _favorited(_: str, __: Listing) -> Predicate:
    return lambda item: item["favorited"]


def _mine(_: str, listing: Listing) -> Predicate:
    return lambda item: (item["created_by"] or {}).get("uuid") == listing.access.user.uuid


def _created_by(text: str, _: Listing) -> Predicate:
    wanted = _whole_numbers(text, "created_by")
    return lambda item: not wanted or (item["created_by"] or {}).get("id") in wanted


def _insight(text: str, _: Listing) -> Predicate:
    """`JSON` are nodes without a wrapper that draws them, `SQL` statements."""
    known = (*(name for name in OLDER_NAMES if name != "SESSIONS"), "JSON", "SQL")
    if text not in known:
        raise unknown("insight", text, known)
    if text == "JSON":
        return lambda item: item["query"] is not None and item["query"]["kind"] not in _DRAWN
    return lambda item: kind_of(item) == OLDER_NAMES.get(text, "HogQLQuery")


def _dashboards(text: str, listing: Listing) -> Predicate:
    wanted = set(_whole_numbers(text, "dashboards"))
    return lambda item: wanted <= set(listing.on_dashboards(item))


def _tags(text: str, _: Listing) -> Predicate:
    wanted = set(_texts(text, "tags"))
    return lambda item: not wanted or bool(wanted & set(item["tags"]))


def _events(text: str, _: Listing) -> Predicate:
    wanted = set(_texts(text, "events"))
    return lambda item: wanted <= events_of(item)


def _feature_flag(text: str, _: Listing) -> Predicate:
    """Those that have the flag's property in them."""
    written = orjson.dumps(f"$feature/{text}").decode()[1:-1].lower()
    return lambda item: written in orjson.dumps([item["query"], item["filters"]]).decode().lower()


def _hide_flag_insights(text: str, _: Listing) -> Predicate:
    return lambda item: not is_true(text) or item["name"] not in _FLAG_INSIGHTS


def _date(name: str, parameter: str, text: str, listing: Listing) -> Predicate:
    """Strictly later than a `…_from`, strictly earlier than a `…_to`. What never was is neither."""
    is_end = parameter.endswith("_to")
    project = listing.access.project
    at = moment(parse(text, listing.access.now, project.zone, parameter, is_end=is_end).at.astimezone(UTC))

    def holds(item: Item) -> bool:
        value = listing.value(item, name)
        return value is not None and (value < at if is_end else value > at)

    return holds


_DATES = {
    "date_from": "last_modified_at",
    "date_to": "last_modified_at",
    "created_date_from": "created_at",
    "created_date_to": "created_at",
    "last_viewed_date_from": _LAST_VIEWED,
    "last_viewed_date_to": _LAST_VIEWED,
}
FILTERS: dict[str, Callable[[str, Listing], Predicate]] = {
    "short_id": _short_id,
    "saved": _saved,
    "favorited": _favorited,
    "user": _mine,
    "created_by": _created_by,
    "insight": _insight,
    **{parameter: partial(_date, name, parameter) for parameter, name in _DATES.items()},
    "dashboards": _dashboards,
    "tags": _tags,
    "events": _events,
    "feature_flag": _feature_flag,
    "hide_feature_flag_insights": _hide_flag_insights,
}


def _whole_numbers(text: str, parameter: str) -> list[int]:
    return [fields.integer(one, parameter) for one in _array(text, parameter)]


def _texts(text: str, parameter: str) -> list[str]:
    return [fields.text(one, parameter) for one in _array(text, parameter)]


def _array(text: str, parameter: str) -> list[Any]:
    """JSON; an empty text is an empty list."""
    try:
        found = orjson.loads(text) if text.strip() else []
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, list):
        raise ValidationError(f"{parameter} must be a JSON array", attr=parameter)
    return fields.array(found, parameter)


# Orders.


def _plain(value: Any) -> Any:
    return value


def _person(value: Any) -> Any:
    return value and str(value.get("email") or "").lower()


# Field -> what its values are compared by.
ORDERS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("id", "short_id", "order", "favorited", "saved", "deleted", "is_sample"), _plain),
    **dict.fromkeys(("created_at", "updated_at", "last_modified_at", _LAST_VIEWED), _plain),
    **dict.fromkeys(("name", "derived_name", "description"), lambda value: value and value.lower()),
    **dict.fromkeys(("created_by", "last_modified_by"), _person),
}


def ordered(request: Request, items: Iterable[Item], listing: Listing) -> Sequence[Item]:
    """By `order`, which `-` reverses. Null is the greatest, but of `last_viewed_at`: what was never viewed is old."""
    name = request.query_params.get("order") or "order"
    field, is_reversed = name.removeprefix("-"), name.startswith("-")
    if field not in ORDERS:
        raise unknown("order", field, ORDERS)
    compared, null = ORDERS[field], field != _LAST_VIEWED

    def rank(item: Item) -> tuple[Any, ...]:
        value = compared(listing.value(item, field))
        return (null,) if value is None else (not null, value)

    return sorted(items, key=rank, reverse=is_reversed)
