"""ClickHouse behind its HTTP interface: what is the same as embedded, and what happens when it is not there."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import APIRouter
from insights_engine import keys
from insights_engine.clickhouse import ClickHouse
from insights_engine.errors import Overloaded
from insights_engine.http import create_app
from insights_engine.ingest import load
from insights_engine.migrations import migrate, migrations, pending
from insights_engine.project import Project
from insights_engine.services import Services
from insights_engine.settings import Settings
from insights_engine.sql import Sql
from insights_engine.trend.answer import answer
from insights_engine.trend.legacy import parse_legacy
from insights_engine.trend.node import parse_node

from tests.clickhouse_http import PASSWORD, ClickHouseProcess

CANNOT_BE_REACHED = "ClickHouse cannot be reached; try again in a moment."
BOUND = "a value that the query binds"


def client(dsn: str, **limits: str) -> ClickHouse:
    settings = Settings.read({f"QUERY_{name.upper()}": value for name, value in limits.items()})
    return ClickHouse(dsn, settings, sleep=lambda _: None)


# The interface


def test_the_server_says_that_it_is_there(clickhouse_server: ClickHouseProcess) -> None:
    assert httpx.get(f"http://127.0.0.1:{clickhouse_server.port}/ping").text == "Ok.\n"


def test_the_tables_are_made_over_http(clickhouse_server: ClickHouseProcess) -> None:
    services = Services(Settings.read({"CLICKHOUSE_DSN": clickhouse_server.dsn(f"new_{uuid4().hex}")}))
    assert not services.clickhouse.has_database()
    assert migrate(services) == [migration.name for migration in migrations()]
    assert services.clickhouse.has_database()
    assert migrate(services) == []
    assert pending(services) == []


def test_a_user_that_the_server_keeps_read_only_can_read(services_over_http: Services) -> None:
    """Its profile says `readonly = 2`, so that we must not say it again; the project's filter holds all the same."""
    dsn = services_over_http.settings.clickhouse_dsn.replace("//app:", "//locked:")
    clickhouse = client(dsn)
    assert clickhouse.read(Sql("SELECT getSetting('readonly') + count() FROM events"), project_id=0).rows == [(2,)]
    clickhouse.close()


# The same answers

NOW = datetime(2024, 3, 20, 15, 30, tzinfo=UTC)
NODE = {"kind": "EventsNode", "event": "buy"}
OVER_A_MONTH = {"kind": "TrendsQuery", "series": [NODE], "dateRange": {"date_from": "2024-02-20"}}
QUESTIONS: dict[str, dict[str, Any]] = {
    "total": OVER_A_MONTH,
    "empty": {**OVER_A_MONTH, "series": [{**NODE, "event": "never"}]},
    "breakdown": {
        **OVER_A_MONTH,
        "breakdownFilter": {"breakdown": "plan", "breakdown_type": "person", "breakdown_limit": 2},
    },
    "two breakdowns, one binned": {
        **OVER_A_MONTH,
        "breakdownFilter": {
            "breakdowns": [{"property": "a.b"}, {"property": "price", "histogram_bin_count": 3}],
        },
    },
    "formula": {
        **OVER_A_MONTH,
        "series": [NODE, {**NODE, "math": "sum", "math_property": "price"}],
        "trendsFilter": {"formula": "B / A"},
    },
    "quantile": {**OVER_A_MONTH, "series": [{**NODE, "math": "p90", "math_property": "price"}]},
    "cohort": {**OVER_A_MONTH, "properties": [{"type": "cohort", "key": "id", "value": 7}]},
    "by cohort": {**OVER_A_MONTH, "breakdownFilter": {"breakdown": [7, "all"], "breakdown_type": "cohort"}},
    "action": {**OVER_A_MONTH, "series": [{"kind": "ActionsNode", "id": 8}]},
    "compare": {**OVER_A_MONTH, "dateRange": {"date_from": "-7d"}, "compareFilter": {"compare": True}},
    "all time by hour": {
        **OVER_A_MONTH,
        "dateRange": {"date_from": "all", "date_to": "2024-03-02"},
        "interval": "hour",
    },
    "rolling": {**OVER_A_MONTH, "series": [{**NODE, "math": "weekly_active"}]},
    "group": {
        **OVER_A_MONTH,
        "series": [{**NODE, "math": "unique_group", "math_group_type_index": 0}],
        "properties": [{"type": "group", "group_type_index": 0, "key": "it's", "value": ["ü\n", "x"]}],
    },
    "table": {**OVER_A_MONTH, "trendsFilter": {"display": "ActionsTable"}},
}


def people() -> list[dict[str, Any]]:
    plans = ("free", "pro", "it's \\ \n 日本", None)
    return [{"distinct_ids": [f"p{n}", f"q{n}"], "properties": {"plan": plans[n % 4]}} for n in range(12)]


def events() -> Iterator[dict[str, Any]]:
    for n in range(400):
        yield {
            "event": ("buy", "look")[n % 3 == 0],
            "distinct_id": f"{'pq'[n % 2]}{n % 12}",
            "timestamp": datetime.fromtimestamp(NOW.timestamp() - n * 7_777, UTC).isoformat(),
            "uuid": f"00000000-0000-4000-8000-{n:012}",
            "properties": {"price": n * 1.37, "a.b": f"v{n % 5}", "a": {"b": n}, "$current_url": f"https://x/{n % 3}"},
            "groups": {"company": f"c{n % 4}"},
        }


def prepared(services: Services) -> Project:
    """A project of this name in the services, with the same rows, cohort and action in each."""
    number = uuid4().int % 2**31
    put = services.policies.put
    settings = {"timezone": "Europe/Berlin", "days_timezone": "Europe/Berlin", "api_token": uuid4().hex}
    pk, sk = keys.project(number)
    put({"pk": pk, "sk": sk, "id": number, "version": 1, **settings}, "absent")
    pk, sk = keys.cohort(number, 7)
    filters = {"properties": {"type": "OR", "values": [{"key": "plan", "type": "person", "value": ["pro", "free"]}]}}
    put({"pk": pk, "sk": sk, "id": 7, "name": "payers", "filters": filters})
    pk, sk = keys.action(number, 8)
    put({"pk": pk, "sk": sk, "id": 8, "name": "first", "steps": [{"event": "buy", "url": "x/1"}]})
    groups = [{"type": "company", "key": f"c{n}", "properties": {"it's": "ü\n" if n else "no"}} for n in range(3)]
    load(services, number, persons=people(), groups=groups, events=events(), now=NOW)
    item = services.policies.get(*keys.project(number))
    assert item is not None
    return Project.from_item(item)


@pytest.fixture(scope="session")
def both(services: Services, services_over_http: Services) -> tuple[tuple[Services, Project], ...]:
    return tuple((found, prepared(found)) for found in (services, services_over_http))


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_a_trend_is_the_same_over_http(both: tuple[tuple[Services, Project], ...], question: dict[str, Any]) -> None:
    embedded, over_http = (answer(parse_node(question), project, services, NOW) for services, project in both)
    assert over_http.result == embedded.result
    assert over_http.resolved_date_range == embedded.resolved_date_range
    assert over_http.cost.rows_read == embedded.cost.rows_read
    assert (over_http.cost.bytes_read > 0) == (over_http.cost.rows_read > 0)


def test_the_questions_have_answers(both: tuple[tuple[Services, Project], ...]) -> None:
    """Two engines agree easily on nothing."""
    for services, project in both:
        answers = {name: answer(parse_node(q), project, services, NOW).result for name, q in QUESTIONS.items()}
        assert {name for name, found in answers.items() if not any(_total(series) for series in found)} == {"empty"}


def _total(series: dict[str, Any]) -> float:
    return float(sum(series.get("data") or ()) or series.get("aggregated_value") or 0)


def test_a_legacy_trend_is_the_same_over_http(both: tuple[tuple[Services, Project], ...]) -> None:
    query = parse_legacy({"events": '[{"id": "buy", "math": "dau"}]', "date_from": "-30d", "breakdown": "$current_url"})
    embedded, over_http = (answer(query, project, services, NOW) for services, project in both)
    assert over_http.result == embedded.result


# When it is not there


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ClickHouseProcess]:
    """One of the test's own, that it may stop."""
    process = ClickHouseProcess(tmp_path / "clickhouse")
    process.start()
    yield process
    process.stop()


def test_it_answers_again_when_the_server_does(server: ClickHouseProcess) -> None:
    clickhouse = client(server.dsn("default"))
    clickhouse.command("CREATE TABLE kept (n UInt8) ENGINE = MergeTree ORDER BY n")
    for n in range(2):
        clickhouse.insert_json("kept", ["n"], b'{"n": %d}\n' % n)
        assert clickhouse.read(Sql("SELECT count() FROM kept"), project_id=1).rows == [(n + 1,)]
        server.stop()
        for call in calls(clickhouse):
            with pytest.raises(Overloaded) as raised:
                call()
            assert (raised.value.status, raised.value.detail) == (503, CANNOT_BE_REACHED)
        server.start()
    clickhouse.close()


def calls(clickhouse: ClickHouse) -> list[Callable[[], Any]]:
    return [
        lambda: clickhouse.read(Sql("SELECT {b:String}", b=BOUND), project_id=1),
        lambda: clickhouse.admin_read(Sql("SELECT {b:String}", b=BOUND)),
        lambda: clickhouse.command("SELECT {b:String}", {"b": BOUND}),
        lambda: clickhouse.insert_json("kept", ["n"], b'{"n": 1}\n'),
        clickhouse.has_database,
        clickhouse.create_database,
    ]


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that takes connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture
def rude() -> Iterator[int]:
    """A port that answers every request as a gateway does that has lost its server."""
    listener = socket.create_server(("127.0.0.1", 0))

    async def serve() -> None:
        async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\nConnection: close\r\n\r\noops")
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(reply, sock=listener) as server:
            started.set()
            await server.serve_forever()

    started, loop = threading.Event(), asyncio.new_event_loop()
    task = loop.create_task(serve())
    thread = threading.Thread(target=lambda: loop.run_until_complete(asyncio.wait([task])))
    thread.start()
    started.wait()
    yield listener.getsockname()[1]
    loop.call_soon_threadsafe(task.cancel)
    thread.join()
    loop.close()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://app:{wrong}@127.0.0.1:{port}/default", "the user or the password of CLICKHOUSE_DSN is refused"),
        ("http://nobody:{right}@127.0.0.1:{port}/default", "the user or the password of CLICKHOUSE_DSN is refused"),
        ("http://app:{right}@127.0.0.1:{closed}/default", "nothing listens there (connection refused). Start it"),
        ("http://app:{right}@127.0.0.1:{rude}/default", "a gateway answers 502"),
        ("http://app:{right}@no-such-host.invalid/default", "at no-such-host.invalid:8123: its name is not found"),
        ("https://app:{right}@127.0.0.1:{port}/default", "it does not speak TLS there. Write http://"),
    ],
)
def test_what_the_caller_and_what_the_operator_learn(
    clickhouse_server: ClickHouseProcess,
    rude: int,
    free_tcp_port: int,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    address: str,
    said: str,
) -> None:
    right, wrong = "p%40ss%2Fw%C3%B6rd%3F%23%3A%2540", "wr%40ng"
    dsn = address.format(right=right, wrong=wrong, port=clickhouse_server.port, closed=free_tcp_port, rude=rude)
    answered = ask_a_function(client(dsn))
    assert answered.status_code == 503
    assert answered.json() == {"type": "server_error", "code": "error", "detail": CANNOT_BE_REACHED, "attr": None}
    logged = "".join(capfd.readouterr()) + caplog.text
    assert said in logged
    for secret in (PASSWORD, "wr@ng", right, wrong, BOUND, "param_"):
        assert secret not in logged


def test_a_server_that_never_answers_is_given_up_in_time(silent: int) -> None:
    answered = ask_a_function(client(f"http://127.0.0.1:{silent}/default", seconds="1"))
    assert answered.status_code == 504
    assert "took too long" in answered.json()["detail"]


def ask_a_function(clickhouse: ClickHouse) -> httpx.Response:
    """What a function answers whose query ClickHouse gets."""
    router = APIRouter()

    @router.get("/api/count")
    async def count() -> list[Any]:
        return list(clickhouse.read(Sql("SELECT {b:String}", b=BOUND), project_id=1).rows)

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=create_app(router))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as browser:
            return await browser.get("/api/count")

    return asyncio.run(send())
