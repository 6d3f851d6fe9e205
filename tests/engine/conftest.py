"""Clients of one environment over an embedded ClickHouse and SQLite files, and projects to work in."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from insights_engine import keys
from insights_engine.migrations import migrate
from insights_engine.services import Services
from insights_engine.settings import Settings
from insights_engine.sql import Sql

from tests.clickhouse_http import ClickHouseProcess
from tests.engine.asking import Asker

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Workplace:
    """A project of a test's own."""

    services: Services
    id: int
    token: str

    def rows(self, select: str) -> list[tuple[Any, ...]]:
        """Rows of this project; `{p}` in the text is its condition."""
        sql = Sql(select.replace("{p}", "project = {p:UInt32}"), p=self.id)
        return [tuple(row) for row in self.services.clickhouse.admin_read(sql).rows]

    def item(self) -> dict[str, Any]:
        item = self.services.policies.get(*keys.project(self.id))
        assert item is not None
        return item


NewProject = Callable[..., Workplace]


@pytest.fixture(scope="session")
def services(chdb_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """Tests share it, so each takes a project of its own."""
    folder = tmp_path_factory.mktemp("engine")
    services = Services(
        Settings.read(
            {
                "CLICKHOUSE_DSN": f"chdb://{chdb_path}?database=engine_{uuid4().hex}",
                "POLICIES_TABLE": f"sqlite://{folder}/policies.db",
                "RESULTS_TABLE": f"sqlite://{folder}/results.db",
                "EVENTS_QUEUE": f"sqlite://{folder}/events.db",
            }
        )
    )
    migrate(services)
    yield services
    services.clickhouse.command(f"DROP DATABASE `{services.clickhouse.database}` SYNC")
    services.clickhouse.close()


@pytest.fixture(scope="session")
def clickhouse_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseProcess]:
    """ClickHouse in a process of its own, behind its HTTP interface. Tests share it, so each takes its own database."""
    server = ClickHouseProcess(tmp_path_factory.mktemp("server") / "clickhouse")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def services_over_http(
    clickhouse_server: ClickHouseProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Services]:
    """As `services`, over HTTP."""
    folder = tmp_path_factory.mktemp("http")
    services = Services(
        Settings.read(
            {
                "CLICKHOUSE_DSN": clickhouse_server.dsn(f"engine_{uuid4().hex}"),
                "POLICIES_TABLE": f"sqlite://{folder}/policies.db",
                "RESULTS_TABLE": f"sqlite://{folder}/results.db",
                "EVENTS_QUEUE": f"sqlite://{folder}/events.db",
            }
        )
    )
    migrate(services)
    yield services
    services.clickhouse.close()


@pytest.fixture(scope="session", params=["embedded", "http"])
def either(request: pytest.FixtureRequest) -> Services:
    """The same over each way to reach ClickHouse."""
    name = "services" if request.param == "embedded" else "services_over_http"
    found: Services = request.getfixturevalue(name)
    return found


@pytest.fixture(scope="session")
def new_project(services: Services) -> NewProject:
    """`new_project(days_timezone="Asia/Tokyo")` makes a project with these settings."""

    def make(on: Services = services, **settings: Any) -> Workplace:
        number, token = next(_numbers), f"phc_{uuid4().hex}"
        pk, sk = keys.project(number)
        on.policies.put({"pk": pk, "sk": sk, "id": number, "api_token": token, "version": 1, **settings}, "absent")
        pk, sk = keys.project_token(token)
        on.policies.put({"pk": pk, "sk": sk, "project_id": number}, "absent")
        return Workplace(on, number, token)

    return make


@pytest.fixture
def project(new_project: NewProject) -> Workplace:
    return new_project()


NewAsker = Callable[..., Asker]


@pytest.fixture(scope="session")
def new_asker(services: Services, new_project: NewProject) -> NewAsker:
    """`new_asker(timezone="Asia/Tokyo")` is a project of a test's own to ask, in that zone from its first event on."""

    def make(**settings: Any) -> Asker:
        zone = settings.get("timezone", "UTC")
        return Asker(services, new_project(**{"days_timezone": zone, **settings}).id)

    return make


@pytest.fixture
def asker(new_asker: NewAsker) -> Asker:
    return new_asker()
