"""Paths the plain way: lists of what each person did, cut, shortened and counted one by one."""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

Event = dict[str, Any]
# (step, item, moment) of each node.
Path = list[tuple[int, str, datetime]]
HALF_AN_HOUR = timedelta(minutes=30)


def counts(q: dict[str, Any], event: Event) -> bool:
    types, name = q["types"], event["event"]
    if not types and not q["custom"]:
        return True
    if "hogql" in types and (q["legacy"] or len(types) == 1):
        return True
    return name in types or name in q["custom"] or ("custom_event" in types and not name.startswith("$"))


def item(q: dict[str, Any], event: Event) -> str:
    name, nothing = event["event"], not q["types"] and not q["custom"]
    found = (event["k"] or "") if q["expression"] else name
    for special, key in (("$pageview", "url"), ("$screen", "screen")):
        if name == special and (special in q["types"] or (nothing and special not in q["exclude"])):
            found = event[key] or ""
            if key == "url" and len(found) > 1 and found.endswith("/"):
                found = found[:-1]
    for regex, alias in q["rules"]:
        found = re.sub(regex, alias, found)
    return next((g for g in reversed(q["groupings"]) if matches(g, found)), found)


def matches(grouping: str, text: str) -> bool:
    return re.search(".*".join(re.escape(part) for part in grouping.split("*")), text) is not None


def sessions(q: dict[str, Any], events: list[Event]) -> Iterator[tuple[int, list[tuple[datetime, str]]]]:
    """(person, what they did) of each session, already without repetitions."""
    done = defaultdict(list)
    for event in events:
        if q["from"] <= event["at"] <= q["to"] and counts(q, event):
            name = item(q, event)
            applies = q["legacy"] or q["types"]
            if not (applies and name in q["exclude"]):
                done[event["person"]].append((event["at"], name))
    for person, moments in done.items():
        session: list[tuple[datetime, str]] = []
        for at, name in sorted(moments):
            if session and at - session[-1][0] >= HALF_AN_HOUR:
                yield person, deduplicated(session)
                session = []
            session.append((at, name))
        yield person, deduplicated(session)


def deduplicated(session: list[tuple[datetime, str]]) -> list[tuple[datetime, str]]:
    """After its end comes the empty item."""
    following = [name for _, name in session[1:]] + [""]
    return [moment for moment, after in zip(session, following, strict=True) if moment[1] != after]


def shortened(q: dict[str, Any], nodes: list[tuple[datetime, str]]) -> list[tuple[datetime, str]]:
    names, n = [name for _, name in nodes], q["steps"]
    start, end = q["start"], q["end"]
    if start and end:
        if start not in names or end not in names[names.index(start) + 1 :]:
            return []
        first = names.index(start)
        way = nodes[first : names.index(end, first + 1) + 1]
        if len(way) <= n:
            return way
        half = n // 2
        return [*way[:half], (way[half][0], "..."), *(way[-half:] if half else [])]
    point = start or end
    if not point:
        return nodes[:n]
    point = point[:-1] if len(point) > 1 and point.endswith("/") else point
    if point not in names:
        return []
    if start:
        return nodes[names.index(point) :][:n]
    return nodes[: names.index(point) + 1][-n:]


def paths(q: dict[str, Any], events: list[Event]) -> list[tuple[int, Path]]:
    found = []
    for person, nodes in sessions(q, events):
        path = [(step, name, at) for step, (at, name) in enumerate(shortened(q, nodes), 1)]
        if path:
            found.append((person, path))
    return found


def ask(q: dict[str, Any], events: list[Event]) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """The rows, and what is hidden."""
    weights, times, gone = Counter[tuple[str, str]](), defaultdict(list), []
    for person, path in paths(q, events):
        edges = [((f"{k}_{a}", f"{k + 1}_{b}"), later - at) for (k, a, at), (_, b, later) in itertools.pairwise(path)]
        for edge, took in edges:
            weights[edge] += 1
            times[edge].append(took / timedelta(milliseconds=1))
        gone.append((person, [edge for edge, _ in edges]))
    within = [e for e, w in weights.items() if w >= (q["least"] or 0) and w <= (q["most"] or w)]
    limit = q["edges"] or (len(weights) if q["legacy"] and q["start"] and q["end"] else 50)
    kept = sorted(within, key=lambda e: (-weights[e], e))[:limit]
    if not (q["legacy"] and (q["least"] or q["most"])):
        kept = pruned(kept)
    hidden = [(person, edges) for person, edges in gone if set(edges) - set(kept)]
    rows = [
        {"source": a, "target": b, "value": weights[a, b], "average_conversion_time": sum(times[a, b]) / weights[a, b]}
        for a, b in kept
    ]
    people = {person for person, _ in hidden}
    return rows, {"edges": len(weights) - len(kept), "sessions": len(hidden), "people": len(people)}


def pruned(edges: list[tuple[str, str]]) -> list[tuple[str, str]]:
    reached = {source for source, _ in edges if source.startswith("1_")}
    while further := {target for source, target in edges if source in reached} - reached:
        reached |= further
    return [edge for edge in edges if edge[0] in reached]


def people(q: dict[str, Any], events: list[Event], keys: dict[str, str | None]) -> set[int]:
    """Who has a path with these nodes: `start` followed by another, `end`, both of them in turn, `dropoff` as last."""
    found = set()
    for person, path in paths(q, events):
        names = [f"{k}_{name}" for k, name, _ in path]
        edges = list(itertools.pairwise(names))
        start, end, dropoff = keys["start"], keys["end"], keys["dropoff"]
        wanted = (
            (not start or not end or (start, end) in edges)
            and (not start or start in names[:-1])
            and (not end or end in names)
            and (not dropoff or dropoff == names[-1])
            and (start or end or dropoff or edges)
        )
        if wanted:
            found.add(person)
    return found
