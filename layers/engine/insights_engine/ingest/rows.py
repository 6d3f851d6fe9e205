"""Events as lines for ClickHouse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson

EVENT_COLUMNS = (
    *("project", "event", "day", "person", "ts", "uuid", "distinct_id"),
    *("group0", "group1", "group2", "group3", "group4", "elements_chain", "properties"),
)
# What a Date holds, which the day of an event is; the last day keeps a distance for zones and rolling periods.
FIRST = datetime(1970, 1, 1, tzinfo=UTC)
LAST = datetime(2148, 12, 31, tzinfo=UTC)
_FIRST_DAY = "1970-01-01"
_NESTED = frozenset({dict, list})


@dataclass(slots=True)
class Event:
    """An event as it is stored, but for the numbers of its person and group types. `at` is in UTC."""

    name: str
    distinct_id: str
    at: datetime
    uuid: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    elements_chain: str = ""
    groups: Mapping[str, str] = field(default_factory=dict)


def stamp(at: datetime) -> str:
    """`2020-01-31 12:00:00.000000`, in UTC: the form that sorts, and that every ClickHouse reads."""
    return at.isoformat(" ", "microseconds")[:26]


def day(at: datetime, zone: ZoneInfo) -> str:
    """The event's day in the project's zone; not before 1970, where a Date begins."""
    return max(at.astimezone(zone).date().isoformat(), _FIRST_DAY)


def event_line(project_id: int, event: Event, person: int, zone: ZoneInfo | None, indexes: Mapping[str, int]) -> bytes:
    """One JSONEachRow line. `zone` None is UTC, whose days need no arithmetic."""
    at = stamp(event.at)
    line = b'{"project":%d,"event":%b,"day":"%b","person":%d,"ts":"%b","uuid":"%b","distinct_id":%b,' % (
        project_id,
        orjson.dumps(event.name),
        (day(event.at, zone) if zone else at[:10]).encode(),
        person,
        at.encode(),
        event.uuid.encode(),
        orjson.dumps(event.distinct_id),
    )
    for name, key in event.groups.items():
        if name in indexes:
            line += b'"group%d":%b,' % (indexes[name], orjson.dumps(key))
    if event.elements_chain:
        line += b'"elements_chain":%b,' % orjson.dumps(event.elements_chain)
    return line + b'"properties":%b}\n' % orjson.dumps(stored_properties(event.properties))


def stored_properties(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """Lists and objects as their JSON text: that is what they compare by, and a path each of their keys would cost."""
    nested = [name for name, value in properties.items() if type(value) in _NESTED]
    return (
        {**properties, **{name: orjson.dumps(properties[name]).decode() for name in nested}} if nested else properties
    )


def json_lines(rows: Sequence[Mapping[str, Any]]) -> list[bytes]:
    return [orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows]


def zone_or_none(name: str) -> ZoneInfo | None:
    return None if name in ("UTC", "Etc/UTC", "GMT") else ZoneInfo(name)
