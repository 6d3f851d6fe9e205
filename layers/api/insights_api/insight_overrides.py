"""What a reader wants otherwise than an insight says: a dashboard's filters, or a request's own.

`filters_override` takes the place of the dashboard's filters, `tile_filters_override` that of both. Their dates replace
those of the question, their properties must hold as well, their breakdown replaces the question's. A statement has them
where it says `{filters}`. `variables_override` takes the place of the dashboard's variables: values of those that a
statement has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson
from fastapi import Request
from insights_acl import fields
from insights_acl.access import Access
from insights_engine.errors import ValidationError, unknown
from insights_engine.filters import parse_filters, written
from insights_engine.flat import json_value
from insights_engine.results.modes import Refresh, never_without
from insights_engine.store import Item

from insights_api import objects, tiles
from insights_api.insight_query import source_of, with_source
from insights_api.refresh import asked_refresh

_TEXTS = ("filters_override", "variables_override", "tile_filters_override")
_KNOWN = ("date_from", "date_to", "explicitDate", "properties", "breakdown_filter")
_CHECKS: dict[str, Callable[[Any, str], Any]] = {
    **dict.fromkeys(("date_from", "date_to"), fields.text),
    "explicitDate": fields.boolean,
    "breakdown_filter": fields.mapping,
}
# Nodes that can be broken down; of the others an override's breakdown is left out.
_BROKEN_DOWN = frozenset({"TrendsQuery", "FunnelsQuery", "RetentionQuery"})
_FLAT_BREAKDOWN = (
    *("breakdown", "breakdown_type", "breakdowns", "breakdown_limit", "breakdown_hide_other_aggregation"),
    *("breakdown_histogram_bin_count", "breakdown_normalize_url", "breakdown_group_type_index"),
)


class Reading(NamedTuple):
    """How an insight is read: `overrides` by the parameters' names, `tile` its own on the dashboard it is read from."""

    overrides: dict[str, Any]
    tile: Mapping[str, Any] | None
    refresh: Refresh
    explain: bool


def reading_of(request: Request, access: Access, item: Item) -> Reading:
    """A public link overrides nothing. Raises ValidationError for what is no JSON object."""
    asked = {} if access.share is not None else request.query_params
    found: dict[str, Any] = {name: _object(asked[name], name) for name in _TEXTS if asked.get(name)}
    if "variables_override" in found:
        _check_variables(found["variables_override"])
    dashboard, tile = _from_dashboard(request, access, item)
    return Reading(
        (of_dashboard(dashboard) if dashboard else {}) | found,
        tile,
        never_without(asked_refresh(request)),
        "explain" in asked and objects.is_true(asked["explain"]),
    )


def of_dashboard(dashboard: Item) -> dict[str, Any]:
    """What holds for every insight on it."""
    return {"filters_override": dashboard["filters"], "variables_override": dashboard["variables"]}


def _from_dashboard(request: Request, access: Access, item: Item) -> tuple[Item, Mapping[str, Any]] | tuple[None, None]:
    """The dashboard of `from_dashboard` and the insight's tile on it; null where it is not on it, or not to be seen."""
    named = request.query_params.get("from_dashboard")
    if not named:
        return None, None
    number = fields.integer(named, "from_dashboard")
    dashboard = tiles.read(access, tiles.DASHBOARD, [number]).get(number)
    if dashboard is None or dashboard["deleted"] or not tiles.may(access, tiles.DASHBOARD, dashboard, writes=False):
        return None, None
    tile = next((tile for tile in tiles.live(dashboard) if tile["insight_id"] == item["id"]), None)
    return (dashboard, tile) if tile is not None else (None, None)


def _object(text: str, name: str) -> dict[str, Any]:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise ValidationError(f"{name} is not valid JSON", attr=name) from None
    if not isinstance(value, dict):
        raise ValidationError(f"{name} must be a JSON object", attr=name)
    fields.shallow(value, name)
    return value


def filters_of(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The filters that hold: a tile's own, else the others. Raises ValidationError for a key that is not known."""
    place = "tile_filters_override" if overrides.get("tile_filters_override") else "filters_override"
    filters = {name: value for name, value in (overrides.get(place) or {}).items() if value not in (None, "", [], {})}
    for name in filters:
        if name not in _KNOWN:
            raise unknown(f"{place}.{name[:100]}", name, _KNOWN)
    for name, check in _CHECKS.items():
        if name in filters:
            check(filters[name], f"{place}__{name}")
    if "properties" in filters:
        filters["properties"] = written(parse_filters(filters["properties"], field=f"{place}.properties"))
    return filters


def overridden(query: dict[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The same question about what the overrides choose. Raises ValidationError for filters that are none."""
    filters, variables = filters_of(overrides), overrides.get("variables_override")
    if not filters and not variables:
        return query
    node = dict(source_of(query))
    node |= _PLACES.get(node["kind"], _on_insight)(node, filters)
    if variables and node.get("variables"):
        node["variables"] = _with_values(node["variables"], variables)
    return with_source(query, node)


def _on_insight(node: Mapping[str, Any], filters: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if dates := _dates(filters):
        found["dateRange"] = dates
    if "properties" in filters:
        found["properties"] = _both(node.get("properties"), filters["properties"])
    if "breakdown_filter" in filters and node["kind"] in _BROKEN_DOWN:
        found["breakdownFilter"] = filters["breakdown_filter"]
    return found


def _on_statement(node: Mapping[str, Any], filters: Mapping[str, Any]) -> dict[str, Any]:
    own = node.get("filters") or {}
    return {"filters": {**own, **_on_insight({**own, "kind": node["kind"]}, filters)}}


def _on_events(node: Mapping[str, Any], filters: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if dates := _dates(filters):
        found |= {"after": dates.get("date_from"), "before": dates.get("date_to")}
    if "properties" in filters:
        found["fixedProperties"] = _both(node.get("fixedProperties"), filters["properties"])
    return found


# Where a node has its filters, if not as insights have them.
_PLACES: dict[str, Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, Any]]] = {
    "HogQLQuery": _on_statement,
    "EventsQuery": _on_events,
}


def _dates(filters: Mapping[str, Any]) -> dict[str, Any]:
    """Both ends where one of them is named: half of another range would be none that anybody asked for."""
    if not (filters.get("date_from") or filters.get("date_to")):
        return {}
    return {name: filters[name] for name in ("date_from", "date_to", "explicitDate") if name in filters}


def _check_variables(variables: Mapping[str, Any]) -> None:
    for name, given in variables.items():
        place = f"variables_override__{name[:100]}"
        if "value" not in fields.mapping(given, place) and not given.get("isNull"):
            raise ValidationError("This field is required.", attr=f"{place}__value", code="required")


def _with_values(own: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """By their ids, or by the names that the statement has; what it has not is about other insights."""
    told = {key: one for key, one in given.items() if isinstance(one, dict) and ("value" in one or one.get("isNull"))}
    named = {one.get("code_name"): one for one in told.values()}
    found = {}
    for key, variable in own.items():
        other = told.get(key) or named.get(variable["code_name"])
        found[key] = {**variable, **({name: other.get(name) for name in ("value", "isNull")} if other else {})}
    return found


def overridden_flat(values: Mapping[str, Any], filters: Mapping[str, Any]) -> dict[str, Any]:
    """The same of flat filters."""
    found = dict(values)
    if filters.get("date_from") or filters.get("date_to"):
        found = {name: value for name, value in found.items() if name not in ("date_from", "date_to", "explicit_date")}
        names = (("date_from", "date_from"), ("date_to", "date_to"), ("explicit_date", "explicitDate"))
        found |= {name: filters[own] for name, own in names if own in filters}
    if "properties" in filters:
        found["properties"] = _both(json_value(found, "properties"), filters["properties"])
    if "breakdown_filter" in filters:
        found = {name: value for name, value in found.items() if name not in _FLAT_BREAKDOWN}
        found |= {name: value for name, value in filters["breakdown_filter"].items() if name in _FLAT_BREAKDOWN}
    return found


def _both(own: Any, others: dict[str, Any]) -> dict[str, Any]:
    return {"type": "AND", "values": [written(parse_filters(own)), others]} if own else others
