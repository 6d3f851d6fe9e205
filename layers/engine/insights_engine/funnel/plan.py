"""What a funnel asks once its dates are resolved. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from insights_engine.dates import Range, resolve
from insights_engine.definitions import Definitions
from insights_engine.funnel.model import TRENDS, FunnelQuery
from insights_engine.intervals import INTERVALS, buckets
from insights_engine.project import Project
from insights_engine.scan import micros

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Plan:
    """`range` is where all steps must lie; `buckets` are the periods of entry, of trends alone."""

    query: FunnelQuery
    project: Project
    definitions: Definitions
    now: datetime
    range: Range
    buckets: tuple[datetime, ...] = ()

    @property
    def origin(self) -> int:
        """Times are microseconds from the range's start on; its first is 0."""
        return micros(self.range.start)

    @property
    def length(self) -> int:
        return micros(self.range.end) - self.origin

    @property
    def window(self) -> int:
        """No longer than the range is: no two events are further apart."""
        return min(self.query.window // _MICROSECOND, self.length)


def make_plan(
    query: FunnelQuery, project: Project, definitions: Definitions, now: datetime, earliest: datetime | None = None
) -> Plan:
    """`earliest` is the first event's time, needed for trends over `date_from: all` alone."""
    is_trend = query.viz == TRENDS
    of_hours = is_trend and not query.interval.of_day
    monday = project.weeks_start_on_monday
    span = resolve(
        query.date_from,
        query.date_to,
        interval=query.interval if of_hours else INTERVALS["day"],
        now=now,
        zone=project.zone,
        monday=monday,
        explicit=query.explicit_date,
        earliest=earliest,
    )
    starts = tuple(buckets(query.interval, span.start, span.end, monday)) if is_trend else ()
    return Plan(query, project, definitions, now, span, starts)
