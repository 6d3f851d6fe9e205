"""Retention by the book, over a list of events: what the engine is compared with.

A question is a plain dict. An event has `event`, `actor`, `at`, `k` (its own value), `values` (of the breakdown), `n`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

OTHER = "$$_posthog_breakdown_other_$$"
Event = dict[str, Any]
Cells = dict[tuple[int, int], float]  # (row, column) -> amount
PER = {"Hour": 1, "Day": 24, "Week": 7, "Month": 30}


def period(q: dict[str, Any], at: datetime) -> int:
    local, first = at.astimezone(q["first"].tzinfo), q["first"]
    days, months = local.toordinal() - first.toordinal(), 12 * (local.year - first.year) + local.month - first.month
    hours = (at - first.astimezone(UTC)) // timedelta(hours=1)
    found: dict[str, int] = {"Hour": hours, "Day": days, "Week": days // 7, "Month": months}
    return found[q["period"]]


def boundaries(q: dict[str, Any], at: datetime) -> int:
    """How many hours, or for weeks and months midnights, came before."""
    local = at.astimezone(q["first"].tzinfo)
    hour = int((at - timedelta(minutes=local.minute)).timestamp() // 3600)
    return hour if q["period"] in ("Hour", "Day") else local.toordinal()


def column(q: dict[str, Any], distance: int) -> int | None:
    ends = accumulate(q["brackets"] or [1] * (q["n"] - 1))
    return next((k for k, end in enumerate(ends, 1) if 0 < distance <= end), None)


def is_side(side: dict[str, Any], e: Event, own: bool = True) -> bool:
    return side["event"] in (None, e["event"]) and (not own or side["k"] in (None, e["k"]))


def starts(q: dict[str, Any], events: list[Event], history: list[Event]) -> list[Event]:
    """The events that make an actor enter: all targets, or the earliest. `history` has the events of every value."""
    hits = [e for e in events if is_side(q["target"], e)]
    if q["type"] != "retention_recurring":
        ever = q["type"] == "retention_first_ever_occurrence"
        pool = [e["at"] for e in (history if ever else events) if is_side(q["target"], e, own=not ever)]
        hits = [e for e in hits if e["at"] == min(pool)]
    return [e for e in hits if e["at"] >= q["from"] and period(q, e["at"]) < q["rows"]]


def calendar(q: dict[str, Any], events: list[Event], history: list[Event]) -> Cells:
    rows = sorted({period(q, e["at"]) for e in starts(q, events, history)})
    backs, least = defaultdict(list), 1 if q["sum"] else q["minimum"]
    for e in (e for e in events if is_side(q["returning"], e) and e["at"] >= q["from"]):
        backs[period(q, e["at"])].append(e)
    made: Cells = defaultdict(float)
    for row in rows:
        targets = [e for e in events if is_side(q["target"], e) and period(q, e["at"]) == row]
        late = [e for e in backs[row] if e["at"] > min(t["at"] for t in targets)]
        made[row, 0] = sum(e["n"] for e in targets + (late if q["target"]["event"] != q["returning"]["event"] else []))
        for place in [p for p, es in backs.items() if p < q["rows"] and len(es) >= least]:
            if k := column(q, place - (rows[0] if q["brackets"] else row)):
                made[row, k] += sum(e["n"] for e in backs[place])
    return made


def rolling(q: dict[str, Any], events: list[Event], history: list[Event]) -> Cells:
    """24-hour windows: the anchor is of all values; first-time returns are not limited by the window's end."""
    is_recurring, hits = q["type"] == "retention_recurring", starts(q, history, history)
    began = min((boundaries(q, e["at"]) for e in hits), default=0)
    row, made = (began - boundaries(q, q["first"])) // PER[q["period"]], Cells()
    if not has_value(q, events, hits) or not 0 <= row < q["rows"]:
        return made
    for e in (e for e in events if is_side(q["returning"], e)):
        away = boundaries(q, e["at"]) - began
        if away >= 0 and e["at"] >= q["from"] and (not is_recurring or period(q, e["at"]) < q["rows"]):
            made[row, column(q, away // PER[q["period"]]) or 0] = 0.0
    return made | {(row, 0): 0.0}


def has_value(q: dict[str, Any], events: list[Event], hits: list[Event]) -> bool:
    """Whether a target event inside the window has the value; in first ever the earliest one alone is asked."""
    inside = [e for e in events if is_side(q["target"], e) and e["at"] >= q["from"] and period(q, e["at"]) < q["rows"]]
    if q["type"] == "retention_first_ever_occurrence":
        inside = [e for e in inside if e["at"] in {hit["at"] for hit in hits}]
    return bool(hits and inside)


def ask(q: dict[str, Any], events: list[Event]) -> list[tuple[str, dict[tuple[int, int], tuple[int, float]]]]:
    """(value, (row, column) -> (actors, amount)) in the order of the answer."""
    counts: dict[str, Counter[tuple[int, int]]] = defaultdict(Counter)
    amounts: dict[str, Counter[tuple[int, int]]] = defaultdict(Counter)
    for actor, value in {(e["actor"], v) for e in events for v in e["values"]}:
        history = [e for e in events if e["actor"] == actor]
        made = (rolling if q["rolling"] else calendar)(q, [e for e in history if value in e["values"]], history)
        if q["cumulative"]:
            made = {(row, k): 0.0 for row, last in made for k in range(last + 1)}
        counts[value].update(made.keys())
        amounts[value].update(made)
    size = {v: sum(n for (_, k), n in cells.items() if k == 0) for v, cells in counts.items()}
    ranked = sorted((v for v in size if size[v]), key=lambda v: (-size[v], v))
    for value in ranked[q["limit"] :]:
        counts[OTHER].update(counts[value])
        amounts[OTHER].update(amounts[value])
    shown = ranked[: q["limit"]] + [OTHER] * (len(ranked) > q["limit"])
    return [(v, {cell: (n, amounts[v][cell]) for cell, n in counts[v].items()}) for v in shown]


def table(q: dict[str, Any], events: list[Event]) -> dict[str, dict[int, set[Any]]]:
    """value -> column -> actors: the older form's breakdown, whose events are those from q["from"] through q["to"]."""
    found: dict[str, dict[int, set[Any]]] = defaultdict(lambda: defaultdict(set))
    for actor in {e["actor"] for e in events}:
        own = [e for e in events if e["actor"] == actor and e["at"] <= q["to"]]
        hits = sorted((e for e in own if is_side(q["target"], e)), key=lambda e: (e["at"], e["values"]))
        backs = [period(q, e["at"]) for e in own if is_side(q["returning"], e) and e["at"] >= q["from"]]
        for start in hits if q["type"] == "retention_recurring" else hits[:1]:
            for k in {0} | {p - period(q, start["at"]) for p in backs} if start["at"] >= q["from"] else ():
                if 0 <= k < q["n"]:
                    found["::".join(start["values"])][k].add(actor)
    return found
