"""The local stack behind a real web server, for clients that speak HTTP themselves, and a project to ask about."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from insights_acl import accounts
from insights_engine.sql import Sql
from insights_local.stack import OWNER_EMAIL, Stack

from tests.clients import programs

HERE = Path(__file__).parent


def needs(name: str) -> pytest.MarkDecorator:
    """Leaves out, with the reason, what has no program to run here."""
    reason = programs.missing(name)
    return pytest.mark.skipif(bool(reason), reason=reason)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("clients")


@dataclass(frozen=True)
class Server:
    stack: Stack
    url: str

    @property
    def token(self) -> str:
        return self.stack.project_token

    def rows(self, columns: str, table: str, condition: str, **values: Any) -> list[tuple[Any, ...]]:
        """What the token's project has after the queue is empty."""
        self.stack.drain()
        select = f"SELECT {columns} FROM {table} WHERE project = {{project:UInt32}} AND {condition}"
        found = self.stack.services.clickhouse.admin_read(Sql(select, project=self.stack.project_id, **values))
        return [tuple(row) for row in found.rows]

    def persons_of(self, prefix: str) -> dict[str, int]:
        """The person of each distinct id, without the prefix."""
        ids = self.rows(
            "distinct_id, person", "person_distinct_ids FINAL", "startsWith(distinct_id, {p:String})", p=prefix
        )
        return {name.removeprefix(prefix + "-"): person for name, person in ids}

    def trend(self, event: str, **series: Any) -> float:
        """The sum that the API gives for the last day."""
        self.stack.drain()
        answer = self.ask(
            "POST",
            f"/api/projects/{self.stack.project_id}/insights/trend/",
            json={"events": [{"id": event, "type": "events", **series}], "date_from": "-2d", "display": "BoldNumber"},
        )
        (row,) = answer["result"]
        return float(row["aggregated_value"])

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """As the owner; what comes back is a success."""
        headers = {"Authorization": f"Bearer {self.stack.admin_key}"}
        answer = httpx.request(method, self.url + path, headers=headers, **options)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None


@dataclass(frozen=True)
class Shop:
    """A project with three visitors, two of whom signed up, all of it yesterday or before."""

    server: Server
    id: int
    key: str

    @property
    def url(self) -> str:
        return self.server.url

    def key_with(self, *scopes: str) -> str:
        """Another key of the owner, for those scopes."""
        services = self.server.stack.services
        owner = accounts.find_user_by_email(services.policies, OWNER_EMAIL)
        assert owner is not None
        _, value = accounts.create_personal_key(services.policies, owner, "narrow", scopes, now=services.now())
        return value

    def insight(self, name: str) -> Any:
        """One that is saved: page views, 6 of them."""
        query = {
            "kind": "InsightVizNode",
            "source": {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "$pageview"}]},
        }
        return self.server.ask("POST", f"/api/projects/{self.id}/insights/", json={"name": name, "query": query})


@contextmanager
def serving(stack: Stack, **options: Any) -> Iterator[int]:
    """The port of a web server with the stack behind it."""
    running = uvicorn.Server(uvicorn.Config(stack.app, port=0, log_level="warning", lifespan="off", **options))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        assert thread.is_alive(), "the web server did not start"
        thread.join(0.01)
    yield running.servers[0].sockets[0].getsockname()[1]
    running.should_exit = True
    thread.join()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with Stack() as stack, serving(stack) as port:
        yield Server(stack, f"http://127.0.0.1:{port}")


@pytest.fixture(scope="session")
def shop(server: Server) -> Shop:
    made = server.ask("POST", "/api/projects/", json={"name": "Shop"})
    at = (datetime.now(UTC) - timedelta(days=3)).replace(hour=12, minute=0, second=0, microsecond=0)
    people = {"ada": "Chrome", "bob": "Firefox", "eve": "Chrome"}
    seen = {
        "ada": ("$pageview", "$pageview", "$pageview", "signed up"),
        "bob": ("$pageview", "$pageview", "signed up"),
        "eve": ("$pageview",),
    }
    events = [
        {
            "event": event,
            "distinct_id": name,
            "timestamp": (at + timedelta(minutes=place)).isoformat(),
            "properties": {"$browser": people[name], "price": place + 0.5},
        }
        for name, list_of_events in seen.items()
        for place, event in enumerate(list_of_events)
    ]
    persons = [{"distinct_ids": [name], "properties": {"email": f"{name}@shop.example"}} for name in people]
    server.stack.load(made["id"], persons=persons, events=events)
    return Shop(server, made["id"], server.stack.admin_key)
