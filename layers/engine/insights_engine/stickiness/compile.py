"""Each series and period in one SELECT: intervals per actor, then actors per number of intervals. Pure."""

from __future__ import annotations

from datetime import datetime

from insights_engine.actors import MAX_DISTINCT_IDS, Wanted, distinct_ids
from insights_engine.conditions import counts
from insights_engine.errors import ValidationError, attr_of
from insights_engine.intervals import Interval, bucket_sql
from insights_engine.scan import Scan, micros, require_group_index
from insights_engine.sql import TRUE, Sql, both
from insights_engine.stickiness.model import CRITERIA, StickinessQuery
from insights_engine.trend.compile import Branch, branches, filters_of
from insights_engine.trend.model import Series
from insights_engine.trend.plan import Plan

_NOTHING = Sql("")


def compile_stickiness(query: StickinessQuery, plan: Plan) -> Sql:
    """Rows of (branch, intervals, actors)."""
    return Sql.join(" UNION ALL ", (_branch(query, plan, b, i) for i, b in enumerate(branches(plan))))


def length(query: StickinessQuery, plan: Plan, period_index: int) -> int:
    """How many intervals the range has: the largest number that an actor can reach."""
    return -(-len(plan.periods[period_index].buckets) // (query.interval_count or 1))


def _branch(query: StickinessQuery, plan: Plan, branch: Branch, index: int) -> Sql:
    return Sql(
        "SELECT {i:UInt16} AS branch, intervals, count() AS actors FROM ({a}) GROUP BY intervals",
        i=index,
        a=_actors(query, plan, branch),
    )


def compile_people(
    query: StickinessQuery, plan: Plan, branch: Branch, intervals: tuple[int, int], wanted: Wanted
) -> Sql:
    """Rows (who, event_count, event_distinct_ids) of those with from so many intervals to so many."""
    counted = Sql(", count() AS events, {ids} AS ids", ids=distinct_ids(wanted))
    summed = Sql(
        ", sum(events) AS event_count, groupUniqArrayArray({n:UInt32})(ids) AS event_distinct_ids", n=MAX_DISTINCT_IDS
    )
    return Sql(
        "SELECT actor AS who, event_count, event_distinct_ids FROM ({a}) WHERE intervals BETWEEN {k:UInt32} AND "
        "{most:UInt32}",
        a=_actors(query, plan, branch, counted, summed),
        k=intervals[0],
        most=intervals[1],
    )


def _actors(query: StickinessQuery, plan: Plan, branch: Branch, counted: Sql = _NOTHING, summed: Sql = _NOTHING) -> Sql:
    """Rows (actor, intervals). `counted` is of an actor's events in an interval, `summed` over their intervals."""
    scan = Scan(plan.project, plan.definitions, plan.now)
    series, period = plan.query.series[branch.series_index], plan.periods[branch.period_index]
    actor, exists = _actor(scan, series)
    bucket = bucket_sql(plan.interval, scan.day, scan.local, plan.project.weeks_start_on_monday)
    if query.interval_count is not None:
        bucket = _counted_back(scan, plan.interval, period.range.end, query.interval_count)
    qualifies = Sql("")
    if query.criteria is not None:
        operator, value = query.criteria
        qualifies = Sql(" HAVING count() " + CRITERIA[operator] + " {v:UInt64}", v=value)
    where = both(
        scan.is_mine,
        counts(scan, series.entity),
        scan.within(period.range.select_from, period.range.end),
        filters_of(plan, scan, series),
        exists,
    )
    return Sql(
        "SELECT actor, count() AS intervals{summed} FROM "
        "(SELECT {actor} AS actor, {bucket} AS bucket{counted} {source} WHERE {where} "
        "GROUP BY actor, bucket{qualifies}) GROUP BY actor",
        summed=summed,
        actor=actor,
        bucket=bucket,
        counted=counted,
        source=scan.from_clause(),
        where=where,
        qualifies=qualifies,
    )


def _counted_back(scan: Scan, interval: Interval, end: datetime, count: int) -> Sql:
    """How many times `count` whole intervals lie between the event and the range's end. Days count as a whole."""
    if interval.of_day:
        return Sql(
            "intDiv(age({unit:String}, {day}, {end:Date}), {n:Int64})",
            unit=interval.name,
            day=scan.day,
            end=end.date().isoformat(),
            n=count,
        )
    return Sql(
        "intDiv({end:Int64} - toUnixTimestamp64Micro(ts), {n:Int64})",
        end=micros(end),
        n=count * (3_600_000_000 if interval.name == "hour" else 60_000_000),
    )


def _actor(scan: Scan, series: Series) -> tuple[Sql, Sql]:
    """Who sticks: the person, a group, or the value of an expression."""
    if series.math.source == "groups":
        key = scan.group_key(require_group_index(series.math_group_type_index, f"{series.field}.math_group_type_index"))
        return key, Sql("{k} != ''", k=key)
    if series.math.source == "hogql":
        from insights_engine.hogql import text_value

        field = f"{series.field}.math_hogql"
        if not series.math_hogql:
            raise ValidationError(f'{field} is required for math "hogql"', attr=attr_of(field))
        value = text_value(scan, series.math_hogql, field)
        return value, Sql("isNotNull({v})", v=value)
    return scan.person, TRUE
