"""What the log says of a request, and what it never says."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, Request
from insights_engine import log, metrics
from insights_engine.errors import Overloaded, ValidationError
from insights_engine.http import create_app, lambda_handler
from insights_local.functions import Context

router = APIRouter()


@router.get("/api/projects/{project_id}/insights/trend")
async def trend(request: Request) -> dict[str, Any]:
    log.logger().warning("on the way")
    metrics.question(
        project_id=7, insight="trend", outcome="computed", total_ms=9, clickhouse_ms=5, rows_read=10, bytes_read=99
    )
    return {}


@router.get("/api/projects/{project_id}/refused")
async def refused() -> None:
    raise ValidationError("no", attr="events")


@router.get("/api/projects/{project_id}/away")
async def away() -> None:
    raise Overloaded("ClickHouse is away", status=503)


@router.get("/api/projects/{project_id}/broken")
async def broken() -> None:
    raise RuntimeError("oh")


@pytest.fixture(autouse=True)
def _to_the_present_output() -> None:
    """The logger of a process keeps the output that it was made with, which an earlier test may have closed."""
    for handler in log.logger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.stream = sys.stdout  # not setStream, which would flush the one that is closed


@pytest.fixture
def app() -> FastAPI:
    return create_app(router)


def event(path: str, query: str = "", body: str = "") -> dict[str, Any]:
    """API Gateway's, payload 2.0."""
    about = {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "t"}
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"authorization": "Bearer phx_secret", "host": "api.test"},
        "requestContext": {"http": about, "requestId": "gateway-1", "stage": "$default"},
        "isBase64Encoded": False,
        "body": body,
    }


def ask(app: FastAPI, *args: str) -> int:
    context = Context("Trend", 29, aws_request_id="lambda-1")
    status: int = lambda_handler(app)(event(*args), context)["statusCode"]
    return status


def said(caplog: pytest.LogCaptureFixture, message: str) -> dict[str, Any]:
    (record,) = [record for record in caplog.records if record.getMessage() == message]
    return vars(record)


@pytest.fixture(autouse=True)
def info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def test_a_request_ends_with_one_line_that_has_what_is_known_of_it(
    app: FastAPI, caplog: pytest.LogCaptureFixture
) -> None:
    assert ask(app, "/api/environments/7//insights/trend/") == 200
    line = said(caplog, "request")
    expected = {
        "method": "GET",
        "route": "/api/projects/{project_id}/insights/trend",
        "status": 200,
        "project": 7,
        "request_id": "lambda-1",
        "correlation_id": "gateway-1",
        "insight": "trend",
        "outcome": "computed",
        "rows_read": 10,
        "bytes_read": 99,
        "clickhouse_ms": 5,
    }
    assert {name: line.get(name) for name in expected} == expected
    assert 0 < line["ms"] < 60_000


def test_lines_on_the_way_name_the_request(app: FastAPI, caplog: pytest.LogCaptureFixture) -> None:
    ask(app, "/api/projects/7/insights/trend")
    line = said(caplog, "on the way")
    assert (line["request_id"], line["correlation_id"]) == ("lambda-1", "gateway-1")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/projects/7/refused", 400),
        ("/api/projects/7/away", 503),
        ("/api/projects/7/broken", 500),
        ("/api/projects/@current/refused", 400),
        (f"/api/projects/{'9' * 5000}/refused", 400),
        ("/nothing/here", 404),
    ],
)
def test_every_request_has_its_line(path: str, status: int, app: FastAPI, caplog: pytest.LogCaptureFixture) -> None:
    assert ask(app, path) == status
    line = said(caplog, "request")
    assert line["status"] == status
    assert line.get("project", 7) == 7


def test_the_log_has_no_secrets(
    app: FastAPI, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    for path in (
        "/api/projects/7/insights/trend",
        "/api/projects/7/broken",
        "/api/signup/inv_secret",
        "/shared/secret",
    ):
        ask(app, path, "personal_api_key=phx_secret", '{"personal_api_key": "phx_secret"}')
    assert "secret" not in "".join(f"{vars(record)}" for record in caplog.records)
    out, err = capfd.readouterr()
    assert "secret" not in out + err


def test_the_lines_are_json() -> None:
    script = """
from insights_engine import log
from insights_local.functions import Context
with log.invocation({}, Context("Trend", 29, aws_request_id="r-1")):
    log.note(project=7)
    log.logger().warning("hello", extra={"table": "events"})
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    (line,) = [json.loads(text) for text in done.stdout.splitlines()]
    expected = {"level": "WARNING", "message": "hello", "service": "insights", "request_id": "r-1", "project": 7}
    assert {name: line[name] for name in expected} == expected
    assert datetime.fromisoformat(line["timestamp"]).utcoffset() == timedelta(0)


def test_an_environment_s_first_request_says_so(app: FastAPI, capfd: pytest.CaptureFixture[str]) -> None:
    handler = lambda_handler(app)
    for _ in range(3):
        handler(event("/nothing"), Context("Trend", 29))
    assert capfd.readouterr().out.count('"ColdStart"') == 2  # named, and its value, on one line


def test_what_is_noted_outside_of_an_invocation_is_not_kept() -> None:
    log.note(project=7)
    assert log.known() == {}


def test_functions_without_requests_name_their_invocations_too() -> None:
    handler = log.naming_invocations(lambda event, context: dict(log.known()))
    assert handler({"Records": []}, Context("Ingest", 60, aws_request_id="r-2")) == {"request_id": "r-2"}
