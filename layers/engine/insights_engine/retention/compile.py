"""A retention plan as one statement, one pass over the events that matter. Pure.

Every form gives rows of (breakdown, is_other, cells, actors, amounts): a cell's key is row * 100000 + column. The inner
query has one row an actor (and breakdown value) with the periods of its target and returning events; pairs of them
make the cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from insights_engine.conditions import counts, keeps_test_accounts_out, matches
from insights_engine.errors import ValidationError
from insights_engine.intervals import INTERVALS, bucket_key
from insights_engine.retention.model import RetentionQuery, Side
from insights_engine.retention.window import Plan
from insights_engine.scan import Scan
from insights_engine.sql import TRUE, Sql, both, either
from insights_engine.trend.breakdowns import value as breakdown_value

CELL = 100_000
_SAMPLES = 1_000_000
_LONG_AGO = datetime(1970, 1, 2)


@dataclass(frozen=True, slots=True)
class Parts:
    """What all forms are made of: conditions of the two sides, the actor, the value, and the period's place."""

    scan: Scan
    target: Sql
    first: Sql
    returning: Sql
    actor: Sql
    value: Sql
    place: Sql
    source: Sql
    where: Sql


def compile_retention(plan: Plan) -> Sql:
    """Raises ValidationError for what a filter or breakdown cannot be asked."""
    parts = _parts(plan)
    if plan.query.rolling_windows:
        cells = _rolling(plan, parts)
    elif plan.query.aggregation != "count":
        cells = _amounts(plan, parts)
    else:
        cells = _counts(plan, parts)
    return _ranked(plan.query, cells)


def _parts(plan: Plan) -> Parts:
    query = plan.query
    scan = Scan(plan.project, plan.definitions, plan.now)
    common = _common(plan, scan)
    plain = both(counts(scan, query.target.entity), common)
    target = both(plain, matches(scan, query.target.filter))
    returning = both(_side(scan, query.returning), common)
    actor, exists = scan.person, TRUE
    if query.group_index is not None:
        actor = scan.group_key(query.group_index)
        exists = Sql("{k} != ''", k=actor)
    value = _value(plan, scan)
    # An exclusive end, to the microsecond; the older form's breakdown reads the moment itself.
    upper = plan.window.end if _is_legacy_table(query) else plan.window.end - timedelta(microseconds=1)
    within = scan.within(plan.window.start, upper)
    if query.retention_type == "retention_recurring":
        when = both(within, either(target, returning))
    else:
        history = scan.within(_LONG_AGO.replace(tzinfo=upper.tzinfo), upper)
        when = either(both(history, plain), both(within, returning))
        if query.rolling_windows:
            when = both(scan.within(plan.window.start, _far(upper)), either(plain, returning))
            when = either(both(history, plain), when)
    first = plain if query.retention_type == "retention_first_ever_occurrence" else target
    return Parts(
        scan=scan,
        target=_true(target),
        first=_true(first),
        returning=_true(returning),
        actor=actor,
        value=value,
        place=_place(plan, scan),
        source=scan.from_clause(),
        where=both(scan.is_mine, when, exists),
    )


def _far(upper: datetime) -> datetime:
    """In first-time modes of 24-hour windows, returning events are not limited by the window's end."""
    return upper.replace(year=2148)


def _true(condition: Sql) -> Sql:
    return Sql("ifNull({c}, false)", c=condition)


def _side(scan: Scan, side: Side) -> Sql:
    return both(counts(scan, side.entity), matches(scan, side.filter))


def _common(plan: Plan, scan: Scan) -> Sql:
    query = plan.query
    sampled = TRUE
    if query.sampling is not None and query.sampling < 1:
        share = round(query.sampling * _SAMPLES)
        sampled = Sql("cityHash64({p}) % {n:UInt32} < {s:UInt32}", p=scan.person, n=_SAMPLES, s=share)
    tests = keeps_test_accounts_out(scan) if query.filter_test_accounts else TRUE
    return both(matches(scan, query.filter), tests, sampled)


def _place(plan: Plan, scan: Scan) -> Sql:
    """The event's place in the window, from 0; negative before it."""
    period, start = plan.query.period, plan.window.start
    origin = bucket_key(period.interval, start)
    if period.name == "Month":
        origin = start.year * 12 + start.month
    return Sql(period.index, day=scan.day, ts=scan.local, start=origin)


def _value(plan: Plan, scan: Scan) -> Sql:
    """The breakdown's value of an event as text, '' for none; every event of one that has none is the same."""
    by = plan.query.breakdown
    if by.cohorts:
        return _cohorts(plan, scan)
    if not by.properties:
        return Sql("''")
    if _is_legacy_table(plan.query):
        texts = Sql.join(", ", (Sql("ifNull({v}, '')", v=breakdown_value(scan, b)) for b in by.properties))
        return Sql("arrayStringConcat([{t}], '::')", t=texts)
    return Sql("toString(ifNull({v}, ''))", v=breakdown_value(scan, by.properties[0]))


def _cohorts(plan: Plan, scan: Scan) -> Sql:
    from insights_engine.conditions import people

    inside = []
    for cohort_id in plan.query.breakdown.cohorts:
        if cohort_id == "all":
            inside.append(Sql("['0']"))
            continue
        cohort = plan.definitions.cohorts.get(int(cohort_id))
        if cohort is None:
            raise ValidationError(f"Cohort {cohort_id} does not exist in this project", attr="breakdown")
        inside.append(
            Sql("if({p} IN ({s}), [{id:String}], [])", p=scan.person, s=people(scan, cohort), id=str(cohort_id))
        )
    return Sql("arrayJoin(arrayConcat({i}, CAST([], 'Array(String)')))", i=Sql.join(", ", inside))


def _is_legacy_table(query: RetentionQuery) -> bool:
    return query.is_legacy and bool(query.breakdown)


def _starts(plan: Plan, parts: Parts) -> Sql:
    """The places of the cohorts that an actor belongs to, as an aggregate."""
    query, rows = plan.query, plan.window.rows
    if query.retention_type == "retention_recurring":
        found = Sql("groupUniqArrayIf({i}, {t})", i=parts.place, t=parts.target)
    else:
        anchored = Sql("[minIf({i}, {f})]", i=parts.place, f=parts.first)
        found = Sql("if({q}, {a}, [])", q=_qualifies(query, parts), a=anchored)
    return Sql("arrayFilter(x -> x >= 0 AND x < {n:Int64}, {a})", a=found, n=rows)


def _qualifies(query: RetentionQuery, parts: Parts) -> Sql:
    """Whether the anchor counts: there is one, and for first ever it passes the target's own filters."""
    exists = Sql("countIf({f}) > 0", f=parts.first)
    if query.retention_type != "retention_first_ever_occurrence":
        return exists
    same = Sql("countIf({t}) > 0 AND minIf(ts, {t}) = minIf(ts, {f})", t=parts.target, f=parts.first)
    return both(exists, same)


def _returns(plan: Plan, parts: Parts) -> Sql:
    n = plan.query.minimum_occurrences
    if n <= 1:
        return Sql("groupUniqArrayIf({i}, {r})", i=parts.place, r=parts.returning)
    counted = Sql("sumMapIf([{i}], [toUInt64(1)], {r})", i=parts.place, r=parts.returning)
    return Sql("arrayFilter((k, c) -> c >= {n:UInt64}, {m}.1, {m}.2)", n=n, m=counted)


def _counts(plan: Plan, parts: Parts) -> Sql:
    """Distinct actors per cell."""
    query = plan.query
    if _is_legacy_table(query):
        return _legacy_table(plan, parts)
    actors = Sql(
        "SELECT {value} AS breakdown, {actor} AS actor, {starts} AS starts, {returns} AS returns{anchor} {source} "
        "WHERE {where} GROUP BY breakdown, actor HAVING notEmpty(starts)",
        value=parts.value,
        actor=parts.actor,
        starts=_starts(plan, parts),
        returns=_returns(plan, parts),
        anchor=_anchor(query, parts),
        source=parts.source,
        where=parts.where,
    )
    if _is_anchored(query):
        # The value of the very first event decides, so of an actor's values only that one's group stays.
        actors = Sql(
            "SELECT breakdown, actor, starts, returns FROM (SELECT *, "
            "min(anchor) OVER (PARTITION BY actor) AS earliest FROM ({a})) WHERE anchor = earliest",
            a=actors,
        )
    return Sql(
        "SELECT breakdown, cell, count() AS actors, toFloat64(0) AS amount FROM (SELECT breakdown, "
        "arrayJoin(arrayConcat([toInt64(0)], {columns})) AS column, start * {cell:Int64} + column AS cell FROM "
        "(SELECT breakdown, returns, starts[1] AS first, arrayJoin(starts) AS start FROM ({a}))) "
        "GROUP BY breakdown, cell",
        columns=_columns(query),
        cell=CELL,
        a=actors,
    )


def _is_anchored(query: RetentionQuery) -> bool:
    return bool(query.breakdown.properties) and query.retention_type == "retention_first_ever_occurrence"


def _anchor(query: RetentionQuery, parts: Parts) -> Sql:
    return Sql(", minIf(ts, {f}) AS anchor", f=parts.first) if _is_anchored(query) else Sql("")


def _columns(query: RetentionQuery) -> Sql:
    """The columns after 0 that an actor of a cohort fills."""
    if query.brackets:
        bounds, total = [], 0
        for size in query.brackets:
            total += size
            bounds.append(total)
        # Distances are of the actor's first cohort, as upstream measures them.
        found = Sql(
            "arrayDistinct(arrayFilter(c -> c > 0, arrayMap(r -> if(r > start, toInt64(arrayFirstIndex("
            "bound -> r - {from} <= bound, {bounds:Array(Int64)})), toInt64(0)), returns)))",
            bounds=bounds,
            **{"from": Sql("arrayMin([first, start])")},
        )
    else:
        found = Sql(
            "arrayFilter(c -> c > 0 AND c < {n:Int64}, arrayMap(r -> toInt64(r - start), returns))", n=query.columns
        )
    if not query.cumulative:
        return found
    # Rolling: every column up to the highest that they came back in.
    return Sql("arrayMap(c -> toInt64(c) + 1, range(toUInt64(arrayMax(arrayConcat([toInt64(0)], {c})))))", c=found)


def _legacy_table(plan: Plan, parts: Parts) -> Sql:
    """One row a value: cohorts are pooled, the value is the target event's, the column the distance from it."""
    if plan.query.retention_type == "retention_recurring":
        starts = Sql("groupUniqArrayIf(({i}, {v}), {t})", i=parts.place, v=parts.value, t=parts.target)
    else:
        starts = Sql(
            "if({q}, [(minIf({i}, {t}), argMinIf({v}, ts, {t}))], [])",
            q=_qualifies(plan.query, parts),
            i=parts.place,
            v=parts.value,
            t=parts.target,
        )
    actors = Sql(
        "SELECT {actor} AS actor, {starts} AS starts, {returns} AS returns {source} WHERE {where} GROUP BY actor",
        actor=parts.actor,
        starts=starts,
        returns=_returns(plan, parts),
        source=parts.source,
        where=parts.where,
    )
    return Sql(
        "SELECT breakdown, column AS cell, uniqExact(actor) AS actors, toFloat64(0) AS amount FROM (SELECT actor, "
        "at.2 AS breakdown, at.1 AS start, arrayJoin(arrayConcat([toInt64(0)], arrayFilter(c -> c > 0 AND "
        "c < {n:Int64}, arrayMap(r -> toInt64(r - start), returns)))) AS column FROM (SELECT actor, returns, "
        "arrayJoin(starts) AS at FROM ({a})) WHERE start >= 0) GROUP BY breakdown, column",
        n=plan.query.columns,
        a=actors,
    )


def _amounts(plan: Plan, parts: Parts) -> Sql:
    """Sum of a property's values per cell, with the distinct actors that have a matching event there."""
    query = plan.query
    number = _amount(query, parts.scan)
    source = parts.scan.from_clause()
    different = query.target.entity != query.returning.entity
    later = (
        Sql("arraySum(x -> if(x.1 > began, x.2, 0), groupArrayIf((ts, {v}), {r}))", v=number, r=parts.returning)
        if different
        else Sql("toFloat64(0)")
    )
    per_period = Sql(
        "SELECT {value} AS breakdown, {actor} AS actor, {i} AS place, countIf({t}) AS targets, "
        "minIf(ts, {t}) AS began, sumIf({v}, {t}) + if(targets > 0, {later}, 0) AS target_amount, "
        "countIf({r}) AS returns, sumIf({v}, {r}) AS return_amount, {anchor} AS anchor {source} WHERE {where} GROUP BY breakdown, actor, place",
        value=parts.value,
        actor=parts.actor,
        i=parts.place,
        t=parts.target,
        v=number,
        later=later,
        r=parts.returning,
        anchor=_anchor_rank(query, parts),
        source=source,
        where=parts.where,
    )
    qualifying = "arrayFilter(x -> x.1 >= 0 AND x.1 < {rows:Int64} AND x.2 > 0, {all})"
    starts = Sql(qualifying, rows=plan.window.rows, all=Sql("periods"))
    if query.retention_type != "retention_recurring":
        starts = Sql("arrayFilter(x -> x.1 = firsts.1 AND firsts.2, {s})", s=starts)
    actors = Sql(
        "SELECT breakdown, actor, groupArray((place, targets, target_amount, returns, return_amount)) AS periods, "
        "(minIf(place, anchor.1 > 0), argMinIf(anchor.2, place, anchor.1 > 0)) AS firsts FROM ({p}) "
        "GROUP BY breakdown, actor",
        p=per_period,
    )
    return Sql(
        "SELECT breakdown, start.1 * {cell:Int64} + filled.1 AS cell, count() AS actors, sum(filled.2) AS amount FROM "
        "(SELECT breakdown, start, arrayJoin(arrayConcat([(toInt64(0), start.3)], arrayMap(x -> (x.1 - start.1, x.5), "
        "arrayFilter(x -> x.4 > 0 AND x.1 > start.1 AND x.1 - start.1 < {n:Int64}, periods)))) AS filled FROM "
        "(SELECT breakdown, periods, firsts, arrayJoin({starts}) AS start FROM ({a}))) GROUP BY breakdown, cell",
        cell=CELL,
        n=query.columns,
        starts=starts,
        a=actors,
    )


def _anchor_rank(query: RetentionQuery, parts: Parts) -> Sql:
    """(events that may be the anchor, whether the earliest of them qualifies) in a period."""
    return Sql("(countIf({f}), countIf({t}) > 0 AND minIf(ts, {t}) = minIf(ts, {f}))", f=parts.first, t=parts.target)


def _amount(query: RetentionQuery, scan: Scan) -> Sql:
    """The property as a number, 0 where it is missing or none."""
    text = scan.text(query.aggregation_property_type, query.aggregation_property or "", None, "aggregationProperty")
    return Sql("ifNull(toFloat64OrNull({t}), 0)", t=text)


def _rolling(plan: Plan, parts: Parts) -> Sql:
    """24-hour windows: one cohort an actor, from its earliest target event; columns by crossed boundaries since."""
    query, period, start = plan.query, plan.query.period, plan.window.start
    unit = (
        Sql("intDiv(toInt64(toUnixTimestamp(toStartOfHour({ts}))), 3600)", ts=parts.scan.local)
        if period.unit == "hour"
        else Sql("toInt64({d})", d=parts.scan.day)
    )
    origin = int(start.timestamp()) // 3600 if period.unit == "hour" else bucket_key(INTERVALS["day"], start)
    actors = Sql(
        "SELECT {actor} AS actor, minIf(({u}, ts), {f}).1 AS began, groupUniqArrayIf(({u}, {value}), "
        "({r} OR {t})) AS found, {qualifies} AS qualifies {source} WHERE {where} GROUP BY actor HAVING qualifies",
        actor=parts.actor,
        u=unit,
        f=parts.first,
        value=parts.value,
        r=parts.returning,
        t=parts.target,
        qualifies=_qualifies(query, parts),
        source=parts.source,
        where=parts.where,
    )
    return Sql(
        "SELECT breakdown, line * {cell:Int64} + column AS cell, uniqExact(actor) AS actors, toFloat64(0) AS amount "
        "FROM (SELECT actor, floor((began - {origin:Int64}) / {per:Int64}) AS line, at.2 AS breakdown, "
        "arrayJoin(arrayDistinct([toInt64(0), toInt64(intDiv(at.1 - began, {per:Int64}))])) AS column "
        "FROM (SELECT actor, began, arrayJoin(found) AS at FROM ({a})) WHERE at.1 >= began) "
        "WHERE line >= 0 AND line < {rows:Int64} AND column < {n:Int64} GROUP BY breakdown, cell",
        cell=CELL,
        origin=origin,
        per=period.per,
        a=actors,
        rows=plan.window.rows,
        n=query.columns,
    )


def _ranked(query: RetentionQuery, cells: Sql) -> Sql:
    """Values by the sum of column 0 over all rows; those beyond the limit are summed cell by cell into one."""
    by_value = Sql(
        "SELECT breakdown, groupArray(toInt64(cell)) AS cs, groupArray(toFloat64(actors)) AS ns, "
        "groupArray(amount) AS ms, sumIf(actors, cell % {cell:Int64} = 0) AS size FROM ({c}) GROUP BY breakdown "
        "HAVING size > 0",
        cell=CELL,
        c=cells,
    )
    return Sql(
        "SELECT kept AS breakdown, is_other, (sumMap(cs, ns, ms) AS summed).1 AS cells, summed.2 AS actors, "
        "summed.3 AS amounts, max(place) AS place FROM (SELECT cs, ns, ms, row_number() OVER (ORDER BY size DESC, "
        "breakdown) AS place, place > {limit:UInt32} AS is_other, if(is_other, '', breakdown) AS kept FROM ({v})) "
        "GROUP BY kept, is_other ORDER BY place",
        limit=query.breakdown_limit,
        v=by_value,
    )
