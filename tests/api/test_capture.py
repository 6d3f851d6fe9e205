"""The capture endpoints as clients see them, and what arrives in ClickHouse."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from insights_acl.models import StoredProject
from insights_engine.sql import Sql
from insights_local.stack import Stack

from tests.api.world import Api

PATHS = ["/i/v0/e", "/e", "/capture", "/track", "/batch"]


@pytest.fixture
def nobody(stack: Stack) -> Api:
    """Senders of events have no key."""
    return Api(stack, None)


@pytest.fixture
def stored(api: Any) -> Any:
    """Waits for the queue, then gives rows of the project; `{p}` in the text is its condition."""

    def rows(select: str) -> list[tuple[Any, ...]]:
        api.stack.drain()
        sql = Sql(select.replace("{p}", "project = {p:UInt32}"), p=api.project_id)
        return [tuple(row) for row in api.stack.services.clickhouse.admin_read(sql).rows]

    return rows


@pytest.fixture
def token(project: StoredProject) -> str:
    return project.project.api_token


def event(token: str, **fields: Any) -> dict[str, Any]:
    return {"api_key": token, "event": "e", "distinct_id": "u", **fields}


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("path", PATHS)
def test_every_route_takes_events(nobody: Any, token: str, stored: Any, path: str, slash: str) -> None:
    answer = nobody("POST", path + slash, json=event(token, properties={"n": 1}))
    assert (answer.status_code, answer.json()) == (200, {"status": "Ok"})
    assert stored("SELECT event, distinct_id, toInt64(properties.n) FROM events WHERE {p}") == [("e", "u", 1)]


def test_engage_identifies(nobody: Any, token: str, stored: Any) -> None:
    assert nobody("POST", "/engage/", json={"token": token, "$distinct_id": "u", "$set": {"a": 1}}).status_code == 200
    assert stored("SELECT is_identified, toInt64(properties.a) FROM persons FINAL WHERE {p}") == [(1, 1)]


def test_gzip_survives_the_gateway(nobody: Any, token: str, stored: Any) -> None:
    body = gzip.compress(json.dumps({"api_key": token, "batch": [event(token), event(token, event="f")]}).encode())
    answer = nobody("POST", "/batch/", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200
    assert sorted(stored("SELECT event FROM events WHERE {p}")) == [("e",), ("f",)]


def test_a_form_and_a_get(nobody: Any, token: str, stored: Any) -> None:
    packed = base64.b64encode(json.dumps(event(token)).encode()).decode()
    assert nobody("POST", "/e/?ip=1&ver=1.0", data={"data": packed}).status_code == 200
    assert nobody("GET", "/e/", params={"data": packed, "_": "1704110410000"}).status_code == 200
    assert stored("SELECT count() FROM events WHERE {p}") == [(2,)]


def test_a_beacon_gets_no_body(nobody: Any, token: str) -> None:
    answer = nobody("POST", "/e/?beacon=1", json=event(token))
    assert (answer.status_code, answer.content) == (204, b"")


def test_errors_are_plain_text(nobody: Any, token: str) -> None:
    answer = nobody("POST", "/capture/", json=event(token, event=""))
    assert (answer.status_code, answer.text) == (400, "event submitted with an empty event name")
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"null", b"[[]]", b'{"batch": 1}', b"\x1f\x8b\x08\x00"])
def test_a_body_that_is_no_events_is_a_400(nobody: Any, body: bytes) -> None:
    assert nobody("POST", "/e/", content=body).status_code == 400


@pytest.mark.parametrize(("path", "megabytes"), [("/e/", 2), ("/batch/", 20)])
def test_a_body_over_the_limit_is_a_413(nobody: Any, path: str, megabytes: int) -> None:
    assert nobody("POST", path, content=b"[" + b" " * (megabytes * 1024 * 1024)).status_code == 413


@pytest.mark.parametrize(("more", "status"), [(0, 400), (1, 413)], ids=["at the limit", "over it"])
def test_a_body_at_the_limit_is_read(nobody: Any, more: int, status: int) -> None:
    assert nobody("POST", "/e/", content=b" " * (2 * 1024 * 1024 + more)).status_code == status


@pytest.mark.parametrize(("more", "status"), [(0, 400), (1, 413)], ids=["at the limit", "over it"])
def test_a_body_of_no_said_length_is_measured(nobody: Any, more: int, status: int) -> None:
    async def sent() -> AsyncIterator[bytes]:
        yield b"[" + b" " * (1024 * 1024 - 1)
        yield b" " * (1024 * 1024 - 1 + more)
        yield b"]"

    assert nobody("POST", "/e/", content=sent()).status_code == status


def test_a_bomb_is_a_400(nobody: Any) -> None:
    answer = nobody("POST", "/e/", content=gzip.compress(b" " * (2 * 1024 * 1024) + b"[]"))
    assert (answer.status_code, answer.text) == (400, "maximum event size exceeded")


def test_an_event_that_fills_more_than_a_message_is_a_400(nobody: Any, token: str) -> None:
    noise = "".join(uuid4().hex for _ in range(60_000))
    answer = nobody("POST", "/e/", json=event(token, properties={"noise": noise}))
    assert (answer.status_code, answer.text) == (400, "maximum event size exceeded")


def test_an_unknown_token_is_taken_and_its_events_vanish(nobody: Any, stored: Any) -> None:
    assert nobody("POST", "/e/", json=event("phc_unknown")).status_code == 200
    assert stored("SELECT count() FROM events WHERE {p}") == [(0,)]


@pytest.mark.parametrize("path", [*PATHS, "/engage", "/i/v1/analytics/events", "/flags", "/decide"])
def test_a_preflight_mirrors_what_the_page_asks(nobody: Any, path: str) -> None:
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Headers": "content-type,x-posthog"}
    answer = nobody("OPTIONS", f"{path}/", headers=asked)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["access-control-allow-headers"] == "content-type,x-posthog"
    assert "POST" in answer.headers["access-control-allow-methods"]


def test_an_answer_mirrors_the_origin(nobody: Any, token: str) -> None:
    for body in (event(token), {}):
        answer = nobody("POST", "/e/", json=body, headers={"Origin": "https://shop.example"})
        assert answer.headers["access-control-allow-origin"] == "https://shop.example"


@pytest.mark.parametrize("path", ["/", "/_readiness", "/_readiness/"])
def test_it_says_that_it_is_there(nobody: Any, path: str) -> None:
    answer = nobody("GET", path)
    assert (answer.status_code, answer.text) == (200, "capture")


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "/flags/?v=2", {"flags": {}, "featureFlags": {}, "errorsWhileComputingFlags": False}),
        (
            "POST",
            "/flags?v=2&config=true",
            {"flags": {}, "sessionRecording": False, "supportedCompression": ["gzip", "gzip-js"]},
        ),
        ("POST", "/decide/?v=3", {"featureFlags": {}, "featureFlagPayloads": {}}),
        ("POST", "/decide/", {"featureFlags": []}),
        ("GET", "/flags/definitions?token=x&send_cohorts", {"flags": [], "group_type_mapping": {}, "cohorts": {}}),
        ("GET", "/array/phc_x/config?ip=0", {"token": "phc_x", "hasFeatureFlags": False, "surveys": False}),
    ],
)
def test_what_sdks_poll_is_validly_empty(nobody: Any, method: str, path: str, expected: dict[str, Any]) -> None:
    answer = nobody(method, path, **({"json": {}} if method == "POST" else {}))
    assert answer.status_code == 200
    assert {name: answer.json()[name] for name in expected} == expected


def test_the_configuration_as_a_script(nobody: Any) -> None:
    answer = nobody("GET", "/array/phc_x/config.js")
    assert answer.headers["content-type"].startswith("application/javascript")
    assert "c['phc_x']={\"config\":{" in answer.text


def test_a_script_is_made_of_no_text_but_a_token(nobody: Any) -> None:
    assert nobody("GET", "/array/x']=alert(1)/config.js").status_code == 404


def v1(*events: dict[str, Any]) -> dict[str, Any]:
    return {"created_at": "2024-01-01T00:00:00Z", "batch": list(events)}


def v1_event(**fields: Any) -> dict[str, Any]:
    return {"event": "e", "uuid": str(uuid4()), "distinct_id": "u", "options": {}, "properties": {}, **fields}


def test_v1_answers_for_each_event(nobody: Any, token: str, stored: Any) -> None:
    good, bad = v1_event(), v1_event(distinct_id="")
    huge = v1_event(properties={"noise": "".join(uuid4().hex for _ in range(60_000))})
    answer = nobody(
        "POST",
        "/i/v1/analytics/events",
        json=v1(good, bad, huge),
        headers={"Authorization": f"Bearer {token}", "PostHog-Request-Timestamp": "2024-01-01T00:00:00Z"},
    )
    assert answer.status_code == 200
    assert answer.json() == {
        "results": {
            good["uuid"]: {"result": "ok"},
            bad["uuid"]: {"result": "drop", "details": "event submitted without a distinct_id"},
            huge["uuid"]: {"result": "drop", "details": "maximum event size exceeded"},
        }
    }
    assert stored("SELECT uuid FROM events WHERE {p}") == [(UUID(good["uuid"]),)]


def test_v1_errors_are_json(nobody: Any) -> None:
    answer = nobody("POST", "/i/v1/analytics/events", json=v1(v1_event()))
    assert (answer.status_code, answer.json()["error"]) == (401, "event submitted without an api_key")
