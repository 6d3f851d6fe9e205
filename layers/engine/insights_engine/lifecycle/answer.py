"""A lifecycle query answered: one statement, four rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from insights_engine.actors import Actors, Wanted
from insights_engine.answer import Answer
from insights_engine.entities import ActionEntity, Entity, EventEntity
from insights_engine.errors import ValidationError, unknown
from insights_engine.lifecycle.compile import STATUSES, compile_lifecycle, compile_people
from insights_engine.project import Project
from insights_engine.reads import read_rows
from insights_engine.services import Services
from insights_engine.trend.answer import answered, nothing, plan_of, read_page
from insights_engine.trend.compile import branches
from insights_engine.trend.model import TrendQuery
from insights_engine.trend.people import Chosen as Point
from insights_engine.trend.people import place_of, series_at
from insights_engine.trend.plan import Plan
from insights_engine.trend.shape import axis, series_label


@dataclass(frozen=True, slots=True)
class Chosen:
    """A status in an interval, which a moment of it or its number names."""

    status: str | None = None
    day: str | None = None
    interval: int | None = None


def answer(query: TrendQuery, project: Project, services: Services, now: datetime) -> Answer:
    """Raises ValidationError, and Overloaded when ClickHouse hits a limit."""
    plan = plan_of(query, project, services, now)
    if not branches(plan):
        return nothing(plan)
    statement = compile_lifecycle(plan)
    rows = read_rows(services, statement, query, project)
    return answered(plan, _shape(plan, rows.rows), statement, rows.cost)


def actors(
    query: TrendQuery, project: Project, services: Services, now: datetime, chosen: Chosen, wanted: Wanted
) -> Actors:
    """Who is it in an interval, in pages: one statement each. Raises as `answer` does."""
    if chosen.status is None:
        names = ", ".join(STATUSES)
        raise ValidationError(f"status is required: one of {names}", attr="status", code="required")
    if chosen.status not in STATUSES:
        raise unknown("status", chosen.status, STATUSES)
    plan = plan_of(query, project, services, now)
    series_at(query, 0)
    place = place_of(plan, Point(chosen.day, chosen.interval))
    people = compile_people(plan, place, chosen.status, wanted) if branches(plan) else None
    return read_page(people, wanted, plan.query.actor_group_index, plan, services)


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
