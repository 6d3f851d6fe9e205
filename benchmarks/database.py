"""A database of N made events for a project, kept between runs: `.data-bench/events-10000000`."""

from __future__ import annotations

import itertools
import json
import shutil
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

from insights_engine.migrations import migrate, migrations
from insights_engine.project import Project
from insights_engine.services import Services
from insights_engine.settings import Settings
from insights_engine.tables import JSON_SETTINGS
from insights_local.terminal import progress, say

from benchmarks.events import DISTINCT_ID_COLUMNS, EVENT_COLUMNS, PERSON_COLUMNS, World

PROJECT = Project(1)
DEFAULT_DIRECTORY = Path(__file__).parent.parent / ".data-bench"
# Events of one INSERT: large enough for large parts, small enough for a laptop's memory.
_BATCH = 250_000
_SETTINGS = {
    **JSON_SETTINGS,
    "max_threads": 2,
    "max_insert_threads": 2,
    "max_block_size": 16_384,
    "min_insert_block_size_rows": _BATCH,
    "min_insert_block_size_bytes": 0,
}


@dataclass(frozen=True)
class Database:
    """`facts`: how many rows there are, and how long it took to load them."""

    services: Services
    facts: dict[str, float]


def database(events: int, directory: Path) -> Database:
    """The database of so many events; loaded unless it is there. What an interrupted load left is removed."""
    place = (directory / f"events-{events}").resolve()
    marker = place / "loaded.json"
    if not _is_current(marker):
        shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True, exist_ok=True)
    services = Services(
        Settings.read(
            {
                "CLICKHOUSE_DSN": f"chdb://{place}/clickhouse?database=insights",
                "POLICIES_TABLE": f"sqlite://{place}/policies.db",
                "RESULTS_TABLE": f"sqlite://{place}/results.db",
            }
        )
    )
    if not marker.exists():
        made_by = {"tables": _tables(), "world": _world()}
        facts = _load(services, World(events))
        marker.write_text(json.dumps({**made_by, **facts}))
    migrate(services)
    return Database(services, json.loads(marker.read_text()))


def _is_current(marker: Path) -> bool:
    """Other tables or other events than this release's are loaded anew; tables that came later are added."""
    if not marker.exists():
        return False
    found = json.loads(marker.read_text())
    return bool(found["tables"].items() <= _tables().items() and found["world"] == _world())


def _tables() -> dict[str, str]:
    return {migration.name: migration.checksum for migration in migrations()}


def _world() -> int:
    """A number that changes with the SQL that makes the events, but not with its layout."""
    world = World(1000)
    text = world.events(1, 0, 1) + world.persons_rows(1) + world.distinct_ids(1)
    return zlib.crc32("".join(text.split()).encode())


def _load(services: Services, world: World) -> dict[str, float]:
    migrate(services)
    started = time.perf_counter()
    run, project = services.clickhouse.command, PROJECT.id
    batches = -(-world.asked // _BATCH)
    ends = [world.sessions * batch // batches for batch in range(batches + 1)]
    with progress("Making events", "sessions") as advance:
        advance(0, world.sessions)
        for first, last in itertools.pairwise(ends):
            run(_insert("events", EVENT_COLUMNS, world.events(project, first, last - first)))
            advance(last, world.sessions)
    run(_insert("persons", PERSON_COLUMNS, world.persons_rows(project)))
    run(_insert("person_distinct_ids", DISTINCT_ID_COLUMNS, world.distinct_ids(project)))
    inserted = time.perf_counter() - started
    say("Merging parts")
    for table in ("events", "persons", "person_distinct_ids"):
        run(f"OPTIMIZE TABLE {table} FINAL")
    return {
        "events": int(run("SELECT count() FROM events")),
        "persons": int(run("SELECT count() FROM persons")),
        "bytes": int(run("SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table = 'events'")),
        "insert_seconds": round(inserted, 1),
        "seconds": round(time.perf_counter() - started, 1),
    }


def _insert(table: str, columns: str, select: str) -> str:
    settings = ", ".join(f"{name} = {value}" for name, value in _SETTINGS.items())
    return f"INSERT INTO {table} ({columns}) SELECT {columns} FROM ({select}) SETTINGS {settings}"
