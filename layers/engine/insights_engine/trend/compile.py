"""A plan as one SQL statement: one SELECT a series and period, all of them in one round trip. Pure.

The sorting key begins with the event, so SELECTs of different events or periods read different granules: together they
read what one scan would. Every SELECT gives rows of (branch, breakdown, is_other, keys, values).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from insights_engine.conditions import audience, counts, matches
from insights_engine.definitions import Cohort
from insights_engine.entities import ActionEntity
from insights_engine.errors import ValidationError
from insights_engine.scan import Scan
from insights_engine.sql import Sql, both, number
from insights_engine.trend.ask import Ask
from insights_engine.trend.breakdowns import NO_BREAKDOWN, Key, as_list, by_cohorts, by_properties, value
from insights_engine.trend.heatmap import check, heatmap
from insights_engine.trend.model import ALL_USERS, Breakdown, Series
from insights_engine.trend.plan import Plan
from insights_engine.trend.sources import SOURCES

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


def earliest_event(scan: Scan, series: Sequence[Series]) -> Sql:
    """When the first event of any series happened: what `date_from: all` stands for."""
    entities = [counts(scan, s.entity) for s in series]
    found = Sql.join(
        " UNION ALL ",
        (Sql("SELECT minOrNull(ts) AS first FROM events WHERE {w}", w=both(scan.is_mine, e)) for e in entities),
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
    ask, names = ask_of(plan, branch)
    return _ranked(plan, ask.series, _source(plan, ask), names, index)


def _source(plan: Plan, ask: Ask) -> Sql:
    source = heatmap if plan.query.display.kind == "heatmap" else SOURCES[ask.math.source]
    return source(ask)


def ask_of(plan: Plan, branch: Branch) -> tuple[Ask, Sql | None]:
    """The branch as a source takes it, and the array of texts where the breakdown's values are codes."""
    scan = Scan(plan.project, plan.definitions, plan.now)
    series, period = plan.query.series[branch.series_index], plan.periods[branch.period_index]
    selected = counts(scan, series.entity)
    filters = filters_of(plan, scan, series)
    key = _key(plan, branch, scan)
    ask = Ask(
        scan=scan,
        series=series,
        interval=plan.interval,
        span=period.range,
        counts=selected,
        filters=filters,
        breakdown=key.sql,
        is_total=plan.is_total,
        is_cumulative=plan.query.display.is_cumulative,
        keys=tuple(plan.bucket_index(period)),
        is_by_person=bool(plan.query.breakdown.cohorts),
    )
    return ask, key.names


def shown_values(plan: Plan, branch: Branch) -> Sql:
    """A SELECT of the breakdown values that are rows of their own; all others are Other."""
    ask, names = ask_of(plan, branch)
    lines = _lines(plan.query.breakdown.properties, _value(ask.series), _source(plan, ask), names)
    return Sql(
        "SELECT breakdown FROM (SELECT breakdown, {place} AS place FROM ({lines})) WHERE place <= {limit:UInt32}",
        place=_place(plan),
        lines=lines,
        limit=plan.query.breakdown_limit,
    )


def filters_of(plan: Plan, scan: Scan, series: Series) -> Sql:
    """Everything but the entity and the range that an event must pass: global, series', test accounts, sample."""
    query = plan.query
    chosen = audience(scan, without_test_accounts=query.filter_test_accounts, sampling=query.sampling)
    return both(matches(scan, query.filter), matches(scan, series.filter), *chosen)


def _key(plan: Plan, branch: Branch, scan: Scan) -> Key:
    by = plan.query.breakdown
    if branch.is_cohort_run:
        if branch.cohort is None:
            return Key(Sql("[CAST({all:String}, 'Nullable(String)')]", all=ALL_USERS))
        return Key(by_cohorts(scan, [branch.cohort.id]))
    if by.cohorts:
        return Key(by_cohorts(scan, [int(c) for c in by.cohorts]))
    if not by.properties:
        return Key(NO_BREAKDOWN)
    extents = [None if b.bins is None else _extent(plan, branch, b) for b in by.properties]
    return by_properties(scan, by.properties, extents)


def _extent(plan: Plan, branch: Branch, breakdown: Breakdown) -> Sql:
    """The smallest and the largest number among the events that count; a read of its own, with joins of its own."""
    scan = Scan(plan.project, plan.definitions, plan.now)
    series, span = plan.query.series[branch.series_index], plan.periods[branch.period_index].range
    x = number(value(scan, breakdown))
    filters = filters_of(plan, scan, series)
    where = both(scan.is_mine, counts(scan, series.entity), scan.within(span.select_from, span.end), filters)
    return Sql("(SELECT (min({x}), max({x})) {source} WHERE {where})", x=x, source=scan.from_clause(), where=where)


def _value(series: Series) -> Sql:
    value = Sql("toFloat64(ifNull(value, 0))")
    return value if series.math.source in _COUNTING else Sql("if(isNaN({v}), 0, {v})", v=value)


def _place(plan: Plan) -> Sql:
    """Of a breakdown value among all: no value last, total descending, value as text."""
    null_last = Sql("" if plan.is_total else "arrayExists(v -> isNull(v), breakdown), ")
    return Sql("row_number() OVER (ORDER BY {null_last}arraySum(vs) DESC, breakdown)", null_last=null_last)


def _ranked(plan: Plan, series: Series, source: Sql, names: Sql | None, index: int) -> Sql:
    """Values beyond the limit become Other by addition."""
    value, by = _value(series), plan.query.breakdown
    if not by:
        lines = Sql("groupArray(bucket) AS ks, groupArray({v}) AS vs FROM ({s})", v=value, s=source)
        return Sql("SELECT {i:UInt16} AS branch, {b}, false AS is_other, {l}", i=index, b=NO_BREAKDOWN, l=lines)
    return Sql(
        "SELECT {i:UInt16} AS branch, kept AS breakdown, is_other, "
        "(sumMap(ks, vs) AS summed).1 AS keys, summed.2 AS values "
        "FROM (SELECT ks, vs, {place} > {limit:UInt32} AS is_other, "
        "if(is_other, {none}, breakdown) AS kept FROM ({lines})) GROUP BY kept, is_other",
        i=index,
        place=_place(plan),
        limit=plan.query.breakdown_limit,
        none=NO_BREAKDOWN,
        lines=_lines(by.properties, value, source, names),
    )


def _lines(breakdowns: Sequence[Breakdown], value: Sql, source: Sql, names: Sql | None) -> Sql:
    """A row a breakdown value: (breakdown, ks, vs)."""
    return Sql(
        "SELECT {b} AS breakdown, groupArray(bucket) AS ks, groupArray({v}) AS vs FROM ({s}) AS grouped "
        "GROUP BY grouped.breakdown",
        b=as_list(breakdowns, Sql("grouped.breakdown"), names),
        v=value,
        s=source,
    )
