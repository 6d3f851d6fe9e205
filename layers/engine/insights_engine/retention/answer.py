"""A retention query answered: definitions, window, one statement, shape; and the people behind one of its rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from insights_engine import definitions
from insights_engine.actors import Kept, everybody
from insights_engine.answer import Answer, resolved_dates
from insights_engine.clickhouse import Cost
from insights_engine.entities import action_ids
from insights_engine.errors import ValidationError, attr_of
from insights_engine.filters import applied
from insights_engine.project import Project
from insights_engine.reads import read_rows
from insights_engine.retention.compile import compile_actors, compile_retention
from insights_engine.retention.model import RetentionQuery
from insights_engine.retention.shape import column_labels, mean_row, shape
from insights_engine.retention.window import Plan, before, make_window
from insights_engine.services import Services
from insights_engine.sql import Sql
from insights_engine.trend.breakdowns import OTHER


@dataclass(frozen=True, slots=True)
class Retention(Answer):
    """`labels` are those of the columns."""

    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chosen:
    """A row of the answer, of one breakdown value, and where `column` is given only who came back in that one."""

    row: int = 0
    value: str | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True)
class Actors:
    """A page of (person's number or group's key, columns) of a row of `width` columns, the most columns first."""

    found: list[tuple[int | str, list[int]]]
    has_more: bool
    width: int
    sql: Sql
    cost: Cost


def answer(query: RetentionQuery, project: Project, services: Services, now: datetime) -> Retention:
    """Raises ValidationError, and Overloaded when ClickHouse hits a limit."""
    plan = plan_of(query, project, services, now)
    statement = compile_retention(plan)
    rows = read_rows(services, statement, query, project)
    result = shape(plan, rows.rows)
    labels = tuple(column_labels(query))
    return Retention(
        result,
        False,
        resolved_dates(plan.window.start, before(plan.window.end)),
        statement,
        rows.cost,
        mean=mean_row(plan, result),
        applied_filters=_applied(query, project),
        labels=labels,
    )


def _applied(query: RetentionQuery, project: Project) -> dict[str, Any]:
    tests = project.test_account_filters if query.filter_test_accounts else None
    sides = {"target entity": query.target.filter, "returning entity": query.returning.filter}
    return applied(query.filter, tests, sides.items())


def actors(
    query: RetentionQuery,
    project: Project,
    services: Services,
    now: datetime,
    chosen: Chosen,
    *,
    limit: int,
    offset: int,
    kept: Kept = everybody,
) -> Actors:
    """Who is in a row, in pages: one statement each. Raises as `answer` does, and for a row that there is not."""
    plan = plan_of(query, project, services, now)
    _check_row(plan, chosen)
    statement = compile_actors(plan, chosen.row, chosen.value, chosen.column, limit + 1, offset, kept)
    rows = read_rows(services, statement, query, project)
    found = [(actor, [int(c) for c in columns]) for actor, columns in rows.rows]
    width = _width(plan, chosen)
    shown = [(actor, [c for c in columns if c < width]) for actor, columns in found[:limit]]
    return Actors(shown, len(found) > limit, width, statement, rows.cost)


def _width(plan: Plan, chosen: Chosen) -> int:
    query = plan.query
    return query.columns - chosen.row if query.is_legacy and not query.is_pooled else query.columns


def _check_row(plan: Plan, chosen: Chosen) -> None:
    rows, by = 1 if plan.query.is_pooled else plan.window.rows, plan.query.breakdown
    place = "selected_interval" if plan.query.is_legacy else "interval"
    if not 0 <= chosen.row < rows:
        raise ValidationError(f"There is no interval {chosen.row}: there are 0 to {rows - 1}", attr=place)
    if chosen.column is not None and chosen.column >= _width(plan, chosen):
        raise ValidationError(
            f"The row has no interval {chosen.column}: it has 0 to {_width(plan, chosen) - 1}", attr=place
        )
    if by and chosen.value is None:
        raise ValidationError("breakdown is required: the query has rows of several values", attr="breakdown")
    if not by and chosen.value is not None:
        raise ValidationError("breakdown: the query has none", attr="breakdown")
    if chosen.value == OTHER:
        raise ValidationError("breakdown: people behind the sum of other values are not listed", attr="breakdown")


def plan_of(query: RetentionQuery, project: Project, services: Services, now: datetime) -> Plan:
    found = definitions.named_by(
        services.policies,
        project,
        query.filters(),
        actions=action_ids(query.target.entity) | action_ids(query.returning.entity),
        cohorts={c for c in query.breakdown.cohorts if isinstance(c, int)}
        | definitions.cohorts_in(*query.breakdown.expressions),
        without_tests=query.filter_test_accounts,
    )
    for side in (query.target, query.returning):
        for action_id in action_ids(side.entity) - set(found.actions):
            raise ValidationError(
                f"Action {action_id} does not exist in this project", attr=attr_of(f"{side.field}.id")
            )
    return Plan(query, project, found, now, make_window(query, project, now))
