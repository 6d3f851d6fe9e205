"""One pass over the events: each actor's active intervals as an array, and from it what they are in each. Pure.

Positions count from 1, the interval before the range, which tells a returning actor from a resurrecting one.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from insights_engine.actors import Wanted, distinct_ids
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

_NOTHING = Sql("")

STATUSES = ("new", "returning", "resurrecting", "dormant")


# What each actor is in each interval: (status, position).
_STATES = Sql(
    "arrayJoin(arrayConcat("
    "arrayMap((at, last) -> (multiIf(last = at - 1, 'returning', last = -1 AND created = at, 'new', "
    "'resurrecting'), at), active, arrayPushFront(arrayPopBack(active), -1)), "
    "arrayMap(at -> ('dormant', at + 1), arrayFilter((at, next) -> next != at + 1, active, "
    "arrayPushBack(arrayPopFront(active), -1))))) AS state"
)


def compile_lifecycle(plan: Plan) -> Sql:
    """Rows of (status, position, actors); position 2 is the first interval of the range."""
    return Sql(
        "SELECT state.1 AS status, state.2 AS place, count() AS actors FROM (SELECT {states} FROM ({active})) "
        "WHERE place BETWEEN 2 AND {last:Int64} GROUP BY status, place",
        states=_STATES,
        active=_active(plan),
        last=len(plan.periods[0].buckets) + 1,
    )


def compile_people(plan: Plan, place: int, status: str, wanted: Wanted) -> Sql:
    """Rows (who, event_count, event_distinct_ids) of those who are it in an interval, of the range from 0 on.

    The events are those of the interval, so who is dormant has none.
    """
    bucket = _bucket(plan, Scan(plan.project, plan.definitions, plan.now))
    is_of_it = Sql("{b} = {k:Int64}", b=bucket, k=bucket_key(plan.interval, plan.periods[0].buckets[place]))
    counted = Sql(", countIf({i}) AS events, {ids} AS ids", i=is_of_it, ids=distinct_ids(wanted, is_of_it))
    return Sql(
        "SELECT actor AS who, events AS event_count, ids AS event_distinct_ids FROM "
        "(SELECT actor, events, ids, {states} FROM ({active})) "
        "WHERE state.1 = {status:String} AND state.2 = {place:Int64}",
        states=_STATES,
        active=_active(plan, counted, Sql(", actor, events, ids")),
        status=status,
        place=place + 2,
    )


def _bucket(plan: Plan, scan: Scan) -> Sql:
    return bucket_sql(plan.interval, scan.day, scan.local, plan.project.weeks_start_on_monday)


def _active(plan: Plan, counted: Sql = _NOTHING, carried: Sql = _NOTHING) -> Sql:
    """Each actor's active intervals, and that of their creation. `counted` is of an actor's events, `carried` on."""
    scan = Scan(plan.project, plan.definitions, plan.now)
    keys = [bucket_key(plan.interval, at) for at in (_before(plan), *plan.periods[0].buckets)]
    index = plan.query.actor_group_index
    known = Sql("SELECT person AS key, created_at {s}", s=scan.persons_source())
    if index is not None:
        known = Sql("SELECT key, created_at {s}", s=scan.groups_source(index))
    zone = plan.project.timezone
    # Places are looked up once an actor and interval, and creations once an actor: not once an event.
    return Sql(
        "SELECT arraySort(arrayMap(b -> toInt64(indexOf({keys:Array(Int64)}, b)), buckets)) AS active, "
        "toInt64(indexOf({keys:Array(Int64)}, {created})) AS created{carried} FROM ({grouped}) AS grouped "
        "LEFT ANY JOIN ({known}) AS known ON actor = key",
        keys=keys,
        created=bucket_sql(
            plan.interval,
            Sql("toDate(toTimeZone(created_at, {zone:String}))", zone=zone),
            Sql("toTimeZone(created_at, {zone:String})", zone=zone),
            plan.project.weeks_start_on_monday,
        ),
        carried=carried,
        grouped=_by_actor(plan, scan, counted),
        known=known,
    )


def _before(plan: Plan) -> datetime:
    """The interval before the range."""
    first = plan.periods[0].buckets[0]
    return plan.interval.floor(earlier(first, _LEAST), plan.project.weeks_start_on_monday)


def _by_actor(plan: Plan, scan: Scan, counted: Sql) -> Sql:
    """The first and the last interval count whole, whatever moment of them the range names."""
    last = earlier(plan.interval.following(plan.periods[0].buckets[-1]), _LEAST)
    index, actor, exists = plan.query.actor_group_index, scan.person, TRUE
    if index is not None:
        actor = scan.group_key(index)
        exists = Sql("{k} != ''", k=actor)
    series = plan.query.series[0]
    where = both(
        scan.is_mine,
        counts(scan, series.entity),
        scan.within(max(_before(plan), _FIRST), min(last, _LAST)),
        filters_of(plan, scan, series),
        exists,
    )
    return Sql(
        "SELECT {actor} AS actor, groupUniqArray({bucket}) AS buckets{counted} {source} WHERE {where} GROUP BY actor",
        bucket=_bucket(plan, scan),
        counted=counted,
        source=scan.from_clause(),
        where=where,
        actor=actor,
    )
