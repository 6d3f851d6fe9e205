"""A retention plan as one statement, one pass over the events that matter. Pure.

Rows of the answer are (breakdown, is_other, cells, actors, amounts): a cell's key is row * CELL + column. But for the
bitmaps each form is a SELECT of members, rows (breakdown, actor, cell, amount), which are counted here or listed.
"""

from __future__ import annotations

from collections.abc import Callable

from insights_engine.actors import Kept, everybody
from insights_engine.retention.amounts import amount_members
from insights_engine.retention.bitmaps import compile_bitmaps, is_exact
from insights_engine.retention.counts import calendar_members, table_members
from insights_engine.retention.model import CELL, RetentionQuery
from insights_engine.retention.parts import Parts, make_parts
from insights_engine.retention.rolling import rolling_members
from insights_engine.retention.window import Plan
from insights_engine.sql import TRUE, Sql, both

# The first row whose condition holds.
_FORMS: tuple[tuple[Callable[[RetentionQuery], bool], Callable[[Plan, Parts], Sql]], ...] = (
    (lambda query: query.is_pooled, table_members),
    (lambda query: query.rolling_windows, rolling_members),
    (lambda query: query.aggregation is not None, amount_members),
    (lambda query: True, calendar_members),
)


def compile_retention(plan: Plan, *, bitmaps: bool = True) -> Sql:
    """Raises ValidationError for what a filter or breakdown cannot be asked."""
    parts = make_parts(plan)
    if bitmaps and is_exact(plan):
        return compile_bitmaps(plan, parts)
    cells = Sql(
        "SELECT breakdown, cell, count() AS actors, sum(amount) AS amount FROM ({m}) GROUP BY breakdown, cell",
        m=_members(plan, parts),
    )
    return _ranked(plan.query, cells) if plan.query.breakdown else _listed(cells)


def compile_actors(
    plan: Plan,
    row: int,
    value: str | None,
    column: int | None,
    limit: int,
    offset: int,
    kept: Kept = everybody,
) -> Sql:
    """Rows (actor, columns) of a row, the most columns first. In the older form's breakdown all cohorts are one."""
    parts = make_parts(plan)
    line = 0 if plan.query.is_pooled else row
    chosen = Sql("intDiv(cell, {cell:Int64}) = {row:Int64}", cell=CELL, row=line)
    if value is not None:
        chosen = both(chosen, Sql("breakdown = {v:String}", v=value))
    return Sql(
        "SELECT actor, arraySort(groupUniqArray(cell % {cell:Int64})) AS columns FROM ({m}) WHERE {chosen} "
        "GROUP BY actor HAVING {came} ORDER BY length(columns) DESC, actor LIMIT {limit:UInt64} OFFSET {offset:UInt64}",
        m=_members(plan, parts),
        cell=CELL,
        chosen=both(chosen, kept(Sql("actor"))),
        came=TRUE if column is None else Sql("has(columns, {c:Int64})", c=column),
        limit=limit,
        offset=offset,
    )


def _members(plan: Plan, parts: Parts) -> Sql:
    form = next(form for holds, form in _FORMS if holds(plan.query))
    return form(plan, parts)


def _listed(cells: Sql) -> Sql:
    return Sql(
        "SELECT '' AS breakdown, false AS is_other, groupArray(toInt64(cell)) AS cells, "
        "groupArray(toFloat64(actors)) AS actors, groupArray(amount) AS amounts FROM ({c})",
        c=cells,
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
        "{shown}GROUP BY kept, is_other ORDER BY place",
        limit=query.breakdown_limit,
        shown=Sql("WHERE NOT is_other ") if query.breakdown.hide_other else Sql(""),
        v=by_value,
    )
