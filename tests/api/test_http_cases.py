"""One request, one answer: the cases of tests/cases, each on both stores."""

from __future__ import annotations

import json
import os
import re
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import time_machine
from insights_acl.models import StoredProject
from insights_engine.store.sqlite import SqliteStore
from insights_local.stack import Stack

from tests.api.cast import Cast
from tests.api.house import House
from tests.api.matching import difference
from tests.api.world import Api, World, limited

CASES = Path(__file__).parent.parent / "cases"
OWN = [case for name in ("identity", "resources") for case in json.loads((CASES / f"{name}.json").read_text())]

# A further file of the same format, kept elsewhere: run where it is.
SHARED = Path(os.environ.get("CONFORMANCE", CASES.parent.parent.parent / "shared" / "conformance")) / "http.json"
DOCUMENT = CASES.parent.parent / "docs" / "differences.md"
_ROW = re.compile(r"\| `(\w+)` \| (.+) \|")
_CLOCK = re.compile(r"now = (\S+),")


def differences() -> dict[str, str]:
    """What cannot hold here, and why: the table of docs/differences.md."""
    return dict(_ROW.findall(DOCUMENT.read_text()))


def shared_cases() -> list[dict[str, Any]]:
    return json.loads(SHARED.read_text()) if SHARED.exists() else []  # type: ignore[no-any-return]


@pytest.fixture
def cast(world: World, project: StoredProject) -> Cast:
    return Cast(world, project)


@pytest.mark.parametrize("case", OWN, ids=[case["name"] for case in OWN])
def test_case(cast: Cast, case: dict[str, Any]) -> None:
    check(cast, case, cast.key_of(case["as"]))


@pytest.mark.parametrize("case", shared_cases(), ids=lambda case: case["name"])
def test_shared_case(stack: Stack, case: dict[str, Any], request: pytest.FixtureRequest) -> None:
    """Each in a house of its own: some count what there is. A difference that passes has to leave its table."""
    if case["name"] in differences():
        request.applymarker(pytest.mark.xfail(reason=differences()[case["name"]], strict=True))
    if case["expect"]["status"] == 429 and not isinstance(stack.services.policies, SqliteStore):
        pytest.skip("hundreds of requests: that both stores count alike is in the tests of rate limits")
    world = World.of(stack)
    house = House(world, world.new_project())
    text = json.dumps(case).replace("{{key_star}}", house.key_of_words(case["as"]) or "{{key_star}}")
    filled = re.sub(r"\{\{(\w+)\}\}", r"{\1}", text)
    house.named("i1")  # a list has something to show
    house.filled(json.loads(filled)["request"])  # the objects are there before the rules
    clock = next((found[1] for sentence in case["setup"] if (found := _CLOCK.match(sentence))), None)
    with ExitStack() as around:
        if case["expect"]["status"] == 429:
            around.enter_context(limited(stack, "on"))
            around.enter_context(time_machine.travel(stack.services.now(), tick=False))  # however long it takes
        for sentence in case["setup"]:
            house.prepare(sentence)
        if clock:
            around.enter_context(time_machine.travel(clock, tick=False))
        check(house, json.loads(filled), house.key_of_words(case["as"]))


@pytest.mark.skipif(not shared_cases(), reason="the shared cases are not here")
def test_every_difference_is_of_a_case() -> None:
    assert differences().keys() <= {case["name"] for case in shared_cases()}


def check(cast: Cast, case: dict[str, Any], key: str | None) -> None:
    expect, answer = cast.filled(case["expect"]), send(cast, cast.filled(case["request"]), key)
    assert answer.status_code == expect["status"], answer.text[:2000]
    if "json" in expect:
        assert difference(expect["json"], answer.json()) is None, answer.text[:2000]
    if "text" in expect:
        assert answer.text == expect["text"]
    if "text_lines" in expect:
        assert answer.text.splitlines() == expect["text_lines"]
    for name, wanted in expect.get("headers", {}).items():
        assert difference(wanted, answer.headers.get(name)) is None
    for place in expect.get("json_absent", ()):
        assert not is_in(answer.json(), place), place
    if expect.get("empty_body"):
        assert answer.content == b""


def is_in(answer: Any, place: str) -> bool:
    """`results[0].result`."""
    *parents, last = re.findall(r"\w+", place)
    for name in parents:
        answer = answer[int(name)] if name.isdigit() else answer[name]
    return last in answer


def send(cast: Cast, request: dict[str, Any], key: str | None) -> httpx.Response:
    body: dict[str, Any] = {"json": request["json"]} if "json" in request else {}
    headers = dict(request.get("headers", {}))
    if "raw" in request:
        body = {"content": request["raw"]["body"].encode()}
        headers["Content-Type"] = request["raw"]["content_type"]
    api = Api(cast.world.stack, key)
    return api(request["method"], request["path"], params=request.get("query"), headers=headers, **body)
