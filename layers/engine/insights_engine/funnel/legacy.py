"""The flat parameters of the older funnel API -> FunnelQuery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from insights_engine.entities import ActionEntity, Entity, EventEntity
from insights_engine.errors import ValidationError, attr_of, unknown
from insights_engine.filters import parse_filters
from insights_engine.flat import action_id, json_value, text, whole
from insights_engine.funnel.model import (
    ATTRIBUTIONS,
    DEFAULT_UNIT,
    DEFAULT_WINDOW,
    FIRST_TOUCH,
    MAX_BINS,
    ORDERED,
    ORDERS,
    STEPS,
    TRENDS,
    UNITS,
    VIZ_TYPES,
    Exclusion,
    FunnelQuery,
)
from insights_engine.funnel.rules import check, window_of
from insights_engine.trend.legacy import parse_legacy as parse_shared
from insights_engine.trend.model import MAX_SERIES

_MOST = 2**31 - 1
# What a funnel has in common with a trend.
SHARED = frozenset(
    {
        *("events", "actions", "date_from", "date_to", "explicit_date", "interval", "properties"),
        *("filter_test_accounts", "sampling_factor", "aggregation_group_type_index"),
        *("breakdown", "breakdown_type", "breakdowns", "breakdown_limit", "breakdown_hide_other_aggregation"),
        *("breakdown_histogram_bin_count", "breakdown_normalize_url", "breakdown_group_type_index"),
    }
)


def parse_legacy(raw: Mapping[str, Any]) -> FunnelQuery:
    """Raises ValidationError."""
    values = {key: value for key, value in raw.items() if value not in (None, "")}
    shared = parse_shared({key: value for key, value in values.items() if key in SHARED})
    attribution = _choice(values, "breakdown_attribution_type", ATTRIBUTIONS, FIRST_TOUCH)
    query = replace(
        FunnelQuery.of(shared),
        actor_expression=text(values, "funnel_aggregate_by_hogql"),
        order=_choice(values, "funnel_order_type", ORDERS, ORDERED),
        viz=_viz(values),
        window=_window(values),
        from_step=whole(values, "funnel_from_step", 0, _MOST),
        to_step=whole(values, "funnel_to_step", 0, _MOST),
        bins=whole(values, "bin_count", 1, MAX_BINS) if values.get("bin_count") != "auto" else None,
        exclusions=_exclusions(values),
        attribution=attribution,
        attribution_step=whole(values, "breakdown_attribution_value", 0, _MOST) or 0,
        is_legacy=True,
    )
    check(query)
    return query


def _choice(values: Mapping[str, Any], name: str, known: Mapping[str, Any], default: str) -> str:
    value = values.get(name, default)
    if not isinstance(value, str) or value not in known:
        raise unknown(name, value, known)
    return value


def _viz(values: Mapping[str, Any]) -> str:
    default = TRENDS if values.get("display") == "ActionsLineGraph" else STEPS
    return _choice(values, "funnel_viz_type", VIZ_TYPES, default)


def _window(values: Mapping[str, Any]) -> timedelta:
    """The older `funnel_window_days` wins over the interval."""
    days = whole(values, "funnel_window_days", 1, _MOST)
    if days is not None:
        return window_of(days, "day", "funnel_window_days")
    unit = _choice(values, "funnel_window_interval_unit", UNITS, DEFAULT_UNIT)
    count = whole(values, "funnel_window_interval", 1, _MOST) or DEFAULT_WINDOW
    return window_of(count, unit, "funnel_window_interval")


def _exclusions(values: Mapping[str, Any]) -> tuple[Exclusion, ...]:
    found = json_value(values, "exclusions") or []
    if not isinstance(found, list) or len(found) > MAX_SERIES:
        raise ValidationError(f"exclusions must be a list of at most {MAX_SERIES}", attr="exclusions")
    return tuple(_exclusion(one, f"exclusions[{index}]") for index, one in enumerate(found))


def _exclusion(value: Any, field: str) -> Exclusion:
    if not isinstance(value, dict):
        raise ValidationError(f"{field} must be an object with an id and steps", attr=attr_of(field))
    bounds = []
    for name in ("funnel_from_step", "funnel_to_step"):
        bound = whole(value, name, -_MOST, _MOST)
        if bound is None:
            raise ValidationError("Exclusion event needs to define funnel steps")
        bounds.append(bound)
    own = parse_filters(value.get("properties"), field=f"{field}.properties")
    return Exclusion(_entity(value, field), bounds[0], bounds[1], own)


def _entity(value: Mapping[str, Any], field: str) -> Entity:
    identity, kind = value.get("id"), value.get("type") or "events"
    if kind == "actions":
        return ActionEntity(action_id(identity, f"{field}.id"))
    if kind != "events":
        raise unknown(f"{field}.type", kind, ("events", "actions"))
    if identity is not None and (not isinstance(identity, str | int) or isinstance(identity, bool)):
        raise ValidationError(f"{field}.id must be the name of an event or null", attr=attr_of(f"{field}.id"))
    return EventEntity(None if identity is None else str(identity))
