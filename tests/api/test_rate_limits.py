"""Limits as a caller meets them: the 429, the headers, which routes count, and what does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from insights_acl.models import StoredProject
from insights_engine import keys
from insights_engine.http import LIMIT_HEADERS

from tests.api.boards import Office
from tests.api.world import Api, World, limited


@pytest.fixture
def limits(world: World) -> Iterator[None]:
    """Each class has another rate, so that the answer tells them apart."""
    with limited(world.stack, "default=3/500 analytics=4/501 query=5/502"):
        yield


def said(answer: httpx.Response) -> list[int]:
    """The limit, what remains, and the seconds."""
    return [int(answer.headers[name]) for name in LIMIT_HEADERS]


def test_one_too_many_is_a_429_that_says_when_to_come_again(limits: None, api: Api) -> None:
    answers = [api("GET", "cohorts") for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert [said(one)[:2] for one in answers] == [[3, 2], [3, 1], [3, 0], [3, 0]]
    assert all(0 < said(one)[2] <= 70 for one in answers)
    refused = answers[-1]
    wait = int(refused.headers["retry-after"])
    assert wait == said(refused)[2]
    assert refused.json() == {
        "type": "throttled_error",
        "code": "throttled",
        "detail": f"Request was throttled. Expected available in {wait} seconds.",
        "attr": None,
    }
    assert all("retry-after" not in one.headers for one in answers[:3])


def test_another_key_has_a_rate_of_its_own(limits: None, world: World, project: StoredProject) -> None:
    user = world.new_user()
    first, second = (Api(world.stack, world.new_key(user), project.project.id) for _ in range(2))
    assert [first("GET", "cohorts").status_code for _ in range(4)][-1] == 429
    assert said(second("GET", "cohorts"))[:2] == [3, 2]


ROUTES = [
    ("GET", "cohorts", 3),
    ("GET", "/api/users/@me", 3),
    ("GET", "/api/personal_api_keys/@current", 3),
    ("GET", "/api/projects", 3),
    ("GET", "/api/nothing", 3),
    ("GET", "dashboards", 3),
    ("GET", "notebooks/nothing", 3),
    ("GET", "insights", 4),
    ("GET", "insights/trending", 4),
    ("GET", "insights/timing", 4),
    ("GET", "insights/timing?date_from=-7d", 4),
    ("POST", "insights/timing", 3),
    ("POST", "insights", 3),
    ("GET", "cohorts/1/persons", 4),
    ("GET", "persons/funnel", 4),
    ("GET", "persons/path", 4),
    ("GET", "persons/retention", 4),
]


@pytest.mark.parametrize(("method", "path", "limit"), ROUTES)
def test_the_class_of_a_route(limits: None, api: Api, method: str, path: str, limit: int) -> None:
    """Whatever it answers: the key was let in."""
    answer = api(method, path, **({"json": {}} if method == "POST" else {}))
    assert said(answer)[0] == limit, answer.text


# A question that is not computed: it is wrong, or nobody may ask it.
FREE: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "insights/trend?interval=nonsense", {}),
    ("POST", "insights/trend", {"json": {"query": {"kind": "Nothing"}}}),
    ("POST", "query", {"json": {"query": {"kind": "Nothing"}}}),
    ("GET", "insights/nothing", {}),
    ("DELETE", "query", {}),
    ("GET", "/api/projects/999999999/cohorts", {}),
]


@pytest.mark.parametrize(("method", "path", "body"), FREE)
def test_what_nothing_is_computed_for_is_free(
    limits: None, api: Api, method: str, path: str, body: dict[str, Any]
) -> None:
    answer = api(method, path, **body)
    assert 400 <= answer.status_code < 500
    assert "ratelimit-limit" not in answer.headers


@pytest.mark.parametrize("parameter", ["refresh=blocking", "refresh=force_async", "explain=true"])
def test_however_a_computation_is_asked_for_it_counts(limits: None, api: Api, parameter: str) -> None:
    """Each asks something of its own, so that nothing is answered from what is kept."""
    asked = [f'insights/trend?events=[{{"id":"e"}}]&date_from=-{days}d&{parameter}' for days in range(1, 7)]
    answers = [api("GET", path) for path in asked]
    assert [one.status_code < 400 for one in answers] == [True] * 4 + [False] * 2
    assert {one.status_code for one in answers[4:]} == {429}


def test_nobody_is_counted_who_is_not_let_in(limits: None, world: World, project: StoredProject) -> None:
    refused = [
        Api(world.stack, None, project.project.id)("GET", "cohorts"),
        Api(world.stack, "phx_nobody", project.project.id)("GET", "cohorts"),
        world.api(project, None, "insight:read")("GET", "cohorts"),
    ]
    assert [one.status_code for one in refused] == [401, 401, 403]
    assert all("ratelimit-limit" not in one.headers for one in refused)


def test_pages_of_other_origins_may_read_the_headers(limits: None, api: Api) -> None:
    answer = api("GET", "cohorts", headers={"Origin": "https://elsewhere.example"})
    exposed = {name.strip() for name in answer.headers["access-control-expose-headers"].split(",")}
    assert {*LIMIT_HEADERS, "Retry-After"} <= exposed


def test_nothing_is_limited_unless_it_is_said(world: World, api: Api) -> None:
    answers = [api("GET", "cohorts") for _ in range(5)]
    assert {one.status_code for one in answers} == {200}
    assert all("ratelimit-limit" not in one.headers for one in answers)


def test_capture_is_not_limited(limits: None, world: World, project: StoredProject) -> None:
    event = {"api_key": project.project.api_token, "event": "seen", "distinct_id": "somebody"}
    nobody = Api(world.stack, None)
    answers = [nobody("POST", "/i/v0/e", json=event) for _ in range(10)]
    assert {one.status_code for one in answers} == {200}


def test_a_link_has_a_rate_of_its_own(limits: None, world: World, project: StoredProject) -> None:
    office = Office(world, project)
    with limited(world.stack):
        first, second = (_link(office) for _ in range(2))
    answers = [_shared(office, first) for _ in range(5)]
    assert [one.status_code for one in answers] == [200] * 4 + [429]
    assert said(answers[0])[:2] == [4, 3]
    assert _shared(office, second).status_code == 200


def test_links_of_an_insight_and_of_a_dashboard_of_the_same_number_are_two(
    limits: None, world: World, project: StoredProject
) -> None:
    office, store = Office(world, project), world.store
    last = {kind: store.add(*keys.counter(kind), "next", 1) for kind in ("insight", "dashboard")}
    for kind, number in last.items():
        store.add(*keys.counter(kind), "next", max(last.values()) - number)
    with limited(world.stack):
        of_insight, of_dashboard = _link(office), _link(office, "dashboard")
    assert [_shared(office, of_insight).status_code for _ in range(5)] == [200] * 4 + [429]
    assert _shared(office, of_dashboard).status_code == 200


def _link(office: Office, kind: str = "insight") -> str:
    item = office.insight() if kind == "insight" else office.dashboard()
    answer = office.api()("PATCH", f"{kind}s/{item['id']}/sharing", json={"enabled": True})
    return str(answer.json()["access_token"])


def _shared(office: Office, token: str) -> httpx.Response:
    return office.nobody("GET", f"/api/projects/{office.project.project.id}/insights?sharing_access_token={token}")


def test_a_state_that_is_gone_is_begun_anew(limits: None, world: World, api: Api) -> None:
    key = api("GET", "/api/personal_api_keys/@current").json()["id"]
    assert said(api("GET", "cohorts"))[:2] == [3, 1]
    world.stack.services.results.delete(*keys.rate(key, "default"))
    assert said(api("GET", "cohorts"))[:2] == [3, 2]
