"""The examples of the documentation are what the API answers, on both stores.

`INSIGHTS_RECORD=1 pytest -n 0 tests/api/test_examples.py` writes the answers anew, then `make docs` brings them into
the documentation.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx
import pytest
import time_machine
from insights_acl.models import StoredProject
from insights_local.openapi.examples import FILE, SITE, TOKEN, Example, of_case

from tests.api.world import Api, World

RECORDED = json.loads(FILE.read_text("utf-8"))
RECORDS = os.environ.get("INSIGHTS_RECORD") == "1"

# What is different each time, in texts and by name: how it is written down.
TEXTS = (
    (
        re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"),
        "019ca5d0-0000-7000-8000-000000000001",
    ),
    (re.compile(r"\b[0-9a-f]{32}@"), "ada@"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "5f0c2a9b7d3e41d8a6b1c0e9f2d47a35"),
    (re.compile(r"\bphc_\w+"), TOKEN),
    (re.compile(r"\bphx_\.*\w+"), "phx_...abcd"),
    (re.compile(r"/api/projects/\d+/"), "/api/projects/1/"),
    (re.compile(r"\bproject_id=\d+"), "project_id=1"),
    (re.compile(r"http://testserver"), SITE),
)
NUMBERS = {
    "id": 1,
    "team_id": 1,
    "project_id": 1,
    "user_id": 1,
    "t": 0.004,
    "clickhouse_ms": 4,
    "rows_read": 8,
    "bytes_read": 1024,
}
LONG = {"clickhouse": "SELECT …"}


def written(value: Any) -> Any:
    """An answer as the examples show it."""
    if isinstance(value, dict):
        return {
            name: NUMBERS[name]
            if name in NUMBERS and isinstance(inner, int | float)
            else LONG.get(name) or written(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [written(inner) for inner in value]
    if isinstance(value, str):
        for pattern, shown in TEXTS:
            value = pattern.sub(shown, value)
    return value


@pytest.fixture
def ask(world: World) -> Callable[[Example], httpx.Response]:
    """Sends an example, at its time, to a project of its own with the examples' events."""

    def send(example: Example) -> httpx.Response:
        with time_machine.travel(datetime.fromisoformat(RECORDED["now"]), tick=False):
            project = world.new_project(name="Shop")
            world.stack.load(project.project.id, persons=RECORDED["persons"], events=RECORDED["events"])
            user = world.new_user("owner")
            key = world.new_key(user, example.scopes) if example.scopes else None
            path, body = _own(example, project)
            if "/timing/" in path:
                _record(world, Api(world.stack, key), path)
            options: dict[str, Any] = {} if body is None else {"json": body}
            parameters = example.parameters
            if "project_id" in parameters:
                parameters["project_id"] = str(project.project.id)
            return Api(world.stack, key)(example.method, path, params=parameters or None, **options)

    return send


def _record(world: World, api: Api, path: str) -> None:
    """The loads that the report is about."""
    for load in RECORDED["loads"]:
        assert api("POST", path, json=load).status_code == 201
    world.stack.drain()


def _own(example: Example, project: StoredProject) -> tuple[str, Any]:
    """Path and body with the project's own number and token."""
    path = example.path.replace("/projects/1/", f"/projects/{project.project.id}/")
    body = json.loads(json.dumps(example.body).replace(TOKEN, project.project.api_token))
    if isinstance(body, dict) and "project_id" in body:
        body["project_id"] = project.project.id
    return path, body


@pytest.mark.parametrize("case", RECORDED["examples"], ids=lambda case: case["name"])
def test_the_answer_is_the_one_recorded(case: dict[str, Any], ask: Callable[[Example], httpx.Response]) -> None:
    answer = ask(of_case(case))
    kind = answer.headers["content-type"].partition(";")[0]
    found = {
        "status": answer.status_code,
        "kind": kind,
        "answer": written(answer.json() if kind == "application/json" else answer.text),
    }
    if RECORDS:
        case.update(found)
        FILE.write_text(json.dumps(RECORDED, indent=2, ensure_ascii=False) + "\n", "utf-8")
    assert found == {name: case.get(name) for name in found}, (
        "where that is meant, the head of this file says how to record it anew"
    )


def test_the_keys_of_the_examples_are_no_keys() -> None:
    """Nobody copies a real one into the documentation."""
    assert not re.search(r"phx_(?!\.\.\.abcd)|phc_(?!your_project_token)", FILE.read_text("utf-8"))
