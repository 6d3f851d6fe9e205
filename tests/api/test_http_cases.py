"""One request, one answer: the cases of tests/cases, each on both stores."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from insights_acl.models import StoredProject
from insights_local.stack import Stack

from tests.api.cast import Cast
from tests.api.matching import difference
from tests.api.world import Api, World

CASES = Path(__file__).parent.parent / "cases"
OWN = [case for name in ("identity", "resources") for case in json.loads((CASES / f"{name}.json").read_text())]

# A further file of the same format, kept elsewhere: run where it is.
SHARED = Path(os.environ.get("CONFORMANCE", CASES.parent.parent.parent / "shared" / "conformance")) / "http.json"
AREAS = {"addressing", "auth", "scopes", "errors", "projects", "cohorts", "actions"}
NOT_YET = {
    "method_not_allowed_405": "a session would answer 405; a key answers 403, as the note of the case says",
    "throttle_429_shape": "rate limits come with a later step",
    "scope_star_denied_on_action_without_scope": "saved insights come with a later step",
    "auth_body_key_ok": "saved insights come with a later step",
    "auth_header_key_ok": "saved insights come with a later step",
    "auth_header_key_extra_spaces_ok": "saved insights come with a later step",
    "trailing_slash_optional": "saved insights come with a later step",
    "scope_write_implies_read": "saved insights come with a later step",
    "project_non_numeric_id_404": "saved insights come with a later step",
    "scope_empty_list_denied": "saved insights come with a later step",
    "scope_unrelated_denied": "saved insights come with a later step",
    "scope_org_scoped_key_other_project_403": "feature flags come with a later step",
    "projects_list_admin_sees_none": "access policies come with a later step",
}


def shared_cases() -> list[dict[str, Any]]:
    return [c for c in json.loads(SHARED.read_text()) if c["area"] in AREAS] if SHARED.exists() else []


@pytest.fixture
def cast(world: World, project: StoredProject) -> Cast:
    return Cast(world, project)


@pytest.mark.parametrize("case", OWN, ids=[case["name"] for case in OWN])
def test_case(cast: Cast, case: dict[str, Any]) -> None:
    check(cast, case, cast.key_of(case["as"]))


@pytest.mark.parametrize("case", shared_cases(), ids=lambda case: case["name"])
def test_shared_case(stack: Stack, case: dict[str, Any], request: pytest.FixtureRequest) -> None:
    """Each in a world of its own: some count what there is. One of NOT_YET that passes has to leave that list."""
    if case["name"] in NOT_YET:
        request.applymarker(pytest.mark.xfail(reason=NOT_YET[case["name"]], strict=True))
    world = World.of(stack)
    cast = Cast(world, world.new_project())
    text = re.sub(r"\{\{(\w+)\}\}", r"{\1}", json.dumps(case))
    check(cast, json.loads(text), cast.key_of_words(case["as"]))


def check(cast: Cast, case: dict[str, Any], key: str | None) -> None:
    expect, answer = cast.filled(case["expect"]), send(cast, cast.filled(case["request"]), key)
    assert answer.status_code == expect["status"], answer.text[:2000]
    if "json" in expect:
        assert difference(expect["json"], answer.json()) is None, answer.text[:2000]
    for name in expect.get("json_absent", ()):
        assert name not in answer.json()
    if expect.get("empty_body"):
        assert answer.content == b""


def send(cast: Cast, request: dict[str, Any], key: str | None) -> httpx.Response:
    body: dict[str, Any] = {"json": request["json"]} if "json" in request else {}
    headers = dict(request.get("headers", {}))
    if "raw" in request:
        body = {"content": request["raw"]["body"].encode()}
        headers["Content-Type"] = request["raw"]["content_type"]
    api = Api(cast.world.stack, key)
    return api(request["method"], request["path"], params=request.get("query"), headers=headers, **body)
