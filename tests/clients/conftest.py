"""The local stack behind a real web server, for clients that speak HTTP themselves."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import uvicorn
from insights_engine.sql import Sql
from insights_local.stack import Stack


@dataclass(frozen=True)
class Server:
    stack: Stack
    url: str

    @property
    def token(self) -> str:
        return self.stack.project_token

    def rows(self, select: str, **values: Any) -> list[tuple[Any, ...]]:
        """What the project has after the queue is empty."""
        self.stack.drain()
        return [tuple(row) for row in self.stack.services.clickhouse.admin_read(Sql(select, **values)).rows]

    def persons_of(self, prefix: str) -> dict[str, int]:
        """The person of each distinct id, without the prefix."""
        ids = "SELECT distinct_id, person FROM person_distinct_ids FINAL WHERE startsWith(distinct_id, {p:String})"
        return {name.removeprefix(prefix + "-"): person for name, person in self.rows(ids, p=prefix)}

    def trend(self, event: str, **series: Any) -> float:
        """The sum that the API gives for the last day."""
        self.stack.drain()
        answer = httpx.post(
            f"{self.url}/api/projects/{self.stack.project_id}/insights/trend/",
            headers={"Authorization": f"Bearer {self.stack.admin_key}"},
            json={"events": [{"id": event, "type": "events", **series}], "date_from": "-2d", "display": "BoldNumber"},
        )
        assert answer.status_code == 200, answer.text
        (row,) = answer.json()["result"]
        return float(row["aggregated_value"])


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with Stack() as stack:
        running = uvicorn.Server(uvicorn.Config(stack.app, port=0, log_level="warning", lifespan="off"))
        thread = threading.Thread(target=running.run, daemon=True)
        thread.start()
        while not running.started:
            assert thread.is_alive(), "the web server did not start"
            thread.join(0.01)
        port = running.servers[0].sockets[0].getsockname()[1]
        yield Server(stack, f"http://127.0.0.1:{port}")
        running.should_exit = True
        thread.join()
