"""Bulk loading of persons, groups and events as rows; what `insights import` and tests stand on.

    {"distinct_ids": [...], "properties": {...}, "created_at"?}                                       a person
    {"type", "key", "properties", "created_at"?}                                                      a group
    {"event", "distinct_id", "timestamp", "properties"?, "groups"?: {type: key}, "uuid"?}             an event

1. The distinct ids of one persons row are one person. An id without a row gets a person of its own, without properties.
2. A person or group without `created_at` was made at its earliest event in the load, else `now`.
3. Group types are numbered in order of first appearance, over groups and then events.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from insights_engine import keys
from insights_engine.capture.timestamps import parse_timestamp
from insights_engine.ingest.copies import copy_groups, copy_persons
from insights_engine.ingest.groups import GroupChange, Groups, group_key, group_keys
from insights_engine.ingest.identity import Identity
from insights_engine.ingest.learning import learner_of
from insights_engine.ingest.persons import Command, Link, Touch
from insights_engine.ingest.rows import EVENT_COLUMNS, FIRST, LAST, Event, event_line, stamp, zone_or_none
from insights_engine.ingest.writer import insert
from insights_engine.project import Project
from insights_engine.services import Services

_CHUNK = 20_000
# A number that somebody else's merge has made stale must not be used for longer than merges wait to be squashed.
_TRUST_SECONDS = 300.0
MAX_ID_LENGTH = 200
# What nearly every uuid looks like, told ten times faster than by parsing it.
_CANONICAL = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class RowError(ValueError):
    """A row that cannot be loaded; the text names the field."""


@dataclass(slots=True)
class LoadReport:
    """`refused`: (place in the rows, why) of events that ClickHouse did not take."""

    persons: int = 0
    groups: int = 0
    events: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)


class BulkLoader:
    """Loads one project's rows; everything is in ClickHouse when a call returns."""

    def __init__(self, services: Services, project_id: int, now: datetime) -> None:
        item = services.policies.get(*keys.project(project_id))
        if item is None:
            raise LookupError(f"Project {project_id} does not exist")
        self.services = services
        self.project = Project.from_item(item)
        self.now = now
        self.learn = partial(learner_of(services).learn, services, project_id, now)
        self.identity = Identity(services.policies, project_id)
        self.group_types = Groups(services.policies, project_id)
        self.zone = zone_or_none(self.project.days_timezone)
        self._numbers: dict[str, int] = {}
        self._learned_at = time.monotonic()

    def number_of(self, distinct_id: str) -> int | None:
        """The person of an id, as far as this loader knows: an id that it has not met has None."""
        return self._numbers.get(distinct_id)

    def persons(self, rows: Iterable[Mapping[str, Any]], seen: Mapping[str, str] | None = None) -> None:
        """`seen`: the earliest event of each distinct id, for persons that do not tell when they were made."""
        commands: list[Command] = []
        for row in rows:
            commands += person_commands(row, seen or {}, stamp(self.now))
        self.resolve(commands)

    def resolve(self, commands: Sequence[Command]) -> None:
        if time.monotonic() - self._learned_at > _TRUST_SECONDS:
            self._numbers.clear()
            self._learned_at = time.monotonic()
        if not commands:
            return
        resolution = self.identity.resolve(commands, self.now)
        copy_persons(self.services, self.project.id, resolution, everything=True)
        self.identity.mark_copied(list(resolution.merged.values()), resolution.moved_ids)
        if resolution.merged:
            self._numbers = {i: n for i, n in self._numbers.items() if n not in resolution.merged}
        self._numbers |= resolution.ids
        self.learn(persons=commands)

    def groups(self, changes: Sequence[GroupChange]) -> None:
        if changes:
            copy_groups(self.services, self.project.id, self.group_types.change(changes))
            self.learn(groups=changes, indexes=self.group_types.indexes(change.type for change in changes))

    def lines(self, events: Sequence[Event]) -> list[bytes]:
        """The events as lines; ids that have no person get one, made at the earliest of their events here."""
        while unknown := [event for event in events if event.distinct_id not in self._numbers]:
            self.resolve([Touch(i, at) for i, at in earliest(unknown).items()])
        types = {name: None for event in events if event.groups for name in event.groups}
        indexes = self.group_types.indexes(types) if types else {}
        project, numbers, zone = self.project.id, self._numbers, self.zone
        lines = [event_line(project, event, numbers[event.distinct_id], zone, indexes) for event in events]
        self.learn(events=events)
        return lines

    def events(self, events: Sequence[Event]) -> list[tuple[int, str]]:
        return insert(self.services.clickhouse, "events", EVENT_COLUMNS, self.lines(events))


def load(
    services: Services,
    project_id: int,
    *,
    persons: Iterable[Mapping[str, Any]] = (),
    groups: Iterable[Mapping[str, Any]] = (),
    events: Iterable[Mapping[str, Any]] = (),
    now: datetime | None = None,
) -> LoadReport:
    """Everything is queryable when this returns. Raises RowError for a row that is not in the format."""
    loader = BulkLoader(services, project_id, now or services.now())
    person_rows, group_rows = list(persons), list(groups)
    parsed = _parsed("events", event_of, list(events))
    report = LoadReport(len(person_rows), len(group_rows), len(parsed))
    first_uses = _first_uses(parsed)
    changes = _parsed("groups", lambda row: group_change(row, first_uses, stamp(loader.now)), group_rows)
    loader.group_types.indexes([change.type for change in changes] + [name for e in parsed for name in e.groups])
    loader.groups(changes)
    loader.persons(person_rows, earliest(parsed))
    for start in range(0, len(parsed), _CHUNK):
        refused = loader.events(parsed[start : start + _CHUNK])
        report.refused += [(start + place, why) for place, why in refused]
    return report


def event_of(row: Mapping[str, Any]) -> Event:
    """Raises RowError."""
    name, distinct_id = row.get("event"), row.get("distinct_id")
    if not isinstance(name, str) or not name:
        raise RowError("event must be a text that is not empty")
    properties = row.get("properties") or {}
    if not isinstance(properties, dict):
        raise RowError("properties must be an object")
    groups = row.get("groups") or properties.get("$groups")
    return Event(
        name=name[:MAX_ID_LENGTH],
        distinct_id=_distinct_id(distinct_id),
        at=_time("timestamp", row.get("timestamp")),
        uuid=_uuid(row.get("uuid")),
        properties=properties,
        elements_chain=row.get("elements_chain") or "",
        groups=group_keys(groups) if groups else {},
    )


def person_commands(row: Mapping[str, Any], seen: Mapping[str, str], now: str) -> list[Command]:
    """Raises RowError."""
    ids = row.get("distinct_ids")
    if not isinstance(ids, list) or not ids:
        raise RowError("distinct_ids must be a list that is not empty")
    ids = [_distinct_id(value) for value in ids]
    properties = row.get("properties") or {}
    if not isinstance(properties, dict):
        raise RowError("properties must be an object")
    told = row.get("created_at")
    made = stamp(_time("created_at", told)) if told else None
    at = made or min((seen[i] for i in ids if i in seen), default=now)
    touch = Touch(ids[0], at, set=properties, created_at=made, identified=bool(row.get("is_identified")))
    return [touch, *(Link(other, ids[0], at, forced=True, identifies=False) for other in ids[1:])]


def group_change(row: Mapping[str, Any], seen: Mapping[tuple[str, str], str], now: str) -> GroupChange:
    """Raises RowError."""
    kind, key, properties = row.get("type"), group_key(row.get("key")), row.get("properties") or {}
    if not isinstance(kind, str) or not kind:
        raise RowError("type must be a text that is not empty")
    if not key:
        raise RowError("key must be a text that is not empty")
    if not isinstance(properties, dict):
        raise RowError("properties must be an object")
    told = row.get("created_at")
    made = stamp(_time("created_at", told)) if told else None
    return GroupChange(kind, key, made or seen.get((kind, key), now), properties, made)


def earliest(events: Iterable[Event]) -> dict[str, str]:
    """The time of the first event of each distinct id, in order of appearance."""
    first: dict[str, datetime] = {}
    for event in events:
        held = first.get(event.distinct_id)
        if held is None or event.at < held:
            first[event.distinct_id] = event.at
    return {distinct_id: stamp(at) for distinct_id, at in first.items()}


def _first_uses(events: Iterable[Event]) -> dict[tuple[str, str], str]:
    first: dict[tuple[str, str], str] = {}
    for event in events:
        at = stamp(event.at)
        for pair in event.groups.items():
            first[pair] = min(at, first.get(pair, at))
    return first


def _parsed[T](table: str, parse: Callable[[Mapping[str, Any]], T], rows: Sequence[Mapping[str, Any]]) -> list[T]:
    parsed = []
    for place, row in enumerate(rows):
        try:
            parsed.append(parse(row))
        except RowError as error:
            raise RowError(f"{table}[{place}]: {error}") from None
    return parsed


def _distinct_id(value: Any) -> str:
    if isinstance(value, str) and value:
        return value[:MAX_ID_LENGTH]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    raise RowError("distinct_id must be a text that is not empty")


def _time(name: str, value: Any) -> datetime:
    at = parse_timestamp(value)
    if at is None:
        raise RowError(f"{name} {str(value)[:50]!r} is not a time")
    if not FIRST <= at <= LAST:
        raise RowError(f"{name} {str(value)[:50]!r} is not between 1970 and 2148")
    return at


def _uuid(value: Any) -> str:
    if not value:
        return str(uuid.uuid4())
    if isinstance(value, str) and _CANONICAL.fullmatch(value):
        return value
    try:
        return str(uuid.UUID(value))
    except (ValueError, AttributeError, TypeError):
        raise RowError(f"uuid {str(value)[:50]!r} is not a UUID") from None
