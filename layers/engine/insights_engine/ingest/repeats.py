"""Events that were stored before: same project, event and uuid, on about the same day.

A sender that tries again sends the same uuid, and the queue delivers at least once. Two consumers that work on the same
event at the same moment both store it; the table's sorting key ends in the uuid, so ClickHouse collapses these later.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import batched

from insights_engine.clickhouse import ClickHouse
from insights_engine.ingest.rows import FIRST, Event
from insights_engine.sql import Sql

# Over HTTP, bound values travel in the address of the request.
_UUIDS = 5000
_DAYS = timedelta(days=2)


def without_repeats(clickhouse: ClickHouse, project_id: int, events: Sequence[Event]) -> list[Event]:
    """The first of each uuid, without those that ClickHouse has; in order."""
    fresh: dict[tuple[str, str], Event] = {}
    for event in events:
        fresh.setdefault((event.name, event.uuid), event)
    for part in batched(list(fresh.values()), _UUIDS, strict=False):
        for key in stored(clickhouse, project_id, part):
            fresh.pop(key, None)
    return list(fresh.values())


def stored(clickhouse: ClickHouse, project_id: int, events: Sequence[Event]) -> list[tuple[str, str]]:
    """(event, uuid) of those that are in ClickHouse. The days are a day wider than zones can move them."""
    rows = clickhouse.admin_read(
        Sql(
            "SELECT DISTINCT event, toString(uuid) FROM events WHERE project = {project:UInt32} "
            "AND event IN {names:Array(String)} AND day BETWEEN {first:Date} AND {last:Date} "
            "AND uuid IN {uuids:Array(UUID)}",
            project=project_id,
            names=sorted({event.name for event in events}),
            first=(max(min(event.at for event in events), FIRST + _DAYS) - _DAYS).date(),
            last=(max(event.at for event in events) + _DAYS).date(),
            uuids=[event.uuid for event in events],
        )
    ).rows
    return [(name, uuid) for name, uuid in rows]
