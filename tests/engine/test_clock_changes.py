"""What random events seldom meet: the very hours in which clocks change."""

from __future__ import annotations

from typing import Any

import pytest
from insights_engine.lifecycle.answer import answer
from insights_engine.lifecycle.node import parse_node

from tests.engine.asking import Asker, data, event, series
from tests.engine.conftest import NewAsker


def asked(asker: Asker, first: str, last: str, interval: str, **further: Any) -> list[dict[str, Any]]:
    dates = {"date_from": first, "date_to": f"{last} 23:59:59"}
    return asker.node(dateRange=dates, interval=interval, **{"series": [series()], **further})


def test_an_hour_that_comes_twice_belongs_to_its_day(new_asker: NewAsker) -> None:
    """In Santiago the clock goes from midnight back to 23:00: the day has 25 hours."""
    asker = new_asker(timezone="America/Santiago", days_timezone="UTC")
    asker.load([event(at=f"2022-04-03T0{hour}:30:00Z") for hour in (2, 3, 4)])
    assert data(asked(asker, "2022-04-02", "2022-04-02", "day")) == [2]
    assert data(asked(asker, "2022-04-02", "2022-04-02", "hour")) == [0] * 23 + [1, 1]


@pytest.mark.parametrize("interval", ["day", "hour"])
def test_the_previous_period_ends_with_the_second_of_two_hours(new_asker: NewAsker, interval: str) -> None:
    asker = new_asker(timezone="America/Santiago", days_timezone="UTC")
    asker.load([event(at="2022-04-03T03:30:00Z")])
    compared = {"compareFilter": {"compare": True}}
    assert [sum(row["data"]) for row in asked(asker, "2022-04-03", "2022-04-03", interval, **compared)] == [0, 1]


@pytest.mark.parametrize(
    ("zone", "interval", "at", "first", "shown"),
    [
        # an hour less since: the first minute or hour of the day looks back on 23:00 of the eighth day before
        ("Europe/Berlin", "minute", "2022-03-22T22:30:00Z", "2022-03-30", 30),
        ("Europe/Berlin", "hour", "2022-03-22T22:30:00Z", "2022-03-30", 0),
        ("Europe/Berlin", "hour", "2022-03-22T23:30:00Z", "2022-03-30", 1),
        # two hours less
        ("Antarctica/Troll", "minute", "2022-03-22T22:30:00Z", "2022-03-30", 30),
        ("Antarctica/Troll", "hour", "2022-03-22T23:30:00Z", "2022-03-30", 1),
        # an hour more
        ("America/New_York", "minute", "2022-11-03T04:30:00Z", "2022-11-10", 0),
        ("America/New_York", "minute", "2022-11-03T05:30:00Z", "2022-11-10", 30),
    ],
)
def test_seven_days_of_minutes_and_hours_are_a_length_of_time(
    new_asker: NewAsker, zone: str, interval: str, at: str, first: str, shown: int
) -> None:
    asker = new_asker(timezone=zone).load([event(at=at)])
    found = data(asked(asker, first, first, interval, series=[series(math="weekly_active")]))
    assert found == [1] * shown + [0] * (len(found) - shown)


def test_hours_of_a_clock_that_is_set_by_half_an_hour(new_asker: NewAsker) -> None:
    """On Lord Howe Island hours begin at half past until the day ends."""
    asker = new_asker(timezone="Australia/Lord_Howe").load([event(at="2022-04-02T12:10:00Z")])
    found = data(asked(asker, "2022-04-03", "2022-04-04", "hour", series=[series(math="weekly_active")]))
    assert found == [1] * len(found)


@pytest.mark.parametrize(
    ("zone", "before", "first", "after"),
    [
        ("America/Santiago", "2022-04-03T03:30:00Z", "2022-04-03", "2022-04-03T04:10:00Z"),  # 23:00 came twice
        ("America/Scoresbysund", "2024-03-31T00:30:00Z", "2024-03-31", "2024-03-31T01:10:00Z"),  # and here never
        ("Europe/Berlin", "2022-03-26T22:30:00Z", "2022-03-27", "2022-03-26T23:10:00Z"),
    ],
)
def test_the_hour_before_a_day_is_the_one_before(
    new_asker: NewAsker, zone: str, before: str, first: str, after: str
) -> None:
    asker = new_asker(timezone=zone).load([event(at=before), event(at=after)])
    dates = {"date_from": first, "date_to": f"{first} 23:59:59"}
    node = {"kind": "LifecycleQuery", "series": [series()], "dateRange": dates, "interval": "hour"}
    found = answer(parse_node(node), asker.project, asker.services, asker.now).result
    assert {row["status"]: row["data"][0] for row in found if any(row["data"])} == {"returning": 1, "dormant": 0}


def test_the_last_hour_of_a_lifecycle_counts_whole(new_asker: NewAsker) -> None:
    """The hour after it is called as it is."""
    asker = new_asker(timezone="Europe/Berlin").load([event(at="2022-10-30T00:30:00Z")])
    dates = {"date_from": "2022-10-30", "date_to": "2022-10-30T00:30:00Z"}
    node = {"kind": "LifecycleQuery", "series": [series()], "dateRange": dates, "interval": "hour"}
    found = answer(parse_node(node), asker.project, asker.services, asker.now).result
    assert [row["data"] for row in found if any(row["data"])] == [[0, 0, 1]]
