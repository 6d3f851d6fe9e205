"""Rows of PostHog's exports, and of this project's own format, as events, persons and groups.

    events   event, distinct_id, timestamp, properties, uuid, person_id, person_properties, set, set_once, groups,
             elements_chain (or elements), ip
    persons  distinct_ids (or distinct_id), properties, created_at, is_identified, person_id (or id)
    groups   type (or group_type), key (or group_key), properties (or group_properties), created_at

Objects may be JSON text. Columns that are not named here are left alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Literal

import orjson
from insights_engine.ingest.bulk import RowError, event_of
from insights_engine.ingest.elements import chain
from insights_engine.ingest.rows import Event

Kind = Literal["events", "persons", "groups"]


def kind_of(row: Mapping[str, Any]) -> Kind:
    """Raises RowError where the columns are nobody's."""
    if "event" in row:
        return "events"
    if "distinct_ids" in row or "distinct_id" in row:
        return "persons"
    if "type" in row or "group_type" in row:
        return "groups"
    columns = ", ".join(map(str, list(row)[:10])) or "none"
    raise RowError(f"cannot tell whether the rows are events, persons or groups by their columns: {columns}")


def event_row(row: dict[str, Any], file: str, number: int) -> Event:
    """An event without a uuid gets one by its place in the file, the same each time. Raises RowError."""
    properties = unpacked(row, "properties")
    for column in ("set", "set_once"):
        if row.get(column) and f"${column}" not in properties:
            properties[f"${column}"] = unpacked(row, column)
    if row.get("ip") and "$ip" not in properties:
        properties["$ip"] = row["ip"]
    elements = row.get("elements_chain") or row.get("elements") or properties.pop("$elements_chain", None)
    listed = properties.pop("$elements", None)
    return event_of(
        {
            "event": row.get("event"),
            "distinct_id": row.get("distinct_id"),
            "timestamp": row.get("timestamp"),
            "uuid": row.get("uuid") or _uuid(file, number),
            "properties": properties,
            "groups": unpacked(row, "groups") if row.get("groups") else None,
            "elements_chain": elements if isinstance(elements, str) else chain(listed),
        }
    )


def person_row(row: Mapping[str, Any]) -> dict[str, Any]:
    ids = row.get("distinct_ids")
    if ids is None and row.get("distinct_id") is not None:
        ids = [row["distinct_id"]]
    elif isinstance(ids, str):
        ids = _json("distinct_ids", ids)
    return {
        "distinct_ids": ids,
        "properties": unpacked(row, "properties"),
        "created_at": row.get("created_at"),
        "is_identified": bool(row.get("is_identified")),
    }


def group_row(row: Mapping[str, Any]) -> dict[str, Any]:
    column = "properties" if row.get("properties") is not None else "group_properties"
    return {
        "type": row.get("type", row.get("group_type")),
        "key": row.get("key", row.get("group_key")),
        "properties": unpacked(row, column),
        "created_at": row.get("created_at"),
    }


def unpacked(row: Mapping[str, Any], column: str) -> dict[str, Any]:
    """An object, or its JSON text; `{}` where there is none. Raises RowError."""
    value = row.get(column)
    if isinstance(value, (str, bytes)):
        value = _json(column, value) if value.strip() else {}
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise RowError(f"{column} must be an object")
    return value


def _json(column: str, text: str | bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise RowError(f"{column} is no JSON: {error}") from None


def _uuid(file: str, number: int) -> str:
    h = hashlib.blake2b(f"{file}:{number}".encode(), digest_size=16).hexdigest()
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"
