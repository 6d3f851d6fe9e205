"""Rows as PostHog's exports have them, as rows of `insights import`.

1. Batch exports (JSON Lines, Parquet): objects as JSON text or structs, persons by `person_id`, a struct's absent
   fields as nulls.
2. Exports of its tables of events and persons (CSV, JSON): nested objects as columns with dots, `*.properties.plan`;
   in CSV everything is text, so what reads as a number or as true and false becomes that.
3. Lists of its API: `id` is the event's uuid, and `person` an object.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

Row = dict[str, Any]

_OBJECTS = ("properties", "person_properties", "person")
# Numbers as JSON writes them, so that 007 and 1e5 stay what they are.
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,17})(\.\d{1,17})?")
_WORDS = {"true": True, "True": True, "false": False, "False": False}


def from_export(row: Mapping[str, Any]) -> Row:
    """Columns that nobody asks for are left alone."""
    found = _nested(row) if any("." in name for name in row) else dict(row)
    if isinstance(whole := found.pop("*", None), dict):
        found |= whole
    for name in _OBJECTS:
        if isinstance(found.get(name), dict):
            found[name] = _plain(found[name])
    person = found.pop("person", None)
    if isinstance(person, dict):
        found.setdefault("person_id", person.get("uuid") or person.get("id"))
        found.setdefault("person_properties", person.get("properties"))
        found.setdefault("distinct_id", person.get("distinct_id"))
    for name in ("timestamp", "created_at"):
        if isinstance(at := found.get(name), str):
            found[name] = at.removesuffix(" UTC")  # as warehouses write it; a time without a zone is UTC
    if found.get("event"):
        found["uuid"] = _id(found.get("uuid") or found.get("id"))
    else:
        found["person_id"] = found.get("person_id") or found.get("uuid") or found.get("id")
    if found.get("person_id"):
        found["person_id"] = _id(found["person_id"])
    return found


def _nested(row: Mapping[str, Any]) -> Row:
    """`{"*.properties.a": "1"}` as `{"properties": {"a": 1}}`; empty cells are absent."""
    whole: Row = {}
    for name, value in row.items():
        if value is None or value == "":
            continue
        first, *rest = name.removeprefix("*.").split(".")
        if not rest:
            whole[first] = value
            continue
        place = whole.setdefault(first, {})
        for part in rest[:-1]:
            place = place.setdefault(part, {}) if isinstance(place, dict) else {}
        if isinstance(place, dict):
            place[rest[-1]] = _typed(value)
    return {name: _lists(value) for name, value in whole.items()}


def _typed(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value in _WORDS:
        return _WORDS[value]
    if _NUMBER.fullmatch(value):
        return orjson.loads(value)
    return value


def _lists(value: Any) -> Any:
    """`{"0": a, "1": b}` was a list."""
    if not isinstance(value, dict):
        return value
    inner = {name: _lists(one) for name, one in value.items()}
    if inner and list(inner) == [str(index) for index in range(len(inner))]:
        return list(inner.values())
    return inner


def _plain(value: Any) -> Any:
    """A struct as JSON: fields that a row does not have are nulls there."""
    match value:
        case dict():
            return {name: _plain(one) for name, one in value.items() if one is not None}
        case list():
            return [_plain(one) for one in value]
        case datetime() | date():
            return value.isoformat()
        case Decimal():
            return float(value)
        case bytes():
            return value.decode("utf-8", "replace")
    return value


def _id(value: Any) -> Any:
    """A uuid in Parquet may be its sixteen bytes."""
    if isinstance(value, bytes) and len(value) == 16:
        return str(UUID(bytes=value))
    return None if value is None else str(value)
