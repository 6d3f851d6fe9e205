"""Checks of single values that a request brings, each with the API's words and codes.

A field's check is one of these, or a partial of one with its limits, so that the API's document can say what it takes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from functools import partial
from typing import Any, NoReturn
from uuid import UUID

import orjson
from insights_engine.errors import ValidationError, nearest

from insights_acl.models import moment

MAX_DEPTH = 16
MAX_BYTES = 256 * 1024  # of one object; the store's limit of an item is 400 KB
_SAFE_INTEGER = 2**53
_WHOLE = re.compile(r"-?[0-9]{1,17}")
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
_FORMAT = (
    "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
)


def required(body: dict[str, Any], name: str) -> Any:
    if name not in body:
        raise ValidationError("This field is required.", attr=name, code="required")
    return body[name]


def null(attr: str) -> NoReturn:
    raise ValidationError("This field may not be null.", attr=attr, code="null")


def text(value: Any, attr: str, *, maximum: int = 400, blank: bool = False) -> str:
    """A string without null characters, its ends trimmed."""
    if value is None:
        null(attr)
    if not isinstance(value, str):
        raise ValidationError("Not a valid string.", attr=attr)
    trimmed = value.strip()
    _no_null_character(trimmed, attr)
    if not trimmed and not blank:
        raise ValidationError("This field may not be blank.", attr=attr, code="blank")
    if len(trimmed) > maximum:
        detail = f"Ensure this field has no more than {maximum} characters."
        raise ValidationError(detail, attr=attr, code="max_length")
    return trimmed


def or_null(check: Callable[..., Any], **limits: Any) -> Callable[[Any, str], Any]:
    """The same check for a field that may also be null."""
    return partial(unless_null, partial(check, **limits))


def unless_null(check: Callable[[Any, str], Any], value: Any, attr: str) -> Any:
    return None if value is None else check(value, attr)


def boolean(value: Any, attr: str) -> bool:
    if value is None:
        null(attr)
    if not isinstance(value, bool):
        raise ValidationError("Must be a valid boolean.", attr=attr)
    return value


def integer(value: Any, attr: str) -> int:
    """A whole number, also as text, that JSON readers agree on (below 2 ** 53)."""
    if value is None:
        null(attr)
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _SAFE_INTEGER:
        raise ValidationError("A valid integer is required.", attr=attr)
    return value


def date_time(value: Any, attr: str) -> datetime:
    """A moment, in UTC; without a zone it is that."""
    if value is None:
        null(attr)
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None:
        raise ValidationError(_FORMAT, attr=attr)
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    if not _EARLIEST <= found <= _LATEST:
        raise ValidationError(f"Must be between the years {_EARLIEST.year} and {_LATEST.year}.", attr=attr)
    return found.astimezone(UTC)


def stored_moment(value: Any, attr: str) -> str:
    """As objects are stored with it."""
    return moment(date_time(value, attr))


def choice(value: Any, attr: str, known: Collection[str]) -> str:
    if isinstance(value, str) and value in known:
        return value
    hint = nearest(value, known) if isinstance(value, str) else ""
    shown = value if isinstance(value, str) else orjson.dumps(value).decode()
    raise ValidationError(
        f'"{shown[:100]}" is not a valid choice{hint or "; known are: " + ", ".join(known)}',
        attr=attr,
        code="invalid_choice",
    )


def array(value: Any, attr: str, *, maximum: int = 1000) -> list[Any]:
    if value is None:
        null(attr)
    if not isinstance(value, list):
        raise ValidationError("Expected a list of items.", attr=attr, code="not_a_list")
    if len(value) > maximum:
        raise ValidationError(f"Ensure this field has no more than {maximum} elements.", attr=attr, code="max_length")
    return value


def mapping(value: Any, attr: str) -> dict[str, Any]:
    if value is None:
        null(attr)
    if not isinstance(value, dict):
        raise ValidationError("Expected an object.", attr=attr, code="not_a_dict")
    return value


def uuid(value: Any, attr: str) -> str:
    try:
        return str(UUID(value)) if isinstance(value, str) else _not_a_uuid(attr)
    except ValueError:
        return _not_a_uuid(attr)


def shallow(value: Any, attr: str) -> Any:
    """JSON that can be walked and written out again: not too deep, no null characters, no numbers out of range."""
    _check(value, attr, 0)
    return value


def plain(value: Any, attr: str) -> Any:
    """JSON that the stores take as it is: shallow, and not too large."""
    _check(value, attr, 0)
    if len(orjson.dumps(value)) > MAX_BYTES:
        raise ValidationError(f"Must be at most {MAX_BYTES // 1024} KB as JSON.", attr=attr, code="max_length")
    return value


def _check(value: Any, attr: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ValidationError(f"Nested deeper than {MAX_DEPTH} levels.", attr=attr)
    if isinstance(value, dict):
        for key, inner in value.items():
            _no_null_character(key, attr)
            _check(inner, attr, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, attr, depth + 1)
    elif isinstance(value, str):
        _no_null_character(value, attr)
    elif isinstance(value, float) and not -1e100 < value < 1e100:
        raise ValidationError("A number is out of range.", attr=attr)


def _no_null_character(value: str, attr: str) -> None:
    if "\0" in value:
        raise ValidationError("Null characters are not allowed.", attr=attr, code="null_characters_not_allowed")


def _not_a_uuid(attr: str) -> NoReturn:
    raise ValidationError("Must be a valid UUID.", attr=attr)
