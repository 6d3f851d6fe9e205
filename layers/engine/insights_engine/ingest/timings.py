"""Queued loads into ClickHouse: one insert for a slice of messages, whatever projects they are of.

How many events the project had in the last month stands in each row, so that slow loads can be held against the size
of what was asked. It is counted for all new projects in one statement, and kept for a day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import batched
from typing import Any

from insights_engine.ingest.writer import insert
from insights_engine.services import Services
from insights_engine.sql import Sql
from insights_engine.timing.columns import NAMES, TABLE, line, project_of

_MONTH = timedelta(days=30)
_KEPT_SECONDS = 86_400.0
# Over HTTP, bound values travel in the address of the request.
_PROJECTS = 2_000

Refused = Callable[[str], None]


class Timings:
    def __init__(self, services: Services, clock: Callable[[], float]) -> None:
        self._services = services
        self._clock = clock
        self._counts: dict[int, tuple[float, int]] = {}

    def store(self, items: Sequence[Mapping[str, Any]], now: datetime, refused: Refused) -> int:
        """How many are stored; `refused` is told why of each that cannot be. Raises when ClickHouse is away."""
        readable = []
        for item in items:
            try:
                line(item, 0)
                readable.append(item)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                refused(repr(error)[:200])
        if not readable:
            return 0
        self._count({project_of(item) for item in readable}, now)
        lines = [line(item, self._counts[project_of(item)][1]) for item in readable]
        wrong = insert(self._services.clickhouse, TABLE, NAMES, lines)
        for _, why in wrong:
            refused(why)
        return len(lines) - len(wrong)

    def _count(self, projects: Iterable[int], now: datetime) -> None:
        missing = [project for project in projects if self._counts.get(project, (0.0, 0))[0] <= self._clock()]
        for part in batched(missing, _PROJECTS, strict=False):
            counted = self._services.clickhouse.admin_read(
                Sql(
                    "SELECT project, count() FROM events WHERE project IN {projects:Array(UInt32)} "
                    "AND day BETWEEN {first:Date} AND {last:Date} GROUP BY project",
                    projects=list(part),
                    first=(now - _MONTH).date(),
                    last=now.date(),
                )
            ).rows
            until = self._clock() + _KEPT_SECONDS
            self._counts |= dict.fromkeys(part, (until, 0))
            self._counts |= {project: (until, int(count)) for project, count in counted}
