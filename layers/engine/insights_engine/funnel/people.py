"""Who reached a step of a funnel, or left before it, and when; and who is behind a point of its trend. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from insights_engine.actors import Kept, everybody
from insights_engine.dates import parse
from insights_engine.errors import ValidationError
from insights_engine.funnel.best import best_runs
from insights_engine.funnel.compile import entries
from insights_engine.funnel.model import TIME_TO_CONVERT, TRENDS
from insights_engine.funnel.plan import Plan
from insights_engine.intervals import bucket_key
from insights_engine.sql import Sql, both, negate
from insights_engine.trend.model import BreakdownBy

# What chooses, as the flat form and the node name it.
_FIELDS = {
    "funnel_step": "funnelStep",
    "funnel_step_breakdown": "funnelStepBreakdown",
    "entrance_period_start": "funnelTrendsEntrancePeriodStart",
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """A step (n: reached it, -n: left before it) or, of a trend, a period of entry and whether they converted.

    `value` is that of the breakdown: one text, or one a property.
    """

    step: int | None = None
    value: tuple[str, ...] | None = None
    period: str | None = None
    drop_off: bool = False


def step_people(plan: Plan, step: int) -> Sql:
    """Rows (person UInt32, at DateTime64(6), previous_at Nullable(DateTime64(6))), each person once.

    `step` n: who reached step n, when, and when the one before it. -n: who left before step n, having reached n - 1:
    then these are of the last step that they took. Raises ValidationError for other steps, and for funnels of groups.
    """
    if plan.query.group_index is not None and plan.query.actor_expression is None:
        raise ValidationError("A funnel of groups has no persons", attr="aggregation_group_type_index")
    _check_steps(plan)
    # A breakdown would have a person once a value.
    plan = replace(plan, query=replace(plan.query, breakdown=BreakdownBy()))
    taken = _taken(plan, step)
    found = Sql(
        "SELECT toUInt32({who}) AS person, {at} AS at, CAST({previous}, {type}) AS previous_at FROM ({b}) "
        "WHERE {reached}",
        who=_who(plan),
        at=_moment(plan, taken),
        previous=_moment(plan, taken - 1) if taken > 1 else Sql("NULL"),
        type=Sql("'Nullable(DateTime64(6, \\'UTC\\'))'"),
        b=best_runs(plan, named=True).sql,
        reached=_reached(step),
    )
    if plan.query.actor_expression is None:
        return found
    # A person of several actors: the first of them counts.
    return Sql(
        "SELECT person, earliest.1 AS at, earliest.2 AS previous_at FROM "
        "(SELECT person, min((at, previous_at)) AS earliest FROM ({f}) GROUP BY person)",
        f=found,
    )


def _who(plan: Plan) -> Sql:
    """The actor, or where an expression makes actors the person of one."""
    return Sql("whose") if plan.query.actor_expression is not None else Sql("actor")


def _taken(plan: Plan, step: int) -> int:
    """How many steps were taken at the least. Raises ValidationError for a step that there is not."""
    count = len(plan.query.steps)
    if not (1 <= step <= count or 2 <= -step <= count):
        field = _field(plan, "funnel_step")
        below = f", or from -2 to -{count} for who left before that step" if count > 1 else ""
        raise ValidationError(f"{field} must be from 1 to {count}{below}", attr=field)
    return step if step > 0 else -step - 1


def _reached(step: int) -> Sql:
    return Sql("level >= {n:UInt8}", n=step) if step > 0 else Sql("level = {n:UInt8}", n=-step - 1)


def _moment(plan: Plan, step: int) -> Sql:
    return Sql(
        "fromUnixTimestamp64Micro(toInt64(times[{n:UInt8}]) + {origin:Int64}, 'UTC')", n=step, origin=plan.origin
    )


def compile_people(plan: Plan, chosen: Chosen, limit: int, offset: int, kept: Kept = everybody) -> Sql:
    """Rows (actor), in the order of their numbers or keys. Raises ValidationError for what the answer does not have."""
    _check_steps(plan)
    _check_value(plan, chosen)
    if plan.query.viz == TRENDS:
        rows, holds = entries(plan, named=True), _in_period(plan, chosen)
    else:
        if chosen.step is None:
            field = _field(plan, "funnel_step")
            raise ValidationError(f"{field} is required", attr=field, code="required")
        _taken(plan, chosen.step)
        rows, holds = best_runs(plan, named=True), _reached(chosen.step)
    if chosen.value is not None:
        several = len(plan.query.breakdown.properties) > 1
        value = Sql("{v:Array(String)}", v=list(chosen.value)) if several else Sql("{v:String}", v=chosen.value[0])
        holds = both(holds, Sql("breakdown = {v}", v=value))
    return Sql(
        "SELECT DISTINCT {who} AS who FROM ({r}) WHERE {holds} ORDER BY who "
        "LIMIT {limit:UInt64} OFFSET {offset:UInt64}",
        who=_who(plan),
        r=rows.sql,
        holds=both(holds, kept(Sql("who"))),
        limit=limit,
        offset=offset,
    )


def _in_period(plan: Plan, chosen: Chosen) -> Sql:
    field, query = _field(plan, "entrance_period_start"), plan.query
    if not chosen.period:
        raise ValidationError(f"{field} is required: the date of a point of the trend", attr=field, code="required")
    at = parse(chosen.period, plan.now, plan.project.zone, field).at
    key = bucket_key(query.interval, query.interval.floor(at, plan.project.weeks_start_on_monday))
    if key not in {bucket_key(query.interval, bucket) for bucket in plan.buckets}:
        raise ValidationError(f"{field} is not in the range of dates", attr=field)
    converted = Sql("has(converted, {k:Int64})", k=key)
    return both(Sql("has(entered, {k:Int64})", k=key), negate(converted) if chosen.drop_off else converted)


def _check_steps(plan: Plan) -> None:
    if not plan.query.steps:
        raise ValidationError("events is required: a funnel without steps has no people", attr="events")


def _check_value(plan: Plan, chosen: Chosen) -> None:
    by, value, field = plan.query.breakdown, chosen.value, _field(plan, "funnel_step_breakdown")
    if value is None:
        return
    if not by or plan.query.viz == TIME_TO_CONVERT:
        raise ValidationError(f"{field}: the query has no breakdown", attr=field)
    wanted = max(1, len(by.properties))
    if len(value) != wanted:
        raise ValidationError(f"{field} must have {wanted} value{'s' if wanted > 1 else ''}", attr=field)


def _field(plan: Plan, name: str) -> str:
    return name if plan.query.is_legacy else _FIELDS[name]
