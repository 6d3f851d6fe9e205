"""Funnels by brute force, over lists of events: what the engine is compared with.

A question is a plain dict: `steps` and `exclusions` (event, from, to), `order`, `window`, and how to break down. An
event has `event`, `k` (its own value), `at` (a number) and `values`.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

Event = dict[str, Any]
Question = dict[str, Any]


class Taken(NamedTuple):
    """An event as a run sees it: when, which steps it could be, which exclusions it is."""

    at: int
    steps: frozenset[int]
    out: frozenset[int]
    value: str


class Run(NamedTuple):
    """`times` holds when each step was taken that was taken in time."""

    times: tuple[int, ...]

    @property
    def rank(self) -> tuple[int, int, int, list[int]]:
        return len(self.times), -self.times[-1], self.times[0], [-at for at in self.times]


def is_one(wanted: dict[str, Any], e: Event) -> bool:
    return wanted["event"] in (None, e["event"]) and wanted["k"] in (None, e["k"])


def taken(q: Question, e: Event) -> Taken:
    steps = frozenset(i for i, step in enumerate(q["steps"]) if is_one(step, e))
    out = frozenset(i for i, x in enumerate(q["exclusions"]) if is_one(x, e))
    return Taken(e["at"], steps, out, e["value"])


def in_order(q: Question, events: list[Event]) -> list[Taken]:
    """Of one moment: excluded ones, then by the first step, then those that are needed latest for another."""
    found = [taken(q, e) for e in events]
    if q["order"] != "strict":
        found = [t for t in found if t.steps or t.out]

    def place(t: Taken) -> tuple[Any, ...]:
        return t.at, not t.out, min(t.steps, default=99), [i in t.steps for i in range(len(q["steps"]))], t.value

    return sorted(found, key=place)


def ordered_times(q: Question, seq: list[Taken], start: int) -> list[int | None]:
    """The earliest time of each step over every way to go on from the start."""
    strict, count = q["order"] == "strict", len(q["steps"])

    @cache
    def reached(here: int, step: int, target: int) -> frozenset[int]:
        if step == target:
            return frozenset({seq[here].at})
        found: set[int] = set()
        for there in range(here + 1, len(seq)):
            between = any(seq[here].at < t.at < seq[there].at for t in seq)
            if step + 1 in seq[there].steps and not (strict and between):
                found |= reached(there, step + 1, target)
        return frozenset(found)

    return [min(reached(start, 0, target), default=None) for target in range(count)]


def fillable(count: int, events: list[Taken]) -> int:
    """How many of the steps the events can fill, one each."""
    holds: dict[int, int] = {}

    def place(event: int, seen: set[int]) -> bool:
        for step in events[event].steps - seen:
            seen.add(step)
            if step not in holds or place(holds[step], seen):
                holds[step] = event
                return True
        return False

    return sum(place(event, set()) for event in range(len(events)))


def unordered_times(q: Question, seq: list[Taken], start: int) -> list[int | None]:
    moments = sorted({t.at for t in seq[start:]})
    filled = [(at, fillable(len(q["steps"]), [t for t in seq[start:] if t.at <= at])) for at in moments]
    return [next((at for at, n in filled if n > k), None) for k in range(len(q["steps"]))]


def is_out(q: Question, seq: list[Taken], times: list[int | None]) -> bool:
    begin = times[0]
    assert begin is not None
    end = begin + q["window"]
    for index, x in enumerate(q["exclusions"]):
        first, last = times[x["from"]], times[x["to"]]
        if first is None:
            continue
        hits = [t.at for t in seq if index in t.out and first < t.at <= end]
        if any(last is None or last > end or at < last for at in hits):
            return True
    return False


def runs(q: Question, seq: list[Taken]) -> list[Run]:
    """Every run that counts."""
    unordered, found = q["order"] == "unordered", []
    for start, t in enumerate(seq):
        if (unordered and t.steps) or 0 in t.steps:
            times = (unordered_times if unordered else ordered_times)(q, seq, start)
            if not is_out(q, seq, times):
                found.append(Run(tuple(at for at in times if at is not None and at - t.at <= q["window"])))
    return found


def sequences(q: Question, events: list[Event]) -> dict[str, list[Taken]]:
    """The events of one actor by value of the breakdown; one value '' without."""
    seq = in_order(q, events)
    if q["attribution"] is None:
        return {"": seq}
    values = sorted({t.value for t in seq})
    if q["attribution"] == "all_events":
        return {value: [t for t in seq if t.value == value] for value in values}
    touched = [t for t in seq if t.steps and t.value]
    match q["attribution"]:
        case "first_touch":
            return {min(touched, key=lambda t: (t.at, t.value)).value if touched else "": seq}
        case "last_touch":
            return {min(touched, key=lambda t: (-t.at, t.value)).value if touched else "": seq}
    if q["order"] == "unordered":
        return dict.fromkeys(sorted({t.value for t in seq if t.steps}), seq)
    step = q["attribution_step"]
    return {
        value: [t if t.value == value else t._replace(steps=t.steps - {step}) for t in seq]
        for value in sorted({t.value for t in seq if step in t.steps})
    }


def all_runs(q: Question, events: list[Event]) -> dict[tuple[str, int], list[Run]]:
    """By value and person, those that have a run."""
    found = {}
    for person in sorted({e["person"] for e in events}):
        for value, seq in sequences(q, [e for e in events if e["person"] == person]).items():
            if its := runs(q, seq):
                found[value, person] = its
    return found


def best_runs(q: Question, events: list[Event]) -> dict[tuple[str, int], Run]:
    return {who: max(its, key=lambda run: run.rank) for who, its in all_runs(q, events).items()}
