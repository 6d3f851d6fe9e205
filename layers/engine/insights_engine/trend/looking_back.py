"""The sources that look back on what was before the bucket: rolling maths, and first times. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from insights_engine.dates import earlier
from insights_engine.intervals import INTERVALS, Interval, bucket_sql, bucket_start_sql
from insights_engine.scan import micros
from insights_engine.sql import TRUE, Sql, both
from insights_engine.trend.ask import Ask, actor_of, grouped
from insights_engine.trend.breakdowns import NO_BREAKDOWN

_EPOCH = datetime(1970, 1, 2)
# When somebody's first event was.
_FIRST = Sql("ts_first")


def rolling(ask: Ask) -> Sql:
    """Active in the bucket or in the days before: each bucket's set of actors is shifted into those it counts for."""
    actor, exists = actor_of(ask)
    state, merge = ("uniqExactState", "uniqExactMerge")
    if actor == ask.scan.person:
        state, merge = "groupBitmapState", "groupBitmapMerge"  # dense numbers make small bitmaps
    if ask.is_total:
        return grouped(ask, Sql("uniqExact({a})", a=actor), exists, active_since(ask))
    if is_as_long(ask):
        return grouped(ask, Sql("uniqExact({a})", a=actor), exists)
    back, monday = looked_back(ask), ask.scan.project.weeks_start_on_monday
    inner = Sql(
        "SELECT {bucket} AS at, {breakdown} AS breakdown, {state}({actor}) AS active {source} WHERE {where} "
        "GROUP BY {start}, breakdown",
        state=Sql(state),
        start=bucket_start_sql(back.interval, ask.scan.day, ask.scan.local, monday),
        bucket=back.bucket,
        breakdown=ask.breakdown,
        actor=actor,
        source=ask.scan.from_clause(),
        where=both(ask.where_within(back.lower), exists),
    )
    return Sql(
        "SELECT bucket, breakdown, {merge}(active) AS value FROM (SELECT arrayJoin(arrayFilter("
        "key -> key >= at AND key < at + {length:Int64}, {keys:Array(Int64)})) AS bucket, breakdown, active "
        "FROM ({inner})) GROUP BY bucket, breakdown",
        merge=Sql(merge),
        length=back.length,
        keys=list(ask.keys),
        inner=inner,
    )


def active_since(ask: Ask) -> datetime:
    """From when on an actor is active at the range's end."""
    return ask.span.end - timedelta(days=ask.math.days) + timedelta(microseconds=1)


def is_as_long(ask: Ask) -> bool:
    """An interval as long as the days looked back on: who is active in it is who is active."""
    return bool(ask.interval.months) or (ask.interval.name == "week" and ask.math.days <= 7)


class LookBack(NamedTuple):
    """Events from `lower` on, each in a `bucket` of `interval`, count in the buckets whose keys are its own or up to
    `length` beyond."""

    interval: Interval
    bucket: Sql
    lower: datetime
    length: int


def looked_back(ask: Ask) -> LookBack:
    """A week looks back from its first day, as a day does: days of the calendar. Others do by a length of time."""
    interval = INTERVALS["day"] if ask.interval.name == "week" else ask.interval
    monday = ask.scan.project.weeks_start_on_monday
    first, days = ask.interval.floor(ask.span.start, monday), timedelta(days=ask.math.days)
    return LookBack(
        interval,
        bucket_sql(interval, ask.scan.day, ask.scan.local, monday),
        first - days + timedelta(days=1) if interval.of_day else earlier(first, days),
        ask.math.days if interval.of_day else days // timedelta(seconds=1),
    )


def first(ask: Ask) -> Sql:
    bucket, firsts = first_events(ask)
    return Sql(
        "SELECT {bucket} AS bucket, breakdown, {value} AS value FROM ({firsts}) GROUP BY bucket, breakdown",
        bucket=bucket,
        value=ask.aggregate(Sql("1")),
        firsts=firsts,
    )


def first_events(ask: Ask, further: Callable[[Sql], Sql] = lambda passing: Sql("")) -> tuple[Sql, Sql]:
    """The bucket of one, and a SELECT of a row a person: by their first event of the series over all history. One at
    that very moment must pass the filters; of the condition that an event does, `further` makes what is selected as
    well.
    """
    among = ask.filters if ask.math.among_matching else TRUE
    everything = both(
        ask.scan.is_mine,
        ask.counts,
        ask.scan.within(_EPOCH.replace(tzinfo=ask.span.end.tzinfo), ask.span.end),
        among,
    )
    passing = TRUE if ask.math.among_matching else ask.filters
    is_passing = Sql("ifNull({c}, false)", c=passing)
    of_first = Sql("argMinIf({b}, ts, {p})", b=ask.breakdown, p=is_passing)
    if ask.is_by_person or ask.breakdown == NO_BREAKDOWN:
        of_first = ask.breakdown
    # Without filters the first event passes, which need not be worked out for every event.
    having = Sql("minIf(ts, {p}) = {f} AND countIf({p}) > 0", p=is_passing, f=_FIRST) if passing != TRUE else TRUE
    since = Sql("{f} >= fromUnixTimestamp64Micro({l:Int64})", f=_FIRST, l=micros(ask.span.select_from))
    return _first_bucket(ask), Sql(
        "SELECT min(ts) AS {first}, {of_first} AS breakdown{further} {source} WHERE {where} "
        "GROUP BY {group} HAVING {having}",
        first=_FIRST,
        of_first=of_first,
        further=further(is_passing),
        having=both(since, having),
        source=ask.scan.from_clause(),
        where=everything,
        group=Sql("{p}, breakdown" if ask.is_by_person else "{p}", p=ask.scan.person),
    )


def _first_bucket(ask: Ask) -> Sql:
    if ask.is_total:
        return ask.bucket()
    local = Sql("toTimeZone({f}, {zone:String})", f=_FIRST, zone=ask.scan.project.timezone)
    return ask.bucket_of(Sql("toDate({l})", l=local), local)
