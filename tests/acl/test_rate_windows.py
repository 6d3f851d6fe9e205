"""The arithmetic of rates against a plain model: the moments of the requests that passed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from insights_acl.rate_windows import HOUR, MINUTE, WINDOWS, Budget, Used
from insights_engine.rate_classes import Rate

START = datetime(2026, 3, 1, 12, 0, 3, tzinfo=UTC).timestamp()

STEPS = st.one_of(st.just(0.0), st.floats(0, 12), st.floats(0, 90), st.floats(0, 900), st.floats(3000, 4500))


@given(st.lists(STEPS, max_size=60), st.integers(1, 6), st.integers(1, 12))
@settings(max_examples=400)
def test_never_more_than_the_rate_in_any_window_and_hardly_ever_less(
    steps: list[float], minute: int, hour: int
) -> None:
    rate, used, at, passed = Rate(minute, hour), Used(), START, list[float]()
    for step in steps:
        at += step
        wait = used.wait(rate, at)
        if wait == 0:
            used = used.and_one(at)
            passed.append(at)
        for window, limit in zip(WINDOWS, rate, strict=True):
            assert within(passed, at, window.seconds) <= limit
        full = [
            within(passed, at, window.seconds + window.width) >= limit
            for window, limit in zip(WINDOWS, rate, strict=True)
        ]
        assert wait == 0 or any(full)


def within(passed: list[float], at: float, seconds: float) -> int:
    return sum(at - seconds < one <= at for one in passed)


@given(st.lists(STEPS, min_size=1, max_size=40), st.integers(1, 4), st.integers(1, 8))
def test_who_comes_again_when_told_passes_and_not_before(steps: list[float], minute: int, hour: int) -> None:
    rate, used, at = Rate(minute, hour), Used(), START
    for step in steps:
        at += step
        if wait := used.wait(rate, at):
            assert used.wait(rate, at + wait) == 0
            assert used.wait(rate, at + wait - 0.001) > 0
            assert used.budget(rate, at).remaining == 0
        else:
            assert used.budget(rate, at).remaining > 0
            used = used.and_one(at)
    assert used.leaves() > at
    assert used.wait(rate, used.leaves()) == 0
    assert used.budget(rate, used.leaves()).remaining == min(rate)


@given(st.lists(st.floats(-25, 25), max_size=40))
def test_clocks_that_differ_lose_no_request(offsets: list[float]) -> None:
    used = Used()
    for offset in offsets:
        used = used.and_one(START + offset)
    assert sum(used.minute.values()) == sum(used.hour.values()) == len(offsets)


def test_what_is_far_ahead_counts_for_nothing() -> None:
    """A clock was wrong: nobody waits until it is right."""
    rate = Rate(1, 1)
    ahead = Used().and_one(START + 2 * HOUR.seconds)
    assert ahead.wait(rate, START) == 0
    assert ahead.budget(rate, START) == Budget(1, 1, 0)
    near = Used().and_one(START + MINUTE.width)
    assert near.wait(rate, START) > 0
    assert sum(ahead.and_one(START).hour.values()) == 1


@pytest.mark.parametrize(
    ("passed", "rate", "budget"),
    [
        ((), Rate(5, 9), Budget(5, 5, 0)),
        ((0,), Rate(5, 9), Budget(5, 4, 67)),
        ((-30, 0), Rate(5, 9), Budget(5, 3, 37)),
        ((-62, 0, 0), Rate(3, 9), Budget(3, 0, 7)),  # a part counts until all of it has left
        ((-75, 0, 0), Rate(5, 4), Budget(4, 1, 3597)),  # the hour has less left
        ((0, 0, 0), Rate(3, 3), Budget(3, 0, 3897)),  # of two alike, the one that takes longer
        ((0, 0, 0, 0), Rate(2, 9), Budget(2, 0, 67)),  # a rate that was higher before
    ],
)
def test_what_is_left(passed: tuple[float, ...], rate: Rate, budget: Budget) -> None:
    used = Used()
    for offset in passed:
        used = used.and_one(START + offset)
    assert used.budget(rate, START) == budget


def test_the_windows_are_those_of_the_page() -> None:
    assert (MINUTE.seconds, MINUTE.width) == (60, 10)
    assert (HOUR.seconds, HOUR.width) == (3600, 300)
