"""Breakdowns by ranges of a number, and by addresses cut at their end."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.asking import Asker, event, series
from tests.engine.trend.test_breakdowns import NULL, asked, by, several


def ranges(asker: Asker, numbers: list[Any], bins: int) -> dict[str, int]:
    asker.load([event(k=n) for n in numbers])
    filters = by(breakdown_histogram_bin_count=bins, breakdown_limit=100)
    return {value: data[0] for value, data in asked(asker, filters)}


@pytest.mark.parametrize(
    ("numbers", "bins", "found"),
    [
        ([10, 17.5, 40, 25], 4, {"[10,17.5]": 1, "[17.5,25]": 1, "[25,32.5]": 1, "[32.5,40.01]": 1}),
        ([0, 10], 1, {"[0,10.01]": 2}),
        ([0, 5, 10], 2, {"[0,5]": 1, "[5,10.01]": 2}),
        ([4, 4, "4"], 5, {"[4,4.01]": 3}),
        ([0, 1], 3, {"[0,0.3333333333333333]": 1, "[0.6666666666666666,1.01]": 1}),
        ([0.1, 0.3], 2, {"[0.1,0.2]": 1, "[0.2,0.31]": 1}),
        ([-10, 10], 2, {"[-10,0]": 1, "[0,10.01]": 1}),
        ([1, 2, "x", None, "", "nan", "inf"], 1, {"[1,2.01]": 2, NULL: 5}),
        (["x", None], 4, {NULL: 2}),
        ([1e-7, 2e-7], 1, {"[1e-7,0.0100002]": 2}),
    ],
)
def test_a_number_falls_in_a_range(asker: Asker, numbers: list[Any], bins: int, found: dict[str, int]) -> None:
    assert ranges(asker, numbers, bins) == found


@pytest.mark.parametrize("numbers", [[1e308, -1e308, 5], [1e308, 1e308], [5e-324, 0]])
def test_no_range_is_too_wide(asker: Asker, numbers: list[Any]) -> None:
    assert sum(ranges(asker, numbers, 7).values()) == len(numbers)


def test_every_number_is_in_one_range(asker: Asker) -> None:
    found = ranges(asker, [i / 10 for i in range(101)], 10)
    assert len(found) == 10
    assert sum(found.values()) == 101
    assert found["[9,10.01]"] == 11


def test_ranges_stand_by_their_counts_and_each_list_has_its_own(asker: Asker) -> None:
    asker.load([event(k=0, n=100), event(k=10, n=0), event(k=10, n=100)])
    assert asked(asker, by(breakdown_histogram_bin_count=2)) == [("[5,10.01]", [2]), ("[0,5]", [1])]
    both = several({"property": "k", "histogram_bin_count": 2}, {"property": "n", "histogram_bin_count": 1})
    assert asked(asker, both) == [(["[5,10.01]", "[0,100.01]"], [2]), (["[0,5]", "[0,100.01]"], [1])]
    mixed = several({"property": "k", "histogram_bin_count": 1}, "n")
    assert asked(asker, mixed) == [(["[0,10.01]", "100"], [2]), (["[0,10.01]", "0"], [1])]


def test_the_ranges_are_those_of_the_events_that_count(asker: Asker) -> None:
    asker.load([event(k=5), event("other", k=100), event(k=1000, at="2019-01-01T00:00:00Z"), event(k=7, n="out")])
    kept = [{"key": "n", "value": "out", "operator": "is_not", "type": "event"}]
    assert asked(asker, by(breakdown_histogram_bin_count=2), properties=kept) == [("[5,5.01]", [1])]


def test_many_ranges_are_a_statement_that_can_be_read(asker: Asker) -> None:
    """26 series, each with three ranges and a period to compare with: what is repeated in the text adds up."""
    asker.load([event(k=n, n=n) for n in (1, 2, 3)])
    found = asker.node(
        series=[series()] * 26,
        breakdownFilter={"breakdowns": [{"property": k, "histogram_bin_count": 3} for k in ("k", "n", "k")]},
        compareFilter={"compare": True},
        dateRange={"date_from": "2020-01-02", "date_to": "2020-01-02"},
    )
    assert sum(row["count"] for row in found) == 26 * 3


def test_the_ranges_are_of_the_persons_that_an_expression_chooses(asker: Asker) -> None:
    """Ranges are found by a read of their own, with a join of its own for what the filter asks."""
    persons = [{"distinct_ids": [name], "properties": {"plan": name}} for name in ("free", "paid")]
    asker.load([event(distinct_id="free", k=1), event(distinct_id="paid", k=50)], persons=persons)
    chosen = [{"key": "person.properties.plan = 'free'", "type": "hogql"}]
    assert asked(asker, by(breakdown_histogram_bin_count=1), properties=chosen) == [("[1,1.01]", [1])]


# Addresses


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://posthog.com", "https://posthog.com"),
        ("https://posthog.com/", "https://posthog.com"),
        ("https://posthog.com/?", "https://posthog.com"),
        ("https://posthog.com/#", "https://posthog.com"),
        ("https://posthog.com/a//?#", "https://posthog.com/a"),
        ("https://posthog.com/?a=1", "https://posthog.com/?a=1"),
        ("https://posthog.com/?a=1/", "https://posthog.com/?a=1"),
        ("/", "/"),
        ("//?", "/"),
        ("", NULL),
        (None, NULL),
    ],
)
def test_the_end_of_an_address_is_cut(asker: Asker, url: str | None, shown: str) -> None:
    asker.load([event(k=url)])
    assert asked(asker, by(breakdown_normalize_url=True)) == [(shown, [1])]
    assert asked(asker, several({"property": "k", "normalize_url": True})) == [([shown], [1])]
