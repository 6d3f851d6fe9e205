"""A chunk of events: who they are of, which are stored already, and the lines for ClickHouse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import batched
from typing import Any

from insights_engine.ingest.bulk import BulkLoader, RowError, earliest
from insights_engine.ingest.effects import group_change, is_plain, person_commands
from insights_engine.ingest.persons import Command, Touch
from insights_engine.ingest.repeats import stored
from insights_engine.ingest.rows import Event, day, stamp
from insights_engine.services import Services
from insights_engine.sql import Sql

from insights_local.import_files import Chunk
from insights_local.import_persons import NamedPersons
from insights_local.import_rows import event_row, unpacked

_LOOKUPS = 5000

Row = dict[str, Any]


@dataclass(slots=True)
class Prepared:
    """`numbers` are those of the rows that `lines` came from."""

    numbers: list[int] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    repeated: int = 0
    bad: list[tuple[int, str]] = field(default_factory=list)


class EventChunks:
    """Prepares the chunks of one file, in order."""

    def __init__(self, services: Services, loader: BulkLoader, identity: str, persons: NamedPersons) -> None:
        self._services = services
        self._loader = loader
        self._identity = identity
        self._persons = persons
        # Whether a day had events of the project before this import came to it.
        self._had_events: dict[str, bool] = {}

    def prepare(self, chunk: Chunk) -> Prepared:
        """Persons and groups are stored on the way; the lines are the caller's to insert."""
        made = Prepared()
        events: list[tuple[int, Event]] = []
        told: dict[str, tuple[int, Row]] = {}
        for number, row in chunk.rows:
            try:
                event = event_row(row, self._identity, number)
            except RowError as error:
                made.bad.append((number, str(error)))
                continue
            events.append((number, event))
            if "person_id" in row or "person_properties" in row:
                told.pop(event.distinct_id, None)  # in the order of what was said last
                told[event.distinct_id] = number, row
        repeats = self._repeats([event for _, event in events])
        kept = [(number, event) for number, event in events if (event.name, event.uuid) not in repeats]
        made.repeated = len(events) - len(kept)
        fresh = [event for _, event in kept]
        self._loader.resolve([*self._commands(fresh), *self._told(told, made)])
        self._loader.groups([change for event in fresh if (change := group_change(event))])
        made.numbers, made.lines = [number for number, _ in kept], self._loader.lines(fresh)
        return made

    def _commands(self, events: Sequence[Event]) -> Iterator[Command]:
        """In order of the events: ids that have no person yet, and what special events do to persons."""
        first = earliest(event for event in events if self._loader.number_of(event.distinct_id) is None)
        for event in events:
            if not is_plain(event):
                first.pop(event.distinct_id, None)
                yield from person_commands(event)
            elif at := first.pop(event.distinct_id, None):
                yield Touch(event.distinct_id, at)

    def _told(self, told: dict[str, tuple[int, Row]], made: Prepared) -> Iterator[Command]:
        """An export says which person an event was of, and what that person was like: what it says last counts.

        Ids become one person first, as a merge would keep the properties of the one that stays.
        """
        at = stamp(self._loader.now)
        pairs = [(str(row["person_id"]), i) for i, (_, row) in told.items() if row.get("person_id")]
        yield from self._persons.links(pairs, at)
        for distinct_id, (number, row) in told.items():
            try:
                properties = unpacked(row, "person_properties")
            except RowError as error:
                made.bad.append((number, str(error)))
                continue
            if properties:
                yield Touch(distinct_id, at, set=properties)

    def _repeats(self, events: Sequence[Event]) -> set[tuple[str, str]]:
        """(event, uuid) of those that are stored. Repeats within a file are left to the table, which collapses them."""
        zone = self._loader.zone
        days = [day(event.at, zone) if zone else event.at.date().isoformat() for event in events]
        self._look(sorted(set(days) - self._had_events.keys()))
        doubtful = [event for event, at in zip(events, days, strict=True) if self._had_events[at]]
        found: set[tuple[str, str]] = set()
        for part in batched(doubtful, _LOOKUPS, strict=False):
            found |= set(stored(self._services.clickhouse, self._loader.project.id, part))
        return found

    def _look(self, days: list[str]) -> None:
        if not days:
            return
        rows = self._services.clickhouse.admin_read(
            Sql(
                "SELECT DISTINCT toString(day) FROM events WHERE project = {p:UInt32} AND day IN {days:Array(Date)}",
                p=self._loader.project.id,
                days=days,
            )
        ).rows
        held = {row[0] for row in rows}
        self._had_events |= {at: at in held for at in days}
