"""A trend query answered: definitions, plan, one statement, shape. The only module here that reads anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from insights_engine import definitions
from insights_engine.actors import Actors, Wanted, found_in, page
from insights_engine.answer import Answer, Preliminary
from insights_engine.clickhouse import Cost, Rows
from insights_engine.errors import ValidationError, attr_of
from insights_engine.filters import applied, parse_filters
from insights_engine.project import Project
from insights_engine.scan import Scan
from insights_engine.services import Services
from insights_engine.sql import Sql
from insights_engine.trend.compile import branches, compile_trend, earliest_event
from insights_engine.trend.formula import compile_formula
from insights_engine.trend.model import TrendQuery
from insights_engine.trend.people import Chosen, compile_people, group_listed
from insights_engine.trend.plan import Plan, make_plan
from insights_engine.trend.shape import resolved_range, shape

_WHY_TWO = "date_from all is the first event of the series: the buckets follow from it, so it is found first"


class MayHoldExpression(Protocol):
    """A query of any insight, as far as faults of SQL expressions go."""

    def has_expression(self, project: Project) -> bool: ...


def answer(query: TrendQuery, project: Project, services: Services, now: datetime) -> Answer:
    """Raises ValidationError, and Overloaded when ClickHouse hits a limit."""
    plan = plan_of(query, project, services, now)
    for formula in query.formulas:
        compile_formula(formula.text, len(query.series), formula.field)
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


def read_rows(services: Services, statement: Sql, query: MayHoldExpression, project: Project) -> Rows:
    """Faults of an SQL expression that only ClickHouse can see are the caller's."""
    try:
        return services.clickhouse.read(statement, project_id=project.id)
    except Exception as error:
        from insights_engine.hogql.failures import reason

        said = reason(error) if query.has_expression(project) else None
        if said is None:
            raise
        fields = statement.written
        place = f"{' or '.join(fields)}: " if fields else ""
        raise ValidationError(place + said, attr=attr_of(fields[0]) if len(fields) == 1 else None) from error


def plan_of(query: TrendQuery, project: Project, services: Services, now: datetime) -> Plan:
    """The plan, with the actions and cohorts that the query names, and the first event's time where it asks for all."""
    actions, filters, cohorts = query.referred()
    if query.filter_test_accounts:
        filters.append(parse_filters(list(project.test_account_filters), field="test_account_filters"))
    cohorts |= definitions.cohort_ids(filters)
    named = definitions.load(services.policies, project.id, actions, cohorts) if actions or cohorts else None
    found = named or definitions.Definitions()
    if query.date_from != "all" or not query.series:
        return make_plan(query, project, found, now)
    statement = earliest_event(Scan(project, found, now), query.series)
    first = read_rows(services, statement, query, project)
    earliest = None
    if first.rows and first.rows[0][0]:
        earliest = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(first.rows[0][0]))
    return replace(make_plan(query, project, found, now, earliest), before=Preliminary(statement, first.cost, _WHY_TWO))
