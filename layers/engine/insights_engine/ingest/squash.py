"""Pending merges, written into the events: rows of a merged person get the survivor's number.

`person` is part of the table's sorting key, so ClickHouse cannot update it: rows are copied under the new number, then
the old ones are deleted. Before anything is copied, a delete that finds nothing shows that deleting is allowed: copies
whose originals cannot be deleted would be counted twice until somebody notices. Then, month by month:

1. copy what has an old number, but for rows whose copy is there already (of a squash that was killed);
2. delete what has an old number; only then the merge stops being pending, and the flag of the project is cleared.

A squash that is killed anywhere is repeated by the next one, which ends in the same rows. Between 1 and 2 the rows of a
month are there twice: sums and counts that are asked for in these moments are too high, unique persons are not. The
other order would lose events where the process dies. Distinct ids that were copied late, under a number that was merged
at that moment, are set right here as well.

Merges wait until no consumer can be at work with the old number any more (`min_age`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import batched
from typing import Any

from insights_engine import keys
from insights_engine.clickhouse import ClickHouse
from insights_engine.ingest.copies import repoint_distinct_ids, set_pending_merges
from insights_engine.ingest.persons import Person
from insights_engine.ingest.rows import EVENT_COLUMNS, json_lines
from insights_engine.ingest.writer import insert
from insights_engine.log import logger
from insights_engine.services import Services, current
from insights_engine.sql import Sql, identifier
from insights_engine.store import ConflictError

# Longer than a consumer may run: from its look at who is who until its events are in the table.
MIN_AGE = timedelta(minutes=15)
# Merges of one pass: over HTTP their numbers travel in the address.
_MERGES = 2000
# Above the version of any merge: a person is merged once, and at most this many steps from its survivor.
_DONE = 1 << 40
_ATTEMPTS = 20
# For one statement of the rewriting: nearly all that the function has (900 s). The limit is lifted, not raised, because
# a profile's largest value, which is for queries, would refuse a higher one.
_SECONDS = 840
_PATIENT = f"max_execution_time = 0, distributed_ddl_task_timeout = {_SECONDS}"
_MONTH = "project = {project:UInt32} AND toYYYYMM(day) = {month:UInt32}"
_NO_MONTH = 0


@dataclass(frozen=True, slots=True)
class SquashReport:
    merges: int
    waiting: int


def squash(
    services: Services, project_id: int, *, now: datetime | None = None, min_age: timedelta = MIN_AGE
) -> SquashReport:
    """Answers are the same before and after. Merges younger than `min_age` keep waiting."""
    pending = _pending(services.clickhouse, project_id)
    ripe = _ripe(services, project_id, pending, (now or services.now()) - min_age)
    for part in batched(ripe, _MERGES, strict=False):
        _squash(services, project_id, part)
    if not _pending(services.clickhouse, project_id):
        set_pending_merges(services.policies, project_id, False)
        # A merge that was written just now found the flag set and left it.
        if _pending(services.clickhouse, project_id):
            set_pending_merges(services.policies, project_id, True)
    return SquashReport(len(ripe), len(pending) - len(ripe))


def squash_all(services: Services, *, min_age: timedelta = MIN_AGE) -> dict[int, SquashReport]:
    """Every project that has pending merges, one after another."""
    rows = services.clickhouse.admin_read(
        Sql("SELECT DISTINCT project FROM person_merges FINAL WHERE is_deleted = 0 ORDER BY project")
    ).rows
    return {int(project): squash(services, int(project), min_age=min_age) for (project,) in rows}


def handle_schedule(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """The Lambda handler of the schedule: what was squashed, by project."""
    reports = squash_all(current())
    logger().info("squashed", extra={"merges": {str(project): report.merges for project, report in reports.items()}})
    return {str(project): {"merges": r.merges, "waiting": r.waiting} for project, r in reports.items()}


def _pending(clickhouse: ClickHouse, project_id: int) -> list[tuple[int, int]]:
    rows = clickhouse.admin_read(
        Sql(
            "SELECT person, survivor FROM person_merges FINAL WHERE project = {p:UInt32} AND is_deleted = 0 "
            "ORDER BY person",
            p=project_id,
        )
    ).rows
    return [(int(person), int(survivor)) for person, survivor in rows]


def _ripe(
    services: Services, project_id: int, pending: Sequence[tuple[int, int]], until: datetime
) -> list[tuple[int, int]]:
    items = services.policies.get_many([keys.person(project_id, person) for person, _ in pending])
    latest = until.timestamp()
    return [pair for pair, item in zip(pending, items, strict=True) if not item or item.get("merged_at", 0) <= latest]


def _squash(services: Services, project_id: int, merges: Sequence[tuple[int, int]]) -> None:
    clickhouse = services.clickhouse
    numbers: dict[str, Any] = {
        "project": project_id,
        "gone": [person for person, _ in merges],
        "kept": [survivor for _, survivor in merges],
    }
    repoint_distinct_ids(services, project_id, [(person, survivor, 1) for person, survivor in merges])
    months = clickhouse.admin_read(
        Sql(
            "SELECT DISTINCT toYYYYMM(day) AS month FROM events WHERE project = {p:UInt32} "
            "AND person IN {gone:Array(UInt32)} ORDER BY month",
            p=project_id,
            gone=numbers["gone"],
        )
    ).rows
    if months:
        _delete(clickhouse, {**numbers, "month": _NO_MONTH})
    for (month,) in months:
        _rewrite(clickhouse, {**numbers, "month": int(month)})
    _forget_cohorts(clickhouse, numbers)
    rows = [
        {"project": project_id, "person": person, "survivor": survivor, "is_deleted": 1, "version": _DONE}
        for person, survivor in merges
    ]
    insert(clickhouse, "person_merges", list(rows[0]), json_lines(rows))
    for survivor in sorted(set(numbers["kept"])):
        _forget_absorbed(services, project_id, survivor, set(numbers["gone"]))


def _rewrite(clickhouse: ClickHouse, numbers: dict[str, Any]) -> None:
    columns = ", ".join(EVENT_COLUMNS)
    moved = columns.replace(" person,", " transform(person, {gone:Array(UInt32)}, {kept:Array(UInt32)}) AS survivor,")
    clickhouse.command(
        f"INSERT INTO events ({columns}) SELECT {moved} FROM events "  # noqa: S608  # our own words only
        f"WHERE {_MONTH} AND person IN {{gone:Array(UInt32)}} AND (event, day, survivor, ts, uuid) NOT IN "
        f"(SELECT event, day, person, ts, uuid FROM events WHERE {_MONTH} AND person IN {{kept:Array(UInt32)}}) "
        f"SETTINGS distributed_product_mode = 'local', distributed_foreground_insert = 1, {_PATIENT}",
        numbers,
        seconds=_SECONDS,
    )
    _delete(clickhouse, numbers)


def _delete(clickhouse: ClickHouse, numbers: dict[str, Any]) -> None:
    table, on = _storage(clickhouse, "events")
    clickhouse.command(
        f"DELETE FROM {table}{on} WHERE {_MONTH} AND person IN {{gone:Array(UInt32)}} "  # noqa: S608
        f"SETTINGS lightweight_deletes_sync = 2, {_PATIENT}",
        numbers,
        seconds=_SECONDS,
    )


def _storage(clickhouse: ClickHouse, table: str) -> tuple[str, str]:
    """The table that holds the rows, and where: on a cluster `table` only distributes them, and deletes nothing."""
    rows = clickhouse.admin_read(
        Sql(
            "SELECT engine_full FROM system.tables WHERE database = {d:String} AND name = {t:String}",
            d=clickhouse.database,
            t=table,
        )
    ).rows
    engine = str(rows[0][0]) if rows else ""
    if not engine.startswith("Distributed("):
        return table, ""
    cluster = engine.removeprefix("Distributed(").split(",")[0].strip().strip("'")
    return f"{table}_local", f" ON CLUSTER {identifier(cluster).text}"


def _forget_cohorts(clickhouse: ClickHouse, numbers: dict[str, Any]) -> None:
    """Survivors have been members since the merge; a later row of the same version wins."""
    clickhouse.command(
        "INSERT INTO cohort_people (project, cohort, person, is_deleted, version) "
        "SELECT project, cohort, person, 1, version FROM cohort_people FINAL "
        "WHERE project = {project:UInt32} AND person IN {gone:Array(UInt32)} AND is_deleted = 0",
        numbers,
    )


def _forget_absorbed(services: Services, project_id: int, survivor: int, gone: set[int]) -> None:
    """No row has these numbers any more, so a later merge of the survivor need not point them anew."""
    pk, sk = keys.person(project_id, survivor)
    for _ in range(_ATTEMPTS):
        item = services.policies.get(pk, sk)
        if item is None:
            return
        person = Person.from_item(survivor, item)
        absorbed = tuple(pair for pair in person.absorbed if pair[0] not in gone)
        if absorbed == person.absorbed:
            return
        after = replace(person, absorbed=absorbed, version=person.version + 1)
        copied = {"copied": True} if item.get("copied") else {}
        try:
            services.policies.put({"pk": pk, "sk": sk, **after.attributes(), **copied}, person.version)
        except ConflictError:
            continue
        return
