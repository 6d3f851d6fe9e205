"""A trend query answered: definitions, plan, one statement, shape. The only module here that reads anything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from insights_engine import definitions
from insights_engine.clickhouse import Cost, Rows
from insights_engine.errors import ValidationError
from insights_engine.filters import parse_filters
from insights_engine.project import Project
from insights_engine.scan import Scan
from insights_engine.services import Services
from insights_engine.sql import Sql
from insights_engine.trend.compile import branches, compile_trend, earliest_event
from insights_engine.trend.formula import compile_formula
from insights_engine.trend.model import TrendQuery
from insights_engine.trend.plan import Plan, make_plan
from insights_engine.trend.shape import resolved_range, shape


@dataclass(frozen=True, slots=True)
class Trend:
    """`result` are the API's series objects; `cost` is the sum over the statements that were run."""

    result: list[dict[str, Any]]
    has_more: bool
    resolved_date_range: dict[str, str]
    sql: Sql
    cost: Cost
    # Retention alone has it: the mean share per column.
    mean: list[float] | None = None


class MayHoldExpression(Protocol):
    """A query of any insight, as far as faults of SQL expressions go."""

    def has_expression(self, project: Project) -> bool: ...


def answer(query: TrendQuery, project: Project, services: Services, now: datetime) -> Trend:
    """Raises ValidationError, and Overloaded when ClickHouse hits a limit."""
    plan = plan_of(query, project, services, now)
    for number, formula in enumerate(query.formulas):
        compile_formula(formula.text, len(query.series), "formula" if number == 0 else f"formulas[{number}]")
    if not branches(plan):
        return Trend([], False, resolved_range(plan), Sql(""), Cost())
    statement = compile_trend(plan)
    rows = read_rows(services, statement, query, project)
    shaped = shape(plan, rows.rows)
    return Trend(shaped.series, shaped.has_other, resolved_range(plan), statement, rows.cost)


def read_rows(services: Services, statement: Sql, query: MayHoldExpression, project: Project) -> Rows:
    """Faults of an SQL expression that only ClickHouse can see are the caller's."""
    try:
        return services.clickhouse.read(statement, project_id=project.id)
    except Exception as error:
        from insights_engine.hogql.failures import reason

        said = reason(error) if query.has_expression(project) else None
        if said is None:
            raise
        raise ValidationError(said) from error


def plan_of(query: TrendQuery, project: Project, services: Services, now: datetime) -> Plan:
    """The plan, with the actions and cohorts that the query names, and the first event's time where it asks for all."""
    actions, filters, cohorts = query.referred()
    if query.filter_test_accounts:
        filters.append(parse_filters(list(project.test_account_filters), field="test_account_filters"))
    cohorts |= definitions.cohort_ids(filters)
    named = definitions.load(services.policies, project.id, actions, cohorts) if actions or cohorts else None
    found = named or definitions.Definitions()
    earliest = None
    if query.date_from == "all" and query.series:
        # A second statement: the range, and with it the buckets, follow from what this one finds.
        statement = earliest_event(Scan(project, found, now), query.series)
        rows = services.clickhouse.read(statement, project_id=project.id).rows
        if rows and rows[0][0]:
            earliest = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(rows[0][0]))
    return make_plan(query, project, found, now, earliest)
