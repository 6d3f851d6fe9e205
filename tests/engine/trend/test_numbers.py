"""Arithmetic of answers: smoothing, and what stays a number that JSON can say."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from insights_engine.trend.numbers import bounded, shortest, smoothed, total

from tests.engine.asking import Asker, data, event, rows, series

LARGEST = sys.float_info.max


@pytest.mark.parametrize(
    ("values", "n", "expected"),
    [
        ([4, 2, 9, 1], 1, [4, 2, 9, 1]),
        ([4, 2, 9, 1], 2, [4, 3, 5, 5]),  # halves are rounded down
        ([4, 2, 9, 1], 3, [4, 3, 5, 4]),
        ([4, 2, 9, 1], 9, [4, 3, 5, 4]),
        ([-1, -2], 2, [-1, -2]),  # down, not towards 0
        ([0.5, 0.5], 1, [0, 0]),
        ([], 3, []),
    ],
)
def test_a_value_is_smoothed_over_those_before_it(values: list[float], n: int, expected: list[float]) -> None:
    assert smoothed(values, n) == expected


@pytest.mark.parametrize(
    ("shown", "found"),
    [
        ({}, [4, 3, 5]),
        # of the running sum: 4, 6, 15
        ({"display": "ActionsLineGraphCumulative"}, [4, 5, 10]),
        ({"display": "ActionsTable"}, 15),
    ],
)
def test_a_series_is_smoothed(asker: Asker, shown: dict[str, Any], found: Any) -> None:
    asker.load([event(at=f"2020-01-0{day}T10:00:00Z") for day, count in ((1, 4), (2, 2), (3, 9)) for _ in range(count)])
    asked = {"series": [series()], "dateRange": {"date_from": "2020-01-01", "date_to": "2020-01-03"}}
    assert data(asker.node(**asked, trendsFilter={"smoothingIntervals": 2, **shown})) == found


def test_values_of_a_breakdown_are_not(asker: Asker) -> None:
    asker.load([event(at=f"2020-01-0{day}T10:00:00Z", k="v") for day in (1, 3, 3, 3)])
    asked = {"series": [series()], "dateRange": {"date_from": "2020-01-01", "date_to": "2020-01-03"}}
    found = asker.node(**asked, trendsFilter={"smoothingIntervals": 3}, breakdownFilter={"breakdown": "k"})
    assert rows(found) == [("v", [1, 0, 3])]


def test_what_is_too_large_is_the_largest_number() -> None:
    assert bounded(float("inf")) == total([LARGEST, LARGEST]) == LARGEST
    assert bounded(-float("inf")) == total([-LARGEST, -LARGEST]) == -LARGEST
    assert total([1e308, 1e308, -1e308]) == LARGEST
    assert total([0.1] * 10) == 1.0


@pytest.mark.parametrize(
    ("value", "text"), [(3.0, "3"), (0.5, "0.5"), (-0.0, "0"), (2.0**53, "9007199254740992.0"), (-4.0, "-4")]
)
def test_whole_numbers_are_written_as_such(value: float, text: str) -> None:
    assert repr(shortest(value)) == text
