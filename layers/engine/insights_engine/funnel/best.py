"""The best run of each actor: the one with the most steps, of those the first to get there, of those the last begun.

Of several that begin in one moment it is the one with the first event, which takes each step the earliest. Pure.
"""

from __future__ import annotations

from insights_engine.funnel.arrays import listed, whole
from insights_engine.funnel.events import layout_of
from insights_engine.funnel.model import UNORDERED
from insights_engine.funnel.plan import Plan
from insights_engine.funnel.rows import Rows
from insights_engine.funnel.runs import runs_of
from insights_engine.sql import Sql

# A run's rank is its steps from this bit on, and below it how much is left of the longest time when it has taken them.
_BIT = 57


def best_runs(plan: Plan, *further: Sql, trimmed: bool = False, named: bool = False) -> Rows:
    """Columns level and times: the number of steps, 0 for no run, and when each was taken; and what is made of them.

    Later times mean nothing, and with `trimmed` none does where there is one step only.
    """
    runs = runs_of(plan, trimmed=trimmed, named=named)
    most = (((steps + 1) << _BIT) - 1 for steps in range(1, len(runs.times) + 1))
    ranks = [Sql("{m} - {t}", m=whole(m), t=runs.place(t)) for m, t in zip(most, runs.times, strict=True)]
    rows = runs.rows.select(*runs.times, Sql("{r} AS rank", r=runs.each(runs.by_reach(ranks))))
    rows = rows.select(*runs.times, "rank", "arrayMax(rank) AS best")
    at = Sql("arrayLastIndex(r -> r = best, rank)")
    if plan.query.order == UNORDERED or layout_of(plan).is_overlapping:
        rows = rows.select(
            *runs.times, "rank", "best", Sql("{t} AS beginning", t=runs.layout.time(Sql("ts[{p}]", p=at)))
        )
        at = Sql("arrayFirstIndex((r, t) -> r = best AND {t} = beginning, rank, ts)", t=runs.layout.time(Sql("t")))
    level = Sql("bitShiftRight(best, {bit})", bit=whole(_BIT))
    if "begins" in rows.carried:
        level = Sql("if(best = 0, begins, {l})", l=level)
    found = listed(runs.layout.time(Sql("{t}[place]", t=Sql(name))) for name in runs.times)
    place = Sql("{p} AS place", p=at)
    return rows.select(Sql("{l} AS level", l=level), place, Sql("[{f}] AS times", f=found), *further)
