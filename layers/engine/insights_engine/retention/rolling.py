"""Members of cells in 24-hour windows: one cohort an actor, from its earliest target event on. Pure.

A distance is of crossed boundaries (hours, or midnights for weeks and months), not of elapsed time.
"""

from __future__ import annotations

from insights_engine.intervals import INTERVALS, bucket_key
from insights_engine.retention.columns import column
from insights_engine.retention.model import CELL
from insights_engine.retention.parts import Parts, qualifies
from insights_engine.retention.window import Plan
from insights_engine.sql import Sql


def rolling_members(plan: Plan, parts: Parts) -> Sql:
    """Rows (breakdown, actor, cell, amount), each once. An actor is in column 0 of each value that it has from its
    first target event on; an event that is no return fills no other."""
    query, period, start = plan.query, plan.query.period, plan.window.start
    if period.unit == "hour":
        unit = Sql("intDiv(toInt64(toUnixTimestamp(toStartOfHour({ts}))), 3600)", ts=parts.scan.local)
        origin = int(start.timestamp()) // 3600
    else:
        unit, origin = Sql("toInt64({d})", d=parts.scan.day), bucket_key(INTERVALS["day"], start)
    actors = Sql(
        "SELECT {actor} AS actor, minIf(({u}, ts), {f}).1 AS began, groupUniqArrayIf(({u}, {value}, {r}), "
        "({r} OR {t})) AS found, {qualifies} AS qualified {source} WHERE {where} GROUP BY actor HAVING qualified",
        actor=parts.actor,
        u=unit,
        f=parts.first,
        value=parts.value,
        r=parts.returning,
        t=parts.target,
        qualifies=qualifies(plan, parts),
        source=parts.source,
        where=parts.where,
    )
    away = Sql("intDiv(at.1 - began, {per:Int64})", per=period.per)
    return Sql(
        "SELECT DISTINCT breakdown, actor, line * {cell:Int64} + came AS cell, toFloat64(0) AS amount "
        "FROM (SELECT actor, toInt64(floor((began - {origin:Int64}) / {per:Int64})) AS line, at.2 AS breakdown, "
        "arrayJoin([toInt64(0), if(at.3, greatest({c}, 0), toInt64(0))]) AS came "
        "FROM (SELECT actor, began, arrayJoin(found) AS at FROM ({a})) WHERE at.1 >= began) "
        "WHERE line >= 0 AND line < {rows:Int64}",
        cell=CELL,
        origin=origin,
        per=period.per,
        c=column(query, away),
        a=actors,
        rows=plan.window.rows,
    )
