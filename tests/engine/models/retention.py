"""Retention by the book, over a list of events: what the engine is compared with. Questions are plain dicts."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

OTHER = "$$_posthog_breakdown_other_$$"
Event = dict[str, Any]  # event, actor, at, k (its own value), plan (its person's), n
HOURS = {"Hour": 1, "Day": 24}
UNITS = {"Hour": 1, "Day": 24, "Week": 7, "Month": 30}


def period(q: dict[str, Any], at: datetime, first: datetime) -> int:
    """Which period a moment is in, from that of `first`, the beginning of one."""
    local, day = at.astimezone(first.tzinfo), at.astimezone(first.tzinfo).date().toordinal() - first.toordinal()
    months = local.year * 12 + local.month - first.year * 12 - first.month
    hour = (at - first.astimezone(UTC)) // timedelta(hours=1)
    return {"Hour": hour, "Day": day, "Week": day // 7, "Month": months}[q["period"]]


def unit(q: dict[str, Any], at: datetime, zone: ZoneInfo) -> int:
    if q["period"] not in HOURS:
        return at.astimezone(zone).toordinal()
    past = timedelta(minutes=at.astimezone(zone).minute)
    return int((at - past).timestamp() // 3600)


def is_side(side: dict[str, Any], e: Event, own: bool = True) -> bool:
    return side["event"] in (None, e["event"]) and (not own or side.get("k") in (None, e["k"]))


def amount(e: Event) -> float:
    return float(e["n"]) if isinstance(e["n"], int | float) or str(e["n"]).isdigit() else 0.0


def columns(q: dict[str, Any], distances: set[int]) -> set[int]:
    found = {d for d in distances if 0 < d < q["n"]}
    if q.get("brackets"):
        ends = [sum(q["brackets"][: i + 1]) for i in range(len(q["brackets"]))]
        found = {next(i for i, end in enumerate(ends, 1) if d <= end) for d in distances if 0 < d <= ends[-1]}
    return set(range(1, max(found, default=0) + 1)) if q.get("cumulative") else found


def starts_of(q: dict[str, Any], first: datetime, events: list[Event], everything: list[Event]) -> list[datetime]:
    """The moments that make an actor enter: all target events, or its anchor."""
    hits = [e["at"] for e in events if is_side(q["target"], e)]
    if q["type"] == "retention_recurring":
        return [at for at in hits if at >= q["from"]]
    ever = q["type"] == "retention_first_ever_occurrence"
    pool = [e["at"] for e in (everything if ever else events) if is_side(q["target"], e, own=not ever)]
    return [min(pool)] if pool and min(pool) in hits and min(pool) >= q["from"] else []


def cells(q: dict[str, Any], first: datetime, events: list[Event], everything: list[Event]) -> dict[Any, float]:
    """(row, column) -> amount, of one actor and value."""
    last = q["rows"] - 1
    known = [e for e in events if period(q, e["at"], first) <= last]
    starts = {period(q, at, first) for at in starts_of(q, first, known, everything)}
    rows, made, count = sorted(s for s in starts if 0 <= s <= last), {}, defaultdict(list)
    for e in known:
        if is_side(q["returning"], e) and e["at"] >= q["from"]:
            count[period(q, e["at"], first)].append(e)
    backs = {p for p, es in count.items() if len(es) >= (1 if q.get("sum") else q.get("minimum", 1))}
    for row in rows:
        origin = rows[0] if q.get("brackets") else row
        targets = [e for e in known if is_side(q["target"], e) and period(q, e["at"], first) == row]
        late = [e for e in count[row] if e["at"] > min(t["at"] for t in targets)]
        also = late if q["target"]["event"] != q["returning"]["event"] else []
        made[row, 0] = sum(map(amount, targets + also))
        for column in columns(q, {p - origin for p in backs}):
            own = [e for p in backs if column in columns({**q, "cumulative": False}, {p - origin}) for e in count[p]]
            made[row, column] = sum(map(amount, own))
    return made


def rolling(q: dict[str, Any], first: datetime, zone: ZoneInfo, everything: list[Event]) -> dict[Any, set[Any]]:
    """(row, column) -> values, of one actor in 24-hour windows."""
    known = [e for e in everything if period(q, e["at"], first) < q["rows"]]
    starts = starts_of(q, first, known, known)
    begin = unit(q, min(starts), zone) if starts else 0
    row = (begin - unit(q, first, zone)) // UNITS[q["period"]]
    made: dict[Any, set[Any]] = defaultdict(set)
    pool = known if q["type"] == "retention_recurring" else everything
    for e in pool if starts and 0 <= row < q["rows"] else []:
        back, away = is_side(q["returning"], e), unit(q, e["at"], zone) - begin
        if (back or is_side(q["target"], e)) and away >= 0 and e["at"] >= q["from"]:
            for column in {0} | (columns(q, {away // UNITS[q["period"]]}) if back else set()):
                made[row, column] |= set(q["values"](e))
    return made


def ask(q: dict[str, Any], zone: ZoneInfo, first: datetime, events: list[Event]) -> list[tuple[str, dict[Any, Any]]]:
    """(value, {(row, column): (actors, amount)}) in the order of the answer."""
    found: dict[str, dict[Any, Any]] = defaultdict(lambda: defaultdict(lambda: [0, 0.0]))
    actors: dict[Any, list[Event]] = defaultdict(list)
    for e in events:
        actors[e["actor"]].append(e)
    for own in actors.values():
        by_value: dict[str, list[Event]] = defaultdict(list)
        for e in own:
            for value in q["values"](e):
                by_value[value].append(e)
        made = {v: cells(q, first, es, own) for v, es in by_value.items()} if not q.get("rolling") else {}
        for cell, values in (rolling(q, first, zone, own) if q.get("rolling") else {}).items():
            for value in values:
                made.setdefault(value, {})[cell] = 0.0
        for value, filled in made.items():
            for cell, total in filled.items():
                found[value][cell] = [found[value][cell][0] + 1, found[value][cell][1] + total]
    size = {v: sum(n for (_, column), (n, _) in cs.items() if not column) for v, cs in found.items()}
    ranked = sorted((v for v in found if size[v]), key=lambda v: (-size[v], v))
    kept = [(v, dict(found[v])) for v in ranked[: q["limit"]]]
    other: dict[Any, Any] = defaultdict(lambda: [0, 0.0])
    for value in ranked[q["limit"] :]:
        for cell, (n, total) in found[value].items():
            other[cell] = [other[cell][0] + n, other[cell][1] + total]
    return [*kept, *([(OTHER, dict(other))] if other else [])]


def table(q: dict[str, Any], first: datetime, events: list[Event]) -> dict[str, dict[int, set[Any]]]:
    """value -> column -> actors: the older form's breakdown, whose events are those from q["from"] through q["to"]."""
    found: dict[str, dict[int, set[Any]]] = defaultdict(lambda: defaultdict(set))
    for actor in {e["actor"] for e in events}:
        own = [e for e in events if e["actor"] == actor and e["at"] <= q["to"]]
        hits = sorted((e for e in own if is_side(q["target"], e)), key=lambda e: (e["at"], q["values"](e)))
        starts = [e for e in (hits if q["type"] == "retention_recurring" else hits[:1]) if e["at"] >= q["from"]]
        backs = [period(q, e["at"], first) for e in own if is_side(q["returning"], e) and e["at"] >= q["from"]]
        for start in starts:
            row = period(q, start["at"], first)
            for column in {0} | {p - row for p in backs if 0 < p - row < q["n"]}:
                found["::".join(q["values"](start))][column].add(actor)
    return found
