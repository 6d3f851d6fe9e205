"""The functions behind API Gateway, with a server that fails on demand between them and ClickHouse or DynamoDB."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from fastapi import APIRouter
from fastapi.responses import Response
from insights_acl.models import StoredProject
from insights_engine.clickhouse import ClickHouse
from insights_engine.http import JsonResponse, create_app, lambda_handler
from insights_engine.services import current, use
from insights_engine.sql import Sql
from insights_local.stack import Stack

from tests.api.world import Api, World
from tests.clickhouse_http import ClickHouseProcess
from tests.faults.faulty import Faulty


@pytest.fixture(scope="session")
def clickhouse_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseProcess]:
    server = ClickHouseProcess(tmp_path_factory.mktemp("faults") / "clickhouse")
    server.start()
    yield server
    server.stop()


@dataclass
class Broken:
    """ClickHouse behind a server that fails; `pauses` is what was waited before something was tried again."""

    stack: Stack
    server: Faulty
    pauses: list[float] = field(default_factory=list)
    on_pause: Callable[[int], object] = lambda _: None

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.on_pause(len(self.pauses))

    @property
    def clickhouse(self) -> ClickHouse:
        return self.stack.services.clickhouse


@pytest.fixture(scope="session")
def clickhouse_stack(clickhouse_server: ClickHouseProcess) -> Iterator[tuple[Stack, Faulty]]:
    direct = clickhouse_server.dsn(f"faults_{uuid4().hex}")
    server = Faulty(f"http://127.0.0.1:{clickhouse_server.port}")
    server.up()
    with Stack(clickhouse=direct.replace(f":{urlsplit(direct).port}/", f":{server.port}/")) as stack:
        yield stack, server
        server.reset()
        server.up()
    server.down()


@pytest.fixture
def broken(clickhouse_stack: tuple[Stack, Faulty]) -> Iterator[Broken]:
    """With a client of the test's own, and without faults until the test says which."""
    stack, server = clickhouse_stack
    server.reset()
    server.counts = lambda request: b"FROM events" in request.body
    server.up()
    broken, kept = Broken(stack, server), stack.services.__dict__.get("clickhouse")
    stack.services.__dict__["clickhouse"] = ClickHouse(
        stack.services.settings.clickhouse_dsn, stack.services.settings, sleep=broken.sleep
    )
    yield broken
    server.reset()
    server.up()
    stack.services.clickhouse.close()
    stack.services.__dict__["clickhouse"] = kept


@pytest.fixture(scope="session")
def world(clickhouse_stack: tuple[Stack, Faulty]) -> World:
    return World.of(clickhouse_stack[0])


@pytest.fixture
def project(world: World) -> StoredProject:
    return world.new_project(timezone="UTC")


DAYS = 3


@pytest.fixture
def asked(world: World, project: StoredProject) -> Callable[[], Any]:
    """Ask for the purchases of three days, anew each time. There are 1, 2 and 3."""
    api = world.api(project)
    events = [
        {"event": "buy", "distinct_id": f"p{n}", "timestamp": datetime(2024, 3, day, n, tzinfo=UTC).isoformat()}
        for day in range(1, DAYS + 1)
        for n in range(day)
    ]
    api.stack.load(project.project.id, events=events)
    body = {
        "query": {
            "kind": "TrendsQuery",
            "series": [{"kind": "EventsNode", "event": "buy"}],
            "dateRange": {"date_from": "2024-03-01", "date_to": "2024-03-03"},
        },
        "refresh": "force_blocking",
    }
    return lambda: api("POST", "query", json=body)


ANSWER = [1, 2, 3]


@dataclass(frozen=True)
class Told:
    """What a function answers."""

    status: int
    body: Any
    milliseconds: float


class Context:
    """Lambda's second argument, with a function that has so much time."""

    function_name = "Count"
    aws_request_id = "0"

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return round((self._end - time.monotonic()) * 1000)


Count = Callable[..., Told]


@pytest.fixture
def count(broken: Broken, project: StoredProject, asked: Any) -> Count:
    """A function that asks ClickHouse for the same, once, and has no background to put it off to.

    `count(seconds=5)` runs it with so much time.
    """
    router = APIRouter()

    @router.get("/api/count")
    async def counted() -> Response:
        statement = Sql("SELECT count() AS n FROM events WHERE project = {p:UInt32} GROUP BY day ORDER BY n", p=number)
        rows = current().clickhouse.read(statement, project_id=number).rows
        return JsonResponse([row[0] for row in rows])

    number, handler = project.project.id, lambda_handler(create_app(router))

    def call(seconds: float = 29) -> Told:
        http = {"method": "GET", "path": "/api/count", "sourceIp": "127.0.0.1", "protocol": "HTTP/1.1"}
        event = {
            "version": "2.0",
            "routeKey": "GET /api/count",
            "rawPath": "/api/count",
            "rawQueryString": "",
            "headers": {"host": "test"},
            "requestContext": {"http": http, "requestId": "0", "stage": "$default", "domainName": "test"},
            "isBase64Encoded": False,
        }
        started = time.perf_counter()
        with use(broken.stack.services):
            answer = handler(event, Context(seconds))
        return Told(answer["statusCode"], json.loads(answer["body"]), (time.perf_counter() - started) * 1000)

    return call


# DynamoDB


@pytest.fixture(scope="session")
def dynamo_server(moto_url: str) -> Iterator[Faulty]:
    server = Faulty(moto_url)
    server.up()
    yield server
    server.down()


@pytest.fixture(scope="session")
def dynamo_stack(dynamo_table: Callable[[str], str]) -> Iterator[Stack]:
    with Stack(**{kind: dynamo_table(kind) for kind in ("policies", "results")}) as stack:
        yield stack


@pytest.fixture
def dynamo(dynamo_server: Faulty, dynamo_stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Faulty]:
    """What the stack's tables are behind for the time of a test.

    A client of the test's own, because the SDK counts how often it tried again and some time stops; it does not wait
    before it does.
    """
    stores = (dynamo_stack.services.policies, dynamo_stack.services.results)
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", dynamo_server.url)
    monkeypatch.setattr("insights_engine.aws._clients", {})
    monkeypatch.setattr("insights_engine.aws._READ_SECONDS", {"dynamodb": 0.3})
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None, time=time.time))
    kept = [store.__dict__.pop("_client", None) for store in stores]
    dynamo_server.reset()
    dynamo_server.up()
    yield dynamo_server
    dynamo_server.reset()
    for store, client in zip(stores, kept, strict=True):
        store.__dict__.pop("_client", None)
        if client is not None:
            store.__dict__["_client"] = client


@pytest.fixture(scope="session")
def dynamo_world(dynamo_stack: Stack) -> World:
    return World.of(dynamo_stack)


@pytest.fixture(scope="session")
def dynamo_api(dynamo_world: World) -> Api:
    """Its key has been used, which is noted at the first request."""
    api = dynamo_world.api(dynamo_world.new_project())
    assert api("GET", "notebooks").status_code == 200
    return api
