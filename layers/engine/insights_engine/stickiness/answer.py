"""A stickiness query answered: one statement, a row a series and period."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from insights_engine.actors import Actors, Wanted
from insights_engine.answer import Answer
from insights_engine.entities import EventEntity
from insights_engine.errors import ValidationError
from insights_engine.project import Project
from insights_engine.reads import read_rows
from insights_engine.scan import require_group_index
from insights_engine.services import Services
from insights_engine.stickiness.compile import compile_people, compile_stickiness, length
from insights_engine.stickiness.model import StickinessQuery
from insights_engine.trend.answer import answered, nothing, plan_of, read_page
from insights_engine.trend.compile import Branch, branches
from insights_engine.trend.people import series_at
from insights_engine.trend.plan import Plan
from insights_engine.trend.shape import series_label


@dataclass(frozen=True, slots=True)
class Chosen:
    """A number of intervals, of a series in a period; where nothing else is said, as the answer's numbers count it."""

    intervals: int
    series: int = 0
    compare: Literal["current", "previous"] | None = None
    operator: Literal["exact", "gte", "lte"] | None = None


def answer(query: StickinessQuery, project: Project, services: Services, now: datetime) -> Answer:
    """Raises ValidationError, and Overloaded when ClickHouse hits a limit."""
    plan = plan_of(query.trend, project, services, now)
    if not branches(plan):
        return nothing(plan)
    statement = compile_stickiness(query, plan)
    rows = read_rows(services, statement, query.trend, project)
    return answered(plan, _shape(query, plan, rows.rows), statement, rows.cost)


def actors(
    query: StickinessQuery, project: Project, services: Services, now: datetime, chosen: Chosen, wanted: Wanted
) -> Actors:
    """Who was active in so many intervals, in pages: one statement each. Raises as `answer` does."""
    listed = group_listed(query, chosen)
    plan = plan_of(query.trend, project, services, now)
    period = int(chosen.compare == "previous")
    if period >= len(plan.periods):
        raise ValidationError("compare: the query compares with no earlier period", attr="compare")
    most = length(query, plan, period)
    if not 1 <= chosen.intervals <= most:
        raise ValidationError(f"day is a number of intervals, from 1 to {most}", attr="day")
    place = (chosen.series, period)
    branch = next((one for one in branches(plan) if (one.series_index, one.period_index) == place), None)
    k, operator = chosen.intervals, chosen.operator or ("gte" if query.is_cumulative else "exact")
    span = {"exact": (k, k), "gte": (k, most), "lte": (1, k)}[operator]
    people = compile_people(query, plan, branch, span, wanted) if branch else None
    return read_page(people, wanted, listed, plan, services)


def group_listed(query: StickinessQuery, chosen: Chosen) -> int | None:
    """The type of the groups that are listed; None for persons. Raises ValidationError where values are counted."""
    series = series_at(query.trend, chosen.series)
    if series.math.source == "hogql":
        raise ValidationError(f"{series.field}: values of an expression are no people to list", attr="series")
    if series.math.source != "groups":
        return None
    return require_group_index(series.math_group_type_index, f"{series.field}.math_group_type_index")


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
