"""Lines of numbers for pictures and tables: what is kept of many, and of long ones."""

from __future__ import annotations

import pytest
from insights_report.charts.series import MOST_POINTS, Row, Series, labels_of, largest, series_of, thinned

from tests.report.answers import over_time


def lines(*values: tuple[float | None, ...]) -> list[Series]:
    return [Series(f"{place}", f"{place}", one) for place, one in enumerate(values)]


@pytest.mark.parametrize(("low", "high"), [(1.0, 9.0), (-1.0, -9.0), (0.0, -9.0), (None, 9.0)])
def test_of_a_stretch_the_point_with_most_to_see_stays(low: float | None, high: float) -> None:
    """What is below zero is to be seen as well: who became dormant is."""
    found = lines(tuple(high if place % 3 == 1 else low for place in range(3 * MOST_POINTS)))
    kept, labels, size = thinned(found, [f"{place}" for place in range(3 * MOST_POINTS)])
    assert (len(labels), labels[:2], size) == (MOST_POINTS, ["1", "4"], 3)
    assert kept[0].values == (high,) * MOST_POINTS


def test_points_of_one_place_stay_together() -> None:
    up, down = tuple(map(float, range(1000))), tuple(float(-place) for place in range(1000))
    (first, second), labels, size = thinned(lines(up, down), [f"{place}" for place in range(1000)])
    assert (size, labels[-1], first.values[-1], second.values[-1]) == (2, "999", 999.0, -999.0)


@pytest.mark.parametrize("count", [1, MOST_POINTS])
def test_what_can_be_seen_is_left_as_it_is(count: int) -> None:
    found, labels = lines((1.0,) * count), [f"{place}" for place in range(count)]
    assert thinned(found, labels) == (found, labels, 1)


def compared(count: int, previous: int) -> list[Row]:
    return [
        {**over_time("Visits", [1] * count), "compare_label": "current"},
        {**over_time("Visits", [1] * previous), "compare_label": "previous", "labels": ["before"] * previous},
    ]


@pytest.mark.parametrize(("count", "previous"), [(2, 2), (3, 2), (2, 3)])
def test_labels_are_those_of_the_current_period(count: int, previous: int) -> None:
    """The one before may have a bucket more."""
    rows = compared(count, previous)
    assert labels_of(rows) == rows[0]["labels"]
    assert len(labels_of(rows)) == count


def test_what_is_compared_is_kept_with_what_it_is_compared_with() -> None:
    rows = [
        {**over_time(name, [value]), "compare_label": label}
        for label, values in (("current", (1, 2, 3)), ("previous", (9, 1, 1)))
        for name, value in zip("abc", values, strict=True)
    ]
    kept, others = largest(series_of(rows), 2)
    assert ([one.name for one in kept], others) == (["a", "c", "a (previous)", "c (previous)"], 1)
