"""ClickHouse: whether it answers, what its user may do, how full it is, and when it will be."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from insights_engine import migrations, statement_names
from insights_engine.faults import code_of
from insights_engine.services import Services
from insights_engine.sql import Sql, identifier

from insights_local.doctor.findings import Check, Problem, Skipped, Warned

_OLDEST = (25, 8)
_CLOCK_SECONDS = 5
# Not granted, and refused because the session is read-only.
_MAY_NOT = frozenset({164, 497})
_REMOTE = 1 << 62  # an object store says that it has as much as a number holds
_FEW_DAYS, _FEWER_DAYS = 30, 7
_FREE_SHARE, _FREE_BYTES = 0.1, 2_000_000_000
_GROWTH_DAYS = 7

# What the functions do, and which of them stands still without it.
_NEEDED = {
    "SELECT": "no insight is answered",
    "INSERT": "events cannot be stored",
    "ALTER DELETE": "merged persons' earlier events cannot be moved",
}
_TO_MIGRATE = ("CREATE TABLE", "ALTER TABLE")


def checks(services: Services, options: str) -> Iterator[Check]:
    dsn = "Check CLICKHOUSE_DSN (or the secret in CLICKHOUSE_SECRET_ARN): host, port, user, password, firewall."
    yield Check("ClickHouse", partial(_version, services), dsn)
    needs = ("ClickHouse",), ("tables",)
    yield Check("clock", partial(_clock, services), "Set both by NTP: ranges end with this clock.", needs[0])
    yield Check("tables", partial(_tables, services), f"Run: insights migrate{options}", needs[0])
    yield Check("permissions", partial(_permissions, services), "", needs[1])
    yield Check("limits", partial(_limits, services), "", needs[1])
    yield Check("cancelling", partial(_cancelling, services), "Let the user end its own queries.", needs[1])
    yield Check("growth", partial(_growth, services), "", needs[1])
    yield Check("ClickHouse's disk", partial(_disk, services), "", needs[1])


def _version(services: Services) -> str:
    """Of a server that has not our database yet, it can only be said that it answers."""
    where = "embedded" if services.clickhouse.is_embedded else "server"
    if not services.clickhouse.has_database():
        return f"{where}, without the database {services.clickhouse.database} so far"
    version = str(services.clickhouse.admin_read(Sql("SELECT version()")).rows[0][0])
    if tuple(int(part) for part in version.split(".")[:2]) < _OLDEST:
        oldest = ".".join(map(str, _OLDEST))
        raise Problem(f"{where}, version {version}", f"Version {oldest} or later is needed, for the JSON type.")
    return f"{where}, version {version}"


def _clock(services: Services) -> str:
    if not services.clickhouse.has_database():
        raise Skipped("there is no database to ask it in")
    milliseconds = services.clickhouse.admin_read(Sql("SELECT toUnixTimestamp64Milli(now64(3, 'UTC'))")).rows[0][0]
    seconds = abs(services.now().timestamp() - int(milliseconds) / 1000)
    if seconds > _CLOCK_SECONDS:
        raise Problem(f"{seconds:.0f} s apart from ClickHouse's")
    return "agrees with ClickHouse's"


def _tables(services: Services) -> str:
    missing = migrations.pending(services)
    if missing:
        raise Problem(f"{len(missing)} migrations are missing")
    return f"{len(migrations.migrations())} migrations applied"


def _permissions(services: Services) -> str:
    """By the server's own word (CHECK GRANT), so that nothing is changed to find out."""
    database = services.clickhouse.database
    readonly = str(_one(services, Sql("SELECT value FROM system.settings WHERE name = 'readonly'")))
    if readonly != "0":
        raise Problem(
            f"the user's profile says readonly = {readonly}: events cannot be stored",
            "ALTER SETTINGS PROFILE insights SETTINGS readonly = 0; the functions' connections set it themselves.",
        )
    for right, loss in _NEEDED.items():
        if not _is_granted(services, right):
            user = _one(services, Sql("SELECT currentUser()"))
            raise Problem(f"may not {right}: {loss}", f"GRANT {', '.join(_NEEDED)} ON {database}.* TO {user};")
    missing = [right for right in _TO_MIGRATE if not _is_granted(services, right)]
    words = f"{', '.join(_NEEDED)}"
    # As it should be for the functions; the tables are made by somebody else.
    return f"{words}; not {', '.join(missing)}, so another user has to migrate" if missing else f"{words}, and all else"


def _is_granted(services: Services, right: str) -> bool:
    database = identifier(services.clickhouse.database).text
    return str(services.clickhouse.command(f"CHECK GRANT {right} ON {database}.*")) == "1"


def _limits(services: Services) -> str:
    """A server refuses a query that asks for more than the user's profile lets anybody have."""
    settings = services.settings
    asked = {
        "max_execution_time": max(settings.query_seconds, settings.job_seconds),
        "max_memory_usage": settings.query_memory_bytes,
        "max_bytes_to_read": settings.query_read_bytes,
    }
    rows = services.clickhouse.admin_read(
        Sql(
            "SELECT name, max FROM system.settings WHERE max IS NOT NULL AND name IN {names:Array(String)}",
            names=[*asked],
        )
    ).rows
    return allowing({name: float(most) for name, most in rows}, asked)


def allowing(most: Mapping[str, float], asked: Mapping[str, float]) -> str:
    for name, value in asked.items():
        if most.get(name, value) < value:
            advice = f"ALTER SETTINGS PROFILE insights SETTINGS {name} = {value} MAX {value};"
            raise Problem(f"the user's profile allows a {name} of {most[name]:.0f}, and {value} is asked for", advice)
    return "the user's profile allows what is asked for"


def _cancelling(services: Services) -> str:
    """Nothing runs under this name, so nothing is ended by asking for it."""
    from clickhouse_connect.driver.exceptions import DatabaseError

    try:
        services.clickhouse.command(statement_names.KILL, {"name": "doctor-asks-for-nothing"})
    except DatabaseError as error:
        if code_of(error) not in _MAY_NOT:
            raise
        raise Warned("the user may not KILL QUERY: a query that nobody waits for goes on to its end") from None
    return "the user may end queries"


def _growth(services: Services) -> str:
    bytes_in_all, rows = _size(services)
    if not rows:
        return "there are no events yet"
    words = f"{rows:,} rows in {_bytes(bytes_in_all)}, {bytes_in_all / rows:,.0f} bytes a row"
    return f"{words}; {_bytes(_growth_a_day(services))} a day in the last {_GROWTH_DAYS} days"


def _disk(services: Services) -> str:
    """The fullest of the disks that the tables are on, by the server's own tables."""
    from clickhouse_connect.driver.exceptions import DatabaseError

    try:
        disks = services.clickhouse.admin_read(Sql("SELECT name, free_space, total_space FROM system.disks")).rows
    except DatabaseError as error:
        if code_of(error) not in _MAY_NOT:
            raise
        raise Skipped("the user may not read system.disks; ask it of the server") from None
    local = [(name, int(free), int(total)) for name, free, total in disks if 0 < int(total) < _REMOTE]
    if not local:
        return "in an object store, which does not fill"
    return room(*min(local, key=lambda disk: disk[1] / disk[2]), _growth_a_day(services))


def room(name: str, free: int, total: int, a_day: float) -> str:
    """Bytes of a disk, and by how many it fills."""
    days = free / a_day if a_day else math.inf
    words = f"{_bytes(free)} of {_bytes(total)} free on {name}"
    words += f", for {days:,.0f} days at this rate" if days < 10_000 else ""
    advice = "Make the disk larger, or remove old months: ALTER TABLE events DROP PARTITION …"
    if free < _FREE_BYTES or days < _FEWER_DAYS:
        raise Problem(words, advice)
    if free < total * _FREE_SHARE or days < _FEW_DAYS:
        raise Warned(words, advice)
    return words


def _growth_a_day(services: Services) -> float:
    """Bytes: the events of the last days, in what a row takes on the disk so far."""
    bytes_in_all, rows = _size(services)
    until = services.now().date()
    recent = Sql(
        "SELECT count() FROM events WHERE day >= {since:Date} AND day < {until:Date}",
        since=until - timedelta(days=_GROWTH_DAYS),
        until=until,
    )
    return int(_one(services, recent)) * (bytes_in_all / rows) / _GROWTH_DAYS if rows else 0.0


def _size(services: Services) -> tuple[int, int]:
    """Bytes and rows of the events; of a cluster, those of the server that answers."""
    parts = Sql(
        "SELECT sum(bytes_on_disk), sum(rows) FROM system.parts "
        "WHERE database = currentDatabase() AND table IN ('events', 'events_local') AND active"
    )
    size, rows = services.clickhouse.admin_read(parts).rows[0]
    return int(size), int(rows)


def _one(services: Services, sql: Sql) -> Any:
    return services.clickhouse.admin_read(sql).rows[0][0]


def _bytes(number: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:,.0f} {unit}" if unit == "bytes" else f"{number:,.1f} {unit}"
        number /= 1000
    return f"{number:,.1f} TB"
