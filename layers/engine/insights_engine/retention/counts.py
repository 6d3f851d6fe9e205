"""Members of cells in calendar periods: one row an actor, with the places of its cohorts and of its returns. Pure."""

from __future__ import annotations

from insights_engine.retention.columns import column, distance, filled
from insights_engine.retention.model import CELL
from insights_engine.retention.parts import Parts, first_value_decides, qualifies
from insights_engine.retention.window import Plan
from insights_engine.sql import Sql


def calendar_members(plan: Plan, parts: Parts) -> Sql:
    """Rows (breakdown, actor, cell, amount), each once."""
    query = plan.query
    columns = Sql(
        "arrayMap(r -> {c}, returns)", c=column(query, distance(query, Sql("r"), Sql("start"), Sql("starts")))
    )
    return Sql(
        "SELECT breakdown, actor, start * {cell:Int64} + arrayJoin(arrayConcat([toInt64(0)], {columns})) AS cell, "
        "toFloat64(0) AS amount FROM (SELECT breakdown, actor, starts, returns, arrayJoin(starts) AS start FROM ({a}))",
        columns=filled(query, columns),
        cell=CELL,
        a=_actors(plan, parts),
    )


def _actors(plan: Plan, parts: Parts) -> Sql:
    """Rows (breakdown, actor, starts, returns)."""
    decides = first_value_decides(plan)
    actors = Sql(
        "SELECT {value} AS breakdown, {actor} AS actor, {starts} AS starts, {returns} AS returns{anchor} {source} "
        "WHERE {where} GROUP BY {keys}",
        value=parts.value,
        actor=parts.actor,
        starts=_starts(plan, parts),
        returns=returns(plan, parts),
        anchor=Sql(", minOrNullIf(ts, {f}) AS anchor", f=parts.first) if decides else Sql(""),
        source=parts.source,
        where=parts.where,
        keys=parts.keys,
    )
    if not decides:
        return Sql("{a} HAVING notEmpty(starts)", a=actors)
    return Sql(
        "SELECT breakdown, actor, starts, returns FROM (SELECT *, min(anchor) OVER (PARTITION BY actor) AS earliest "
        "FROM ({a})) WHERE anchor = earliest AND notEmpty(starts)",
        a=actors,
    )


def _starts(plan: Plan, parts: Parts) -> Sql:
    """The places of the cohorts that an actor belongs to, as an aggregate."""
    if not plan.query.retention_type.enters_once:
        found = Sql("groupUniqArrayIf({i}, {t})", i=parts.place, t=parts.target)
    else:
        anchored = Sql("[minIf({i}, {f})]", i=parts.place, f=parts.first)
        found = Sql("if({q}, {a}, [])", q=qualifies(plan, parts), a=anchored)
    return Sql("arrayFilter(x -> x >= 0 AND x < {n:Int64}, {a})", a=found, n=plan.cohorts)


def returns(plan: Plan, parts: Parts) -> Sql:
    """The places of an actor's returns, as an aggregate."""
    n = plan.query.minimum_occurrences
    if n <= 1:
        return Sql("groupUniqArrayIf({i}, {r})", i=parts.place, r=parts.returning)
    counted = Sql("sumMapIf([{i}], [toUInt64(1)], {r})", i=parts.place, r=parts.returning)
    return Sql("arrayFilter((k, c) -> c >= {n:UInt64}, {m}.1, {m}.2)", n=n, m=counted)


def table_members(plan: Plan, parts: Parts) -> Sql:
    """The older form's breakdown: cohorts are pooled, the value is the target event's, a cell is the distance from it.

    The window's last moment belongs to it, and cohorts beyond the last row count.
    """
    if not plan.query.retention_type.enters_once:
        starts = Sql("groupUniqArrayIf(({i}, {v}), {t})", i=parts.place, v=parts.value, t=parts.target)
    else:
        starts = Sql(
            "if({q}, [(minIf({i}, {t}), argMinIf({v}, (ts, {v}), {t}))], [])",
            q=qualifies(plan, parts),
            i=parts.place,
            v=parts.value,
            t=parts.target,
        )
    actors = Sql(
        "SELECT {actor} AS actor, {starts} AS starts, {returns} AS returns {source} WHERE {where} GROUP BY actor",
        actor=parts.actor,
        starts=starts,
        returns=returns(plan, parts),
        source=parts.source,
        where=parts.where,
    )
    return Sql(
        "SELECT DISTINCT at.2 AS breakdown, actor, arrayJoin(arrayConcat([toInt64(0)], arrayFilter(c -> c > 0, "
        "arrayMap(r -> {c}, returns)))) AS cell, toFloat64(0) AS amount FROM (SELECT actor, returns, "
        "arrayJoin(starts) AS at FROM ({a})) WHERE at.1 >= 0 AND at.1 < {n:Int64}",
        c=column(plan.query, Sql("(r - at.1)")),
        a=actors,
        n=plan.cohorts,
    )
