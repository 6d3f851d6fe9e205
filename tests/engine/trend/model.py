"""Trends by the book: every rule in its plainest form over a list of events, to compare the engine with."""

from __future__ import annotations

import math
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from tests.engine.asking import NOW
from tests.engine.models.calendar import LONG
from tests.engine.models.operators import Place, holds, number, text

NULL, OTHER = "$$_posthog_breakdown_null_$$", "$$_posthog_breakdown_other_$$"
Event = dict[str, Any]  # event, person, at, properties, person_properties, group, duration (of its session)
PLACE = Place(NOW, ZoneInfo("UTC"))


def keeps(tree: Any, event: Event) -> bool:
    if isinstance(tree, list):
        return all(keeps(one, event) for one in tree)
    if "values" in tree:
        inner = [keeps(one, event) for one in tree["values"]]
        return not inner or (all(inner) if tree["type"] == "AND" else any(inner))
    of = "person_properties" if tree["type"] == "person" else "properties"
    return holds(tree["operator"], tree.get("value"), event[of].get(tree["key"]), PLACE)


def quantile(numbers: list[float], q: float) -> float:
    ordered = sorted(numbers)
    place = q * (len(ordered) - 1)
    low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
    return low + (high - low) * (place - math.floor(place))


# How long an actor stays active.
DAYS = {"weekly_active": 7, "monthly_active": 30}
SIMPLE: dict[str, Callable[[list[float]], float]] = {
    "sum": sum,
    "min": min,
    "max": max,
    "avg": lambda n: sum(n) / len(n),
    "median": lambda n: quantile(n, 0.5),
    **{f"p{q}": partial(quantile, q=q / 100) for q in (75, 90, 95, 99, 99.9)},
}


# Aggregate expressions, of numbers that are not there as well.
EXPRESSIONS: dict[str, Callable[[list[Event]], float]] = {
    "count(distinct properties.k) + 1000": lambda es: (
        1000.0 + len({text(e["properties"].get("k")) for e in es} - {None})
    ),
    "max(toFloat(properties.n)) - min(toFloat(properties.n))": lambda es: (
        max(ns := _numbers("properties", "n", es)) - min(ns) if _numbers("properties", "n", es) else 0.0
    ),
}


def aggregate(series: dict[str, Any], events: list[Event]) -> float:
    name = series.get("math") or "total"
    if name == "hogql":
        return EXPRESSIONS[series["math_hogql"]](events) if events else 0.0
    if name.endswith("_count_per_actor"):
        numbers = [float(n) for n in Counter(e["person"] for e in events).values()]
        return SIMPLE[name.removesuffix("_count_per_actor")](numbers) if numbers else 0.0
    if name in SIMPLE:
        of = "person_properties" if series.get("math_property_type") == "person_properties" else "properties"
        found = _numbers(of, series["math_property"], events)
        if series["math_property"] == "$session_duration":
            found = list({e["properties"]["$session_id"]: e["duration"] for e in events}.values())
        return bounded(SIMPLE[name](found)) if found else 0.0
    if name == "unique_session":
        return len({e["properties"].get("$session_id") or "" for e in events})
    if name in ("total", "first_time_for_user", "first_matching_event_for_user"):
        return len(events)
    return len({actor(series, e) for e in events})


def _numbers(of: str, key: str, events: Iterable[Event]) -> list[float]:
    return [n for e in events if (n := number(e[of].get(key))) is not None]


def counts(series: dict[str, Any], event: Event) -> bool:
    """Whether it has the group or the session that the maths is of."""
    if series["math"] in SIMPLE and series["math_property"] == "$session_duration":
        return "duration" in event
    return actor(series, event) is not None


def actor(series: dict[str, Any], event: Event) -> Any:
    """Who is counted: the person, or the group where the series names a type; None where there is none."""
    by_group = series["math"] == "unique_group" or (
        series["math"] in DAYS and series.get("math_group_type_index") is not None
    )
    return event["group"] if by_group else event["person"]


def _place(value: Any) -> int:
    return {NULL: 1, OTHER: 2}.get(value, 0)


def bounded(value: float) -> float:
    return max(-sys.float_info.max, min(sys.float_info.max, value))


def _evaluate(formula: str, cells: tuple[float, ...]) -> float:
    try:
        value = eval(formula, {}, {chr(ord("A") + i): float(cell) for i, cell in enumerate(cells)})
    except ArithmeticError:
        return 0.0
    return value if isinstance(value, float) and math.isfinite(value) else 0.0


class Model:
    """`zone` and Sunday-first weeks; dates of queries are `Y-m-d`, both given."""

    def __init__(self, events: list[Event], zone: str) -> None:
        self.events, self.zone = events, ZoneInfo(zone)

    def start(self, at: datetime, interval: str) -> datetime:
        local = at.astimezone(self.zone)
        day = datetime(local.year, local.month, local.day)
        if interval in ("minute", "hour"):  # counted from midnight
            midnight, size = day.replace(tzinfo=self.zone).astimezone(UTC), timedelta(**{f"{interval}s": 1})
            return midnight + (at.astimezone(UTC) - midnight) // size * size
        if interval == "week":
            day -= timedelta(days=(day.weekday() + 1) % 7)
        if interval in LONG:
            day = day.replace(day=1, month=(day.month - 1) // LONG[interval] * LONG[interval] + 1)
        return day.replace(tzinfo=self.zone).astimezone(UTC)

    def ask(self, node: dict[str, Any]) -> list[tuple[Any, list[float]]]:
        """(breakdown value, data) of every row, in the order of the answer."""
        first, last = (datetime.fromisoformat(node["dateRange"][k][:10]) for k in ("date_from", "date_to"))
        shift = timedelta(days=(last - first).days + 1)
        compared = bool((node.get("compareFilter") or {}).get("compare"))
        formula = (node.get("trendsFilter") or {}).get("formula")
        found: list[tuple[Any, list[float]]] = []
        for back in [timedelta(0), shift] if compared else [timedelta(0)]:
            begin, end = ((at - back).replace(tzinfo=self.zone) for at in (first, last + timedelta(days=1)))
            lists = [self.rows(node, series, begin, end) for series in node["series"]]
            found += self.by_formula(formula, lists, compared) if formula else [row for rows in lists for row in rows]
        return found

    def by_formula(self, formula: str, lists: list[list[Any]], compared: bool) -> list[tuple[Any, list[float]]]:
        """A series without the value counts as zeros; what divides by zero or is no number is 0."""
        tables = [dict(rows) for rows in lists]
        values = {value: len(data) for rows in lists for value, data in rows}
        made = []
        for value, size in values.items():
            columns = [table.get(value, [0.0] * size) for table in tables]
            made.append((value, [_evaluate(formula, cells) for cells in zip(*columns, strict=True)]))
        made.sort(key=lambda row: (() if compared else tuple(row[1]), row[0] or ""), reverse=not compared)
        return sorted(made, key=lambda row: (_place(row[0]), -bounded(sum(row[1]))))

    def rows(self, node: dict[str, Any], s: dict[str, Any], first: datetime, end: datetime) -> list[Any]:
        interval, by = node["interval"], node.get("breakdownFilter") or {}
        display = (node.get("trendsFilter") or {}).get("display")
        total, name = display in ("ActionsPie", "ActionsTable", "BoldNumber"), s.get("math") or "total"
        opening, closing = first.astimezone(UTC), end.astimezone(UTC)
        step = timedelta(minutes=1 if interval == "minute" else 30)
        starts = sorted({self.start(opening + step * i, interval) for i in range((closing - opening) // step)})
        lower = self.start(first, interval) if interval in LONG and not total else first
        own = [e for e in self.events if s["event"] in (None, e["event"]) and e["at"] < end]
        passing = [e for e in own if keeps(node.get("properties") or [], e) and keeps(s.get("properties") or [], e)]
        if name.startswith("first_"):
            passing = self.firsts(own if name == "first_time_for_user" else passing, passing)
        rolls, days = name in DAYS, DAYS.get(name, 0)
        passing = [e for e in passing if counts(s, e)]
        groups: dict[Any, list[float]] = {}
        for value, events in self.split(passing, by).items():
            if total:
                begin = (end - timedelta(days=days)).replace(tzinfo=self.zone) if rolls else lower
                chosen = [e for e in events if begin <= e["at"]]
                groups.update({value: [aggregate(s, chosen)]} if chosen or not by else {})
                continue
            cells: dict[datetime, list[Event]] = defaultdict(list)
            for e in events:
                if e["at"] >= lower:
                    cells[self.start(e["at"], interval)].append(e)
            numbers = [aggregate(s, cells[at]) for at in starts]
            if rolls and (interval in ("minute", "hour", "day") or (interval == "week" and days == 30)):
                numbers = self.active(s, events, starts, interval)
            if display == "ActionsLineGraphCumulative" and name in ("dau", "unique_group"):
                seen: set[Any] = set()
                numbers = [-len(seen) + len(seen := seen | {actor(s, e) for e in cells[at]}) for at in starts]
            if any(numbers) or (any(cells.values()) and not rolls) or not by:
                groups[value] = numbers
        return self.ordered(groups, by, total, display == "ActionsLineGraphCumulative")

    def firsts(self, own: list[Event], passing: list[Event]) -> list[Event]:
        """One passing event a person, where one of theirs is at the moment of their first."""
        first: dict[Any, datetime] = {}
        for e in own:
            first[e["person"]] = min(e["at"], first.get(e["person"], e["at"]))
        return list({e["person"]: e for e in passing if e["at"] == first[e["person"]]}.values())

    def active(self, s: dict[str, Any], events: list[Event], starts: list[datetime], interval: str) -> list[float]:
        """Actors of the bucket and of the days before it: of days of the calendar, or of lengths of time."""
        unit, days = "day" if interval == "week" else interval, timedelta(days=DAYS[s["math"]])
        placed = [(self.start(e["at"], unit), actor(s, e)) for e in events]
        found = []
        for at in starts:
            back = at - days
            if unit == "day":
                back = (at.astimezone(self.zone).replace(tzinfo=None) - days).replace(tzinfo=self.zone)
            found.append(float(len({who for start, who in placed if back < start <= at})))
        return found

    def split(self, events: list[Event], by: dict[str, Any]) -> dict[Any, list[Event]]:
        if not by:
            return {None: events}
        groups: dict[Any, list[Event]] = defaultdict(list)
        for e in events:
            of = "person_properties" if by["breakdown_type"] == "person" else "properties"
            groups[text(e[of].get(by["breakdown"])) or NULL].append(e)
        return groups

    def ordered(self, groups: dict[Any, list[float]], by: dict[str, Any], total: bool, cumulative: bool) -> list[Any]:
        ranked = sorted(groups, key=lambda v: (v == NULL and not total, -sum(groups[v]), (v == NULL, v)) if by else 0)
        limit = by.get("breakdown_limit", 25)
        kept = {v: groups[v] for v in ranked[:limit]}
        if rest := [groups[v] for v in ranked[limit:]]:
            kept[OTHER] = [bounded(sum(column)) for column in zip(*rest, strict=True)]
        for data in kept.values():
            for i in range(1, len(data) if cumulative else 0):
                data[i] = bounded(data[i] + data[i - 1])
        rank = [OTHER, NULL]
        return sorted(
            kept.items(), key=lambda r: (r[0] in rank and 2 - rank.index(r[0]), -bounded(sum(r[1])), str(r[0]))
        )
