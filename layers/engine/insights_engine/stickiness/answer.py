"""A stickiness query answered: one statement, a row a series and period."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from insights_engine.answer import Answer
from insights_engine.entities import EventEntity
from insights_engine.project import Project
from insights_engine.services import Services
from insights_engine.stickiness.compile import compile_stickiness, length
from insights_engine.stickiness.model import StickinessQuery
from insights_engine.trend.answer import answered, nothing, plan_of, read_rows
from insights_engine.trend.compile import Branch, branches
from insights_engine.trend.model import TrendQuery
from insights_engine.trend.plan import Plan
from insights_engine.trend.shape import series_label


def answer(query: StickinessQuery, project: Project, services: Services, now: datetime) -> Answer:
    """Raises ValidationError, and Overloaded when ClickHouse hits a limit."""
    plain = TrendQuery(query.trend.series)
    # Displays, breakdowns and formulas have no meaning here.
    trend = replace(query.trend, display=plain.display, breakdown=plain.breakdown, formulas=plain.formulas, smoothing=1)
    plan = plan_of(trend, project, services, now)
    if not branches(plan):
        return nothing(plan)
    statement = compile_stickiness(query, plan)
    rows = read_rows(services, statement, trend, project)
    return answered(plan, _shape(query, plan, rows.rows), statement, rows.cost)


def _shape(query: StickinessQuery, plan: Plan, rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    found = branches(plan)
    data = [[0] * length(query, plan, branch.period_index) for branch in found]
    for index, intervals, actors in rows:
        if 0 < intervals <= len(data[index]):
            data[index][intervals - 1] = round(actors / (plan.query.sampling or 1))
    # Compared periods stand next to each other, series by series.
    order = sorted(range(len(found)), key=lambda i: (found[i].series_index, found[i].period_index))
    return [_row(query, plan, found[i], data[i]) for i in order]


def _row(query: StickinessQuery, plan: Plan, branch: Branch, data: list[int]) -> dict[str, Any]:
    series, period = plan.query.series[branch.series_index], plan.periods[branch.period_index]
    name, numbers = series_label(plan, series), range(1, len(data) + 1)
    shown = [sum(data[k - 1 :]) for k in numbers] if query.is_cumulative else data
    more = " or more" if query.is_cumulative else ""
    row = {
        "action": {
            "id": None if series.entity == EventEntity(None, series.entity.custom_name) else name,
            "name": name,
            "custom_name": series.entity.custom_name,
            "type": "events",
            "order": branch.series_index,
            "math": series.math_name,
        },
        "label": name,
        "count": sum(data),
        "data": shown,
        "days": list(numbers),
        "labels": [f"{k} {plan.interval.name}{'' if k == 1 else 's'}{more}" for k in numbers],
        "order": branch.series_index,
    }
    if period.compare_label:
        row |= {"compare": True, "compare_label": period.compare_label}
    return row
