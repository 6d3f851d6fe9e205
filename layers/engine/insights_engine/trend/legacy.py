"""The flat "filters" of the older API, in a query string or a JSON body -> TrendQuery.

Objects and lists may be JSON text. Unknown parameters are ignored and null is absent, as upstream does; a value that
cannot be meant is an error that names its parameter.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import orjson

from insights_engine.entities import ActionEntity, Entity, EventEntity
from insights_engine.errors import ValidationError, attr_of, unknown
from insights_engine.filters import EVERYTHING, Group, group_index, parse_filters
from insights_engine.intervals import INTERVALS, Interval, IntervalName
from insights_engine.trend.breakdowns import BREAKDOWN_TYPES
from insights_engine.trend.displays import DEFAULT_DISPLAY, DISPLAYS
from insights_engine.trend.maths import MATHS, TOTAL
from insights_engine.trend.model import (
    ALL_USERS,
    MAX_BREAKDOWN_LIMIT,
    MAX_BREAKDOWNS,
    MAX_SERIES,
    Breakdown,
    BreakdownBy,
    Formula,
    Series,
    TrendQuery,
)

_INTERVALS: tuple[IntervalName, ...] = ("hour", "day", "week", "month")
_MAX_INT = 2**31 - 1


def parse_legacy(raw: Mapping[str, Any]) -> TrendQuery:
    """Raises ValidationError."""
    values = {key: value for key, value in raw.items() if value is not None}
    by = _breakdown(values)
    display = DISPLAYS.get(str(values.get("display")), DEFAULT_DISPLAY)
    return TrendQuery(
        series=_series(values),
        date_from=_text(values, "date_from"),
        date_to=_text(values, "date_to"),
        explicit_date=_flag(values, "explicit_date"),
        interval=_interval(values),
        filter=parse_filters(_json(values, "properties"), field="properties"),
        filter_test_accounts=_flag(values, "filter_test_accounts"),
        breakdown=by,
        display=display,
        formulas=_formulas(values),
        compare=_flag(values, "compare"),
        compare_to=_text(values, "compare_to"),
        smoothing=whole(values, "smoothing_intervals", 1, 1000) or 1,
        sampling=_sampling(values),
        actor_group_index=group_index(values.get("aggregation_group_type_index"), "aggregation_group_type_index"),
    )


def _json(values: Mapping[str, Any], name: str) -> Any:
    """A value that may be JSON text; text that is no JSON is itself."""
    value = values.get(name)
    if not isinstance(value, str) or not value.strip().startswith(("[", "{", '"')):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        raise ValidationError(f"{name} is not valid JSON", attr=name) from None


def _text(values: Mapping[str, Any], name: str) -> str | None:
    value = values.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > 500:
        raise ValidationError(f"{name} must be a short text", attr=name)
    return value


def _flag(values: Mapping[str, Any], name: str) -> bool:
    value = values.get(name, False)
    if isinstance(value, bool | int):
        return bool(value)
    if isinstance(value, str) and value.lower() in ("true", "1", "false", "0", ""):
        return value.lower() in ("true", "1")
    raise ValidationError(f"{name} must be true or false", attr=name)


def whole(values: Mapping[str, Any], name: str, low: int, high: int) -> int | None:
    """A whole number or numeric text; None when absent."""
    value = values.get(name)
    if value is None or value == "":
        return None
    try:
        number = int(value) if not isinstance(value, bool) and float(value).is_integer() else None
    except (TypeError, ValueError, OverflowError):
        number = None
    if number is None or not low <= number <= high:
        raise ValidationError(f"{name} must be a whole number from {low} to {high}", attr=name)
    return number


def _sampling(values: Mapping[str, Any]) -> float | None:
    value = values.get("sampling_factor")
    if value is None or value == "":
        return None
    try:
        number = float(value) if not isinstance(value, bool) else math.nan
    except (TypeError, ValueError):
        number = math.nan
    if number == 0:
        return None
    if not 0 < number <= 1:
        raise ValidationError("sampling_factor must be above 0 and at most 1", attr="sampling_factor")
    return number


def _interval(values: Mapping[str, Any]) -> Interval:
    value = values.get("interval") or "day"
    name = value.lower() if isinstance(value, str) else value
    if name == "minute":
        name = "hour"
    for known in _INTERVALS:
        if known == name:
            return INTERVALS[known]
    raise unknown("interval", value, _INTERVALS)


def _formulas(values: Mapping[str, Any]) -> tuple[Formula, ...]:
    value = _text(values, "formula")
    # Other characters never survive the legacy form.
    kept = re.sub(r"[^a-zA-Z0-9 \-*^+/().]", "", value or "")
    return (Formula(kept),) if kept.strip() else ()


def _series(values: Mapping[str, Any]) -> tuple[Series, ...]:
    """Actions before events, then by `order`; a missing order and 0 come first."""
    found: list[tuple[int, Series]] = []
    for name in ("actions", "events"):
        entities = _json(values, name) or []
        if not isinstance(entities, list):
            raise ValidationError(f"{name} must be a list", attr=name)
        for index, entity in enumerate(entities):
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


def property_type(value: Any, field: str) -> str:
    known = {"event_properties": "event", "person_properties": "person", "session_properties": "session"}
    if value is None:
        return "event"
    if not isinstance(value, str) or value not in known:
        raise unknown(field, value, known)
    return known[value]


def _entity(entity: Mapping[str, Any], kind: str, field: str) -> Entity:
    identity, custom_name = entity.get("id"), entity.get("custom_name")
    if kind == "events":
        if identity is not None and not isinstance(identity, str | int):
            raise ValidationError(f"{field}.id must be the name of an event or null", attr=attr_of(f"{field}.id"))
        return EventEntity(None if identity is None else str(identity), custom_name)
    return ActionEntity(action_id(identity, f"{field}.id"), custom_name)


def action_id(value: Any, field: str) -> int:
    try:
        number = int(value) if not isinstance(value, bool) else 0
    except (TypeError, ValueError, OverflowError):
        number = 0
    if not 0 < number <= _MAX_INT:
        raise ValidationError(f"{field} must be the id of an action", attr=attr_of(field))
    return number


def _entity_filter(value: Any, field: str) -> Group:
    """Of an entity, a group's members are always ANDed in this form; a nested group is an error."""
    tree = parse_filters(value, field=field)
    if len(tree.values) == 1 and isinstance(tree.values[0], Group):
        tree = tree.values[0]
    if any(isinstance(member, Group) for member in tree.values):
        raise ValidationError(f"{field} must not be nested", attr=attr_of(field))
    return Group("AND", tree.values) if tree.values else EVERYTHING


def _breakdown(values: Mapping[str, Any]) -> BreakdownBy:
    limit = whole(values, "breakdown_limit", 1, MAX_BREAKDOWN_LIMIT)
    hide = _flag(values, "breakdown_hide_other_aggregation")
    several = _json(values, "breakdowns")
    if several:
        if not isinstance(several, list):
            raise ValidationError("breakdowns must be a list", attr="breakdowns")
        # The first ones are kept: what clients of this form rely on.
        made = tuple(_of_list(one, f"breakdowns[{i}]") for i, one in enumerate(several[:MAX_BREAKDOWNS]))
        return BreakdownBy(made, as_list=True, limit=limit, hide_other=hide)
    value = _json(values, "breakdown")
    kind = values.get("breakdown_type") or "event"
    kind = {"events": "event"}.get(kind, kind) if isinstance(kind, str) else kind
    if value is None or value == "" or value == [] or (kind == "undefined" and not isinstance(value, str)):
        return BreakdownBy(limit=limit, hide_other=hide)
    if kind == "undefined":
        kind = "event"
    if not isinstance(kind, str) or kind not in BREAKDOWN_TYPES:
        raise unknown("breakdown_type", kind, BREAKDOWN_TYPES)
    if kind == "cohort":
        return BreakdownBy(cohorts=cohort_values(value, "breakdown"), limit=limit, hide_other=hide)
    as_list = isinstance(value, list)
    names = value if as_list else [value]
    if len(names) > MAX_BREAKDOWNS:
        raise ValidationError(f"breakdown: at most {MAX_BREAKDOWNS}", attr="breakdown")
    options = {
        "type": kind,
        "group_type_index": values.get("breakdown_group_type_index"),
        "normalize_url": _flag(values, "breakdown_normalize_url"),
        "histogram_bin_count": values.get("breakdown_histogram_bin_count"),
    }
    made = tuple(_of_list({"property": name, **options}, "breakdown") for name in names)
    return BreakdownBy(made, as_list=as_list, limit=limit, hide_other=hide)


def _of_list(value: Any, field: str) -> Breakdown:
    if not isinstance(value, dict):
        raise ValidationError(f"{field} must be an object", attr=attr_of(field))
    named = value.get("property")
    if isinstance(named, bool) or not isinstance(named, str | int) or named == "":
        raise ValidationError(f"{field}.property must be the name of a property", attr=attr_of(f"{field}.property"))
    kind = value.get("type") or "event"
    if not isinstance(kind, str) or kind == "cohort" or kind not in BREAKDOWN_TYPES:
        raise unknown(f"{field}.type", kind, [name for name in BREAKDOWN_TYPES if name != "cohort"])
    return Breakdown(
        property=str(named),
        type=kind,
        group_type_index=group_index(value.get("group_type_index"), f"{field}.group_type_index"),
        normalize_url=_flag(value, "normalize_url"),
        bins=whole(value, "histogram_bin_count", 1, 1000),
        field=field,
    )


def cohort_values(value: Any, field: str) -> tuple[Any, ...]:
    """Ids and `all`, in the order of the request."""
    values = value if isinstance(value, list) else [value]
    found: list[Any] = []
    for one in values:
        if one == ALL_USERS:
            found.append(ALL_USERS)
            continue
        try:
            number = int(one) if not isinstance(one, bool) else 0
        except (TypeError, ValueError, OverflowError):
            number = 0
        if not 0 < number <= _MAX_INT:
            raise ValidationError(f'{field} must hold ids of cohorts or "all"', attr=attr_of(field))
        found.append(number)
    if len(found) > MAX_BREAKDOWN_LIMIT:
        raise ValidationError(f"{field} has more than {MAX_BREAKDOWN_LIMIT} cohorts", attr=attr_of(field))
    return tuple(dict.fromkeys(found))
