"""events/: a sample for each function, which the function itself takes, and answers as it would in AWS."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from insights_engine.queue import unpack
from insights_engine.queue.sqlite import SqliteQueue
from insights_local.routes import ROOT, Function, functions_of, load_template
from insights_local.stack import Stack

from tests.conftest import Eventually

EVENTS = ROOT / "events"
NAMES = sorted(path.stem for path in EVENTS.glob("*.json"))
BY_FOLDER: dict[str, Function] = {function.code.name: function for function in functions_of(load_template()).values()}
NOTHING_FAILED = {"batchItemFailures": []}


def answered(status: int, of: Callable[[Any], Any]) -> Callable[[Any], bool]:
    """An HTTP answer with this status, and a body of which `of` is true."""
    return lambda answer: answer["statusCode"] == status and bool(of(json.loads(answer["body"])))


# name -> what its answer is
EXPECTED: dict[str, Callable[[Any], bool]] = {
    "trend": answered(200, lambda body: len(body["result"][0]["days"]) == 8),
    "retention": answered(200, lambda body: len(body["result"]) == 6),
    "path": answered(200, lambda body: body["result"] == []),
    "funnel": answered(200, lambda body: [step["name"] for step in body["result"]] == ["$pageview", "signed_up"]),
    "timing": answered(200, lambda body: "resolved_date_range" in body),
    "query": answered(200, lambda body: body["results"][0]["action"]["id"] == "$pageview"),
    "resources": answered(200, lambda body: body["email"] == "owner@example.com"),
    "capture": answered(200, lambda body: body["status"] == "Ok"),
    "ingest": lambda answer: answer == NOTHING_FAILED,
    "compute": lambda answer: answer == NOTHING_FAILED,
    "squash": lambda answer: answer == {},
    "report": answered(200, lambda body: body["count"] == 1),
    "report-tick": lambda answer: answer == {"sent": 0},
    "report-saved": lambda answer: answer == {"sent": 1},
    "report-requested": lambda answer: answer == {"sent": 1},
    "report-s3": lambda answer: answer == {"sent": 1},
    "deliver": lambda answer: answer == NOTHING_FAILED,
    "migrate": lambda answer: answer == {"Applied": "nothing"},
}


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """With the insight and the subscription that the samples speak of: both are the project's first."""
    with Stack() as stack:
        insight = post(stack, "insights/", {"name": "Visitors", "filters": {"events": [{"id": "$pageview"}]}})
        wanted = {
            "insight": insight["id"],
            "target_type": "email",
            "target_value": "ada@example.com",
            "frequency": "weekly",
            "start_date": "2026-01-01T09:00:00Z",
            "run_on": ["insight.saved", "report.requested", "object.created"],
        }
        subscription = post(stack, "subscriptions/", wanted)
        assert (stack.project_id, insight["id"], subscription["id"]) == (1, 1, 1)
        yield stack


def post(stack: Stack, path: str, body: dict[str, Any]) -> Any:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=stack.app)
        async with httpx.AsyncClient(transport=transport, base_url="https://api.test") as client:
            headers = {"Authorization": f"Bearer {stack.admin_key}"}
            return await client.post(f"/api/projects/{stack.project_id}/{path}", headers=headers, json=body)

    answer = asyncio.run(send())
    assert answer.status_code == 201, answer.text
    return answer.json()


def sample(name: str, stack: Stack | None = None) -> Any:
    """With the stack's key and token in the places of one's own."""
    text = (EVENTS / f"{name}.json").read_text("utf-8")
    if stack is not None:
        text = text.replace("phx_YOUR_PERSONAL_KEY", stack.admin_key)
        text = text.replace("phc_YOUR_PROJECT_TOKEN", stack.project_token)
    return json.loads(text)


def test_every_function_has_a_sample_and_every_sample_a_function() -> None:
    assert {name.partition("-")[0] for name in NAMES} == set(BY_FOLDER)
    assert set(NAMES) == set(EXPECTED)


def test_every_sample_is_documented_in_a_line() -> None:
    page = (EVENTS / "README.md").read_text("utf-8")
    assert [name for name in NAMES if f"| `{name}.json` | " not in page] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_function_answers(stack: Stack, name: str, eventually: Eventually) -> None:
    if name.startswith("report-"):  # an event that comes while another is not begun is covered by that one
        eventually(lambda: not isinstance(stack.services.reports, SqliteQueue) or not stack.services.reports.depth())
    answer = stack.invoke(BY_FOLDER[name.partition("-")[0]], sample(name, stack))
    assert EXPECTED[name](answer), answer


@pytest.mark.parametrize("name", [name for name in NAMES if "requestContext" in sample(name) and name != "capture"])
def test_a_key_has_to_be_put_in(stack: Stack, name: str) -> None:
    assert stack.invoke(BY_FOLDER[name], sample(name))["statusCode"] == 401


def test_what_ingest_gets_is_what_capture_queued() -> None:
    (record,) = sample("ingest")["Records"]
    (event,) = unpack(record["body"])
    sent = json.loads(sample("capture")["body"])
    assert (event["token"], event["event"], event["distinct_id"]) == (
        sent["api_key"],
        sent["event"],
        sent["distinct_id"],
    )
