"""`insights import`: a file of events, persons or groups into a project.

1. A file is read in chunks. While ClickHouse takes the events of one, the next is prepared.
2. How far a file has come is kept in the policies store, by the file's contents, and moves on when ClickHouse has a
   chunk; an import that was stopped goes on there. At most one chunk is half stored then, and see 3.
3. An event is stored once: on days of which ClickHouse had events before this import came to them, each is looked up by
   its uuid, and an event without one has a uuid by its place in the file.
4. A row that cannot be read, or that ClickHouse refuses, is reported by its number and costs no other row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from insights_engine import keys
from insights_engine.ingest.bulk import BulkLoader, RowError, group_change, person_commands
from insights_engine.ingest.persons import Command, Touch
from insights_engine.ingest.rows import EVENT_COLUMNS, stamp
from insights_engine.ingest.writer import insert
from insights_engine.services import Services

from insights_local.import_events import EventChunks
from insights_local.import_files import Chunk, ImportFile, Place, Row
from insights_local.import_persons import NamedPersons
from insights_local.import_rows import group_row, kind_of, person_row

Advance = Callable[[int, int], None]
Reading = Callable[[Row], Row]

_SHOWN = 100


class Problem(NamedTuple):
    row: int
    why: str


@dataclass(slots=True)
class ImportReport:
    """`loaded`, `repeated` and `bad` count this run's rows; `problems` are the first of the bad ones.

    `resumed_at` is the row after which this run began, `rows` the one at which it ended.
    """

    kind: str = ""
    rows: int = 0
    loaded: int = 0
    repeated: int = 0
    bad: int = 0
    resumed_at: int = 0
    problems: list[Problem] = field(default_factory=list)

    def add_bad(self, problems: Sequence[tuple[int, str]]) -> None:
        self.bad += len(problems)
        room = max(0, _SHOWN - len(self.problems))
        self.problems += [Problem(row, why) for row, why in problems[:room]]


def import_file(
    services: Services,
    project_id: int,
    path: Path | str,
    *,
    kind: str = "auto",
    on_progress: Advance | None = None,
    resume: bool = True,
    reading: Reading | None = None,
) -> ImportReport:
    """`on_progress(done, total)` counts rows; a total of 0 is not known. `reading` makes rows of this project's format
    of those in the file. Raises RowError where `auto` cannot tell.
    """
    file = ImportFile(Path(path))
    checkpoint = _Checkpoint(services, project_id, file.identity)
    start = checkpoint.place() if resume else Place()
    report = ImportReport(kind=kind, rows=start.row, resumed_at=start.row)
    loader = BulkLoader(services, project_id, services.now())
    persons = NamedPersons(services, loader)
    events = EventChunks(services, loader, file.identity, persons)
    with ThreadPoolExecutor(1, thread_name_prefix="insights-import") as thread:
        in_flight: _InFlight | None = None
        for chunk in file.chunks(start):
            if reading:
                chunk.rows = [(number, reading(row)) for number, row in chunk.rows]
            report.kind = _kind(report.kind, chunk)
            report.add_bad(chunk.bad)
            numbers, lines = _prepare(loader, events, persons, report, chunk)
            if in_flight:
                in_flight.land(report, checkpoint)
            future = thread.submit(insert, services.clickhouse, "events", EVENT_COLUMNS, lines)
            in_flight = _InFlight(future, numbers, chunk.end)
            if on_progress:
                on_progress(report.rows, max(file.total(chunk.end), report.rows))
        if in_flight:
            in_flight.land(report, checkpoint)
    if on_progress:
        on_progress(report.rows, report.rows)
    return report


@dataclass(slots=True)
class _InFlight:
    """A chunk that ClickHouse is taking."""

    future: Future[list[tuple[int, str]]]
    numbers: list[int]
    end: Place

    def land(self, report: ImportReport, checkpoint: _Checkpoint) -> None:
        refused = self.future.result()
        report.add_bad([(self.numbers[place], why) for place, why in refused])
        report.loaded += len(self.numbers) - len(refused)
        report.rows = self.end.row
        checkpoint.write(self.end)


class _Checkpoint:
    def __init__(self, services: Services, project_id: int, identity: str) -> None:
        self._store = services.policies
        self._key = keys.import_checkpoint(project_id, identity)

    def place(self) -> Place:
        item = self._store.get(*self._key)
        return Place(item["row"], item["offset"]) if item else Place()

    def write(self, place: Place) -> None:
        pk, sk = self._key
        self._store.put({"pk": pk, "sk": sk, "row": place.row, "offset": place.offset})


def _kind(kind: str, chunk: Chunk) -> str:
    return kind_of(chunk.rows[0][1]) if kind == "auto" and chunk.rows else kind


def _prepare(
    loader: BulkLoader, events: EventChunks, named: NamedPersons, report: ImportReport, chunk: Chunk
) -> tuple[list[int], list[bytes]]:
    """The events of a chunk as lines, with the numbers of their rows. Persons and groups are stored right here."""
    if report.kind == "events":
        prepared = events.prepare(chunk)
        report.add_bad(prepared.bad)
        report.repeated += prepared.repeated
        return prepared.numbers, prepared.lines
    if report.kind == "persons":
        _persons(loader, named, report, chunk)
    else:
        _each(chunk, report, lambda row: [group_change(group_row(row), {}, stamp(loader.now))], loader.groups)
    return [], []


def _persons(loader: BulkLoader, named: NamedPersons, report: ImportReport, chunk: Chunk) -> None:
    """Rows that name one `person_id` are one person, whichever distinct ids they have."""
    now = stamp(loader.now)
    pairs: list[tuple[str, str]] = []

    def parse(row: Row) -> list[Command]:
        commands = person_commands(person_row(row), {}, now)
        first = commands[0]
        assert isinstance(first, Touch), "a person's row begins with who it is"
        if row.get("person_id"):
            pairs.append((str(row["person_id"]), first.distinct_id))
        return commands

    def store(commands: list[Command]) -> None:
        loader.resolve(commands)
        loader.resolve(list(named.links(pairs, now)))

    _each(chunk, report, parse, store)


def _each[T](
    chunk: Chunk, report: ImportReport, parse: Callable[[dict[str, Any]], list[T]], store: Callable[[list[T]], None]
) -> None:
    parsed: list[T] = []
    bad: list[tuple[int, str]] = []
    for number, row in chunk.rows:
        try:
            parsed += parse(row)
        except RowError as error:
            bad.append((number, str(error)))
    store(parsed)
    report.add_bad(bad)
    report.loaded += len(chunk.rows) - len(bad)
