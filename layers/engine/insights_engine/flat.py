"""Values of flat requests, in a query string or a JSON body: read with the forgiveness that upstream has.

Objects and lists may be JSON text, numbers and booleans text. What cannot be meant is an error that names its field.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from insights_engine.errors import ValidationError, attr_of, unknown
from insights_engine.filters import group_index
from insights_engine.trend.breakdowns import BREAKDOWN_TYPES
from insights_engine.trend.model import ALL_USERS, MAX_BREAKDOWN_LIMIT, MAX_BREAKDOWNS, Breakdown, BreakdownBy

_MAX_INT = 2**31 - 1

# What a maths' property is a property of: as requests say it, and the type that filters call it by.
MATH_PROPERTY_TYPES = {"event_properties": "event", "person_properties": "person", "session_properties": "session"}


def json_value(values: Mapping[str, Any], name: str) -> Any:
    """A value that may be JSON text; text that is no JSON is itself."""
    value = values.get(name)
    if not isinstance(value, str) or not value.strip().startswith(("[", "{", '"')):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        raise ValidationError(f"{name} is not valid JSON", attr=name) from None


def text(values: Mapping[str, Any], name: str) -> str | None:
    """A short text; None when absent or empty."""
    value = values.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > 500:
        raise ValidationError(f"{name} must be a short text", attr=name)
    return value


def flag(values: Mapping[str, Any], name: str) -> bool:
    """A boolean, 0 or 1, or their text."""
    value = values.get(name, False)
    if isinstance(value, bool | int) and value in (0, 1):
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


def sampling_of(values: Mapping[str, Any]) -> float | None:
    """A share above 0 and at most 1; 0 is none."""
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


def property_type(value: Any, field: str) -> str:
    if value is None:
        return "event"
    if not isinstance(value, str) or value not in MATH_PROPERTY_TYPES:
        raise unknown(field, value, MATH_PROPERTY_TYPES)
    return MATH_PROPERTY_TYPES[value]


def action_id(value: Any, field: str) -> int:
    try:
        number = int(value) if not isinstance(value, bool) else 0
    except (TypeError, ValueError, OverflowError):
        number = 0
    if not 0 < number <= _MAX_INT:
        raise ValidationError(f"{field} must be the id of an action", attr=attr_of(field))
    return number


def breakdown_of(values: Mapping[str, Any]) -> BreakdownBy:
    """`breakdowns`, or `breakdown` with `breakdown_type` and its options."""
    limit = whole(values, "breakdown_limit", 1, MAX_BREAKDOWN_LIMIT)
    hide = flag(values, "breakdown_hide_other_aggregation")
    several = json_value(values, "breakdowns")
    if several:
        if not isinstance(several, list):
            raise ValidationError("breakdowns must be a list", attr="breakdowns")
        if (cohorts := listed_cohorts(several, "breakdowns")) is not None:
            return BreakdownBy(cohorts=cohorts, as_list=True, limit=limit, hide_other=hide)
        # The first ones are kept: what clients of this form rely on.
        made = tuple(_of_list(one, f"breakdowns[{i}]") for i, one in enumerate(several[:MAX_BREAKDOWNS]))
        return BreakdownBy(made, as_list=True, limit=limit, hide_other=hide)
    value = json_value(values, "breakdown")
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
        "group_type_index": group_index(values.get("breakdown_group_type_index"), "breakdown_group_type_index"),
        "normalize_url": flag(values, "breakdown_normalize_url"),
        "histogram_bin_count": whole(values, "breakdown_histogram_bin_count", 1, 1000),
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
    if not isinstance(kind, str) or kind not in BREAKDOWN_TYPES:
        raise unknown(f"{field}.type", kind, BREAKDOWN_TYPES)
    return Breakdown(
        property=str(named),
        type=kind,
        group_type_index=group_index(value.get("group_type_index"), f"{field}.group_type_index"),
        normalize_url=flag(value, "normalize_url"),
        bins=whole(value, "histogram_bin_count", 1, 1000),
        field=field,
    )


def listed_cohorts(items: Sequence[Any], field: str) -> tuple[Any, ...] | None:
    """The cohorts of a list of breakdowns, or None where it has none. Raises ValidationError for a mix."""
    kinds = [one.get("type") if isinstance(one, dict) else None for one in items]
    if "cohort" not in kinds:
        return None
    for index, kind in enumerate(kinds):
        if kind != "cohort":
            place = f"{field}[{index}]"
            raise ValidationError(f"{place}: cohorts and properties are not mixed", attr=attr_of(place))
    values = [cohort_values(one.get("property"), f"{field}[{i}].property") for i, one in enumerate(items)]
    return tuple(dict.fromkeys(cohort for found in values for cohort in found))


def cohort_values(value: Any, field: str) -> tuple[Any, ...]:
    """Ids and `all`, which may be written 0, in the order of the request."""
    values = value if isinstance(value, list) else [value]
    found: list[Any] = []
    for one in values:
        if one in (ALL_USERS, 0, "0") and not isinstance(one, bool):
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
