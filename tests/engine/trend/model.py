"""Trends by the book: every rule in its plainest form over a list of events, to compare the engine with."""

from __future__ import annotations

import json
import math
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

NULL, OTHER = "$$_posthog_breakdown_null_$$", "$$_posthog_breakdown_other_$$"
Event = dict[str, Any]  # event, person, at, properties, person_properties


def text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float):
        return {1e308: "1e308", 1e-7: "1e-7"}.get(value, f"{value:g}")
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def number(value: Any) -> float | None:
    found = text(value)
    return float(found) if found and re.fullmatch(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?", found) else None


def _like(pattern: str, found: str) -> bool:
    expression = "".join({"%": ".*", "_": "."}.get(c, re.escape(c)) for c in f"%{pattern}%")
    return re.fullmatch(expression, found, re.DOTALL | re.IGNORECASE) is not None


def _contains(values: list[str], found: str) -> bool:
    return _like(values[0], found) if len(values) == 1 else any(v.lower() in found.lower() for v in values)


def _compared(values: list[str], found: str, test: Callable[[float, float], bool]) -> bool:
    have = number(found)
    return have is not None and any(test(have, float(v)) for v in values)


TESTS: dict[str, Callable[[list[str], str], bool]] = {
    "exact": lambda values, found: found in values,
    "icontains": _contains,
    "regex": lambda values, found: any(re.search(v, found) for v in values),
    "gt": lambda values, found: _compared(values, found, lambda a, b: a > b),
    "gte": lambda values, found: _compared(values, found, lambda a, b: a >= b),
    "lt": lambda values, found: _compared(values, found, lambda a, b: a < b),
    "lte": lambda values, found: _compared(values, found, lambda a, b: a <= b),
    "between": lambda v, found: (n := number(found)) is not None and float(v[0]) <= n <= float(v[1]),
    "not_between": lambda v, found: (n := number(found)) is not None and not float(v[0]) <= n <= float(v[1]),
    "is_set": lambda _, __: True,
}
OPPOSITES = {"is_not": "exact", "not_icontains": "icontains", "not_regex": "regex", "is_not_set": "is_set"}


def keeps(tree: Any, event: Event) -> bool:
    if isinstance(tree, list):
        return all(keeps(one, event) for one in tree)
    if "values" in tree:
        inner = [keeps(one, event) for one in tree["values"]]
        return not inner or (all(inner) if tree["type"] == "AND" else any(inner))
    name, value = tree["operator"], tree.get("value")
    values = [str(text(v)) for v in (value if isinstance(value, list) else [value]) if v is not None]
    if not values and name not in ("is_set", "is_not_set"):
        return True
    found = text(event["person_properties" if tree["type"] == "person" else "properties"].get(tree["key"]))
    if name in OPPOSITES:
        needs = name == "not_icontains" and len(values) > 1
        return not needs if found is None else not TESTS[OPPOSITES[name]](values, found)
    return found is not None and TESTS[name](values, found)


def quantile(numbers: list[float], q: float) -> float:
    ordered = sorted(numbers)
    place = q * (len(ordered) - 1)
    low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
    return low + (high - low) * (place - math.floor(place))


SIMPLE: dict[str, Callable[[list[float]], float]] = {
    "sum": sum,
    "min": min,
    "max": max,
    "avg": lambda n: sum(n) / len(n),
    "median": lambda n: quantile(n, 0.5),
    **{f"p{q}": partial(quantile, q=q / 100) for q in (75, 90, 95, 99)},
}


def aggregate(series: dict[str, Any], events: list[Event]) -> float:
    name = series.get("math") or "total"
    if name.endswith("_count_per_actor"):
        numbers = [float(n) for n in Counter(e["person"] for e in events).values()]
        return SIMPLE[name.removesuffix("_count_per_actor")](numbers) if numbers else 0.0
    if name in SIMPLE:
        of = "person_properties" if series.get("math_property_type") else "properties"
        found = [n for e in events if (n := number(e[of].get(series["math_property"]))) is not None]
        return bounded(SIMPLE[name](found)) if found else 0.0
    if name == "unique_session":
        return len({e["properties"].get("$session_id") or "" for e in events})
    return len(events) if name in ("total", "first_time_for_user", "first_matching_event_for_user") else _people(events)


def _people(events: Iterable[Event]) -> int:
    return len({e["person"] for e in events})


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
        if interval == "hour":
            return local.replace(minute=0, second=0, microsecond=0).astimezone(UTC)
        day = datetime(local.year, local.month, local.day)
        if interval == "week":
            day -= timedelta(days=(day.weekday() + 1) % 7)
        return day.replace(day=1 if interval == "month" else day.day, tzinfo=self.zone).astimezone(UTC)

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
        opening, halves = first.astimezone(UTC), (end.astimezone(UTC) - first.astimezone(UTC)) // timedelta(minutes=30)
        starts = sorted({self.start(opening + timedelta(minutes=30 * i), interval) for i in range(halves)})
        lower = self.start(first, "month") if interval == "month" and not total else first
        own = [e for e in self.events if s["event"] in (None, e["event"]) and e["at"] < end]
        passing = [e for e in own if keeps(node.get("properties") or [], e) and keeps(s.get("properties") or [], e)]
        if name.startswith("first_"):
            passing = self.firsts(own if name == "first_time_for_user" else passing, passing)
        rolls = name in ("weekly_active", "monthly_active")
        days = {"weekly_active": 7, "monthly_active": 30}.get(name, 0)
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
            if rolls and (interval in ("hour", "day") or (interval == "week" and days == 30)):
                numbers = [float(self.active(events, at, interval, days)) for at in starts]
            if display == "ActionsLineGraphCumulative" and name == "dau":
                seen: set[Any] = set()
                numbers = [-len(seen) + len(seen := seen | {e["person"] for e in cells[at]}) for at in starts]
            if any(numbers) or (any(cells.values()) and not rolls) or not by:
                groups[value] = numbers
        return self.ordered(groups, by, total, display == "ActionsLineGraphCumulative")

    def firsts(self, own: list[Event], passing: list[Event]) -> list[Event]:
        """One passing event a person, where one of theirs is at the moment of their first."""
        first: dict[Any, datetime] = {}
        for e in own:
            first[e["person"]] = min(e["at"], first.get(e["person"], e["at"]))
        return list({e["person"]: e for e in passing if e["at"] == first[e["person"]]}.values())

    def active(self, events: list[Event], at: datetime, interval: str, days: int) -> int:
        unit = "hour" if interval == "hour" else "day"
        local = at.astimezone(self.zone).replace(tzinfo=None)
        back = at - timedelta(days=days) if unit == "hour" else (local - timedelta(days=days)).replace(tzinfo=self.zone)
        return _people(e for e in events if back < self.start(e["at"], unit) <= at)

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
