"""`insights doctor`: what has to be in place, one check a line, each with what to do where it is not."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import click
from insights_engine import migrations
from insights_engine.queue import EventQueue
from insights_engine.services import Services
from insights_engine.settings import Settings
from insights_engine.sql import Sql
from insights_engine.store import Store

from insights_local import data_dir as folder

_OLDEST_CLICKHOUSE = (25, 8)
_FREE_BYTES = 2_000_000_000
_CLOCK_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Finding:
    subject: str
    is_ok: bool
    words: str
    advice: str = ""


class _Problem(Exception):
    """A check's own finding. Without advice, that of the check holds."""

    def __init__(self, words: str, advice: str = "") -> None:
        super().__init__(words)
        self.advice = advice


def examine(data_dir: Path | None) -> list[Finding]:
    """Every check is made, whatever the others found."""
    if data_dir is None:
        return list(_findings(Services(Settings.read(os.environ)), Path.cwd()))
    services = Services(Settings.read({**os.environ, **folder.environment_of(data_dir)}))
    try:
        with folder.held(data_dir):
            return list(_findings(services, data_dir))
    except click.ClickException as error:
        return [Finding("local data", False, error.message)]


def _findings(services: Services, place: Path) -> Iterator[Finding]:
    settings = services.settings
    dsn = "Check CLICKHOUSE_DSN (or the secret in CLICKHOUSE_SECRET_ARN): host, port, user, password, firewall."
    access = "Check {}, the region, and that your credentials may read and write it."
    checks: tuple[tuple[str, Callable[[], str], str], ...] = (
        ("Python", _python, "The functions run on Python 3.13; so should this."),
        ("time zones", _time_zones, "Install the time zone data: pip install tzdata"),
        ("disk", lambda: _disk(place), "Check that the folder can be read."),
        ("ClickHouse", lambda: _clickhouse(services), dsn),
        ("clock", lambda: _clock(services), "It is compared with ClickHouse's, so mend that first."),
        ("tables", lambda: _tables(services), "Run: insights migrate"),
        ("policies store", lambda: _store(services.policies, settings.policies_table), access.format("POLICIES_TABLE")),
        ("results store", lambda: _store(services.results, settings.results_table), access.format("RESULTS_TABLE")),
        ("queue", lambda: _queue(services), access.format("EVENTS_QUEUE (an output of your stack)")),
    )
    for subject, check, advice in checks:
        yield _finding(subject, check, advice)


def _finding(subject: str, check: Callable[[], str], advice: str) -> Finding:
    try:
        return Finding(subject, True, check())
    except _Problem as problem:
        return Finding(subject, False, str(problem), problem.advice or advice)
    except Exception as error:
        # Whatever a client library raises is the finding: the other checks still have to be made.
        first_line = (str(error).strip() or type(error).__name__).splitlines()[0]
        return Finding(subject, False, first_line[:300], advice)


def _python() -> str:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] != (3, 13):
        raise _Problem(version)
    return version


def _time_zones() -> str:
    winter = datetime(2024, 1, 1, tzinfo=ZoneInfo("America/New_York")).utcoffset()
    if winter != timedelta(hours=-5):
        raise _Problem(f"New York is at {winter} in winter")
    return "known"


def _disk(place: Path) -> str:
    place = next(parent for parent in (place.resolve(), *place.resolve().parents) if parent.exists())
    free = shutil.disk_usage(place).free
    words = f"{free / 1e9:,.1f} GB free at {place}"
    if free < _FREE_BYTES:
        raise _Problem(words, "Below 2 GB ClickHouse may stop in the middle of a merge; make room.")
    return words


def _clickhouse(services: Services) -> str:
    version = str(services.clickhouse.admin_read(Sql("SELECT version()")).rows[0][0])
    where = "embedded" if services.clickhouse.is_embedded else "server"
    if tuple(int(part) for part in version.split(".")[:2]) < _OLDEST_CLICKHOUSE:
        oldest = ".".join(map(str, _OLDEST_CLICKHOUSE))
        raise _Problem(f"{where}, version {version}", f"Version {oldest} or later is needed, for the JSON type.")
    return f"{where}, version {version}"


def _clock(services: Services) -> str:
    milliseconds = services.clickhouse.admin_read(Sql("SELECT toUnixTimestamp64Milli(now64(3, 'UTC'))")).rows[0][0]
    seconds = abs(services.now().timestamp() - int(milliseconds) / 1000)
    if seconds > _CLOCK_SECONDS:
        raise _Problem(f"{seconds:.0f} s apart from ClickHouse's", "Set both by NTP: ranges end with this clock.")
    return "agrees with ClickHouse's"


def _tables(services: Services) -> str:
    missing = migrations.pending(services)
    if missing:
        raise _Problem(f"{len(missing)} migrations are missing")
    return f"{len(migrations.migrations())} migrations applied"


def _store(store: Store, name: str) -> str:
    """Written, read and removed again, under a key that nothing else uses."""
    pk, sk = f"DOCTOR#{uuid4()}", "DOCTOR"
    store.put({"pk": pk, "sk": sk}, "absent")
    found = store.get(pk, sk)
    store.delete(pk, sk)
    if found is None:
        raise _Problem(f"{name} does not give back what was written", "Is the name that of another account's table?")
    return f"{name} can be read and written"


def _queue(services: Services) -> str:
    url = services.settings.events_queue
    if not url:
        raise _Problem("EVENTS_QUEUE is not set")
    return f"{url}, {_waiting(services.events, url):,} messages waiting"


def _waiting(events: EventQueue, url: str) -> int:
    from insights_engine.queue.sqlite import SqliteQueue

    if isinstance(events, SqliteQueue):
        return events.depth()
    import boto3

    answer = boto3.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])
