"""Random events and random questions about them, for the comparison with the model."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from insights_engine.intervals import INTERVALS
from insights_engine.trend.maths import MATHS

from tests.engine.models import zones
from tests.engine.models.chance import not_the_simplest
from tests.engine.trend.model import EXPRESSIONS

DAYS = 25
# Further apart, so that events are in several months and years.
WIDE = 17
EVENTS = ("a", 'b\'s \\ "x"', "日本")
TEXTS = ("x", "X", "%", "a_b", "", "5", "007", "1e5", "true", "Ünï", "a.b\\c", "nan", " 7", "2022-01-01T00:00:00Z")
VALUES: tuple[Any, ...] = (
    *TEXTS,
    None,
    True,
    False,
    0,
    5,
    -3,
    2.5,
    1e308,
    1e-7,
    2**53 + 1,
    ["x", 1, None],
    [],
    {"b": {"c": 1}},
    {},
)
NUMBERS: tuple[Any, ...] = (0, 1, -2, 2.5, 10, "7", "0.5", "x", "", None, True, [1])
KEYS = ("k", "we.ird", "q`'\"\\ %s{x:String}")


@dataclass
class World:
    """Its events are within the days from `first`, `step` days apart in questions."""

    zone: str
    first: date
    step: int
    persons: list[dict[str, Any]]
    events: list[dict[str, Any]]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A zone and days in which its clock changes, persons and events; some persons share a moment."""
    zone, first = draw(not_the_simplest(zones.near_a_change(DAYS)))
    step = draw(st.sampled_from([1, 1, WIDE]))
    midnight = datetime.combine(first, datetime.min.time(), UTC)
    properties = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES))
    persons = [
        {
            "distinct_ids": [f"p{i}", f"p{i}-phone"],
            "properties": {**draw(properties), "n": draw(st.sampled_from(NUMBERS))},
        }
        for i in range(draw(st.integers(1, 5)))
    ]
    moments = st.builds(
        lambda halves, micros: midnight + timedelta(minutes=30 * halves * step, microseconds=micros),
        st.integers(0, DAYS * 48) | st.sampled_from([0, 48, 49, 480]),
        st.sampled_from([0, 0, 1, 1_799_999_999]),
    )
    events = draw(
        st.lists(
            st.builds(
                lambda name, person, id, at, own, n, session, group: {
                    "event": name,
                    "distinct_id": persons[person % len(persons)]["distinct_ids"][id],
                    "timestamp": at.isoformat(),
                    "properties": {**own, "n": n, **({"$session_id": session} if session else {})},
                    "groups": {"company": group} if group else {},
                },
                st.sampled_from(EVENTS),
                st.integers(0, 4),
                st.integers(0, 1),
                moments,
                properties,
                st.sampled_from(NUMBERS),
                st.sampled_from(["", "s1", "s2", None]),
                st.sampled_from(["g1", "g2", None]),
            ),
            min_size=5,
            max_size=40,
        )
    )
    return World(zone, first, step, persons, _told_apart(events))


def _told_apart(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """No person has two events at one moment: either could be the first, so the breakdown of a first time could be
    that of either.
    """
    taken: set[tuple[str, str]] = set()
    for event in events:
        person = event["distinct_id"].removesuffix("-phone")
        while (person, event["timestamp"]) in taken:
            event["timestamp"] = (datetime.fromisoformat(event["timestamp"]) + timedelta(microseconds=1)).isoformat()
        taken.add((person, event["timestamp"]))
    return events


def leaves() -> st.SearchStrategy[dict[str, Any]]:
    base = {"key": st.sampled_from(KEYS), "type": st.sampled_from(["event", "event", "person"])}
    texts = st.sampled_from([v for v in VALUES if v is not None and not isinstance(v, list | dict)])
    listed = st.lists(texts | st.none(), max_size=3)
    numbers = st.sampled_from([0, 5, "5", 2.5, -3, 1e307])
    asked = {
        ("exact", "is_not", "icontains", "not_icontains", "starts_with", "ends_with"): texts | listed,
        ("regex", "not_regex"): st.sampled_from(["^x", "[a-z]$", ".", "a.b", "(?i)X", "^$", ["x", "5"]]),
        ("gt", "gte", "lt", "lte"): numbers | st.lists(numbers, max_size=2),
        ("between", "not_between"): st.lists(st.sampled_from([0, "5", 2.5, -3]), min_size=2, max_size=2).map(
            lambda pair: sorted(pair, key=lambda value: float(str(value)))
        ),
        ("is_set", "is_not_set"): st.none(),
    }
    return st.one_of(
        [st.fixed_dictionaries({**base, "operator": st.sampled_from(names), "value": v}) for names, v in asked.items()]
    )


def filters() -> st.SearchStrategy[Any]:
    def branch(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
        return st.fixed_dictionaries({"type": st.sampled_from(["AND", "OR"]), "values": st.lists(inner, max_size=3)})

    return st.lists(leaves(), max_size=2) | branch(st.recursive(leaves(), branch, max_leaves=2))


def breakdowns() -> st.SearchStrategy[Any]:
    return st.none() | st.fixed_dictionaries(
        {
            "breakdown": st.sampled_from([*KEYS, "n"]),
            "breakdown_type": st.sampled_from(["event", "person"]),
            "breakdown_limit": st.sampled_from([1, 2, 3, 25]),
        }
    )


def measured(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """A series of a maths."""
    properties = ["n"] if MATHS[name].source != "property" else ["n", "n", "$session_duration"]
    groups: dict[str, list[int | None]] = {"groups": [0], "rolling": [None, 0]}
    return st.fixed_dictionaries(
        {
            "kind": st.just("EventsNode"),
            "event": st.sampled_from([*EVENTS, None]),
            "math": st.just(name),
            "math_property": st.sampled_from(properties),
            "math_property_type": st.sampled_from([None, "event_properties", "person_properties"]),
            "math_group_type_index": st.sampled_from(groups.get(MATHS[name].source, [None])),
            "math_hogql": st.sampled_from(sorted(EXPRESSIONS)),
            "properties": filters() | st.just([]),
        }
    )


@st.composite
def questions(draw: st.DrawFn, world: World, maths: Any = MATHS, intervals: Any = INTERVALS) -> dict[str, Any]:
    begin = draw(st.integers(0, DAYS - 2)) * world.step
    interval = draw(st.sampled_from([*intervals]))
    length = draw(st.sampled_from([0, 1, 3, 7, 12]))
    if interval == "minute":
        length = min(length, 1)
    elif interval not in ("hour", "minute"):
        length *= world.step
    display = draw(
        st.sampled_from(["ActionsLineGraph"] * 4 + ["ActionsLineGraphCumulative", "ActionsPie", "BoldNumber"])
    )
    breakdown = draw(breakdowns()) if len(maths) > 1 else None
    # Numbers that are not whole rank by their last digit.
    named = [m for m in maths if breakdown is None or not m.startswith(("avg", "median", "p"))]
    series = draw(st.lists(st.sampled_from(named).flatmap(measured), min_size=1, max_size=2))
    formulas = (
        ["A", "(A + 1) * 2", "A / 3 - 1"] if len(series) == 1 else ["A + B", "A / B", "B - 2 * A", "A % B", "A ** B"]
    )
    return {
        "series": series,
        "interval": interval,
        "dateRange": {
            "date_from": f"{world.first + timedelta(days=begin)}",
            "date_to": f"{world.first + timedelta(days=begin + length)} 23:59:59.999999",
        },
        "properties": draw(filters() | st.just([])),
        **({"breakdownFilter": breakdown} if breakdown else {}),
        "trendsFilter": {"display": display, "formula": draw(st.none() | st.sampled_from(formulas))},
        "compareFilter": {"compare": draw(st.booleans())},
    }
