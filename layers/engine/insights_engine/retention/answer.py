"""A retention query answered: definitions, window, one statement, shape."""

from __future__ import annotations

from datetime import datetime

from insights_engine import definitions
from insights_engine.entities import action_ids
from insights_engine.errors import ValidationError
from insights_engine.filters import parse_filters
from insights_engine.project import Project
from insights_engine.retention.compile import compile_retention
from insights_engine.retention.model import RetentionQuery
from insights_engine.retention.shape import mean_row, shape
from insights_engine.retention.window import Plan, make_window
from insights_engine.services import Services
from insights_engine.trend.answer import Trend, read_rows


def answer(query: RetentionQuery, project: Project, services: Services, now: datetime) -> Trend:
    """Raises ValidationError, and Overloaded when ClickHouse hits a limit."""
    plan = _plan(query, project, services, now)
    statement = compile_retention(plan)
    rows = read_rows(services, statement, query, project)
    result = shape(plan, rows.rows)
    ends = {"date_from": plan.window.start, "date_to": plan.window.end}
    dates = {name: at.isoformat().replace("+00:00", "Z") for name, at in ends.items()}
    return Trend(result, False, dates, statement, rows.cost, mean_row(plan, result))


def _plan(query: RetentionQuery, project: Project, services: Services, now: datetime) -> Plan:
    filters = query.filters()
    if query.filter_test_accounts:
        filters.append(parse_filters(list(project.test_account_filters), field="test_account_filters"))
    actions = action_ids(query.target.entity) | action_ids(query.returning.entity)
    cohorts = definitions.cohort_ids(filters) | {c for c in query.breakdown.cohorts if isinstance(c, int)}
    found = definitions.Definitions()
    if actions or cohorts:
        found = definitions.load(services.policies, project.id, actions, cohorts)
    for action_id in sorted(actions - set(found.actions)):
        raise ValidationError(f"Action {action_id} does not exist in this project", attr="id")
    return Plan(query, project, found, now, make_window(query, project, now))
