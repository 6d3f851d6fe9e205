"""The flat "filters" of the older API, in a query string or a JSON body -> TrendQuery.

Objects and lists may be JSON text. Unknown parameters are ignored and null is absent, as upstream does; a value that
cannot be meant is an error that names its parameter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from insights_engine.entities import ActionEntity, Entity, EventEntity
from insights_engine.errors import ValidationError, attr_of, unknown
from insights_engine.filters import EVERYTHING, Group, group_index, leaves, parse_filters
from insights_engine.flat import action_id, flag, json_value, property_type, sampling_of, text, whole
from insights_engine.flat_breakdowns import breakdown_of
from insights_engine.intervals import INTERVALS, Interval
from insights_engine.trend.displays import DEFAULT_DISPLAY, DISPLAYS
from insights_engine.trend.formula import check_formulas
from insights_engine.trend.maths import MATHS, TOTAL
from insights_engine.trend.model import (
    MAX_SERIES,
    Formula,
    Series,
    TrendQuery,
)

# Of the older form; `minute` is read as `hour`.
LEGACY_INTERVALS = tuple(name for name in INTERVALS if name != "minute")
_COMPARISONS = ("gt", "gte", "lt", "lte", "min", "max", "between", "not_between")


def parse_legacy(raw: Mapping[str, Any]) -> TrendQuery:
    """Raises ValidationError."""
    query = parse_shared(raw)
    check_formulas(query)
    return query


def parse_shared(raw: Mapping[str, Any]) -> TrendQuery:
    """What a trend has in common with the insights that look at some of it. Raises ValidationError."""
    values = {key: value for key, value in raw.items() if value is not None}
    by = breakdown_of(values)
    display = DISPLAYS.get(str(values.get("display")), DEFAULT_DISPLAY)
    return TrendQuery(
        series=_series(values),
        date_from=text(values, "date_from"),
        date_to=text(values, "date_to"),
        explicit_date=flag(values, "explicit_date"),
        interval=_interval(values),
        filter=_filter(json_value(values, "properties"), "properties"),
        filter_test_accounts=flag(values, "filter_test_accounts"),
        breakdown=by,
        display=display,
        formulas=_formulas(values),
        compare=flag(values, "compare"),
        compare_to=text(values, "compare_to"),
        smoothing=whole(values, "smoothing_intervals", 1, 1000) or 1,
        sampling=sampling_of(values),
        actor_group_index=group_index(values.get("aggregation_group_type_index"), "aggregation_group_type_index"),
    )


def _interval(values: Mapping[str, Any]) -> Interval:
    value = values.get("interval") or "day"
    name = value.lower() if isinstance(value, str) else value
    if name == "minute":
        name = "hour"
    if name not in LEGACY_INTERVALS:
        raise unknown("interval", value, LEGACY_INTERVALS)
    return INTERVALS[name]


def _formulas(values: Mapping[str, Any]) -> tuple[Formula, ...]:
    value = text(values, "formula")
    # Other characters never survive the legacy form.
    kept = re.sub(r"[^a-zA-Z0-9 \-*^+/().]", "", value or "")
    return (Formula(kept),) if kept.strip() else ()


def _series(values: Mapping[str, Any]) -> tuple[Series, ...]:
    """Actions before events, then by `order`; a missing order and 0 come first."""
    found: list[tuple[int, Series]] = []
    for name in ("actions", "events"):
        entities = json_value(values, name) or []
        if not isinstance(entities, list):
            raise ValidationError(f"{name} must be a list", attr=name)
        for index, entity in enumerate(entities):
            # A text in the list is dropped, as upstream does; anything else cannot be meant.
            if not isinstance(entity, dict | str):
                place = f"{name}[{index}]"
                raise ValidationError(f"{place} must be an object with an id", attr=attr_of(place))
            if isinstance(entity, dict) and (name == "events" or entity.get("id") is not None):
                found.append((_order(entity, f"{name}[{index}]"), _one(entity, name, f"{name}[{index}]")))
    if len(found) > MAX_SERIES:
        raise ValidationError(f"More than {MAX_SERIES} series", attr="events")
    return tuple(series for _, series in sorted(found, key=lambda pair: pair[0]))


def _order(entity: Mapping[str, Any], field: str) -> int:
    value = entity.get("order")
    if value is None:
        return -1
    try:
        return int(value) or -1
    except (TypeError, ValueError, OverflowError):
        raise ValidationError(f"{field}.order must be a whole number", attr=attr_of(f"{field}.order")) from None


def _one(entity: Mapping[str, Any], kind: str, field: str) -> Series:
    name = entity.get("math") or None
    if name is not None and (not isinstance(name, str) or name not in MATHS):
        raise unknown(f"{field}.math", name, MATHS)
    maths = MATHS[name] if name else TOTAL
    for key in ("custom_name", "math_property", "math_hogql"):
        if entity.get(key) is not None and not isinstance(entity[key], str):
            raise ValidationError(f"{field}.{key} must be a text", attr=attr_of(f"{field}.{key}"))
    return Series(
        entity=_entity(entity, kind, field),
        math=maths,
        math_name=name,
        math_property=entity.get("math_property") or None,
        math_property_type=property_type(entity.get("math_property_type"), f"{field}.math_property_type"),
        math_hogql=entity.get("math_hogql"),
        math_group_type_index=group_index(entity.get("math_group_type_index"), f"{field}.math_group_type_index"),
        filter=_entity_filter(entity.get("properties"), f"{field}.properties"),
        field=field,
    )


def _entity(entity: Mapping[str, Any], kind: str, field: str) -> Entity:
    identity, custom_name = entity.get("id"), entity.get("custom_name")
    if kind == "events":
        if identity is not None and not isinstance(identity, str | int):
            raise ValidationError(f"{field}.id must be the name of an event or null", attr=attr_of(f"{field}.id"))
        return EventEntity(None if identity is None else str(identity), custom_name)
    return ActionEntity(action_id(identity, f"{field}.id"), custom_name)


def _entity_filter(value: Any, field: str) -> Group:
    """Of an entity, a group's members are always ANDed in this form; a nested group is an error."""
    tree = _filter(value, field)
    if any(isinstance(member, Group) and member.values for member in tree.values):
        raise ValidationError(f"{field} must not be nested", attr=attr_of(field))
    return Group("AND", tree.values) if tree.values else EVERYTHING


def _filter(value: Any, field: str) -> Group:
    """How long a session took is only compared in this form."""
    tree = parse_filters(value, field=field)
    for leaf in leaves(tree):
        if (leaf.type, leaf.key) == ("session", "$session_duration") and leaf.operator not in _COMPARISONS:
            raise unknown(f"{leaf.field}.operator", leaf.operator, _COMPARISONS)
    return tree
