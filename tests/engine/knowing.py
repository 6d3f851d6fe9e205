"""What a project is known to have, as its tables tell, and events to learn it from."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from insights_engine.property_types import learned, type_of

from tests.engine.conftest import Workplace

NOW = datetime(2024, 3, 10, 12, tzinfo=UTC)
TODAY = "2024-03-10"
TABLES = ("event_definitions", "property_definitions", "event_properties")


def event(name: str = "e", day: str = "2024-03-01", /, **properties: Any) -> dict[str, Any]:
    return {"event": name, "distinct_id": "u", "timestamp": f"{day}T12:00:00Z", "properties": properties}


def types(project: Workplace, *wanted: tuple[str, str]) -> dict[tuple[str, str], str]:
    return learned(project.services, project.id, wanted)[0]


def days(project: Workplace, table: str) -> dict[str, tuple[str, str]]:
    rows = project.rows(
        f"SELECT name, toString(min(first_seen)), toString(max(last_seen)) FROM {table} WHERE {{p}} GROUP BY name"
    )
    return {name: (first, last) for name, first, last in rows}


def pairs(project: Workplace) -> set[tuple[str, str]]:
    rows = project.rows("SELECT DISTINCT event, property FROM event_properties WHERE {p}")
    return {(name, key) for name, key in rows}


def known(project: Workplace) -> tuple[Any, Any, Any]:
    rows = project.rows(
        "SELECT name, toString(min(first_seen)), toString(max(last_seen)), groupBitOr(types) "
        "FROM property_definitions WHERE {p} AND source = 'event' GROUP BY name"
    )
    properties = {name: (first, last, type_of(seen)) for name, first, last, seen in rows}
    return days(project, "event_definitions"), properties, pairs(project)
