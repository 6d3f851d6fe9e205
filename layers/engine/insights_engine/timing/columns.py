"""What a client says of a load, and the row that it becomes. Pure.

1. Nothing is refused: a field that fits its column is kept, one that does not is left out, and the column takes its
   type's default. Fields that no column has are left out.
2. Who, where and when are the server's. They stand beside the client's fields and not among them, so that no field of a
   client can take their place.
3. The consumer fits the fields once more: what the queue held is trusted no further than what a client sent.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson

# What a queued item of this kind says that it is; captured events have no such field.
KIND = "time_to_see_data"
TABLE = "metrics_time_to_see_data"

_ADDRESS, _ID, _WORD = 2_000, 200, 100
_DIGITS = re.compile(r"\d{1,20}(?:\.\d{1,20})?", re.ASCII)
_FLAGS = {True: 1, False: 0, "true": 1, "false": 0, "1": 1, "0": 0}
# What DateTime64 holds.
_FIRST, _LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2299, 12, 31, tzinfo=UTC)

Read = Callable[[Any], Any]


class Column(NamedTuple):
    """`read` gives the value as it is stored, None for what does not fit."""

    name: str
    type: str
    read: Read


def _text(most: int) -> Read:
    """Text, cut to so many characters, and whole numbers as text."""

    def read(value: Any) -> str | None:
        if isinstance(value, int) and not isinstance(value, bool):
            value = f"{value}" if abs(value) < 10**_WORD else None
        if not isinstance(value, str):
            return None
        return value[:most].encode("utf-8", "replace").decode()  # half a character, where a browser cut a text

    return read


def _whole(bits: int) -> Read:
    """A number or its text, rounded down: what took less than 5 s must not become 5 s."""

    def read(value: Any) -> int | None:
        if isinstance(value, str) and _DIGITS.fullmatch(value):
            value = int(value) if "." not in value else float(value)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return None
        number = math.floor(value)
        return number if 0 <= number < 2**bits else None

    return read


def _flag(value: Any) -> int | None:
    return _FLAGS.get(value) if isinstance(value, bool | int | str) else None


def _moment(value: Any) -> str | None:
    """An ISO date-time in UTC; without an offset it is taken for UTC."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return _stamp(at) if _FIRST <= at <= _LAST else None


# The client's, in the order of the documentation.
COLUMNS = (
    Column("session_id", "String", _text(_ID)),
    Column("current_url", "String", _text(_ADDRESS)),
    Column("api_url", "String", _text(_ADDRESS)),
    Column("query_id", "String", _text(_ID)),
    Column("primary_interaction_id", "String", _text(_ID)),
    Column("type", "LowCardinality(String)", _text(_WORD)),
    Column("context", "LowCardinality(String)", _text(_WORD)),
    Column("insight", "LowCardinality(String)", _text(_WORD)),
    Column("action", "LowCardinality(String)", _text(_WORD)),
    Column("status", "LowCardinality(String)", _text(_WORD)),
    Column("time_to_see_data_ms", "UInt64", _whole(64)),
    Column("api_response_bytes", "UInt64", _whole(64)),
    Column("is_primary_interaction", "UInt8", _flag),
    Column("insights_fetched", "UInt16", _whole(16)),
    Column("insights_fetched_cached", "UInt16", _whole(16)),
    Column("min_last_refresh", "DateTime64(6, 'UTC')", _moment),
    Column("max_last_refresh", "DateTime64(6, 'UTC')", _moment),
)
# The server's.
OURS = {
    "project": "UInt32",
    "user_id": "UInt64",
    "id": "UUID",
    "timestamp": "DateTime64(6, 'UTC')",
    "team_events_last_month": "UInt64",
    "has_time": "UInt8",
}
NAMES = (*OURS, *(column.name for column in COLUMNS))


def fitted(said: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that fit, as they are stored."""
    found = ((column.name, column.read(said.get(column.name))) for column in COLUMNS)
    return {name: value for name, value in found if value is not None}


def item_of(said: Mapping[str, Any], *, project_id: int, user_id: int, at: datetime, uuid: UUID) -> dict[str, Any]:
    """What is queued. `uuid` makes one row of it, however often it is delivered."""
    return {
        "kind": KIND,
        "project": project_id,
        "user_id": user_id,
        "id": f"{uuid}",
        "timestamp": _stamp(at.astimezone(UTC)),
        "fields": fitted(said),
    }


def is_timing(item: Any) -> bool:
    return isinstance(item, Mapping) and item.get("kind") == KIND


def project_of(item: Mapping[str, Any]) -> int:
    """Raises ValueError, TypeError or KeyError, as `line` does, for an item that `item_of` did not make."""
    return _within(item["project"], 32)


def line(item: Mapping[str, Any], events_last_month: int) -> bytes:
    """A queued item as one JSONEachRow line."""
    fields = fitted(item["fields"])
    row = {
        "project": project_of(item),
        "user_id": _within(item["user_id"], 64),
        "id": f"{UUID(item['id'])}",
        "timestamp": _stamp(datetime.fromisoformat(item["timestamp"])),
        "team_events_last_month": events_last_month,
        "has_time": int("time_to_see_data_ms" in fields),
        **fields,
    }
    return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)


def _stamp(at: datetime) -> str:
    """UTC without an offset, which the column's type has."""
    return at.replace(tzinfo=None).isoformat(" ", "microseconds")


def _within(value: Any, bits: int) -> int:
    if not isinstance(value, int) or not 0 <= value < 2**bits:
        raise ValueError(f"{str(value)[:50]} is not a whole number of {bits} bits")
    return value
