"""One pass over the events: each actor's active intervals as an array, and from it what they are in each. Pure.

Positions count from 1, the interval before the range, which tells a returning actor from a resurrecting one.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from insights_engine.conditions import counts
from insights_engine.intervals import bucket_key, bucket_sql
from insights_engine.scan import Scan
from insights_engine.sql import TRUE, Sql, both
from insights_engine.trend.compile import filters_of
from insights_engine.trend.plan import Plan

# What ClickHouse's Date holds: the interval before the range, or the end of its last one, may lie beyond.
_FIRST, _LAST = datetime(1970, 1, 2, tzinfo=UTC), datetime(2149, 6, 4, tzinfo=UTC)

STATUSES = ("new", "returning", "resurrecting", "dormant")


def compile_lifecycle(plan: Plan) -> Sql:
    """Rows of (status, position, actors); position 2 is the first interval of the range."""
    scan = Scan(plan.project, plan.definitions, plan.now)
    series, period = plan.query.series[0], plan.periods[0]
    monday = plan.project.weeks_start_on_monday
    first = period.buckets[0]
    before = plan.interval.floor(first - timedelta(microseconds=1), monday)
    # The first and the last interval count whole, whatever moment of them the range names.
    last = plan.interval.following(period.buckets[-1]) - timedelta(microseconds=1)
    keys = [bucket_key(plan.interval, at) for at in (before, *period.buckets)]
    actor, exists = scan.person, TRUE
    if plan.query.actor_group_index is not None:
        actor = scan.group_key(plan.query.actor_group_index)
        exists = Sql("{k} != ''", k=actor)
    created = scan.created_at(plan.query.actor_group_index)
    zone = plan.project.timezone
    created_bucket = bucket_sql(
        plan.interval,
        Sql("toDate(toTimeZone(any({c}), {zone:String}))", c=created, zone=zone),
        Sql("toTimeZone(any({c}), {zone:String})", c=created, zone=zone),
        monday,
    )
    where = both(
        scan.is_mine,
        counts(scan, series.entity),
        scan.within(max(before, _FIRST), min(last, _LAST)),
        filters_of(plan, scan, series),
        exists,
    )
    active = Sql(
        "SELECT arraySort(groupUniqArray(toInt64(indexOf({keys:Array(Int64)}, {bucket})))) AS active, "
        "toInt64(indexOf({keys:Array(Int64)}, {created})) AS created {source} WHERE {where} GROUP BY {actor}",
        keys=keys,
        bucket=bucket_sql(plan.interval, scan.day, scan.local, monday),
        created=created_bucket,
        source=scan.from_clause(),
        where=where,
        actor=actor,
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
