"""What a reader wants otherwise than an insight says: a dashboard's filters, or a request's own.

`filters_override` takes the place of the dashboard's filters, `tile_filters_override` that of both. Their dates replace
those of the question, their properties must hold as well, their breakdown replaces the question's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from fastapi import Request
from insights_acl import fields
from insights_acl.access import Access
from insights_engine.errors import ValidationError, unknown
from insights_engine.filters import parse_filters, written
from insights_engine.flat import json_value
from insights_engine.results.modes import never_without
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


def overrides_of(request: Request, access: Access, item: Item) -> dict[str, Any]:
    """By the parameters' names; a public link overrides nothing. Raises ValidationError for what is no JSON object."""
    asked = {} if access.share is not None else request.query_params
    found: dict[str, Any] = {name: _object(asked[name], name) for name in _TEXTS if asked.get(name)}
    if "filters_override" not in found and (placed := from_dashboard(request, access, item)):
        found["filters_override"] = placed[0]["filters"]
    return {
        **found,
        "refresh": never_without(asked_refresh(request)),
        "explain": "explain" in asked and objects.is_true(asked["explain"]),
    }


def from_dashboard(request: Request, access: Access, item: Item) -> tuple[Item, dict[str, Any]] | None:
    """The dashboard of `from_dashboard` and the insight's tile on it; null where it is not on it, or not to be seen."""
    named = request.query_params.get("from_dashboard")
    if not named:
        return None
    number = fields.integer(named, "from_dashboard")
    dashboard = tiles.read(access, tiles.DASHBOARD, [number]).get(number)
    if dashboard is None or dashboard["deleted"] or not tiles.may(access, tiles.DASHBOARD, dashboard, writes=False):
        return None
    tile = next((tile for tile in tiles.live(dashboard) if tile["insight_id"] == item["id"]), None)
    return (dashboard, tile) if tile is not None else None


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


def overridden(query: dict[str, Any], filters: Mapping[str, Any]) -> dict[str, Any]:
    """The same question about what the filters choose."""
    if not filters:
        return query
    node = dict(source_of(query))
    if filters.get("date_from") or filters.get("date_to"):
        names = (("date_from", "date_from"), ("date_to", "date_to"), ("explicitDate", "explicitDate"))
        node["dateRange"] = {name: filters[own] for name, own in names if own in filters}
    if "properties" in filters:
        node["properties"] = _both(node.get("properties"), filters["properties"])
    if "breakdown_filter" in filters and node["kind"] in _BROKEN_DOWN:
        node["breakdownFilter"] = filters["breakdown_filter"]
    return with_source(query, node)


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
