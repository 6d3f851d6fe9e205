"""The local stack: what survives a restart, what does not leak, and that the clock may jump."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import time_machine
from insights_acl import accounts
from insights_local.stack import OWNER_EMAIL, Stack, shared_clickhouse

EVENTS = [
    {"event": "sign up", "distinct_id": "p1", "timestamp": "2020-01-01T00:06:34Z", "properties": {}},
    {"event": "sign up", "distinct_id": "p2", "timestamp": "2020-01-02T00:06:34Z", "properties": {}},
]


def request(stack: Stack, method: str, path: str, **options: Any) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=stack.app)
        headers = {"Authorization": f"Bearer {stack.admin_key}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver", headers=headers) as client:
            return await client.request(method, path, **options)

    return asyncio.run(send())


@pytest.fixture
def persistent(tmp_path: Path) -> Callable[[], Stack]:
    """A stack over the same data each time; only its ClickHouse is in the directory that this process may open."""
    dsn = f"chdb://{shared_clickhouse()}?database=persistent_{uuid4().hex}"
    return lambda: Stack(tmp_path / "data", clickhouse=dsn)


def test_a_restart_keeps_key_project_and_projects_made(persistent: Callable[[], Stack]) -> None:
    with persistent() as first:
        made = request(first, "POST", "/api/projects/", json={"name": "Shop"})
        assert made.status_code == 201, made.text
    with persistent() as second:
        assert (second.admin_key, second.project_id, second.project_token) == (
            first.admin_key,
            first.project_id,
            first.project_token,
        )
        answer = request(second, "GET", f"/api/projects/{made.json()['id']}/")
        assert answer.json()["name"] == "Shop"


def test_a_start_that_was_killed_halfway_is_taken_up(persistent: Callable[[], Stack]) -> None:
    with persistent() as first:
        store = first.services.policies
    (first.data_dir / "identity.json").unlink()
    with persistent() as second:
        assert second.project_id == first.project_id
        assert second.admin_key != first.admin_key
        assert request(second, "GET", "/api/projects/@current/").status_code == 200
        owner = accounts.find_user_by_email(store, OWNER_EMAIL)
        assert owner
        assert len(accounts.personal_keys_of(store, owner)) == 1


def test_the_key_is_readable_by_its_user_only(persistent: Callable[[], Stack]) -> None:
    with persistent() as stack:
        mode = (stack.data_dir / "identity.json").stat().st_mode
        assert stat.S_IMODE(mode) == 0o600


def test_temporary_stacks_side_by_side_share_nothing_and_leave_nothing() -> None:
    with Stack() as one, Stack() as two:
        assert one.services.clickhouse.database != two.services.clickhouse.database
        assert request(one, "GET", "/api/projects/@current/").status_code == 200
        other = request(two, "GET", "/api/projects/@current/", headers={"Authorization": f"Bearer {one.admin_key}"})
        assert other.status_code == 401
    assert not one.data_dir.exists()
    assert not two.data_dir.exists()


def test_a_user_gets_a_key_of_the_level_asked_for() -> None:
    with Stack() as stack:
        member = stack.create_user("member@example.com")
        assert member.keys() == {"user_id", "membership_id", "personal_api_key"}
        headers = {"Authorization": f"Bearer {member['personal_api_key']}"}
        me = request(stack, "GET", "/api/users/@me/", headers=headers).json()
        assert (me["email"], me["uuid"]) == ("member@example.com", member["user_id"])
        assert stack.create_user("admin@example.com", level="admin")["user_id"] != member["user_id"]


MOMENTS = ["2020-01-04T13:00:01Z", "2031-06-01T00:00:00Z", "1999-12-31T23:59:59Z"]


def test_the_clock_may_jump() -> None:
    """Tests freeze it anywhere: neither the threads nor the stores may wait for a moment that does not come."""
    with Stack() as stack:
        for moment in MOMENTS:
            with time_machine.travel(moment, tick=True):
                made = request(stack, "POST", "/api/projects/", json={"name": moment})
                assert made.status_code == 201, made.text
                event = {"api_key": made.json()["api_token"], "event": "ping", "distinct_id": "p1"}
                assert request(stack, "POST", "/capture/", json=event).status_code == 200
                stack.drain()
                trend = request(
                    stack,
                    "GET",
                    f"/api/projects/{made.json()['id']}/insights/trend/",
                    params={"events": json.dumps([{"id": "ping"}]), "date_from": "-1d"},
                )
                assert trend.status_code == 200, trend.text
                assert trend.json()["result"][0]["count"] == 1


def test_what_is_loaded_is_there_at_once() -> None:
    with Stack() as stack:
        stack.load(stack.project_id, persons=[{"distinct_ids": ["p1"], "properties": {}}], events=EVENTS)
        answer = request(
            stack,
            "GET",
            "/api/projects/@current/insights/trend/",
            params={"events": '[{"id": "sign up"}]', "date_from": "2020-01-01", "date_to": "2020-01-02"},
        )
        assert answer.status_code == 200, answer.text
        assert answer.json()["result"][0]["data"] == [1, 1]


FORMS = [
    "/api/projects/@current/insights/trend",
    "/api/projects/@current/insights/trend/",
    "/api/projects/@current//insights/trend/",
    "//api/projects/@current/insights/trend/",
    "/api/environments/@current/insights/trend/",
    "/api/projects/@current/insights/trend.csv",
]


def test_every_form_of_a_path_has_the_same_answer() -> None:
    with Stack() as stack:
        answers = {path: request(stack, "GET", path).status_code for path in FORMS}
        assert answers == dict.fromkeys(FORMS, 200)
