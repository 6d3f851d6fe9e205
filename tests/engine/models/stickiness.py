"""Stickiness by the book: every rule in its plainest form over a list of events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from tests.engine.models.calendar import LONG, SHORT, bucket, buckets, midnight
from tests.engine.models.worlds import World

QUALIFIES: dict[str, Callable[[int, int], bool]] = {
    "gte": lambda n, wanted: n >= wanted,
    "lte": lambda n, wanted: n <= wanted,
    "exact": lambda n, wanted: n == wanted,
}


def stickiness(world: World, question: dict[str, Any]) -> list[list[int]]:
    """The rows' data: the range, and with compare the one before, as many days long."""
    first, last = question["first"], question["last"]
    days = (last - first) + timedelta(days=1)
    periods = [(first, last), (first - days, last - days)] if question["compare"] else [(first, last)]
    return [_row(world, question, *period) for period in periods]


def _row(world: World, question: dict[str, Any], first: date, last: date) -> list[int]:
    interval, count = question["interval"], question["count"]
    shown = buckets(first, last, interval, world.zone, world.monday)
    begin = shown[0] if interval in LONG else first
    lower, upper = midnight(begin, world.zone), midnight(last + timedelta(days=1), world.zone)
    per_actor: dict[Any, Counter[Any]] = {}
    for event in world.counted(question):
        actor = _actor(world, question["math"], event)
        if actor is None or not lower <= event["at"] < upper:
            continue
        key: Any = bucket(event["at"], interval, world.zone, world.monday)
        if count is not None:
            key = _back(event["at"], upper, interval, world) // count
        per_actor.setdefault(actor, Counter())[key] += 1
    operator, wanted = question["criteria"] or ("gte", 1)
    reached = Counter(sum(QUALIFIES[operator](n, wanted) for n in one.values()) for one in per_actor.values())
    data = [reached[k] for k in range(1, -(-len(shown) // (count or 1)) + 1)]
    return [sum(data[k:]) for k in range(len(data))] if question["cumulative"] else data


def _actor(world: World, math: str, event: dict[str, Any]) -> Any:
    return {"unique_group": event["group"], "hogql": event["kind"]}.get(math, world.person_of(event))


def _back(at: datetime, end: datetime, interval: str, world: World) -> int:
    """Whole intervals from the event to the range's end."""
    if interval in SHORT:
        return (end - timedelta(microseconds=1) - at) // SHORT[interval]
    day, last = at.astimezone(world.zone).date(), (end - timedelta(microseconds=1)).astimezone(world.zone).date()
    if interval in LONG:
        months = (last.year - day.year) * 12 + last.month - day.month - (day.day > last.day)
        return months // LONG[interval]
    return (last - day).days // (7 if interval == "week" else 1)
