"""What `sam build` made works in Lambda's runtime: every built function is called, over HTTP and API Gateway's events.

`make test` builds first. Without a build these tests fail rather than say nothing, unless INSIGHTS_SKIP_BUILT=1.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from insights_engine.queue import unpack
from insights_engine.queue.sqlite import SqliteQueue
from insights_local.consumer import sqs_event
from insights_local.emulator import (
    BUILD,
    Emulator,
    FunctionError,
    built_for,
    embedded_in,
    is_built,
    layers_of,
    machine,
    running,
)
from insights_local.gateway import Gateway
from insights_local.routes import Function, functions_of, routes_of

from tests.infra.template import TEMPLATE, properties

FUNCTIONS = tuple(sorted(functions_of(TEMPLATE)))
MEGABYTE = 1024 * 1024

pytestmark = pytest.mark.skipif(
    os.environ.get("INSIGHTS_SKIP_BUILT") == "1", reason="INSIGHTS_SKIP_BUILT is set: built functions are not tested"
)

Call = Callable[..., httpx.Response]


@pytest.fixture(scope="module", autouse=True)
def build() -> None:
    assert is_built(), "there is no build; run `make build`, or set INSIGHTS_SKIP_BUILT=1 to leave these tests out"
    assert built_for() == machine(), "the build is for another processor; run `make build`"


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("emulator")


@pytest.fixture(scope="module")
def emulators(scratch: Path) -> Iterator[Callable[[str], Emulator]]:
    """By name, each started on its first use."""
    started: dict[str, Emulator] = {}
    with ExitStack() as stack:

        def emulator(name: str) -> Emulator:
            if name not in started:
                started[name] = stack.enter_context(running(name, scratch, embedded_in(scratch)))
            return started[name]

        yield emulator


@pytest.fixture(scope="module")
def call(emulators: Callable[[str], Emulator]) -> Iterator[Call]:
    """An HTTP request, through the template's routes, to the built function."""

    def invoke(function: Function, event: dict[str, Any]) -> Any:
        return emulators(function.name).invoke(event)

    with ThreadPoolExecutor(1) as threads:
        gateway = Gateway(routes_of(TEMPLATE), invoke, cors=None, threads=threads)

        def request(method: str, path: str, **options: Any) -> httpx.Response:
            async def send() -> httpx.Response:
                transport = httpx.ASGITransport(app=gateway)
                async with httpx.AsyncClient(transport=transport, base_url="https://api.test") as client:
                    return await client.request(method, path, **options)

            return asyncio.run(send())

        yield request


NO_KEY = {
    "type": "authentication_error",
    "code": "not_authenticated",
    "detail": "Authentication credentials were not provided.",
    "attr": None,
}
BAD_KEY = {"authorization": "Bearer phx_unknown"}
REQUESTS = [
    ("GET", "/api/projects/1/insights/trend/?events=[]", {}, 401, NO_KEY),
    ("POST", "/api/environments/1/insights/trend", {"json": {}}, 401, NO_KEY),
    ("GET", "/api/projects/1/insights/trend/", {"headers": BAD_KEY}, 401, {"code": "authentication_failed"}),
    ("POST", "/api/projects/1/query/", {"json": {"query": {}}}, 401, NO_KEY),
    ("GET", "/api/projects/1/insights/retention/", {}, 401, NO_KEY),
    ("GET", "/api/environments/1/insights/retention.csv", {"headers": BAD_KEY}, 401, {"code": "authentication_failed"}),
    ("GET", "/api/person/retention/?selected_interval=0", {}, 401, NO_KEY),
    ("POST", "/api/projects/1/insights/path/", {"json": {}}, 401, NO_KEY),
    ("GET", "/api/environments/1/insights/path.csv", {"headers": BAD_KEY}, 401, {"code": "authentication_failed"}),
    ("GET", "/api/person/path/?path_end_key=2_x", {}, 401, NO_KEY),
    ("POST", "/api/projects/1/insights/funnel/", {"json": {}}, 401, NO_KEY),
    ("GET", "/api/environments/1/insights/funnel.csv", {"headers": BAD_KEY}, 401, {"code": "authentication_failed"}),
    ("GET", "/api/person/funnel/?funnel_step=2", {}, 401, NO_KEY),
    ("POST", "/api/projects/1/insights/timing/", {"json": {}}, 401, NO_KEY),
    ("GET", "/api/environments/1/insights/timing?date_from=-7d", {}, 401, NO_KEY),
    ("GET", "/api/users/@me/", {}, 401, NO_KEY),
    ("POST", "/api/projects/1//insights/trend/", {"json": {}}, 401, NO_KEY),
    ("GET", "/api/projects/1/cohorts/", {"headers": BAD_KEY}, 401, {"code": "authentication_failed"}),
    ("GET", "/api/projects/1/subscriptions/", {}, 401, NO_KEY),
    ("POST", "/api/environments/1/alerts", {"json": {}}, 401, NO_KEY),
    ("GET", "/api/projects/1/integrations/", {"headers": BAD_KEY}, 401, {"code": "authentication_failed"}),
    ("GET", "/unsubscribe/?token=forged", {}, 400, {"code": "invalid_token", "attr": "token"}),
    ("GET", "/exporter/x.png?token=forged", {}, 404, {"code": "not_found"}),
    ("GET", "/nowhere", {}, 404, {"code": "not_found"}),
    ("OPTIONS", "/e/", {"headers": {"origin": "https://site.test"}}, 200, {"status": "Ok"}),
]


@pytest.mark.parametrize(("method", "path", "options", "status", "body"), REQUESTS)
def test_a_built_function_answers(
    call: Call, method: str, path: str, options: dict[str, Any], status: int, body: dict[str, Any]
) -> None:
    answer = call(method, path, **options)
    assert answer.status_code == status, answer.text
    assert body.items() <= answer.json().items()


def test_the_built_capture_queues_what_the_built_ingest_reads(
    call: Call, emulators: Callable[[str], Emulator], scratch: Path
) -> None:
    """As far as it goes without a ClickHouse: events of an unknown token vanish."""
    batch = {"api_key": "phc_unknown", "batch": [{"event": "ping", "distinct_id": "p1", "properties": {}}]}
    body = gzip.compress(json.dumps(batch).encode())
    answer = call("POST", "/batch/", content=body, headers={"content-encoding": "gzip"})
    assert (answer.status_code, answer.json()["status"]) == (200, "Ok")
    messages = SqliteQueue(scratch / "events.db").receive(10, 0)
    assert [event["event"] for message in messages for event in unpack(message.body)] == ["ping"]
    assert emulators("Ingest").invoke(sqs_event(messages)) == {"batchItemFailures": []}


def test_the_built_capture_refuses_with_the_texts_of_capture(call: Call) -> None:
    answer = call("POST", "/e/", json={"api_key": "phc_x", "event": "", "distinct_id": "p1"})
    assert (answer.status_code, answer.text) == (400, "event submitted with an empty event name")


@pytest.mark.parametrize("name", ["Ingest", "Compute", "Deliver"])
def test_a_built_consumer_takes_an_empty_batch(name: str, emulators: Callable[[str], Emulator]) -> None:
    assert emulators(name).invoke({"Records": []}) == {"batchItemFailures": []}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_and_its_layers_fit_into_lambda(name: str) -> None:
    own = size(BUILD / name)
    assert own < MEGABYTE, "third-party code belongs into the layers"
    assert own + sum(size(BUILD / layer) for layer in layers_of(name)) < 250 * MEGABYTE


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_the_layers_that_the_template_gives_it(name: str) -> None:
    assert layers_of(name) == tuple(layer["Ref"] for layer in properties(name)["Layers"])


def test_nothing_of_the_local_stack_is_shipped() -> None:
    shipped = {path.name for layer in layers_of("Deliver") for path in (BUILD / layer / "python").iterdir()}
    assert shipped.isdisjoint({"chdb", "pyarrow", "pandas", "numpy", "moto", "insights_local", "uvicorn"})
    assert {"insights_engine", "insights_acl", "insights_api", "boto3", "fastapi"} <= shipped
    assert {"insights_report", "vl_convert", "jinja2"} <= shipped
    parts = [{path.name for path in (BUILD / layer / "python").iterdir()} for layer in ("EngineLayer", "ReportLayer")]
    assert parts[0] & parts[1] <= {"__pycache__", "requirements.txt"}, "once is enough"


def test_every_module_is_compiled() -> None:
    """/var/task and /opt are read-only: what is not compiled at the build is compiled at every cold start."""
    tag = sys.implementation.cache_tag
    python = BUILD.rglob("*.py")
    missing = [path for path in python if not (path.parent / "__pycache__" / f"{path.stem}.{tag}.pyc").exists()]
    assert missing == [], "run `make build`, which compiles after sam build"


def test_a_built_function_logs_one_line_a_request_and_its_start(call: Call, scratch: Path) -> None:
    assert call("GET", "/api/projects/7/insights/path/?personal_api_key=phx_secret").status_code == 401
    text = (scratch / "Path.log").read_text("utf-8")
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    line = [line for line in lines if line.get("message") == "request"][-1]
    expected = {"status": 401, "method": "GET", "route": "/api/projects/{project_id}/insights/path", "project": 7}
    assert {name: line.get(name) for name in expected} == expected
    assert line["request_id"]
    assert sum("ColdStart" in line for line in lines) == 1
    assert "phx_secret" not in text


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(("name", "event"), [("Squash", {"source": "aws.events"}), ("Migrate", {})])
def test_a_built_function_says_that_clickhouse_is_not_there(
    name: str, event: dict[str, Any], emulators: Callable[[str], Emulator]
) -> None:
    """Either has nothing to do without one: what called it tries again, or shows the reason."""
    with pytest.raises(FunctionError, match=r"ClickHouse at 127\.0\.0\.1:9"):
        emulators(name).invoke(event)


def test_the_built_report_looks_for_what_is_due_each_minute(emulators: Callable[[str], Emulator]) -> None:
    assert emulators("Report").invoke({"source": "insights.tick"}) == {"sent": 0}


def test_the_built_layers_draw_a_picture() -> None:
    """With the interpreter below this environment, and nothing but the layers."""
    drawn = "draw('TrendsQuery', [], name='x')"
    script = f"import sys; from insights_report.charts import draw; sys.stdout.buffer.write({drawn})"
    paths = os.pathsep.join(str(BUILD / layer / "python") for layer in layers_of("Deliver"))
    command = [str(Path(sys._base_executable).resolve()), "-S", "-c", script]  # type: ignore[attr-defined]
    variables = {"PATH": os.environ["PATH"], "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, capture_output=True, env=variables, check=False)
    assert done.stdout.startswith(b"\x89PNG"), done.stderr.decode()
