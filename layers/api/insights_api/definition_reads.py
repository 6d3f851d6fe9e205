"""What events and properties a project has, as it was learned, and how often events came lately."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import timedelta
from itertools import batched
from typing import Any, NamedTuple

from insights_acl.access import Access
from insights_engine.definitions import Definitions
from insights_engine.property_types import type_of
from insights_engine.scan import SESSION_PROPERTIES, Scan
from insights_engine.sql import TRUE, Sql

_NAMESPACE = uuid.UUID("c2f0a3de-6c1f-4a57-8a86-2f3d7d2a1b90")
_MONTH = timedelta(days=30)
# Over HTTP, bound values travel in the address of the request.
_NAMES = 300
_SESSION_TYPES = {
    "$session_duration": "Numeric",
    "$start_timestamp": "DateTime",
    "$end_timestamp": "DateTime",
    "$pageview_count": "Numeric",
    "$autocapture_count": "Numeric",
    "$screen_count": "Numeric",
}


class Learned(NamedTuple):
    """An event (its source is `events`) or a property. Those of sessions follow from events: nobody saw them come."""

    source: str
    name: str
    type: str | None = None
    first_seen: str | None = None
    last_seen: str | None = None

    def id_in(self, project_id: int) -> str:
        """The same for ever: clients keep it."""
        return str(uuid.uuid5(_NAMESPACE, f"{project_id}:{self.source}:{self.name}"))


def events(access: Access) -> list[Learned]:
    """In order of their names."""
    sql = Sql(
        "SELECT name, toString(min(first_seen)) AS first, toString(max(last_seen)) AS last "
        "FROM event_definitions WHERE {mine} GROUP BY name ORDER BY name",
        mine=_scan(access).is_mine,
    )
    return [Learned("events", row["name"], None, row["first"], row["last"]) for row in _read(access, sql)]


def properties(access: Access, source: str | None = None) -> list[Learned]:
    """Of one source, or of all; in order of their names."""
    if source == "session":
        return sorted(Learned(source, name, _SESSION_TYPES.get(name, "String")) for name in _session_names())
    sql = Sql(
        "SELECT source, name, groupBitOr(types) AS seen, toString(min(first_seen)) AS first, "
        "toString(max(last_seen)) AS last FROM property_definitions WHERE {mine} AND {of_source} "
        "GROUP BY source, name ORDER BY name, source",
        mine=_scan(access).is_mine,
        of_source=TRUE if source is None else Sql("source = {source:String}", source=source),
    )
    found = [
        Learned(row["source"], row["name"], type_of(row["seen"]), row["first"], row["last"])
        for row in _read(access, sql)
    ]
    return found if source else [*found, *properties(access, "session")]


def came_with(access: Access, names: Collection[str]) -> set[str]:
    """The properties that any of the events had."""
    sql = Sql(
        "SELECT DISTINCT property FROM event_properties WHERE {mine} AND event IN {names:Array(String)}",
        mine=_scan(access).is_mine,
        names=sorted(names),
    )
    return {row["property"] for row in _read(access, sql)}


def volumes(access: Access, names: Collection[str]) -> dict[str, int]:
    """How many of each event came in the last 30 days; those that did not are left out."""
    scan, found = _scan(access), dict[str, int]()
    for part in batched(names, _NAMES, strict=False):
        sql = Sql(
            "SELECT event, count() AS count FROM events WHERE {mine} AND event IN {names:Array(String)} "
            "AND {lately} GROUP BY event",
            mine=scan.is_mine,
            names=list(part),
            lately=scan.within(access.now - _MONTH, access.now),
        )
        found |= {row["event"]: row["count"] for row in _read(access, sql)}
    return found


def _session_names() -> list[str]:
    return [*SESSION_PROPERTIES, "$channel_type"]


def _scan(access: Access) -> Scan:
    return Scan(access.project, Definitions(), access.now)


def _read(access: Access, sql: Sql) -> list[dict[str, Any]]:
    return list(access.services.clickhouse.read(sql, project_id=access.project.id).dicts())
