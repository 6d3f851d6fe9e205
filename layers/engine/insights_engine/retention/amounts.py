"""Members of cells with the sum of a property's values there. Pure."""

from __future__ import annotations

from insights_engine.retention.columns import column, distance
from insights_engine.retention.model import CELL
from insights_engine.retention.parts import Parts, anchored_within, first_value_decides
from insights_engine.retention.window import Plan
from insights_engine.sql import Sql, both, number


def amount_members(plan: Plan, parts: Parts) -> Sql:
    """Rows (breakdown, actor, cell, amount), each once. A period of an actor is (place, targets, their amount,
    returns, their amount)."""
    query = plan.query
    starts = Sql("arrayFilter(x -> x.1 >= 0 AND x.1 < {n:Int64} AND x.2 > 0, periods)", n=plan.cohorts)
    if query.retention_type.enters_once:
        starts = Sql("arrayFilter(x -> x.1 = anchor_place, {s})", s=starts)
    away = distance(query, Sql("x.1"), Sql("start.1"), Sql("arrayMap(s -> s.1, starts)"))
    return Sql(
        "SELECT breakdown, actor, start.1 * {cell:Int64} + came.1 AS cell, sum(came.2) AS amount FROM "
        "(SELECT breakdown, actor, start, arrayJoin(arrayConcat([(toInt64(0), start.3)], arrayFilter(y -> y.1 > 0, "
        "arrayMap(x -> ({c}, x.5), arrayFilter(x -> x.4 > 0, periods))))) AS came FROM "
        "(SELECT breakdown, actor, periods, {starts} AS starts, arrayJoin(starts) AS start FROM ({a}))) "
        "GROUP BY breakdown, actor, cell",
        cell=CELL,
        c=column(query, away),
        starts=starts,
        a=_actors(plan, parts),
    )


def _actors(plan: Plan, parts: Parts) -> Sql:
    """Rows (breakdown, actor, periods, anchor_place) of the actors whose anchor counts."""
    if not plan.query.retention_type.enters_once:
        template = "SELECT breakdown, actor, groupArray({p}) AS periods, 0 AS anchor_place FROM ({per}) GROUP BY {keys}"
        return Sql(template, p=_PERIOD, per=_per_period(plan, parts), keys=Sql("breakdown, actor"))
    actors = Sql(
        "SELECT breakdown, actor, groupArray({p}) AS periods, argMinIf(place, first, isNotNull(first)) AS "
        "anchor_place, min(first) AS anchor, min(hit) AS target_anchor FROM ({per}) GROUP BY breakdown, actor",
        p=_PERIOD,
        per=_per_period(plan, parts),
    )
    conditions = [Sql("isNotNull(anchor)"), anchored_within(plan, Sql("anchor"))]
    if plan.query.retention_type.own_filters_later:
        conditions.append(Sql("target_anchor = anchor"))
    if first_value_decides(plan):
        conditions.append(Sql("anchor = earliest"))
        actors = Sql("SELECT *, min(anchor) OVER (PARTITION BY actor) AS earliest FROM ({a})", a=actors)
    return Sql(
        "SELECT breakdown, actor, periods, anchor_place FROM ({a}) WHERE {when}", a=actors, when=both(*conditions)
    )


_PERIOD = Sql("(place, targets, target_amount, returns, return_amount)")


def _per_period(plan: Plan, parts: Parts) -> Sql:
    """One row an actor and period. Returning events of another kind count from the period's first target event on."""
    query = plan.query
    text = parts.scan.text(
        query.aggregation_property_type, query.aggregation_property or "", None, "aggregationProperty"
    )
    value = Sql("ifNull({n}, 0)", n=number(text))
    later = Sql("toFloat64(0)")
    if query.target.kind != query.returning.kind:
        later = Sql(
            "if(targets > 0, arraySum(x -> if(x.1 > began, x.2, 0), groupArrayIf((ts, {v}), {r})), 0)",
            v=value,
            r=parts.returning,
        )
    return Sql(
        "SELECT {value} AS breakdown, {actor} AS actor, {i} AS place, countIf({t}) AS targets, "
        "minIf(ts, {t}) AS began, sumIf({v}, {t}) + {later} AS target_amount, countIf({r}) AS returns, "
        "sumIf({v}, {r}) AS return_amount, minOrNullIf(ts, {f}) AS first, minOrNullIf(ts, {t}) AS hit "
        "{source} WHERE {where} GROUP BY {keys}, place",
        value=parts.value,
        actor=parts.actor,
        i=parts.place,
        t=parts.target,
        f=parts.first,
        v=value,
        later=later,
        r=parts.returning,
        source=parts.source,
        where=parts.where,
        keys=parts.keys,
    )
