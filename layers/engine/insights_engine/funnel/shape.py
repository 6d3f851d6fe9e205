"""Rows of the compiled statement -> what the API answers: steps, a histogram, or series. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from insights_engine.entities import ALL_EVENTS, ActionEntity, AnyOf, Entity, EventEntity
from insights_engine.errors import ValidationError
from insights_engine.funnel.model import STEPS, TIME_TO_CONVERT, TRENDS
from insights_engine.funnel.plan import Plan
from insights_engine.intervals import bucket_key
from insights_engine.trend.model import ALL_USERS

Rows = Iterable[Sequence[Any]]
OTHER = "Other"
_SECOND = 1_000_000
# What fits into an answer of a few megabytes, with room.
MAX_STEPS, MAX_POINTS = 15_000, 80_000


def shape(plan: Plan, rows: Rows) -> Any:
    return _SHAPES[plan.query.viz](plan, list(rows))


def has_other(plan: Plan, rows: Rows) -> bool:
    """Whether there are more values than are shown; a histogram has none."""
    return bool(plan.query.breakdown) and plan.query.viz != TIME_TO_CONVERT and any(row[1] for row in rows)


def _steps(plan: Plan, rows: Sequence[Sequence[Any]]) -> Any:
    """One list of steps, or with a breakdown one a value."""
    query = plan.query
    if len(rows) * len(query.steps) > MAX_STEPS:
        raise ValidationError(
            f"The answer has more than {MAX_STEPS} steps; ask for fewer values", attr="breakdown_limit"
        )
    found = [_one_value(plan, *row) for row in rows if not (row[1] and query.breakdown.hide_other)]
    if query.breakdown:
        return found
    return found[0]


def _one_value(
    plan: Plan, value: Any, is_other: bool, counts: Sequence[int], sums: Sequence[int], medians: Sequence[float]
) -> list[dict[str, Any]]:
    scale = plan.query.sampling or 1
    shown = _breakdown(plan, value, is_other)
    made = []
    for order, (step, count) in enumerate(zip(plan.query.steps, counts, strict=True)):
        average = median = None
        if order and count:
            average, median = sums[order - 1] / count / _SECOND, medians[order - 1] / _SECOND
        made.append(
            _what(plan, step.entity)
            | {
                "order": order,
                "people": [],
                "count": round(count / scale),
                "average_conversion_time": average,
                "median_conversion_time": median,
            }
            | shown
        )
    return made


def _what(plan: Plan, entity: Entity) -> dict[str, Any]:
    """Several events and actions as one are named by all of them, and have no id."""
    custom = entity.custom_name
    match entity:
        case ActionEntity(action_id=number):
            name = plan.definitions.actions[number].name
            return {"action_id": number, "name": name, "custom_name": custom, "type": "actions"}
        case EventEntity(event=event):
            return {"action_id": event, "name": event, "custom_name": custom, "type": "events"}
        case AnyOf(members=members, name=own):
            names = (_what(plan, member)["name"] or ALL_EVENTS for member, _ in members)
            return {"action_id": None, "name": own or ", ".join(names), "custom_name": custom, "type": "events"}


def _breakdown(plan: Plan, value: Any, is_other: bool) -> dict[str, Any]:
    """Values of events and persons are lists, and so are those of several properties; a cohort has a name and an id."""
    by = plan.query.breakdown
    if not by:
        return {}
    is_list = by.as_list or any(b.type in ("event", "person") for b in by.properties)
    if is_other:
        shown: Any = [OTHER] * max(1, len(by.properties)) if is_list else OTHER
        return {"breakdown": shown, "breakdown_value": shown}
    if by.cohorts:
        if value == ALL_USERS:
            return {"breakdown": "all users", "breakdown_value": ALL_USERS}
        return {"breakdown": plan.definitions.cohorts[int(value)].name, "breakdown_value": int(value)}
    # Of several properties who has none of the values has no list at all.
    texts = [value] if len(by.properties) == 1 else list(value) or [""] * len(by.properties)
    shown = texts if is_list else value
    return {"breakdown": shown, "breakdown_value": shown}


def _histogram(plan: Plan, rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """Pairs of the second that a bin begins with and how many are in it; one more for the upper edge."""
    if not rows:
        return {"bins": [[second, 0] for second in range((plan.query.bins or 1) + 1)], "average_conversion_time": None}
    low, width, bins, runs, total = rows[0][:5]
    counts = {row[5]: row[6] for row in rows}
    scale = plan.query.sampling or 1
    return {
        "bins": [[low + width * i, round(counts.get(i, 0) / scale)] for i in range(bins + 1)],
        "average_conversion_time": total / runs / _SECOND,
    }


def _series(plan: Plan, rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """Of each period the share of those who entered in it that converted, in percent; and how many both were, for a
    share of few says little."""
    query = plan.query
    found = [row for row in rows if not (row[1] and query.breakdown.hide_other)]
    if len(found) * len(plan.buckets) > MAX_POINTS:
        raise ValidationError(
            f"The answer has more than {MAX_POINTS} values; choose a longer interval or ask for fewer values",
            attr="interval",
        )
    places = [bucket_key(query.interval, at) for at in plan.buckets]
    label = "{0.day}-{0:%b-%Y}" if query.interval.of_day else "{0.day}-{0:%b-%Y %H:%M}"
    axis = {
        "days": [at.strftime(query.interval.days_format) for at in plan.buckets],
        "labels": [label.format(at) for at in plan.buckets],
    }
    made, scale = [], query.sampling or 1
    for value, is_other, keys, entered, converted in found:
        came = {key: (n, done) for key, n, done in zip(keys, entered, converted, strict=True)}
        both = [came.get(place, (0, 0)) for place in places]
        numbers = {
            "reached_from_step_count": [round(n / scale) for n, _ in both],
            "reached_to_step_count": [round(done / scale) for _, done in both],
        }
        shares = [_percent(n, done) for n, done in both]
        shown = _breakdown(plan, value, is_other)
        own = {"breakdown_value": shown["breakdown_value"]} if shown else {}
        made.append({"count": len(shares), "data": shares, **axis, **numbers, **own})
    return made


def _percent(entered: int, converted: int) -> float:
    return round(100 * converted / entered, 2) if entered else 0.0


_SHAPES = {STEPS: _steps, TIME_TO_CONVERT: _histogram, TRENDS: _series}
