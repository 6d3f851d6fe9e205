"""The clients of an environment, and others in their place for the time of a call."""

from __future__ import annotations

import contextvars
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from insights_engine.services import Services, current, use
from insights_engine.settings import Settings

# Values of SQLite's `PRAGMA synchronous`.
NORMAL, FULL = 1, 2


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


@pytest.mark.parametrize(
    ("variable", "used", "synchronous"),
    [
        ("POLICIES_TABLE", lambda services: services.policies.get("a", "b"), FULL),
        ("RESULTS_TABLE", lambda services: services.results.get("a", "b"), NORMAL),
        ("EVENTS_QUEUE", lambda services: services.events.depth(), FULL),
        ("QUERIES_QUEUE", lambda services: services.queries.depth(), FULL),
        ("REPORTS_QUEUE", lambda services: services.reports.depth(), FULL),
    ],
    ids=["policies", "results", "events", "queries", "reports"],
)
def test_nothing_but_results_may_be_lost_with_the_power(
    variable: str,
    used: Callable[[Services], Any],
    synchronous: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """FULL: a commit is on the disk before it is acknowledged. NORMAL: the last ones may go with the power."""
    path, opened, connect = tmp_path / "one.db", [], sqlite3.connect

    def connected(file: Path, *args: Any, **kwargs: Any) -> sqlite3.Connection:
        made = connect(file, *args, **kwargs)
        if Path(file) == path:
            opened.append(made)
        return made

    monkeypatch.setattr(sqlite3, "connect", connected)
    made = Services(Settings.read({variable: f"sqlite://{path}"}))
    used(made)
    assert [one.execute("PRAGMA synchronous").fetchone() for one in opened] == [(synchronous,)]


def test_now_is_a_moment_with_its_zone() -> None:
    assert services().now().tzinfo is UTC
