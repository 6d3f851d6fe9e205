"""Functions whose clocks are ten minutes apart."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from insights_acl.models import StoredProject
from insights_engine.store import ConflictError, Store
from insights_engine.store.dynamodb import DynamoStore
from insights_engine.store.sqlite import SqliteStore

from tests.api.world import World
from tests.faults.conftest import ANSWER, Broken

MINUTES = (-10, 10)
NOW = 1_700_000_000
AtClock = Callable[[float], Store]


@pytest.fixture(params=["sqlite", "dynamodb"])
def at_clock(request: pytest.FixtureRequest, tmp_path: Path) -> AtClock:
    """The one store as a function sees it whose clock is so many minutes ahead."""
    if request.param == "sqlite":
        return lambda minutes: SqliteStore(tmp_path / "store.db", clock=lambda: NOW + 60 * minutes)
    client, table = request.getfixturevalue("moto_table")
    return lambda minutes: DynamoStore(table, client=client, clock=lambda: NOW + 60 * minutes)


@pytest.mark.parametrize("minutes", MINUTES)
def test_what_has_an_hour_left_is_there_for_all(at_clock: AtClock, pk: str, minutes: float) -> None:
    at_clock(minutes).put({"pk": pk, "sk": "s", "version": 1, "expires_at": NOW + 3600})
    for reader in (-10, 0, 10):
        store = at_clock(reader)
        assert store.get(pk, "s") is not None
        assert len(store.query(pk)) == 1
        with pytest.raises(ConflictError):
            store.put({"pk": pk, "sk": "s"}, "absent")
        store.put({"pk": pk, "sk": "s", "version": 1, "expires_at": NOW + 3600}, 1)


@pytest.mark.parametrize("minutes", MINUTES)
def test_what_expired_an_hour_ago_is_there_for_none(at_clock: AtClock, pk: str, minutes: float) -> None:
    at_clock(minutes).put({"pk": pk, "sk": "s", "expires_at": NOW - 3600})
    for reader in (-10, 0, 10):
        store = at_clock(reader)
        assert store.get(pk, "s") is None
        assert store.query(pk) == []
        store.put({"pk": pk, "sk": "s", "expires_at": NOW - 3600}, "absent")


@pytest.mark.parametrize("minutes", MINUTES)
def test_what_never_expires_knows_no_clock(at_clock: AtClock, pk: str, minutes: float) -> None:
    for number, clock in enumerate((minutes, 0, -minutes)):
        assert at_clock(clock).add(pk, "s", "n", 1) == number + 1


def test_of_two_that_take_the_same_one_gets_it(at_clock: AtClock, pk: str) -> None:
    """A lease of a minute that a clock ten minutes ahead ends early: still only one holds the item at a time."""
    at_clock(0).put({"pk": pk, "sk": "lease", "holder": "a", "version": 1, "expires_at": NOW + 60}, "absent")
    with pytest.raises(ConflictError):
        at_clock(-10).put({"pk": pk, "sk": "lease", "holder": "b"}, "absent")
    at_clock(10).put({"pk": pk, "sk": "lease", "holder": "c", "version": 2, "expires_at": NOW + 660}, "absent")
    with pytest.raises(ConflictError):
        at_clock(0).put({"pk": pk, "sk": "lease", "holder": "a", "version": 2}, 1)
    found = at_clock(0).get(pk, "lease")
    assert found is not None
    assert found["holder"] == "c"


@pytest.mark.parametrize("minutes", MINUTES)
def test_keys_and_questions_do_not_mind(
    broken: Broken, world: World, project: StoredProject, asked: Callable[[], Any], minutes: int
) -> None:
    """What one clock made is used by the clock on the other side of the right one."""
    right = datetime.now(UTC)
    with time_machine.travel(right + timedelta(minutes=minutes), tick=True):
        api = world.api(project)
        made = api("POST", "notebooks", json={"title": "Mine"})
        assert made.status_code == 201
        assert asked().json()["results"][0]["data"] == ANSWER
    with time_machine.travel(right - timedelta(minutes=minutes), tick=True):
        assert [one["title"] for one in api("GET", "notebooks").json()["results"]] == ["Mine"]
        changed = api("PATCH", f"notebooks/{made.json()['short_id']}", json={"title": "Still mine"})
        assert changed.status_code == 200, changed.text
        assert asked().json()["results"][0]["data"] == ANSWER
