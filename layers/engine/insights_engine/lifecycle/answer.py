"""A lifecycle query answered: one statement, four rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from insights_engine.answer import Answer
from insights_engine.entities import ActionEntity, Entity, EventEntity
from insights_engine.errors import ValidationError, attr_of
from insights_engine.lifecycle.compile import STATUSES, compile_lifecycle
from insights_engine.nodes import QueryNode, common, read
from insights_engine.project import Project
from insights_engine.services import Services
from insights_engine.trend.answer import answered, nothing, plan_of, read_rows
from insights_engine.trend.compile import branches
from insights_engine.trend.model import TrendQuery
from insights_engine.trend.plan import Plan
from insights_engine.trend.shape import axis, series_label


class LifecycleQueryNode(QueryNode):
    kind: Literal["LifecycleQuery"]
    lifecycle_filter: dict[str, Any] | None = Field(None, alias="lifecycleFilter")


def parse_node(node: dict[str, Any], field: str = "query") -> TrendQuery:
    """The node as a trend query of one plain series; `lifecycleFilter` is visual."""
    return common(read(LifecycleQueryNode, node, field))


def answer(query: TrendQuery, project: Project, services: Services, now: datetime) -> Answer:
    """Raises ValidationError, and Overloaded when ClickHouse hits a limit."""
    if len(query.series) > 1:
        field = query.series[1].field
        raise ValidationError(f"{field}: a lifecycle has one series", attr=attr_of(field))
    # Displays, breakdowns, formulas and compare have no meaning here; upstream does not look at them either.
    plain = TrendQuery(query.series)
    query = replace(
        query,
        display=plain.display,
        breakdown=plain.breakdown,
        formulas=plain.formulas,
        compare=plain.compare,
        smoothing=plain.smoothing,
    )
    plan = plan_of(query, project, services, now)
    if not branches(plan):
        return nothing(plan)
    statement = compile_lifecycle(plan)
    rows = read_rows(services, statement, query, project)
    return answered(plan, _shape(plan, rows.rows), statement, rows.cost)


def _entity_id(entity: Entity, label: str) -> str | None:
    """An action's id as text, an event's name (null for all events)."""
    if isinstance(entity, ActionEntity):
        return str(entity.action_id)
    return entity.event if isinstance(entity, EventEntity) else label


def _shape(plan: Plan, rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    """Always four rows in the order of STATUSES, zero-filled; dormant counts are negative."""
    period, series = plan.periods[0], plan.query.series[0]
    data = {status: [0.0] * len(period.buckets) for status in STATUSES}
    for status, place, actors in rows:
        scale = plan.query.sampling or 1
        data[status][place - 2] = (-1 if status == "dormant" else 1) * float(round(actors / scale))
    label = series_label(plan, series)
    is_action = isinstance(series.entity, ActionEntity)
    action = {
        "id": _entity_id(series.entity, label),
        "name": label,
        "custom_name": series.entity.custom_name,
        "type": "actions" if is_action else "events",
        "order": 0,
        "math": "total",
    }
    return [
        {
            "action": action,
            "label": f"{label} - {status}",
            "status": status,
            "count": sum(data[status]),
            "data": data[status],
            **axis(plan, period),
        }
        for status in STATUSES
    ]
