"""The breakdown's value of an actor, or of each of its events, by the attribution that was asked for. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from insights_engine.conditions import people
from insights_engine.errors import ValidationError
from insights_engine.funnel.model import ALL_EVENTS, FIRST_TOUCH, LAST_TOUCH
from insights_engine.funnel.plan import Plan
from insights_engine.scan import Scan
from insights_engine.sql import Sql
from insights_engine.trend.breakdowns import value as breakdown_value
from insights_engine.trend.model import ALL_USERS

_NONE = Sql("''")


@dataclass(frozen=True, slots=True)
class Value:
    """`sql` is a text, or a list of texts where there are several breakdowns; no value is the empty text.

    It is of the actor (an aggregate), or, with `is_key`, what events are grouped by. `of_events` is the value of each
    event where only those of one step decide: then an actor is there once for each value.
    """

    sql: Sql
    is_key: bool = False
    of_events: Sql | None = None


def attributed(plan: Plan, scan: Scan, is_step: Sql) -> Value:
    query = plan.query
    by = query.breakdown
    if by.cohorts:
        return Value(_cohorts(plan, scan), is_key=True)
    if not by.properties:
        return Value(_NONE)
    values = [Sql("toString(ifNull({v}, ''))", v=breakdown_value(scan, one)) for one in by.properties]
    if len(values) == 1:
        value, present = values[0], Sql("{v} != ''", v=values[0])
    else:
        value = Sql("[{v}]", v=Sql.join(", ", values))
        present = Sql("arrayExists(v -> v != '', {v})", v=value)
    if query.attribution == ALL_EVENTS:
        return Value(value, is_key=True)
    if query.attribution in (FIRST_TOUCH, LAST_TOUCH):
        # Of two values at one moment the first in the alphabet.
        order = "ts" if query.attribution == FIRST_TOUCH else "-toUnixTimestamp64Micro(ts)"
        touched = Sql(
            "argMinIf({v}, ({order}, {v}), {present} AND ({is_step}))",
            v=value,
            order=Sql(order),
            present=present,
            is_step=is_step,
        )
        return Value(touched)
    return Value(_NONE, of_events=value)


def _cohorts(plan: Plan, scan: Scan) -> Sql:
    """Each cohort that the event's person is in, by id as text."""
    inside = []
    for cohort_id in plan.query.breakdown.cohorts:
        if cohort_id == ALL_USERS:
            inside.append(Sql("[{all:String}]", all=ALL_USERS))
            continue
        cohort = plan.definitions.cohorts.get(cohort_id)
        if cohort is None:
            raise ValidationError(f"Cohort {cohort_id} does not exist in this project", attr="breakdown")
        inside.append(
            Sql("if({p} IN ({s}), [{id:String}], [])", p=scan.person, s=people(scan, cohort), id=str(cohort_id))
        )
    return Sql("arrayJoin(arrayConcat({i}, CAST([], 'Array(String)')))", i=Sql.join(", ", inside))
