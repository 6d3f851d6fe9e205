"""A plan as one SQL statement: one SELECT a series and period, all of them in one round trip. Pure.

The sorting key begins with the event, so SELECTs of different events or periods read different granules: together they
read what one scan would. Every SELECT gives rows of (branch, breakdown, is_other, keys, values).
"""

from __future__ import annotations

from dataclasses import dataclass

from insights_engine.conditions import audience, counts, matches
from insights_engine.definitions import Cohort
from insights_engine.entities import ActionEntity
from insights_engine.errors import ValidationError
from insights_engine.scan import Scan
from insights_engine.sql import Sql, both, number
from insights_engine.trend.breakdowns import NO_BREAKDOWN, as_list, by_cohorts, by_properties, value
from insights_engine.trend.heatmap import check, heatmap
from insights_engine.trend.model import ALL_USERS, Series
from insights_engine.trend.plan import Period, Plan
from insights_engine.trend.sources import SOURCES, Ask, bucket_bounds

# Sources whose values are whole numbers; the others' may be NaN, as the mean of nothing is.
_COUNTING = frozenset({"events", "actors", "groups", "sessions", "rolling", "first"})


@dataclass(frozen=True, slots=True)
class Branch:
    """One SELECT: a series over a period, and one cohort of several runs (with `all`, each cohort is a run)."""

    series_index: int
    period_index: int
    cohort: Cohort | None = None
    is_cohort_run: bool = False


def branches(plan: Plan) -> list[Branch]:
    """In the order of the answer: period, then cohort run, then series. A series of an unknown action has none."""
    by = plan.query.breakdown
    runs: list[tuple[Cohort | None, bool]] = [(None, False)]
    if ALL_USERS in by.cohorts:
        runs = [(_cohort(plan, c), True) for c in by.cohorts]
    return [
        Branch(s, p, cohort, is_run)
        for p in range(len(plan.periods))
        for cohort, is_run in runs
        for s, series in enumerate(plan.query.series)
        if not (isinstance(series.entity, ActionEntity) and series.entity.action_id not in plan.definitions.actions)
    ]


def compile_trend(plan: Plan) -> Sql:
    """Raises ValidationError for what a filter, breakdown or maths cannot be asked."""
    if plan.query.display.kind == "heatmap":
        check(plan.query)
    selects = [_branch(plan, branch, index) for index, branch in enumerate(branches(plan))]
    return Sql.join(" UNION ALL ", selects)


def earliest_event(plan_scan: Scan, series: tuple[Series, ...]) -> Sql:
    """When the first event of any series happened: what `date_from: all` stands for."""
    entities = [counts(plan_scan, s.entity) for s in series]
    found = Sql.join(
        " UNION ALL ",
        (Sql("SELECT minOrNull(ts) AS first FROM events WHERE {w}", w=both(plan_scan.is_mine, e)) for e in entities),
    )
    return Sql("SELECT toUnixTimestamp64Micro(min(first)) FROM ({f})", f=found)


def _cohort(plan: Plan, cohort_id: int | str) -> Cohort | None:
    if cohort_id == ALL_USERS:
        return None
    cohort = plan.definitions.cohorts.get(int(cohort_id))
    if cohort is None:
        raise ValidationError(f"Cohort {cohort_id} does not exist in this project", attr="breakdown")
    return cohort


def _branch(plan: Plan, branch: Branch, index: int) -> Sql:
    scan = Scan(plan.project, plan.definitions, plan.now)
    series, period = plan.query.series[branch.series_index], plan.periods[branch.period_index]
    selected = counts(scan, series.entity)
    filters = filters_of(plan, scan, series)
    breakdown = _breakdown(plan, branch, scan, both(scan.is_mine, selected, _within(scan, period), filters))
    first, last = bucket_bounds(plan.interval, period.buckets)
    ask = Ask(
        scan=scan,
        series=series,
        interval=plan.interval,
        span=period.range,
        counts=selected,
        filters=filters,
        breakdown=breakdown,
        is_total=plan.is_total,
        is_cumulative=plan.query.display.is_cumulative,
        first_bucket=first,
        last_bucket=last,
        is_by_person=bool(plan.query.breakdown.cohorts),
    )
    source = heatmap if plan.query.display.kind == "heatmap" else SOURCES[series.math.source]
    return _ranked(plan, series, source(ask), index)


def _within(scan: Scan, period: Period) -> Sql:
    return scan.within(period.range.select_from, period.range.end)


def filters_of(plan: Plan, scan: Scan, series: Series) -> Sql:
    """Everything but the entity and the range that an event must pass: global, series', test accounts, sample."""
    query = plan.query
    chosen = audience(scan, without_test_accounts=query.filter_test_accounts, sampling=query.sampling)
    return both(matches(scan, query.filter), matches(scan, series.filter), *chosen)


def _breakdown(plan: Plan, branch: Branch, scan: Scan, where: Sql) -> Sql:
    by = plan.query.breakdown
    if branch.is_cohort_run:
        if branch.cohort is None:
            return Sql("[CAST({all:String}, 'Nullable(String)')]", all=ALL_USERS)
        return by_cohorts(scan, [branch.cohort.id])
    if by.cohorts:
        return by_cohorts(scan, [int(c) for c in by.cohorts])
    if not by.properties:
        return NO_BREAKDOWN
    extents: list[tuple[Sql, Sql] | None] = []
    for breakdown in by.properties:
        if breakdown.bins is None:
            extents.append(None)
            continue
        inner = Scan(plan.project, plan.definitions, plan.now)
        x = number(value(inner, breakdown))
        both_ends = Sql(
            "(SELECT (min({x}), max({x})) {source} WHERE {where})", x=x, source=inner.from_clause(), where=where
        )
        extents.append((Sql("tupleElement({e}, 1)", e=both_ends), Sql("tupleElement({e}, 2)", e=both_ends)))
    return by_properties(scan, by.properties, extents)


def _ranked(plan: Plan, series: Series, source: Sql, index: int) -> Sql:
    """Values beyond the limit become Other by addition: ranked by no value last, total descending, value as text."""
    value = Sql("toFloat64(ifNull(value, 0))")
    if series.math.source not in _COUNTING:
        value = Sql("if(isNaN({v}), 0, {v})", v=value)
    lines = Sql(
        "groupArray(bucket) AS ks, groupArray({value}) AS vs FROM ({s}) AS grouped GROUP BY grouped.breakdown",
        value=value,
        s=source,
    )
    shown = as_list(plan.query.breakdown.properties, Sql("grouped.breakdown"))
    if not plan.query.breakdown:
        return Sql("SELECT {i:UInt16} AS branch, {b} AS breakdown, false AS is_other, {l}", i=index, b=shown, l=lines)
    null_last = Sql("" if plan.is_total else "arrayExists(v -> isNull(v), breakdown), ")
    return Sql(
        "SELECT {i:UInt16} AS branch, kept AS breakdown, is_other, "
        "(sumMap(ks, vs) AS summed).1 AS keys, summed.2 AS values "
        "FROM (SELECT ks, vs, row_number() OVER (ORDER BY "
        "{null_last}arraySum(vs) DESC, breakdown) > {limit:UInt32} AS is_other, "
        "if(is_other, {none}, breakdown) AS kept FROM (SELECT {b} AS breakdown, {l})) GROUP BY kept, is_other",
        i=index,
        null_last=null_last,
        limit=plan.query.breakdown_limit,
        none=NO_BREAKDOWN,
        b=shown,
        l=lines,
    )
