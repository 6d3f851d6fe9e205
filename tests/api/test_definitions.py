"""Lists of events and properties: what was learned of them, how it is found, and what people say of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from insights_acl.models import StoredProject
from insights_api.definition_lists import ORDERINGS
from insights_api.event_definitions import EVENT_TYPES
from insights_api.property_definitions import KINDS
from insights_local.stack import Stack

from tests.api.world import Api, World

UNKNOWN = "00000000-0000-0000-0000-000000000000"


def event(name: str, at: datetime, **properties: Any) -> dict[str, Any]:
    return {"event": name, "distinct_id": "u", "timestamp": at.isoformat(), "properties": properties}


@pytest.fixture
def now(stack: Stack) -> datetime:
    return stack.services.now()


@pytest.fixture
def api(world: World, stack: Stack, project: StoredProject, now: datetime) -> Api:
    """A project with events of today, a week and some months ago."""
    stack.load(
        project.project.id,
        persons=[{"distinct_ids": ["u"], "properties": {"age": 30, "email": "u@example.com"}}],
        groups=[
            {"type": "company", "key": "a", "properties": {"size": 5}},
            {"type": "team", "key": "b", "properties": {"color": "red"}},
        ],
        events=[
            event("$pageview", now, **{"$current_url": "https://a.example", "$feature/x": True}),
            event("$pageview", now - timedelta(days=7), **{"$current_url": "https://b.example"}),
            event("bought item", now - timedelta(days=29), price=5, paid="2026-01-01T10:00:00Z", first=True),
            event("bought item", now - timedelta(days=31), price=5.5, note=None),
            event("left", now - timedelta(days=90), price=1, reason="dear"),
        ],
    )
    return world.api(project)


def listed(api: Api, route: str, **params: Any) -> list[dict[str, Any]]:
    answer = api("GET", route, params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def names(api: Api, route: str, **params: Any) -> list[str]:
    return [one["name"] for one in listed(api, route, **params)]


def change(api: Api, route: str, name: str, /, **body: Any) -> dict[str, Any]:
    found = next(one for one in listed(api, route) if one["name"] == name)
    answer = api("PATCH", f"{route}/{found['id']}", json=body)
    assert answer.status_code == 200, answer.text
    changed: dict[str, Any] = answer.json()
    return changed


def day(at: datetime) -> str:
    return f"{at.date().isoformat()}T00:00:00Z"


# Events


def test_an_event_s_definition(api: Api, now: datetime) -> None:
    found = next(one for one in listed(api, "event_definitions") if one["name"] == "bought item")
    assert found.pop("id")
    assert found == {
        "name": "bought item",
        "created_at": day(now - timedelta(days=31)),
        "last_seen_at": day(now - timedelta(days=29)),
        "volume_30_day": 1,
        "query_usage_30_day": None,
        "is_action": False,
        "owner": None,
        "description": "",
        "tags": [],
        "verified": False,
        "hidden": False,
        "verified_at": None,
        "verified_by": None,
        "updated_at": None,
        "updated_by": None,
        "last_updated_at": None,
        "is_calculating": False,
        "last_calculated_at": None,
        "created_by": None,
        "post_to_slack": False,
        "default_columns": [],
    }


def test_volumes_are_of_the_last_thirty_days(api: Api, stack: Stack, now: datetime) -> None:
    """What a clock that is ahead sent is of no day that was."""
    stack.load(api.project_id, events=[event("left", now + timedelta(days=2))])
    assert {one["name"]: one["volume_30_day"] for one in listed(api, "event_definitions")} == {
        "$pageview": 2,
        "bought item": 1,
        "left": 0,
    }


ALL = ["$pageview", "bought item", "left"]
EVENTS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ALL),
    ({"search": "ITEM"}, ["bought item"]),
    ({"search": "item bou"}, ["bought item"]),
    ({"search": "nothing"}, []),
    ({"search": "%"}, []),
    ({"event_type": "event"}, ALL),
    ({"event_type": "event_custom"}, ["bought item", "left"]),
    ({"event_type": "event_posthog"}, ["$pageview"]),
    ({"ordering": "-name"}, ALL[::-1]),
    ({"ordering": "last_seen_at"}, ALL[::-1]),
    ({"ordering": "-last_seen_at"}, ALL),
    ({"ordering": "created_at"}, ["left", "bought item", "$pageview"]),
    ({"limit": 2}, ALL[:2]),
    ({"limit": 2, "offset": 2}, ALL[2:]),
    ({"limit": 99999}, ALL),
]


@pytest.mark.parametrize(("params", "expected"), EVENTS)
def test_events_as_they_are_asked_for(api: Api, params: dict[str, Any], expected: list[str]) -> None:
    assert names(api, "event_definitions", **params) == expected


def test_pages_lead_on(api: Api) -> None:
    first = api("GET", "event_definitions", params={"limit": 2}).json()
    assert (first["count"], first["previous"]) == (3, None)
    second = api("GET", first["next"].removeprefix("http://testserver")).json()
    assert [one["name"] for one in second["results"]] == ["left"]
    assert second["next"] is None
    assert second["previous"]


# Properties


OF_EVENTS = ["$current_url", "$feature/x", "first", "note", "paid", "price", "reason"]
PROPERTIES: list[tuple[dict[str, Any], list[str]]] = [
    ({}, OF_EVENTS),
    ({"type": "event"}, OF_EVENTS),
    ({"type": "person"}, ["age", "email"]),
    ({"type": "group", "group_type_index": 0}, ["size"]),
    ({"type": "group", "group_type_index": 1}, ["color"]),
    ({"type": "group", "group_type_index": 4}, []),
    ({"search": "PRI"}, ["price"]),
    ({"properties": "price,note"}, ["note", "price"]),
    ({"properties": '["price","absent"]'}, ["price"]),
    ({"excluded_properties": '["price","note","first","paid"]'}, ["$current_url", "$feature/x", "reason"]),
    ({"is_numerical": "true"}, ["price"]),
    ({"is_numerical": "false"}, OF_EVENTS),
    ({"type": "person", "is_numerical": "true"}, ["age"]),
    ({"is_feature_flag": "true"}, ["$feature/x"]),
    ({"exclude_core_properties": "true"}, OF_EVENTS[1:]),
    ({"exclude_core_properties": "true", "is_feature_flag": "false"}, OF_EVENTS[2:]),
    ({"exclude_core_properties": "false"}, OF_EVENTS),
    ({"is_feature_flag": "false", "search": "$"}, ["$current_url"]),
    ({"event_names": '["left"]'}, ["price", "reason", "$current_url", "$feature/x", "first", "note", "paid"]),
    ({"event_names": '["left"]', "filter_by_event_names": "true"}, ["price", "reason"]),
    (
        {"event_names": "left,$pageview", "filter_by_event_names": "true"},
        ["$current_url", "$feature/x", "price", "reason"],
    ),
    ({"event_names": '["absent"]', "filter_by_event_names": "true"}, []),
    ({"filter_by_event_names": "true"}, OF_EVENTS),
    ({"ordering": "-name"}, OF_EVENTS[::-1]),
    ({"limit": 1, "offset": 1}, ["$feature/x"]),
]


@pytest.mark.parametrize(("params", "expected"), PROPERTIES)
def test_properties_as_they_are_asked_for(api: Api, params: dict[str, Any], expected: list[str]) -> None:
    assert names(api, "property_definitions", **params) == expected


def test_types(api: Api) -> None:
    found = {one["name"]: (one["property_type"], one["is_numerical"]) for one in listed(api, "property_definitions")}
    assert found == {
        "$current_url": ("String", False),
        "$feature/x": ("Boolean", False),
        "first": ("Boolean", False),
        "note": (None, False),
        "paid": ("DateTime", False),
        "price": ("Numeric", True),
        "reason": ("String", False),
    }


def test_whether_a_property_came_with_the_events(api: Api) -> None:
    asked = listed(api, "property_definitions", event_names='["left"]', properties="price,paid")
    assert {one["name"]: one["is_seen_on_filtered_events"] for one in asked} == {"price": True, "paid": False}
    asked = listed(api, "property_definitions", properties="price,paid")
    assert {one["is_seen_on_filtered_events"] for one in asked} == {None}


def test_properties_of_sessions_are_always_the_same(api: Api, world: World) -> None:
    found = listed(api, "property_definitions", type="session")
    assert {one["name"]: one["property_type"] for one in found}["$session_duration"] == "Numeric"
    assert names(api, "property_definitions", type="session") == names(
        world.api(world.new_project()), "property_definitions", type="session"
    )


# One


@pytest.mark.parametrize(
    ("route", "params"),
    [
        ("event_definitions", {}),
        ("property_definitions", {"type": "event"}),
        ("property_definitions", {"type": "person"}),
        ("property_definitions", {"type": "group", "group_type_index": 1}),
        ("property_definitions", {"type": "session"}),
    ],
)
def test_one_is_as_in_the_list(api: Api, route: str, params: dict[str, Any]) -> None:
    found = listed(api, route, **params)
    assert found
    assert [api("GET", f"{route}/{one['id']}").json() for one in found] == found


@pytest.mark.parametrize("route", ["event_definitions", "property_definitions"])
@pytest.mark.parametrize("named", [UNKNOWN, "1", "price", "%00"])
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_what_is_not_there(api: Api, route: str, named: str, method: str) -> None:
    answer = api(method, f"{route}/{named}", json={} if method == "PATCH" else None)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("route", ["event_definitions", "property_definitions"])
def test_another_project_has_its_own(api: Api, world: World, stack: Stack, now: datetime, route: str) -> None:
    theirs = world.new_project()
    stack.load(theirs.project.id, events=[event("left", now, price=5)])
    other = world.api(theirs)
    mine = {one["id"] for one in listed(api, route)}
    assert not mine & {one["id"] for one in listed(other, route)}
    change(api, route, "left" if route == "event_definitions" else "price", description="ours")
    assert {one["description"] for one in listed(other, route)} == {""}
    for one in mine:
        assert other("GET", f"{route}/{one}").status_code == 404


# What people say


@pytest.mark.parametrize(("route", "name"), [("event_definitions", "left"), ("property_definitions", "price")])
def test_people_describe_what_was_learned(api: Api, route: str, name: str) -> None:
    changed = change(api, route, name, description="Gone", tags=["b", "a", "b"], verified=True, name="x", id="y")
    assert (changed["name"], changed["description"], changed["tags"]) == (name, "Gone", ["b", "a"])
    assert changed["verified_by"]
    assert changed["verified_by"] == changed["updated_by"]
    assert changed["verified_at"] == changed["updated_at"]
    assert next(one for one in listed(api, route) if one["name"] == name) == changed
    assert names(api, route, verified="true") == [name]
    assert name not in names(api, route, verified="false")
    assert names(api, route, tags='["a","z"]') == [name]
    assert names(api, route, tags="z") == []
    again = change(api, route, name, verified=False)
    assert (again["description"], again["verified_at"], again["verified_by"]) == ("Gone", None, None)


def test_what_is_hidden_can_be_left_out(api: Api) -> None:
    change(api, "event_definitions", "left", hidden=True)
    assert names(api, "event_definitions") == ALL
    assert names(api, "event_definitions", exclude_hidden="true") == ALL[:2]


def test_what_people_said_survives_what_comes_in(api: Api, stack: Stack, now: datetime) -> None:
    change(api, "event_definitions", "left", description="Gone")
    stack.load(api.project_id, events=[event("left", now)])
    left = next(one for one in listed(api, "event_definitions") if one["name"] == "left")
    assert (left["description"], left["volume_30_day"], left["last_seen_at"]) == ("Gone", 1, day(now))


# Refused


BAD_LISTS: list[tuple[str, dict[str, Any], str]] = [
    ("event_definitions", {"ordering": "nmae"}, "ordering"),
    ("event_definitions", {"ordering": "--name"}, "ordering"),
    ("event_definitions", {"event_type": "x"}, "event_type"),
    ("event_definitions", {"search": "x" * 501}, "search"),
    ("event_definitions", {"verified": "perhaps"}, "verified"),
    ("event_definitions", {"tags": "[1]"}, "tags"),
    ("property_definitions", {"type": "evnt"}, "type"),
    ("property_definitions", {"type": "group"}, "group_type_index"),
    ("property_definitions", {"type": "group", "group_type_index": "5"}, "group_type_index"),
    ("property_definitions", {"type": "group", "group_type_index": "x"}, "group_type_index"),
    ("property_definitions", {"event_names": '["a"'}, "event_names"),
    ("property_definitions", {"event_names": '{"a": 1}'}, "event_names"),
    ("property_definitions", {"event_names": ",".join(map(str, range(1001)))}, "event_names"),
    ("property_definitions", {"properties": "[[]]"}, "properties"),
    ("property_definitions", {"is_numerical": "5"}, "is_numerical"),
]


@pytest.mark.parametrize(("route", "params", "field"), BAD_LISTS)
def test_a_list_that_cannot_be_meant(api: Api, route: str, params: dict[str, Any], field: str) -> None:
    answer = api("GET", route, params=params)
    assert (answer.status_code, answer.json()["attr"]) == (400, field), answer.text


def test_an_unknown_word_names_the_nearest(api: Api) -> None:
    assert "event" in api("GET", "property_definitions", params={"type": "evnt"}).json()["detail"]


BAD_NOTES: list[tuple[dict[str, Any], str]] = [
    ({"tags": "a"}, "tags"),
    ({"tags": [1]}, "tags__0"),
    ({"verified": "yes"}, "verified"),
    ({"hidden": None}, "hidden"),
    ({"description": "x" * 10_001}, "description"),
    ({"description": 5}, "description"),
    ({"verified": True, "hidden": True}, "verified"),
]


@pytest.mark.parametrize("route", ["event_definitions", "property_definitions"])
@pytest.mark.parametrize(("body", "field"), BAD_NOTES)
def test_words_that_cannot_be_kept(api: Api, route: str, body: dict[str, Any], field: str) -> None:
    one = listed(api, route)[0]
    answer = api("PATCH", f"{route}/{one['id']}", json=body)
    assert (answer.status_code, answer.json()["attr"]) == (400, field), answer.text
    assert api("GET", f"{route}/{one['id']}").json()["updated_at"] is None


def test_a_type_is_not_for_people_to_say(api: Api) -> None:
    one = listed(api, "property_definitions", properties="price")[0]
    answer = api("PATCH", f"property_definitions/{one['id']}", json={"property_type": "String"})
    assert (answer.status_code, answer.json()["attr"]) == (400, "property_type")
    assert api("PATCH", f"property_definitions/{one['id']}", json={"property_type": "Numeric"}).status_code == 200


# Scopes


@pytest.mark.parametrize("kind", ["event_definition", "property_definition"])
def test_what_a_key_may_do(api: Api, world: World, project: StoredProject, kind: str) -> None:
    reads = world.api(project, None, f"{kind}:read")
    one = listed(reads, f"{kind}s")[0]
    assert reads("GET", f"{kind}s/{one['id']}").status_code == 200
    refused = reads("PATCH", f"{kind}s/{one['id']}", json={"description": "x"})
    assert (refused.status_code, refused.json()["detail"]) == (
        403,
        f"API key missing required scope '{kind}:write'",
    )
    writes = world.api(project, None, f"{kind}:write")
    assert writes("PATCH", f"{kind}s/{one['id']}", json={"description": "x"}).status_code == 200
    assert world.api(project, None, "insight:read")("GET", f"{kind}s").status_code == 403


@pytest.mark.parametrize("name", [*EVENT_TYPES, *KINDS, *ORDERINGS])
def test_the_page_names_what_can_be_asked_for(name: str) -> None:
    page = (Path(__file__).parents[2] / "docs" / "definitions.md").read_text("utf-8")
    assert f"`{name.removeprefix('-')}`" in page
