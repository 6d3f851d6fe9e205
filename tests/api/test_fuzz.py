"""Whatever is sent to whatever route, the answer is no 5xx, shows nothing of the inside, and errors have their shape.

The routes are those of the functions' routers and of template.yaml, so a new one is covered by itself.
INSIGHTS_FUZZ=1000 sends a thousand requests to each, of another kind each time; without it they are few and always the
same.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from insights_engine.queue.sqlite import SqliteQueue
from insights_local.openapi.operations import Operation, operations
from insights_local.routes import load_template, routes_of
from insights_local.stack import Stack

from tests.api.mutations import anything, deep, dumped, mutated, quoted
from tests.api.raw import Answer, Raw, send
from tests.api.scene import SEEDS, Scene, fill
from tests.examples import examples

MANY = int(os.environ.get("INSIGHTS_FUZZ", "0"))
OPERATIONS = {f"{one.method} {one.path}": one for one in operations()}
GATEWAY_PATHS = sorted({route.path for route in routes_of(load_template()).all} - {"$default"})
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "GE%T")


def some(few: int) -> settings:
    return settings(
        max_examples=MANY or examples(few, 20 * few),
        deadline=None,
        derandomize=not MANY,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with Stack() as stack:
        yield Scene.of(stack)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


class Sender:
    """Sends a request, and fails where the answer is one that nobody should ever get."""

    def __init__(self, scene: Scene, runner: asyncio.Runner) -> None:
        self.scene, self._runner = scene, runner

    def __call__(self, request: Raw) -> Answer:
        answer = self._runner.run(send(self.scene.stack.app, request))
        fault = self.scene.fault(request, answer)
        assert fault is None, f"{fault}\n{request}"
        return answer


@pytest.fixture(scope="module")
def sent(scene: Scene, runner: asyncio.Runner) -> Sender:
    return Sender(scene, runner)


SEGMENTS = (
    *("0", "-1", "007", "1e3", "9" * 30, "9" * 5000, "²", "@current", "@me", "undefined", "..", "%00", "%2F", "a%2Fb"),
    *("%252e%252e%252f", "%F0%9F%98%80", "%FF%FE", "%0d%0aX-A:%20b", "'%20OR%201=1--", "a" * 3000, "%20", ".csv", "+"),
)
KINDS = (
    *("application/json", "application/json; charset=utf-16", "text/plain", "application/x-www-form-urlencoded"),
    *("multipart/form-data; boundary=x", "multipart/form-data", "application/octet-stream", "", "é", 'a/b;c="', "json"),
)
kinds = st.sampled_from(KINDS)
raw_bytes = st.binary(max_size=60) | st.sampled_from(
    (b"{", b'{"a":', b"\xff\xfe", b"\x1f\x8b\x08broken", b"null", b"[" * 5000, b"{}" * 3, b'"x"', b"eyJhIjoxfQ==")
)
multipart = st.binary(max_size=80).map(
    lambda content: (
        b'--x\r\nContent-Disposition: form-data; name="csv"; filename="a.csv"\r\n\r\n' + content + b"\r\n--x--"
    )
)
bodies = anything.map(dumped) | deep().map(dumped) | raw_bytes | multipart | st.just(b"")
names_of_parameters = st.sampled_from(
    (
        *(
            "format",
            "limit",
            "offset",
            "search",
            "token",
            "personal_api_key",
            "refresh",
            "events",
            "properties",
            "type",
        ),
        *(
            "date_from",
            "interval",
            "breakdown",
            "breakdown_limit",
            "export_name",
            "export_insight_id",
            "data",
            "v",
            "_",
        ),
        *("compression", "beacon", "created_by_id", "api_key"),
        *("cursor", "ordering", "insight", "created_by", "deleted"),
    )
)
parameters = st.lists(
    st.tuples(names_of_parameters | st.text(max_size=8), st.text(max_size=20) | anything.map(json.dumps)), max_size=4
)


@st.composite
def queries(draw: st.DrawFn) -> bytes:
    if draw(st.booleans()):
        return b""
    if draw(st.integers(0, 5)) == 0:
        return draw(st.text(alphabet="a=&%;[]+?#/\\'\"0é", max_size=20)).encode("latin-1")
    pairs = [f"{quoted(name)}={quoted(value)}" for name, value in draw(parameters)]
    return "&".join(pairs).encode()


@st.composite
def keys(draw: st.DrawFn, scene: Scene) -> tuple[tuple[str, str], ...]:
    """Mostly a good one, so that requests get beyond the gate."""
    good = ("authorization", f"Bearer {scene.stack.admin_key}")
    bad = (
        "Bearer phx_unknown",
        "Bearer ",
        "bearer x",
        "Basic YTpi",
        "Bearer pha_x",
        "Bearer é",
        f"Bearer {'x' * 5000}",
    )
    which = draw(st.integers(0, 9))
    if which > 1:
        return (good,)
    return (("authorization", draw(st.sampled_from(bad))),) if which else ()


@st.composite
def paths(draw: st.DrawFn, template: str, scene: Scene) -> bytes:
    """The template with its parameters: mostly known ids, of the caller's and of the other organization."""

    def filled(parameter: re.Match[str]) -> str:
        kind = parameter[1].removesuffix("_id").partition(":")[0].rstrip("+")
        known = [str(ids[kind]) for ids in (scene.names, scene.other) if kind in ids] or [scene.stack.organization_id]
        choice = st.sampled_from((*known, *known)) if draw(st.integers(0, 3)) else st.sampled_from(SEGMENTS)
        return draw(choice | st.text(max_size=10).map(quoted))

    path = re.sub(r"\{([^}]+)\}", filled, template)
    for ending in draw(st.sampled_from(((), (), (), ("/",), (".csv",), ("//", "/"), (".json",)))):
        path += ending
    return path.encode()


@pytest.mark.parametrize("name", OPERATIONS)
def test_arbitrary_requests_to_every_operation(name: str, sent: Sender) -> None:
    operation: Operation = OPERATIONS[name]

    @some(6)
    @given(st.data())
    def run(data: st.DataObject) -> None:
        path = data.draw(paths(operation.path, sent.scene))
        query = data.draw(queries())
        method = operation.method if data.draw(st.integers(0, 7)) else data.draw(st.sampled_from(METHODS))
        headers = (*data.draw(keys(sent.scene)), ("content-type", data.draw(kinds)))
        sent(Raw(method, path + (b"?" + query if query else b""), headers, data.draw(bodies)))

    run()


@pytest.mark.parametrize("template", [*GATEWAY_PATHS, "/{anything}", "/api/{a}/{b}"])
def test_arbitrary_requests_to_every_route_of_the_template(template: str, sent: Sender) -> None:
    @some(4)
    @given(st.data())
    def run(data: st.DataObject) -> None:
        path = data.draw(paths(template, sent.scene))
        headers = (*data.draw(keys(sent.scene)), ("content-type", data.draw(kinds)))
        sent(Raw(data.draw(st.sampled_from(METHODS)), path, headers, data.draw(bodies)))

    run()


@pytest.fixture
def own(scene: Scene) -> dict[str, Any]:
    """A project that a test may change."""
    return scene.new_project()


def seed_of(name: str, names: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = fill(next(s for s in SEEDS if s["name"] == name), {**names, "unique": uuid4().hex})
    return found


def request_of(seed: dict[str, Any], scene: Scene, query: dict[str, Any], body: Any) -> Raw:
    pairs = [f"{quoted(name)}={quoted(v if isinstance(v, str) else json.dumps(v))}" for name, v in query.items()]
    target = seed["path"] + ("?" + "&".join(pairs) if pairs else "")
    given_headers = seed.get("headers") or {"authorization": f"Bearer {scene.stack.admin_key}"}
    headers = (*given_headers.items(), ("content-type", "application/json"))
    return Raw(seed["method"], target.encode(), headers, dumped(body) if "json" in seed else b"")


@pytest.mark.parametrize("name", [seed["name"] for seed in SEEDS])
def test_the_seeds_are_valid(name: str, sent: Sender, own: dict[str, Any]) -> None:
    """Else their mutations would say little."""
    seed = seed_of(name, own)
    answer = sent(request_of(seed, sent.scene, seed.get("query", {}), seed.get("json")))
    assert answer.status in (200, 201, 204), answer.body


@pytest.mark.parametrize("name", [seed["name"] for seed in SEEDS])
def test_nearly_valid_requests(name: str, sent: Sender, own: dict[str, Any]) -> None:
    @some(10)
    @given(st.data())
    def run(data: st.DataObject) -> None:
        seed = seed_of(name, own)
        query, body = seed.get("query", {}), seed.get("json")
        if body is None or (query and data.draw(st.booleans())):
            changed = data.draw(mutated(query))
            query = changed if isinstance(changed, dict) else query
        else:
            body = data.draw(mutated(body))
        sent(request_of(seed, sent.scene, query, body))

    run()


def test_what_capture_takes_is_stored(sent: Sender) -> None:
    """None of the events above makes the consumer fail: no message is set aside."""
    captures = [seed["name"] for seed in SEEDS if seed["name"].startswith("captured_")]
    names = sent.scene.new_project()

    @some(30)
    @given(st.data())
    def run(data: st.DataObject) -> None:
        seed = seed_of(data.draw(st.sampled_from(captures)), names)
        query, body = seed.get("query", {}), seed.get("json")
        changed = data.draw(mutated(query if body is None else body))
        body, query = (body, changed) if body is None else (changed, query)
        sent(request_of(seed, sent.scene, query if isinstance(query, dict) else {}, body))

    run()
    sent.scene.stack.drain(60)
    events = sent.scene.stack.services.events
    assert isinstance(events, SqliteQueue)
    assert events.dead() == []
