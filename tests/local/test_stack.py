"""The local stack: what survives a restart, what does not leak, and that the clock may jump."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import time_machine
from insights_acl import accounts
from insights_local.gateway import Gateway
from insights_local.routes import Route, Routes, functions_of, load_template
from insights_local.stack import OWNER_EMAIL, Stack, shared_clickhouse

EVENTS = [
    {"event": "sign up", "distinct_id": "p1", "timestamp": "2020-01-01T00:06:34Z", "properties": {}},
    {"event": "sign up", "distinct_id": "p2", "timestamp": "2020-01-02T00:06:34Z", "properties": {}},
]


def request(stack: Stack, method: str, path: str, *, app: Gateway | None = None, **options: Any) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=app or stack.app)
        headers = {"Authorization": f"Bearer {stack.admin_key}"}
        async with httpx.AsyncClient(transport=transport, headers=headers) as client:
            return await client.request(method, f"http://testserver{path}", **options)

    return asyncio.run(send())


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack() as stack:
        yield stack


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


def revoked(stack: Stack) -> None:
    owner = accounts.find_user_by_email(stack.services.policies, OWNER_EMAIL)
    assert owner is not None
    for key in accounts.personal_keys_of(stack.services.policies, owner):
        accounts.revoke_key(stack.services.policies, key)


def broken(stack: Stack) -> None:
    (stack.data_dir / "identity.json").write_text("{")


@pytest.mark.parametrize("what", [revoked, broken])
def test_the_next_start_has_a_key_that_works(persistent: Callable[[], Stack], what: Callable[[Stack], None]) -> None:
    with persistent() as first:
        what(first)
    with persistent() as second:
        assert (second.project_id, second.project_token) == (first.project_id, first.project_token)
        assert second.admin_key != first.admin_key
        assert request(second, "GET", "/api/projects/@current").status_code == 200


def test_an_owner_who_was_taken_out_stays_out(persistent: Callable[[], Stack]) -> None:
    with persistent() as first:
        store = first.services.policies
        owner = accounts.find_user_by_email(store, OWNER_EMAIL)
        assert owner is not None
        organization = accounts.find_organization(store, first.organization_id)
        assert organization is not None
        accounts.create_user(store, "ada@example.com", "owner", organization, now=first.services.now())
        accounts.remove_member(store, accounts.memberships_of(store, owner)[0])
        revoked(first)
    with persistent() as second:
        assert request(second, "GET", "/api/projects/@current").status_code == 401


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


def test_a_user_gets_a_key_of_the_level_asked_for(stack: Stack) -> None:
    for level in ("member", "admin", "owner"):
        user = stack.create_user(f"{level}@example.test", level=level)
        assert user.keys() == {"user_id", "membership_id", "personal_api_key"}
        headers = {"Authorization": f"Bearer {user['personal_api_key']}"}
        me = request(stack, "GET", "/api/users/@me/", headers=headers).json()
        assert (me["email"], me["uuid"]) == (f"{level}@example.test", user["user_id"])


MOMENTS = ["2020-01-04T13:00:01Z", "2031-06-01T00:00:00Z", "1999-12-31T23:59:59Z"]


@pytest.mark.parametrize("moment", ["2020-01-04T13:00:01Z", "2031-06-01T00:00:00Z", "2004-12-31T23:59:59Z"])
def test_the_clock_may_jump(stack: Stack, moment: str) -> None:
    """Tests freeze it anywhere: neither the threads nor the stores may wait for a moment that does not come."""
    with time_machine.travel(moment, tick=True):
        made = request(stack, "POST", "/api/projects/", json={"name": moment}).json()
        event = {"api_key": made["api_token"], "event": "ping", "distinct_id": "p1"}
        assert request(stack, "POST", "/capture/", json=event).status_code == 200
        stack.drain()
        query = {"events": '[{"id": "ping"}]', "date_from": "-1d"}
        trend = request(stack, "GET", f"/api/projects/{made['id']}/insights/trend/", params=query)
        assert trend.status_code == 200, trend.text
        assert trend.json()["result"][0]["count"] == 1


def test_what_is_loaded_is_there_at_once(stack: Stack) -> None:
    stack.load(stack.project_id, persons=[{"distinct_ids": ["p1"], "properties": {}}], events=EVENTS)
    query = {"events": '[{"id": "sign up"}]', "date_from": "2020-01-01", "date_to": "2020-01-02"}
    answer = request(stack, "GET", "/api/projects/@current/insights/trend/", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.json()["result"][0]["data"] == [1, 1]


FORMS = [
    "/api/projects/@current/insights/trend",
    "/api/projects/@current/insights/trend/",
    "/api/projects/@current//insights/trend/",
    "//api/projects/@current/insights/trend/",
    "/api/environments/@current/insights/trend/",
    "/api/projects/@current/insights/trend.csv",
    "/api/projects/@current/insights/trend.csv/",
]


def test_every_form_of_a_path_has_an_answer(stack: Stack) -> None:
    query = {"events": '[{"id": "sign up"}]'}
    answers = {path: request(stack, "GET", path, params=query).status_code for path in FORMS}
    assert answers == dict.fromkeys(FORMS, 200)


CAPTURE_FORMS = ["/e", "/e/", "/batch/", "/i/v0/e/", "/capture/", "/track/", "/engage/", "//batch//", "/flags/"]


@pytest.mark.parametrize("path", CAPTURE_FORMS)
def test_the_function_behind_the_default_route_captures_as_well(stack: Stack, path: str) -> None:
    """A form that API Gateway finds no route for would otherwise lose events."""
    resources = functions_of(load_template())["Resources"]
    routes = Routes([Route("ANY", "$default", resources)])
    with ThreadPoolExecutor(1) as threads:
        app = Gateway(routes, stack.invoke, cors=None, threads=threads)
        event = {"api_key": stack.project_token, "event": "ping", "distinct_id": "p1"}
        answer = request(stack, "POST", path, app=app, json=event)
    assert answer.status_code == 200, answer.text
