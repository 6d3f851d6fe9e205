"""How much time there is, and when something is tried again in it."""

from __future__ import annotations

import contextvars
import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from insights_engine import aws, deadline
from insights_engine.retries import Backoff, Retrying, pauses

from tests.faults.conftest import Context

GRACE = deadline.GRACE_SECONDS


def about(seconds: float) -> Any:
    return pytest.approx(seconds, abs=0.5)


def test_without_a_function_there_is_no_end() -> None:
    assert deadline.remaining() is None
    assert deadline.left() is None
    assert deadline.statement_seconds(25) == 25


def test_the_end_is_the_functions() -> None:
    with deadline.of(Context(29)):
        assert deadline.remaining() == about(29)
        assert deadline.left() == about(29 - GRACE)
        assert deadline.statement_seconds(25) == 25
        assert deadline.statement_seconds(60) == about(29 - GRACE)
    assert deadline.remaining() is None


@pytest.mark.parametrize("context", [None, object()])
def test_a_context_that_tells_no_time_changes_nothing(context: object) -> None:
    with deadline.ends_in(10), deadline.of(context):
        assert deadline.remaining() == about(10)


def test_an_end_is_never_put_off() -> None:
    with deadline.ends_in(5):
        with deadline.ends_in(100):
            assert deadline.remaining() == about(5)
        with deadline.ends_in(1):
            assert deadline.remaining() == about(1)
        assert deadline.remaining() == about(5)


@pytest.mark.parametrize(
    ("function", "allowed", "seconds"), [(900, 600, 600), (100, 600, 98), (900, 5, 5), (None, 9, 9)]
)
def test_statements_may_be_given_a_limit_of_their_own(function: float | None, allowed: float, seconds: float) -> None:
    with deadline.of(Context(function) if function else None), deadline.within(allowed):
        assert deadline.statement_seconds(25) == about(seconds)
        assert deadline.left() == about(seconds)


def test_what_is_past_is_below_zero() -> None:
    with deadline.ends_in(-3):
        remaining, left = deadline.remaining(), deadline.left()
        assert remaining is not None and remaining < -2.9
        assert left is not None and left < remaining


def test_a_thread_has_it_with_the_context() -> None:
    with ThreadPoolExecutor(1) as threads, deadline.ends_in(7):
        assert threads.submit(contextvars.copy_context().run, deadline.remaining).result() == about(7)
        assert threads.submit(deadline.remaining).result() is None


BACKOFFS = st.builds(
    Backoff,
    attempts=st.integers(1, 8),
    first=st.floats(0.01, 1),
    most=st.floats(0.01, 3),
    least=st.floats(0, 1),
)


@given(BACKOFFS, st.floats(0, 1, exclude_max=True))
def test_pauses_double_up_to_the_most(backoff: Backoff, chance: float) -> None:
    found = list(pauses(backoff, left=lambda: None, chance=lambda: chance))
    assert len(found) == backoff.attempts
    assert found[-1] is None
    for number, pause in enumerate(found[:-1]):
        longest = min(backoff.most, backoff.first * 2**number)
        assert pause is not None
        assert backoff.least * longest <= pause + 1e-9
        assert pause <= longest + 1e-9


@given(BACKOFFS, st.floats(0, 5))
def test_pauses_end_before_the_time_does(backoff: Backoff, seconds: float) -> None:
    slept = [0.0]

    def left() -> float:
        return seconds - slept[0]

    for pause in pauses(backoff, left=left):
        if pause is None:
            break
        slept[0] += pause
    assert slept[0] <= seconds


@given(st.integers(1, 5))
def test_each_kind_of_fault_has_its_own_count(attempts: int) -> None:
    one, other = Backoff(attempts, 1, 1), Backoff(attempts, 2, 2)
    slept: list[float] = []
    retrying = Retrying(slept.append)
    tried = list(itertools.takewhile(bool, (retrying.wait(kind) for kind in itertools.cycle((one, other)))))
    assert len(tried) == len(slept) == 2 * (attempts - 1)
    assert not retrying.wait(None)
    assert not retrying.wait(one)


def test_an_attempt_that_has_no_time_left_is_not_waited_for() -> None:
    slept: list[float] = []
    with deadline.ends_in(GRACE + 0.9):
        assert not Retrying(slept.append, least=1).wait(Backoff(3, 0.1, 0.1))
        assert Retrying(slept.append).wait(Backoff(3, 0.1, 0.1))
    assert len(slept) == 1


def test_dynamodbs_second_attempts_end_with_the_request() -> None:
    assert len(list(aws.pauses())) == aws.ATTEMPTS
    with deadline.ends_in(GRACE):
        assert list(aws.pauses()) == [None]
