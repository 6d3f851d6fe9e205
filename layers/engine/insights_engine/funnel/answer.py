"""A funnel query answered: definitions, plan, one statement, shape; and the people behind one of its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from insights_engine import definitions
from insights_engine.actors import Kept, everybody
from insights_engine.answer import Answer, Preliminary, resolved_dates
from insights_engine.clickhouse import Cost
from insights_engine.entities import action_ids
from insights_engine.errors import ValidationError, attr_of
from insights_engine.filters import applied
from insights_engine.funnel.compile import compile_funnel
from insights_engine.funnel.model import TRENDS, FunnelQuery
from insights_engine.funnel.people import Chosen, compile_people
from insights_engine.funnel.plan import Plan, make_plan
from insights_engine.funnel.shape import has_other, shape
from insights_engine.project import Project
from insights_engine.reads import read_rows
from insights_engine.scan import Scan
from insights_engine.services import Services
from insights_engine.sql import Sql
from insights_engine.trend.answer import first_event

_WHY_TWO = "date_from all is the first event of the first step: the periods follow from it, so it is found first"


@dataclass(frozen=True, slots=True)
class Funnel(Answer):
    """`shows_other`: the last value of the breakdown is the sum of all that are not shown."""

    shows_other: bool = False


@dataclass(frozen=True, slots=True)
class Actors:
    """A page of persons' numbers, or of groups' keys."""

    found: list[int | str]
    has_more: bool
    cost: Cost


def answer(query: FunnelQuery, project: Project, services: Services, now: datetime) -> Funnel:
    """Raises ValidationError, and Overloaded when ClickHouse hits a limit."""
    plan, before = _plan(query, project, services, now)
    if not query.steps:
        return Funnel([], False, _dates(plan), Sql(""), Cost())
    statement = compile_funnel(plan)
    rows = read_rows(services, statement, query, project)
    tests = project.test_account_filters if query.filter_test_accounts else None
    own = ((f"{step.field}.properties", step.filter) for step in query.steps)
    has_more = has_other(plan, rows.rows)
    return Funnel(
        shape(plan, rows.rows),
        has_more,
        _dates(plan),
        statement,
        rows.cost,
        applied_filters=applied(query.filter, tests, own),
        before=before,
        shows_other=has_more and not query.breakdown.hide_other,
    )


def actors(
    query: FunnelQuery,
    project: Project,
    services: Services,
    now: datetime,
    chosen: Chosen,
    *,
    limit: int,
    offset: int,
    kept: Kept = everybody,
) -> Actors:
    """Who is behind a step, or behind a point of the trend, in pages: one statement each. Raises as `answer` does."""
    plan = plan_of(query, project, services, now)
    statement = compile_people(plan, chosen, limit + 1, offset, kept)
    rows = read_rows(services, statement, query, project)
    found = [row[0] for row in rows.rows]
    return Actors(found[:limit], len(found) > limit, rows.cost)


def plan_of(query: FunnelQuery, project: Project, services: Services, now: datetime) -> Plan:
    """The plan, with the actions and cohorts that the query names. Raises ValidationError for one that there is not."""
    return _plan(query, project, services, now)[0]


def _plan(query: FunnelQuery, project: Project, services: Services, now: datetime) -> tuple[Plan, Preliminary | None]:
    found = _definitions(query, project, services)
    if query.date_from != "all" or query.viz != TRENDS or not query.steps:
        return make_plan(query, project, found, now), None
    earliest, before = first_event(query.steps[:1], query, Scan(project, found, now), services, _WHY_TWO)
    return make_plan(query, project, found, now, earliest), before


def _definitions(query: FunnelQuery, project: Project, services: Services) -> definitions.Definitions:
    excluded = "exclusions" if query.is_legacy else "funnelsFilter.exclusions"
    places = {n: f"{excluded}[{i}].id" for i, one in enumerate(query.exclusions) for n in action_ids(one.entity)}
    places |= {n: f"{step.field}.id" for step in reversed(query.steps) for n in action_ids(step.entity)}
    actions = {number for entity in query.entities() for number in action_ids(entity)}
    found = definitions.named_by(
        services.policies,
        project,
        query.filters(),
        actions=actions,
        cohorts={c for c in query.breakdown.cohorts if isinstance(c, int)}
        | definitions.cohorts_in(query.actor_expression, *query.breakdown.expressions),
        without_tests=query.filter_test_accounts,
    )
    for number in sorted(actions - set(found.actions)):
        raise ValidationError(f"Action {number} does not exist in this project", attr=attr_of(places[number]))
    return found


def _dates(plan: Plan) -> dict[str, str]:
    return resolved_dates(plan.range.start, plan.range.end)
