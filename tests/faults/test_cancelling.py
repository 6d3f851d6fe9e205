"""Statements that are stopped from outside, however ClickHouse is reached."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from insights_engine.clickhouse import ClickHouse, named
from insights_engine.errors import Cancelled
from insights_engine.settings import Settings
from insights_engine.sql import Sql

from tests.clickhouse_http import ClickHouseProcess

# Many times the limit of a statement.
LONG = Sql("SELECT count() FROM numbers(1000000000000) WHERE cityHash64(number) = {n:UInt64}", n=1)


@pytest.fixture(params=["embedded", "http"])
def clickhouse(
    request: pytest.FixtureRequest, chdb_path: Path, clickhouse_server: ClickHouseProcess
) -> Iterator[ClickHouse]:
    dsn = f"chdb://{chdb_path}?database=default" if request.param == "embedded" else clickhouse_server.dsn("default")
    clickhouse = ClickHouse(dsn, Settings.read({}))
    clickhouse.command("SELECT 1")
    yield clickhouse
    clickhouse.close()


class Running:
    """A read in a thread of its own, under a name."""

    def __init__(self, clickhouse: ClickHouse, name: str) -> None:
        self.outcome: Any = None
        self._clickhouse, self._name = clickhouse, name
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            with named(self._name):
                self.outcome = self._clickhouse.read(LONG, project_id=1).rows
        except Exception as error:
            self.outcome = error

    def end(self) -> Any:
        self._thread.join(20)
        assert not self._thread.is_alive()
        return self.outcome


def test_a_statement_is_killed_by_its_name_and_no_other(
    clickhouse: ClickHouse, eventually: Callable[[Callable[[], Any]], Any]
) -> None:
    name = uuid4().hex
    one, other = Running(clickhouse, name), Running(clickhouse, f"{name}-2")
    eventually(lambda: clickhouse.kill(name) is False and one.outcome)
    assert isinstance(one.end(), Cancelled)
    assert other.outcome is None
    eventually(lambda: clickhouse.kill(f"{name}-2") is False and other.outcome)
    assert isinstance(other.end(), Cancelled)
    assert clickhouse.read(Sql("SELECT 7"), project_id=1).rows == [(7,)]


def test_what_does_not_run_is_not_killed(clickhouse: ClickHouse) -> None:
    name = uuid4().hex
    with named(name):
        assert clickhouse.read(Sql("SELECT 7"), project_id=1).rows == [(7,)]
    assert not clickhouse.kill(name)


@pytest.mark.parametrize("name", ["", "a b", "*/", "x */ UNION ALL SELECT 1 /*", "ü", "a\n"])
def test_a_name_is_never_more_than_a_name(clickhouse: ClickHouse, name: str) -> None:
    with pytest.raises(ValueError, match="letters, digits"):
        clickhouse.kill(name)
    with pytest.raises(ValueError, match="letters, digits"), named(name):
        pass


def test_a_user_that_may_not_kill_is_told_that_nothing_was(clickhouse_server: ClickHouseProcess) -> None:
    clickhouse = ClickHouse(clickhouse_server.dsn("default", user="locked"), Settings.read({}))
    assert not clickhouse.kill(uuid4().hex)
    clickhouse.close()
