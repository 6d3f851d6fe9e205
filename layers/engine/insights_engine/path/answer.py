"""A paths query answered: definitions, window, one statement, shape; and the people behind an edge or a node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from insights_engine import definitions
from insights_engine.actors import Kept, everybody
from insights_engine.answer import Answer, Preliminary, resolved_dates
from insights_engine.clickhouse import Cost, Rows
from insights_engine.entities import action_ids
from insights_engine.errors import ValidationError, attr_of
from insights_engine.filters import applied, leaves
from insights_engine.path.compile import compile_actors, compile_paths
from insights_engine.path.model import PathQuery
from insights_engine.path.shape import shape
from insights_engine.path.window import Plan, packing, window
from insights_engine.project import Project
from insights_engine.reads import read_rows
from insights_engine.services import Services
from insights_engine.sql import Sql

_WHY_TWO = "there are more items than fit into the short numbers that a range of this length leaves room for"
_NOTHING_HIDDEN = {"edges": 0, "sessions": 0, "people": 0}


@dataclass(frozen=True, slots=True)
class Paths(Answer):
    """`hidden` counts the edges that are not in the answer, and the sessions and people that have one of them."""

    hidden: dict[str, int] = field(default_factory=dict)

    @property
    def additions(self) -> dict[str, Any]:
        return {"hidden": self.hidden}


@dataclass(frozen=True, slots=True)
class Actors:
    """A page of persons' numbers."""

    found: list[int]
    has_more: bool
    sql: Sql
    cost: Cost


def answer(query: PathQuery, project: Project, services: Services, now: datetime) -> Paths:
    """Raises ValidationError, and Overloaded when ClickHouse hits a limit."""
    plan = plan_of(query, project, services, now)
    run = _run(plan, services, compile_paths)
    result, hidden = shape(plan, run.row) if run.row else ([], dict(_NOTHING_HIDDEN))
    return Paths(
        result,
        hidden["edges"] > 0,
        resolved_dates(plan.start, plan.end),
        run.sql,
        run.cost,
        applied_filters=applied(query.filter, project.test_account_filters if query.filter_test_accounts else None, ()),
        before=run.before,
        hidden=hidden,
    )


def actors(
    query: PathQuery,
    project: Project,
    services: Services,
    now: datetime,
    *,
    limit: int,
    offset: int,
    kept: Kept = everybody,
) -> Actors:
    """Who went along the edge, or through the node, that the query names. Raises as `answer` does."""
    plan = plan_of(query, project, services, now)
    run = _run(plan, services, lambda plan: compile_actors(plan, limit + 1, offset, kept))
    found = list(run.row[0]) if run.row else []
    cost = run.cost if run.before is None else run.cost + run.before.cost
    return Actors(found[:limit], len(found) > limit, run.sql, cost)


class _Run(NamedTuple):
    """`row` is what the statement found; None where no event can be in the range."""

    row: Sequence[Any] | None
    sql: Sql
    cost: Cost
    before: Preliminary | None = None


def _run(plan: Plan, services: Services, made: Callable[[Plan], Sql]) -> _Run:
    """One statement. Where it says that there are more items than numbers, it has read no more than their names, and
    one with longer numbers follows."""
    if plan.is_empty:
        return _Run(None, Sql(""), Cost())
    statement = made(plan)
    rows = _read(plan, services, statement)
    fits, *row = rows.rows[0]
    if fits:
        return _Run(row, statement, rows.cost)
    before = Preliminary(statement, rows.cost, _WHY_TWO)
    statement = made(replace(plan, packing=packing(plan.start, plan.end, wide=True)))
    rows = _read(plan, services, statement)
    return _Run(rows.rows[0][1:], statement, rows.cost, before)


def _read(plan: Plan, services: Services, statement: Sql) -> Rows:
    """Of some expressions only RE2 itself can tell that they are too large: then those that there are are named."""
    query = plan.query
    try:
        return read_rows(services, statement, query, plan.project)
    except ValidationError as error:
        if error.attr or "regular expression" not in error.detail:
            raise
        places = [query.rules_field] if query.rules else []
        if query.cleans_by_project and plan.project.path_cleaning_filters:
            places.append("path_cleaning_filters of the project")
        if any("regex" in leaf.operator for leaf in leaves(query.filter)):
            places.append("properties")
        attr = attr_of(places[0]) if len(places) == 1 else None
        raise ValidationError(
            f"{' or '.join(places)}: {error.detail}" if places else error.detail, attr=attr
        ) from error


def plan_of(query: PathQuery, project: Project, services: Services, now: datetime) -> Plan:
    filters, funnel = [query.filter], query.funnel.funnel if query.funnel else None
    actions = set[int]()
    if funnel is not None:
        filters += funnel.filters()
        actions = {number for entity in funnel.entities() for number in action_ids(entity)}
    found = definitions.named_by(
        services.policies,
        project,
        filters,
        actions=actions,
        cohorts=definitions.cohorts_in(query.expression),
        without_tests=query.filter_test_accounts or (funnel is not None and funnel.filter_test_accounts),
    )
    for number in sorted(actions - set(found.actions)):
        place = query.funnel.field if query.funnel else ""
        raise ValidationError(f"{place}: action {number} does not exist in this project", attr=attr_of(place))
    start, end = window(query, project, now)
    return Plan(query, project, found, now, start, end, packing(start, end))
