"""Stickiness by hand: intervals that are counted back from the end, and who has at most, at least or just so many."""

from __future__ import annotations

from typing import Any

import pytest
from insights_engine.actors import Wanted
from insights_engine.stickiness.answer import Chosen, actors, answer
from insights_engine.stickiness.node import parse_node

from tests.engine.asking import Asker, event, series


def query_of(first: str, last: str, **further: Any) -> Any:
    dates = {"date_from": f"2020-01-0{first}", "date_to": f"2020-01-0{last}"}
    return parse_node({"kind": "StickinessQuery", "series": [series()], "dateRange": dates, **further})


@pytest.mark.parametrize(
    ("interval", "count", "first", "last", "times"),
    [
        # of the first both are in one interval, of the second in two
        ("minute", 30, "2T10:00:00Z", "2T10:59:59Z", [("2T10:05", "2T10:20"), ("2T10:29", "2T10:30")]),
        ("hour", 2, "2T00:00:00Z", "2T03:59:59Z", [("2T00:10", "2T01:50"), ("2T01:59", "2T02:00")]),
        ("day", 2, "1", "4", [("1T00:00", "2T23:59"), ("2T23:59", "3T00:00")]),
    ],
)
def test_several_intervals_are_one_back_from_the_end(
    asker: Asker, interval: str, count: int, first: str, last: str, times: list[tuple[str, str]]
) -> None:
    people = zip("ab", times, strict=True)
    asker.load([event(distinct_id=who, at=f"2020-01-0{at}:00Z") for who, ats in people for at in ats])
    asked = query_of(first, last, interval=interval, intervalCount=count)
    (row,) = answer(asked, asker.project, asker.services, asker.now).result
    assert row["data"] == [1, 1]


@pytest.mark.parametrize(
    ("operator", "shown", "people"),
    [
        ("exact", {}, [{"a"}, {"b"}, {"c"}]),
        ("gte", {}, [{"a", "b", "c"}, {"b", "c"}, {"c"}]),
        ("lte", {}, [{"a"}, {"a", "b"}, {"a", "b", "c"}]),
        # where nothing is said, as the numbers count them
        (None, {}, [{"a"}, {"b"}, {"c"}]),
        (None, {"computedAs": "cumulative"}, [{"a", "b", "c"}, {"b", "c"}, {"c"}]),
        ("exact", {"computedAs": "cumulative"}, [{"a"}, {"b"}, {"c"}]),
    ],
)
def test_who_was_active_so_often(asker: Asker, operator: Any, shown: dict[str, Any], people: list[set[str]]) -> None:
    days = {"a": 1, "b": 2, "c": 3}
    asker.load(
        [event(distinct_id=who, at=f"2020-01-0{n}T10:00:00Z") for who, most in days.items() for n in range(1, most + 1)]
    )
    query = query_of("1", "3", stickinessFilter=shown)
    wanted = Wanted(has_distinct_ids=True)
    for intervals, names in enumerate(people, 1):
        chosen = Chosen(intervals, operator=operator)
        found = actors(query, asker.project, asker.services, asker.now, chosen, wanted).found
        assert {distinct_id for *_, ids in found for distinct_id in ids} == names
