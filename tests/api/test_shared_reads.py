"""A link reads what its maker shares: who has it changes neither the question nor from where it is read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from insights_acl import keys
from insights_acl.models import StoredProject
from insights_acl.tokens import hash_of
from insights_engine.keys import counter

from tests.api.boards import Office, made, read
from tests.api.world import World

EARLIER = json.dumps({"date_from": "2020-01-01", "date_to": "2020-01-02"})


@pytest.fixture
def office(world: World, project: StoredProject) -> Office:
    opened = Office(world, project)
    opened.load()
    return opened


def by_link(office: Office, kind: str, item: dict[str, Any], insight: dict[str, Any], **query: Any) -> dict[str, Any]:
    """The insight as whoever has the link reads it."""
    shared = read(office.api()("PATCH", f"{kind}s/{item['id']}/sharing", json={"enabled": True}))
    params = {"sharing_access_token": shared["access_token"], **query}
    return read(office.nobody("GET", f"insights/{insight['id']}", params=params))


@pytest.mark.parametrize(
    "query",
    [
        {"filters_override": EARLIER},
        {"tile_filters_override": EARLIER},
        {"variables_override": "{}"},
        {"explain": "true"},
        {"filters_override": "not even JSON"},
    ],
    ids=["filters", "filters of a tile", "variables", "explain", "nonsense"],
)
def test_a_link_overrides_nothing(office: Office, query: dict[str, str]) -> None:
    insight = office.insight()
    found = by_link(office, "insight", insight, insight, **query)
    assert found["result"][0]["data"] == [1, 2, 0, 1]
    assert found["query"]["dateRange"] == {"date_from": "2026-03-01", "date_to": "2026-03-04"}
    assert "explain" not in found
    if "filters_override" in query and query["filters_override"] == EARLIER:
        own = read(office.api()("GET", f"insights/{insight['id']}", params=query))
        assert own["result"][0]["data"] == [0, 0]


def test_a_dashboard_that_the_link_does_not_show_gives_no_filters(office: Office) -> None:
    board = office.dashboard(filters=json.loads(EARLIER))
    insight = office.insight(dashboards=[board["id"]])
    found = by_link(office, "insight", insight, insight, from_dashboard=board["id"])
    assert found["result"][0]["data"] == [1, 2, 0, 1]
    assert found["dashboards"] == []
    found = by_link(office, "dashboard", board, insight, from_dashboard=board["id"])
    assert found["result"][0]["data"] == [0, 0]
    assert found["dashboards"] == [board["id"]]


def test_a_link_to_an_insight_does_not_name_a_dashboard_of_the_same_number(office: Office, world: World) -> None:
    counters = [counter(kind) for kind in ("insight", "dashboard")]
    last = [world.store.add(*key, "next", 0) for key in counters]
    for key, number in zip(counters, last, strict=True):
        world.store.add(*key, "next", max(last) - number)
    board = office.dashboard()
    insight = office.insight(dashboards=[board["id"]])
    assert insight["id"] == board["id"]
    assert by_link(office, "insight", insight, insight)["dashboards"] == []


def test_a_reader_by_link_leaves_no_traces(office: Office) -> None:
    board = office.dashboard()
    insight = office.insight(dashboards=[board["id"]])
    assert by_link(office, "dashboard", board, insight)["last_viewed_at"] is None
    token = read(office.api()("GET", f"dashboards/{board['id']}/sharing"))["access_token"]
    shared = read(office.nobody("GET", f"/shared/{token}"))["dashboard"]
    assert shared["last_accessed_at"] is None
    listed = read(office.api()("GET", "dashboards"))["results"]
    assert [one["last_accessed_at"] for one in listed] == [None]


def test_a_token_that_is_not_the_link_s_any_more_opens_nothing(office: Office) -> None:
    """Whatever may be left of it, such as what came back with an older copy of the store."""
    insight, store = office.insight(), office.world.store
    where = f"insights/{insight['id']}/sharing"
    old = read(office.api()("PATCH", where, json={"enabled": True}))["access_token"]
    entry = store.get(*keys.share(hash_of(old)))
    assert entry is not None
    read(office.api()("POST", f"{where}/refresh"))
    store.put(entry)
    assert office.nobody("GET", f"/shared/{old}").status_code == 404


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"password": "open sesame"}, None),
        ({"password": "open"}, "Incorrect password."),
        ({}, "This link asks for a password."),
        ({"password": None}, "This link asks for a password."),
        ({"password": ""}, "This link asks for a password."),
        ({"password": ["open sesame"]}, "This link asks for a password."),
        ({"password": 12345678}, "This link asks for a password."),
    ],
    ids=["right", "wrong", "none", "null", "empty", "a list", "a number"],
)
def test_a_password_in_a_body_is_a_text(office: Office, body: dict[str, Any], detail: str | None) -> None:
    insight = office.insight()
    where = f"insights/{insight['id']}/sharing"
    settings = {"enabled": True, "password_required": True}
    token = read(office.api()("PATCH", where, json=settings))["access_token"]
    for password in ("open sesame", "12345678"):
        made(office.api()("POST", f"{where}/passwords", json={"raw_password": password}))
    answer = office.nobody("POST", f"/shared/{token}", json=body)
    assert (answer.status_code, answer.json().get("detail")) == (200 if detail is None else 401, detail)
