"""A trend query answered: definitions, plan, one statement, shape. The only module here that reads anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from insights_engine import definitions
from insights_engine.actors import Actors, Wanted, found_in, page
from insights_engine.answer import Answer, Preliminary
from insights_engine.clickhouse import Cost
from insights_engine.filters import applied
from insights_engine.project import Project
from insights_engine.reads import MayHoldExpression, read_rows
from insights_engine.scan import Scan
from insights_engine.services import Services
from insights_engine.sql import Sql
from insights_engine.trend.compile import branches, compile_trend, earliest_event
from insights_engine.trend.model import Series, TrendQuery
from insights_engine.trend.people import Chosen, compile_people, group_listed
from insights_engine.trend.plan import Plan, make_plan
from insights_engine.trend.shape import resolved_range, shape

_WHY_TWO = "date_from all is the first event of the series: the buckets follow from it, so it is found first"


def answer(query: TrendQuery, project: Project, services: Services, now: datetime) -> Answer:
    """Raises ValidationError, and Overloaded when ClickHouse hits a limit."""
    plan = plan_of(query, project, services, now)
    if not branches(plan):
        return nothing(plan)
    statement = compile_trend(plan)
    rows = read_rows(services, statement, query, project)
    shaped = shape(plan, rows.rows)
    return answered(plan, shaped.series, statement, rows.cost, has_more=shaped.has_other)


def actors(
    query: TrendQuery, project: Project, services: Services, now: datetime, chosen: Chosen, wanted: Wanted
) -> Actors:
    """Who is counted in a point of the answer, in pages: one statement each. Raises as `answer` does."""
    plan, listed = plan_of(query, project, services, now), group_listed(query, chosen)
    people = compile_people(plan, chosen, wanted)
    return read_page(people, wanted, listed, plan, services)


def read_page(people: Sql | None, wanted: Wanted, group_index: int | None, plan: Plan, services: Services) -> Actors:
    """A page of a statement's actors, groups of a type or persons; nobody without a statement."""
    if people is None:
        return Actors([], False, Cost())
    scan = Scan(plan.project, plan.definitions, plan.now)
    statement = page(people, wanted, group_index, scan)
    return found_in(read_rows(services, statement, plan.query, plan.project), wanted)


def nothing(plan: Plan) -> Answer:
    """The answer of a query without a series; no statement was run for it."""
    return answered(plan, [], Sql(""), Cost())


def answered(plan: Plan, result: Any, statement: Sql, cost: Cost, *, has_more: bool = False) -> Answer:
    query = plan.query
    tests = plan.project.test_account_filters if query.filter_test_accounts else None
    return Answer(
        result,
        has_more,
        resolved_range(plan),
        statement,
        cost,
        applied_filters=applied(query.filter, tests, ((f"{s.field}.properties", s.filter) for s in query.series)),
        before=plan.before,
    )


def plan_of(query: TrendQuery, project: Project, services: Services, now: datetime) -> Plan:
    """The plan, with the actions and cohorts that the query names, and the first event's time where it asks for all."""
    actions, filters, cohorts = query.referred()
    found = definitions.named_by(
        services.policies, project, filters, actions=actions, cohorts=cohorts, without_tests=query.filter_test_accounts
    )
    if query.date_from != "all" or not query.series:
        return make_plan(query, project, found, now)
    earliest, before = first_event(query.series, query, Scan(project, found, now), services, _WHY_TWO)
    return replace(make_plan(query, project, found, now, earliest), before=before)


def first_event(
    series: Sequence[Series], query: MayHoldExpression, scan: Scan, services: Services, why: str
) -> tuple[datetime | None, Preliminary]:
    """When the first event of the series came, where one did; and what it took to know."""
    statement = earliest_event(scan, series)
    found = read_rows(services, statement, query, scan.project)
    micros = found.rows[0][0] if found.rows else None
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(micros)) if micros else None
    return at, Preliminary(statement, found.cost, why)
