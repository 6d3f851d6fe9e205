"""One pass over the events: each actor's active intervals as an array, and from it what they are in each. Pure.

Positions count from 1, the interval before the range, which tells a returning actor from a resurrecting one.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from insights_engine.conditions import counts
from insights_engine.dates import earlier
from insights_engine.intervals import bucket_key, bucket_sql
from insights_engine.scan import Scan
from insights_engine.sql import TRUE, Sql, both
from insights_engine.trend.compile import filters_of
from insights_engine.trend.plan import Plan

# What ClickHouse's Date holds: the interval before the range, or the end of its last one, may lie beyond.
_FIRST, _LAST = datetime(1970, 1, 2, tzinfo=UTC), datetime(2149, 6, 4, tzinfo=UTC)

_LEAST = timedelta(microseconds=1)

STATUSES = ("new", "returning", "resurrecting", "dormant")


def compile_lifecycle(plan: Plan) -> Sql:
    """Rows of (status, position, actors); position 2 is the first interval of the range."""
    scan = Scan(plan.project, plan.definitions, plan.now)
    series, period = plan.query.series[0], plan.periods[0]
    monday = plan.project.weeks_start_on_monday
    first = period.buckets[0]
    before = plan.interval.floor(earlier(first, _LEAST), monday)
    # The first and the last interval count whole, whatever moment of them the range names.
    last = earlier(plan.interval.following(period.buckets[-1]), _LEAST)
    keys = [bucket_key(plan.interval, at) for at in (before, *period.buckets)]
    index = plan.query.actor_group_index
    actor, exists, known = scan.person, TRUE, Sql("SELECT person AS key, created_at {s}", s=scan.persons_source())
    if index is not None:
        actor, known = scan.group_key(index), Sql("SELECT key, created_at {s}", s=scan.groups_source(index))
        exists = Sql("{k} != ''", k=actor)
    where = both(
        scan.is_mine,
        counts(scan, series.entity),
        scan.within(max(before, _FIRST), min(last, _LAST)),
        filters_of(plan, scan, series),
        exists,
    )
    grouped = Sql(
        "SELECT {actor} AS actor, groupUniqArray({bucket}) AS buckets {source} WHERE {where} GROUP BY actor",
        bucket=bucket_sql(plan.interval, scan.day, scan.local, monday),
        source=scan.from_clause(),
        where=where,
        actor=actor,
    )
    zone = plan.project.timezone
    # Places are looked up once an actor and interval, and creations once an actor: not once an event.
    active = Sql(
        "SELECT arraySort(arrayMap(b -> toInt64(indexOf({keys:Array(Int64)}, b)), buckets)) AS active, "
        "toInt64(indexOf({keys:Array(Int64)}, {created})) AS created FROM ({grouped}) AS grouped "
        "LEFT ANY JOIN ({known}) AS known ON actor = key",
        keys=keys,
        created=bucket_sql(
            plan.interval,
            Sql("toDate(toTimeZone(created_at, {zone:String}))", zone=zone),
            Sql("toTimeZone(created_at, {zone:String})", zone=zone),
            monday,
        ),
        grouped=grouped,
        known=known,
    )
    return Sql(
        "SELECT state.1 AS status, state.2 AS place, count() AS actors FROM (SELECT arrayJoin(arrayConcat("
        "arrayMap((at, last) -> (multiIf(last = at - 1, 'returning', last = -1 AND created = at, 'new', "
        "'resurrecting'), at), active, arrayPushFront(arrayPopBack(active), -1)), "
        "arrayMap(at -> ('dormant', at + 1), arrayFilter((at, next) -> next != at + 1, active, "
        "arrayPushBack(arrayPopFront(active), -1))))) AS state FROM ({active})) "
        "WHERE place BETWEEN 2 AND {last:Int64} GROUP BY status, place",
        active=active,
        last=len(keys),
    )
