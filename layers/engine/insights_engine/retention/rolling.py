"""Members of cells in 24-hour windows: one cohort an actor, from its earliest target event on. Pure.

A distance is of crossed boundaries (hours, or midnights for weeks and months), not of elapsed time.
"""

from __future__ import annotations

from insights_engine.retention.columns import column
from insights_engine.retention.model import CELL
from insights_engine.retention.parts import Parts, first_value_decides, qualifies
from insights_engine.retention.window import Plan
from insights_engine.scan import micros
from insights_engine.sql import Sql


def rolling_members(plan: Plan, parts: Parts) -> Sql:
    """Rows (breakdown, actor, cell, amount), each once. An actor has the values of its target events inside the window,
    and of each is in column 0; only returning events with that value fill another."""
    query, period = plan.query, plan.query.period
    unit = Sql(period.unit.sql, local=parts.scan.local, day=parts.scan.day)
    mark, entry = _entries(plan, parts)
    actors = Sql(
        "SELECT {actor} AS actor, (minIf(({u}, ts), {f}) AS anchor).1 AS began, groupUniqArrayIf(({u}, {value}, {r}, "
        "{mark}), ({r} OR {t})) AS found, arrayDistinct(arrayMap(at -> at.2, arrayFilter(at -> at.4 = {entry}, found)))"
        " AS entered, {qualifies} AS qualified {source} WHERE {where} GROUP BY actor HAVING qualified",
        actor=parts.actor,
        u=unit,
        f=parts.first,
        value=parts.value,
        r=parts.returning,
        t=parts.target,
        mark=mark,
        entry=entry,
        qualifies=qualifies(plan, parts),
        source=parts.source,
        where=parts.where,
    )
    away = Sql("intDiv(at.1 - began, {per:Int64})", per=period.per)
    return Sql(
        "SELECT breakdown, actor, line * {cell:Int64} + came AS cell, toFloat64(0) AS amount "
        "FROM (SELECT actor, breakdown, toInt64(floor((began - {origin:Int64}) / {per:Int64})) AS line, "
        "arrayJoin(arrayDistinct(arrayConcat([toInt64(0)], arrayMap(at -> if(at.3 AND at.1 >= began AND "
        "at.2 = breakdown, greatest({c}, 0), toInt64(0)), found)))) AS came "
        "FROM (SELECT actor, began, found, arrayJoin(entered) AS breakdown FROM ({a}))) "
        "WHERE line >= 0 AND line < {rows:Int64}",
        cell=CELL,
        origin=period.unit.number(plan.window.start),
        per=period.per,
        c=column(query, away),
        a=actors,
        rows=plan.window.rows,
    )


def _entries(plan: Plan, parts: Parts) -> tuple[Sql, Sql]:
    """A mark of each event, and what it is of those whose value the actor has: target events inside the window, which
    returning events are not held to; where the first value decides, the anchor alone."""
    if first_value_decides(plan):
        moment = Sql("if({t}, toUnixTimestamp64Micro(ts), toInt64(-1))", t=parts.target)
        return moment, Sql("toUnixTimestamp64Micro(anchor.2)")
    inside = Sql("ts <= fromUnixTimestamp64Micro({at:Int64})", at=micros(plan.window.reads_to))
    return Sql("({t} AND {i})", t=parts.target, i=inside), Sql("1")
