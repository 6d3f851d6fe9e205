"""One series over one period, as the sources of its numbers take it: who is counted, where and when. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from insights_engine.dates import Range
from insights_engine.intervals import Interval, bucket_sql, bucket_start_sql
from insights_engine.scan import Scan, require_group_index
from insights_engine.sql import TRUE, Sql, both
from insights_engine.trend.maths import Math
from insights_engine.trend.model import Series


@dataclass(frozen=True, slots=True)
class Ask:
    """One series over one period. `counts` is the entity alone, `filters` everything else that events must pass."""

    scan: Scan
    series: Series
    interval: Interval
    span: Range
    counts: Sql
    filters: Sql
    breakdown: Sql
    is_total: bool
    is_cumulative: bool
    # Of the buckets that are shown, in their order.
    keys: tuple[int, ...] = ()
    # The breakdown follows from the person alone, and may give one event several values.
    is_by_person: bool = False

    @property
    def math(self) -> Math:
        return self.series.math

    @property
    def where(self) -> Sql:
        return self.where_within(self.span.select_from)

    def where_within(self, lower: datetime) -> Sql:
        return both(self.scan.is_mine, self.counts, self.scan.within(lower, self.span.end), self.filters)

    def bucket(self) -> Sql:
        return Sql("toInt64(0)") if self.is_total else self.bucket_of(self.scan.day, self.scan.local)

    def bucket_start(self) -> Sql:
        """As `bucket`, to group by."""
        if self.is_total:
            return self.bucket()
        monday = self.scan.project.weeks_start_on_monday
        return bucket_start_sql(self.interval, self.scan.day, self.scan.local, monday)

    def bucket_of(self, day: Sql, local: Sql) -> Sql:
        return bucket_sql(self.interval, day, local, self.scan.project.weeks_start_on_monday)

    def aggregate(self, x: Sql) -> Sql:
        return Sql(self.math.sql, x=x)


def grouped(ask: Ask, aggregate: Sql, condition: Sql = TRUE, lower: datetime | None = None) -> Sql:
    """The aggregate per bucket and breakdown value; events count from `lower` where it is not the range's own start."""
    return Sql(
        "SELECT {bucket} AS bucket, {breakdown} AS breakdown, {value} AS value {source} WHERE {where} "
        "GROUP BY {start}, breakdown",
        bucket=ask.bucket(),
        start=ask.bucket_start(),
        breakdown=ask.breakdown,
        value=aggregate,
        source=ask.scan.from_clause(),
        where=both(ask.where if lower is None else ask.where_within(lower), condition),
    )


def counted_group(series: Series) -> int | None:
    """The type of the groups that the series counts, where it does not count persons."""
    index = series.math_group_type_index
    if series.math.source == "groups":
        return require_group_index(index, f"{series.field}.math_group_type_index")
    return index if series.math.source == "rolling" else None


def actor_of(ask: Ask) -> tuple[Sql, Sql]:
    """Who is counted, and the condition that there is one: the person, or the group that the series names."""
    index = counted_group(ask.series)
    if index is not None:
        key = ask.scan.group_key(index)
        return key, Sql("{k} != ''", k=key)
    if ask.scan.project.aggregate_users_by_distinct_id:
        return Sql("distinct_id"), TRUE
    return ask.scan.person, TRUE
