"""Values of flat requests, in a query string or a JSON body: read with the forgiveness that upstream has.

Objects and lists may be JSON text, numbers and booleans text. What cannot be meant is an error that names its field.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import orjson

from insights_engine.errors import ValidationError, attr_of, unknown
from insights_engine.filters import Group, parse_filters

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


def properties_of(values: Mapping[str, Any]) -> Group:
    """The question's own filter. Text that is no JSON is answered in upstream's words."""
    try:
        value = json_value(values, "properties")
    except ValidationError:
        value = "unparsable"
    if isinstance(value, str) and value:
        raise ValidationError("Properties are unparsable!")
    return parse_filters(value or None, field="properties")


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
