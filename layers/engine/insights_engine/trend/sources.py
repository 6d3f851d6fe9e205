"""From which rows a maths takes its aggregate: each source is one SELECT of (bucket, breakdown, value). Pure.

One function a source, in the table SOURCES; a maths names its source. All of them read events once, in one range, but
for the sources that look back (rolling, first), which read what they look back on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from insights_engine.dates import Range, earlier
from insights_engine.errors import ValidationError, attr_of
from insights_engine.intervals import INTERVALS, Interval, bucket_sql, bucket_start_sql
from insights_engine.scan import Scan, micros, require_group_index
from insights_engine.sql import TRUE, Sql, both, number
from insights_engine.trend.breakdowns import NO_BREAKDOWN
from insights_engine.trend.maths import Math, Source
from insights_engine.trend.model import Series

_EPOCH = datetime(1970, 1, 2)


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


def _grouped(ask: Ask, aggregate: Sql, condition: Sql = TRUE, lower: datetime | None = None) -> Sql:
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


def actor_of(ask: Ask) -> tuple[Sql, Sql]:
    """Who is counted, and the condition that there is one: the person, or the group that the series names."""
    index = ask.series.math_group_type_index
    if ask.math.source == "groups" or (ask.math.source == "rolling" and index is not None):
        key = ask.scan.group_key(require_group_index(index, f"{ask.series.field}.math_group_type_index"))
        return key, Sql("{k} != ''", k=key)
    if ask.scan.project.aggregate_users_by_distinct_id:
        return Sql("distinct_id"), TRUE
    return ask.scan.person, TRUE


def _events(ask: Ask) -> Sql:
    return _grouped(ask, ask.aggregate(Sql("1")))


def _actors(ask: Ask) -> Sql:
    actor, exists = actor_of(ask)
    if not ask.is_cumulative:
        return _grouped(ask, ask.aggregate(actor), exists)
    # Cumulated, an actor counts where they first appear, so that the last value is the distinct count.
    return Sql(
        "SELECT bucket, breakdown, count() AS value FROM (SELECT min({bucket}) AS bucket, {breakdown} AS breakdown "
        "{source} WHERE {where} GROUP BY breakdown, {actor}) GROUP BY bucket, breakdown",
        bucket=ask.bucket(),
        breakdown=ask.breakdown,
        source=ask.scan.from_clause(),
        where=both(ask.where, exists),
        actor=actor,
    )


def _property(ask: Ask) -> Sql:
    if not ask.series.math_property:
        return _grouped(ask, Sql("count()"))
    if ask.series.math_property == "$session_duration":
        return _session_durations(ask)
    return _grouped(ask, ask.aggregate(_number(ask)))


def _number(ask: Ask) -> Sql:
    """The property as a number, NULL where it is none, times the series' multiplier."""
    series = ask.series
    assert series.math_property is not None
    if series.math_property == "$time":
        value = Sql("toFloat64(toUnixTimestamp64Micro(ts)) / 1000000")
    else:
        text = ask.scan.text(
            series.math_property_type, series.math_property, series.math_group_type_index, series.field
        )
        value = number(text)
    return _multiplied(value, series)


def _multiplied(value: Sql, series: Series) -> Sql:
    if series.math_multiplier is None:
        return value
    return Sql("{x} * {m:Float64}", x=value, m=series.math_multiplier)


def _session_durations(ask: Ask) -> Sql:
    """Each session with a matching event in the bucket counts once, with its whole duration in seconds."""
    sessions = Sql(
        "SELECT {bucket} AS bucket, {breakdown} AS breakdown, session {source} WHERE {where} AND session != 0 "
        "GROUP BY {start}, breakdown, session",
        bucket=ask.bucket(),
        start=ask.bucket_start(),
        breakdown=ask.breakdown,
        source=ask.scan.from_clause(),
        where=ask.where,
    )
    durations = Sql(
        "SELECT session AS whole, toFloat64(dateDiff('second', min(ts), max(ts))) AS duration {sessions}",
        sessions=ask.scan.sessions_source(),
    )
    return Sql(
        "SELECT bucket, breakdown, {value} AS value FROM ({sessions}) AS active "
        "LEFT ANY JOIN ({durations}) AS lasting ON session = whole "
        "GROUP BY bucket, breakdown",
        value=ask.aggregate(_multiplied(Sql("duration"), ask.series)),
        sessions=sessions,
        durations=durations,
    )


def _per_actor(ask: Ask) -> Sql:
    return Sql(
        "SELECT bucket, breakdown, {value} AS value FROM (SELECT {bucket} AS bucket, {breakdown} AS breakdown, "
        "count() AS events {source} WHERE {where} GROUP BY {start}, breakdown, {person}) GROUP BY bucket, breakdown",
        value=ask.aggregate(Sql("events")),
        bucket=ask.bucket(),
        start=ask.bucket_start(),
        breakdown=ask.breakdown,
        source=ask.scan.from_clause(),
        where=ask.where,
        person=ask.scan.person,
    )


def _rolling(ask: Ask) -> Sql:
    """Active in the bucket or in the days before: each bucket's set of actors is shifted into those it counts for."""
    actor, exists = actor_of(ask)
    state, merge = ("uniqExactState", "uniqExactMerge")
    if actor == ask.scan.person:
        state, merge = "groupBitmapState", "groupBitmapMerge"  # dense numbers make small bitmaps
    if ask.is_total:
        since = ask.span.end - timedelta(days=ask.math.days) + timedelta(microseconds=1)
        return _grouped(ask, Sql("uniqExact({a})", a=actor), exists, since)
    if _is_as_long(ask):
        return _grouped(ask, Sql("uniqExact({a})", a=actor), exists)
    # A week looks back from its first day, as a day does.
    interval = INTERVALS["day"] if ask.interval.name == "week" else ask.interval
    monday = ask.scan.project.weeks_start_on_monday
    first, days = ask.interval.floor(ask.span.start, monday), timedelta(days=ask.math.days)
    # Days of the calendar, or a length of time.
    lower = first - days + timedelta(days=1) if interval.of_day else earlier(first, days)
    inner = Sql(
        "SELECT {bucket} AS at, {breakdown} AS breakdown, {state}({actor}) AS active {source} WHERE {where} "
        "GROUP BY {start}, breakdown",
        state=Sql(state),
        start=bucket_start_sql(interval, ask.scan.day, ask.scan.local, monday),
        bucket=bucket_sql(interval, ask.scan.day, ask.scan.local, monday),
        breakdown=ask.breakdown,
        actor=actor,
        source=ask.scan.from_clause(),
        where=both(ask.where_within(lower), exists),
    )
    return Sql(
        "SELECT bucket, breakdown, {merge}(active) AS value FROM (SELECT arrayJoin(arrayFilter("
        "key -> key >= at AND key < at + {length:Int64}, {keys:Array(Int64)})) AS bucket, breakdown, active "
        "FROM ({inner})) GROUP BY bucket, breakdown",
        merge=Sql(merge),
        length=ask.math.days if interval.of_day else days // timedelta(seconds=1),
        keys=list(ask.keys),
        inner=inner,
    )


def _is_as_long(ask: Ask) -> bool:
    """An interval as long as the days looked back on: who is active in it is who is active."""
    return ask.interval.name in ("month", "quarter", "year") or (ask.interval.name == "week" and ask.math.days <= 7)


def _first(ask: Ask) -> Sql:
    """Persons by their first event of the series over all history; one at that very moment must pass the filters."""
    among = ask.filters if ask.math.among_matching else TRUE
    everything = both(
        ask.scan.is_mine,
        ask.counts,
        ask.scan.within(_EPOCH.replace(tzinfo=ask.span.end.tzinfo), ask.span.end),
        among,
    )
    first = Sql("ts_first")
    bucket = (
        Sql("toInt64(0)")
        if ask.is_total
        else ask.bucket_of(
            Sql("toDate(toTimeZone(ts_first, {zone:String}))", zone=ask.scan.project.timezone),
            Sql("toTimeZone(ts_first, {zone:String})", zone=ask.scan.project.timezone),
        )
    )
    passing = TRUE if ask.math.among_matching else ask.filters
    is_passing = Sql("ifNull({c}, false)", c=passing)
    of_first = Sql("argMinIf({b}, ts, {p})", b=ask.breakdown, p=is_passing)
    if ask.is_by_person or ask.breakdown == NO_BREAKDOWN:
        of_first = ask.breakdown
    # Without filters the first event passes, which need not be worked out for every event.
    having = Sql("minIf(ts, {p}) = {f} AND countIf({p}) > 0", p=is_passing, f=first) if passing != TRUE else TRUE
    return Sql(
        "SELECT {bucket} AS bucket, breakdown, {value} AS value FROM (SELECT min(ts) AS {first}, "
        "{of_first} AS breakdown {source} WHERE {where} GROUP BY {group} HAVING {having}) GROUP BY bucket, breakdown",
        bucket=bucket,
        value=ask.aggregate(Sql("1")),
        first=first,
        of_first=of_first,
        having=both(Sql("{f} >= fromUnixTimestamp64Micro({l:Int64})", f=first, l=micros(ask.span.select_from)), having),
        source=ask.scan.from_clause(),
        where=everything,
        group=Sql("{p}, breakdown" if ask.is_by_person else "{p}", p=ask.scan.person),
    )


def _hogql(ask: Ask) -> Sql:
    from insights_engine.hogql import aggregate

    field = f"{ask.series.field}.math_hogql"
    if not ask.series.math_hogql:
        raise ValidationError(f'{field} is required for math "hogql"', attr=attr_of(field))
    return _grouped(ask, aggregate(ask.scan, ask.series.math_hogql, field))


SOURCES: dict[Source, Callable[[Ask], Sql]] = {
    "events": _events,
    "actors": _actors,
    "groups": _actors,
    "sessions": _events,
    "property": _property,
    "per_actor": _per_actor,
    "rolling": _rolling,
    "first": _first,
    "hogql": _hogql,
}
