"""Paths of the people of a funnel's step: which of their moments count. Pure."""

from __future__ import annotations

from datetime import timedelta

from insights_engine.path.checks import inside
from insights_engine.path.items import literal
from insights_engine.path.model import AFTER, BEFORE, BETWEEN, FunnelPaths
from insights_engine.path.window import Plan
from insights_engine.scan import micros
from insights_engine.sql import TRUE, Sql, both

_MICROSECOND = timedelta(microseconds=1)


def limited(plan: Plan, moments: Sql, time: Sql) -> Sql:
    """Rows (actor, moments) of the people of the step; `time` is that of the moment `m`, from the window's start."""
    from insights_engine.funnel.people import step_people
    from insights_engine.funnel.plan import make_plan

    funnel = plan.query.funnel
    assert funnel is not None
    with inside(funnel.field):
        people = step_people(make_plan(funnel.funnel, plan.project, plan.definitions, plan.now), funnel.step)
    since = Sql("toUnixTimestamp64Micro({at}) - {start}", at=_since(funnel), start=literal(micros(plan.start)))
    until = Sql("toUnixTimestamp64Micro({at}) - {start}", at=Sql("at"), start=literal(micros(plan.start)))
    bounds = [Sql("{time} >= since", time=time)] if funnel.kind in (AFTER, BETWEEN) else []
    if funnel.kind in (BEFORE, BETWEEN):
        # Who dropped off took the window's time to give up.
        room = funnel.gap // _MICROSECOND if funnel.kind == BEFORE and funnel.drops_off else 0
        bounds.append(Sql("{time} <= until + {room}", time=time, room=literal(room)))
    return Sql(
        "SELECT actor, arrayFilter(m -> {bounds}, moments) AS moments FROM ({moments}) AS done INNER JOIN "
        "(SELECT person AS reached, {since} AS since, {until} AS until FROM ({people}) WHERE {known}) AS step "
        "ON actor = reached",
        bounds=both(*bounds),
        moments=moments,
        since=since,
        until=until,
        people=people,
        known=Sql("isNotNull(previous_at)") if funnel.kind == BETWEEN else TRUE,
    )


def _since(funnel: FunnelPaths) -> Sql:
    return Sql("assumeNotNull(previous_at)") if funnel.kind == BETWEEN else Sql("at")
