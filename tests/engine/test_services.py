"""The clients of an environment, and others in their place for the time of a call."""

from __future__ import annotations

import contextvars
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC

import pytest
from insights_engine.services import Services, current, use
from insights_engine.settings import Settings


def services() -> Services:
    return Services(Settings.read({"POLICIES_TABLE": "sqlite:///nowhere/policies.db"}))


def test_others_are_in_place_for_the_time_of_a_call() -> None:
    first, second = services(), services()

    def nested() -> list[Services]:
        seen = []
        with use(first):
            seen.append(current())
            with pytest.raises(KeyError), use(second):
                seen.append(current())
                raise KeyError
            seen.append(current())
            with use(second):
                seen.append(current())
            seen.append(current())
        return seen

    assert contextvars.Context().run(nested) == [first, second, first, second, first]


def test_they_are_those_of_one_call_and_of_no_other_thread() -> None:
    first, second = services(), services()

    def within(one: Services) -> bool:
        with use(one):
            return all(current() is one for _ in range(1000))

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(within, (first, second) * 10)) == [True] * 20


def test_a_client_is_opened_on_first_use_and_once() -> None:
    made = services()
    assert "policies" not in vars(made)
    assert made.policies is made.policies


def test_now_is_a_moment_with_its_zone() -> None:
    assert services().now().tzinfo is UTC
