"""A funnel plan as one statement, one pass over the events that matter: a form a way of showing it. Pure."""

from __future__ import annotations

from dataclasses import replace

from insights_engine.funnel.arrays import listed, whole
from insights_engine.funnel.best import best_runs
from insights_engine.funnel.model import STEPS, TIME_TO_CONVERT, TRENDS
from insights_engine.funnel.plan import Plan
from insights_engine.funnel.rows import Rows
from insights_engine.funnel.runs import runs_of
from insights_engine.intervals import bucket_sql
from insights_engine.sql import Sql
from insights_engine.trend.model import BreakdownBy

# An automatic histogram has no more bins, and bins of this many seconds where all took equally long.
_MOST_BINS, _SECONDS = 60, 60


def compile_funnel(plan: Plan) -> Sql:
    """Raises ValidationError for what a filter or breakdown cannot be asked."""
    return _FORMS[plan.query.viz](plan)


def compile_steps(plan: Plan) -> Sql:
    """Rows (breakdown, is_other, counts, sums, medians): of each step who reached it; of each but the first, the
    microseconds that it took them from the one before, in sum and in the middle."""
    counts = listed(Sql("countIf(level >= {n})", n=whole(n)) for n in range(1, len(plan.query.steps) + 1))
    # Only the steps that were taken have a duration.
    took = Sql("arraySlice(arrayDifference(times), 2, toInt64(level) - 1) AS took")
    runs = best_runs(plan, took, trimmed=True).sql
    if not plan.query.breakdown:
        return Sql(
            "SELECT '' AS breakdown, false AS is_other, [{counts}] AS counts, sumForEach(took) AS sums, "
            "quantileExactInclusiveForEach(0.5)(took) AS medians FROM ({r}) WHERE level > 0",
            counts=counts,
            r=runs,
        )
    by_value = Sql(
        "SELECT breakdown, [{counts}] AS counts, sumForEach(took) AS sums, "
        "quantileExactInclusiveForEachState(0.5)(took) AS middle FROM ({r}) WHERE level > 0 GROUP BY breakdown",
        counts=counts,
        r=runs,
    )
    return Sql(
        "SELECT kept AS breakdown, is_other, sumForEach(counts) AS counts, sumForEach(sums) AS sums, "
        "quantileExactInclusiveForEachMerge(0.5)(middle) AS medians FROM ({ranked}) "
        "GROUP BY kept, is_other ORDER BY min(place)",
        ranked=_ranked(plan, by_value, Sql("counts, sums, middle"), Sql("arrayReverse(counts)")),
    )


def _ranked(plan: Plan, by_value: Sql, columns: Sql, weight: Sql) -> Sql:
    """Values by their weight; those beyond the limit are one, Other."""
    return Sql(
        "SELECT {columns}, row_number() OVER (ORDER BY {weight} DESC, breakdown) AS place, "
        "place > {limit:UInt32} AS is_other, if(is_other, {none}, breakdown) AS kept FROM ({v})",
        columns=columns,
        weight=weight,
        limit=plan.query.breakdown_limit,
        none=Sql("[]") if len(plan.query.breakdown.properties) > 1 else Sql("''"),
        v=by_value,
    )


def compile_time_to_convert(plan: Plan) -> Sql:
    """Rows (low, width, bins, runs, total, bin, count): of the bins that have any; seconds, and microseconds in all.

    There is one histogram, whatever the breakdown.
    """
    query = replace(plan.query, breakdown=BreakdownBy())
    plan = replace(plan, query=query)
    took = Sql(
        "SELECT groupArray(toInt64(times[{to}]) - toInt64(times[{first}])) AS took, intDiv(arrayMin(took), 1000000) "
        "AS low, intDiv(arrayMax(took) + 999999, 1000000) AS high, length(took) AS runs, arraySum(took) AS total "
        "FROM ({b}) WHERE level > {last}",
        to=whole(query.last + 1),
        first=whole(query.first + 1),
        last=whole(query.last),
        b=best_runs(plan, trimmed=True).sql,
    )
    automatic = Sql(
        "toInt64(arrayFirst(b -> b * b * b >= runs OR b = {most}, range(1, {most} + 1)))", most=whole(_MOST_BINS)
    )
    bins = automatic if query.bins is None else Sql("toInt64({n})", n=whole(query.bins))
    cut = Sql(
        "SELECT took, low, runs, total, {bins} AS bins, intDiv(high - low + bins - 1, bins) AS narrow, "
        "if(narrow > 0, narrow, {wide}) AS width FROM ({t}) WHERE runs > 0",
        bins=bins,
        wide=whole(_SECONDS),
        t=took,
    )
    return Sql(
        "SELECT low, width, bins, runs, total, bin, count() AS count FROM (SELECT low, width, bins, runs, total, "
        "arrayJoin(arrayMap(d -> intDiv(d - low * 1000000, width * 1000000), took)) AS bin FROM ({c})) "
        "GROUP BY low, width, bins, runs, total, bin",
        c=cut,
    )


def compile_trends(plan: Plan) -> Sql:
    """Rows (breakdown, is_other, keys, entered, converted), the keys those of the periods in which anyone entered."""
    by_period = Sql(
        "SELECT {breakdown} AS breakdown, entry.1 AS period, sum(entry.2) AS entered, sum(entry.3) AS converted FROM "
        "(SELECT *, arrayJoin(arrayConcat(arrayMap(p -> (p, 1, 0), entered), "
        "arrayMap(p -> (p, 0, 1), converted))) AS entry FROM ({e})) GROUP BY breakdown, period",
        breakdown=Sql("breakdown") if plan.query.breakdown else Sql("''"),
        e=entries(plan).sql,
    )
    by_value = Sql(
        "SELECT breakdown, groupArray(period) AS periods, groupArray(entered) AS ins, groupArray(converted) AS outs, "
        "sum(entered) AS size, sum(converted) AS got FROM ({p}) GROUP BY breakdown",
        p=by_period,
    )
    summed = Sql("(sumMap(periods, ins, outs) AS summed).1 AS keys, summed.2 AS entered, summed.3 AS converted")
    if not plan.query.breakdown:
        return Sql("SELECT '' AS breakdown, false AS is_other, {s} FROM ({v})", s=summed, v=by_value)
    return Sql(
        "SELECT kept AS breakdown, is_other, {s} FROM ({ranked}) GROUP BY kept, is_other ORDER BY min(place)",
        s=summed,
        ranked=_ranked(plan, by_value, Sql("periods, ins, outs"), Sql("(got, size)")),
    )


def entries(plan: Plan, *, named: bool = False) -> Rows:
    """Columns entered and converted: the periods in which an actor's runs began that got to the first step that is
    asked for, and of those to the last."""
    query, runs = plan.query, runs_of(plan, named=named)
    at = Sql(
        "fromUnixTimestamp64Micro(toInt64({t}) + {o:Int64}, {z:String})",
        t=runs.layout.time(Sql("t")),
        o=plan.origin,
        z=plan.project.timezone,
    )
    period = bucket_sql(query.interval, Sql("toDate({a})", a=at), at, plan.project.weeks_start_on_monday)
    begun = "arrayDistinct(arrayMap(t -> {p}, arrayFilter((t, r) -> r > {step}, ts, reach))) AS {name}"
    return runs.rows.select("ts", Sql("{r} AS reach", r=runs.each(runs.reach))).select(
        Sql(begun, p=period, step=whole(query.first), name=Sql("entered")),
        Sql(begun, p=period, step=whole(query.last), name=Sql("converted")),
    )


_FORMS = {STEPS: compile_steps, TIME_TO_CONVERT: compile_time_to_convert, TRENDS: compile_trends}
