"""Groups: listed by type, found by key, and the types themselves; never another project's."""

from __future__ import annotations

from typing import Any

import pytest
from insights_acl.models import StoredProject
from insights_local.stack import Stack

from tests.api.crowd import back, pages
from tests.api.world import Api, World

GROUPS = [
    {"type": "company", "key": "acme", "properties": {"name": "Acme & Sons", "plan": "pro"}},
    {"type": "company", "key": "beta/2", "properties": {}},
    {"type": "company", "key": "Éclair", "properties": {"name": "x", "a.b": 1}},
    {"type": "team", "key": "acme", "properties": {"name": "Red"}},
]


@pytest.fixture
def api(world: World, stack: Stack, project: StoredProject) -> Api:
    """A project with groups in it, those of an index made at the same moment."""
    at = "2026-01-09T12:00:00.000001Z"
    stack.load(project.project.id, groups=[{**group, "created_at": at} for group in GROUPS])
    return world.api(project)


def listed(api: Api, index: int = 0, **params: Any) -> list[str]:
    answer = api("GET", "groups", params={"group_type_index": index, **params})
    assert answer.status_code == 200, answer.text
    return [group["group_key"] for group in answer.json()["results"]]


@pytest.mark.parametrize(
    ("index", "params", "expected"),
    [
        (0, {}, ["Éclair", "beta/2", "acme"]),
        (1, {}, ["acme"]),
        (4, {}, []),
        (0, {"search": "SONS"}, ["acme"]),
        (0, {"search": "écl"}, ["Éclair"]),
        (0, {"search": "red"}, []),
        (0, {"search": "\0"}, []),
        (0, {"limit": 1, "offset": 1}, ["beta/2"]),
    ],
)
def test_groups_of_a_type(api: Api, index: int, params: dict[str, Any], expected: list[str]) -> None:
    assert listed(api, index, **params) == expected


def test_a_group_is_the_same_in_a_list_and_alone(api: Api) -> None:
    acme = api("GET", "groups/find", params={"group_type_index": 0, "group_key": "acme"}).json()
    assert acme == {
        "type": "group",
        "id": "acme",
        "group_key": "acme",
        "group_type_index": 0,
        "properties": {"name": "Acme & Sons", "plan": "pro"},
        "group_properties": {"name": "Acme & Sons", "plan": "pro"},
        "created_at": "2026-01-09T12:00:00.000001Z",
    }
    assert acme in api("GET", "groups/?group_type_index=0").json()["results"]


def test_pages_lead_there_and_back(api: Api) -> None:
    found = pages(api, "groups", {"group_type_index": 0, "limit": 1})
    assert [page["results"][0]["group_key"] for page in found] == ["Éclair", "beta/2", "acme"]
    assert [page["results"] for page in back(api, found[-1])] == [page["results"] for page in found[:-1]]
    cursor = found[0]["next"].partition("cursor=")[2]
    assert api("GET", f"groups?group_type_index=1&cursor={cursor}").json()["attr"] == "cursor"
    assert api("GET", f"persons?cursor={cursor}").json()["attr"] == "cursor"


def test_types_are_in_the_order_of_their_indexes(api: Api) -> None:
    found = api("GET", "groups_types").json()
    assert [(one["group_type_index"], one["group_type"]) for one in found] == [(0, "company"), (1, "team")]


@pytest.mark.parametrize(
    ("path", "attr"),
    [
        ("groups", "group_type_index"),
        ("groups?group_type_index=5", "group_type_index"),
        ("groups?group_type_index=-1", "group_type_index"),
        ("groups?group_type_index=x", "group_type_index"),
        ("groups?group_type_index=0&offset=1000001", "offset"),
        (f"groups?group_type_index=0&search={'x' * 1001}", "search"),
        ("groups/find?group_key=acme", "group_type_index"),
        ("groups/find?group_type_index=0", "group_key"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(api: Api, path: str, attr: str) -> None:
    answer = api("GET", path)
    assert (answer.status_code, answer.json()["attr"]) == (400, attr), answer.text


def test_another_project_s_groups_are_not_there(api: Api, world: World) -> None:
    elsewhere = world.api(world.new_project())
    for path in ("groups/find?group_type_index=0&group_key=acme", "groups/find?group_type_index=0&group_key=%00"):
        assert elsewhere("GET", path).status_code == 404
    assert listed(elsewhere) == []
    assert elsewhere("GET", "groups_types").json() == []


@pytest.mark.parametrize("path", ["groups?group_type_index=0", "groups_types", "groups/find?group_type_index=0"])
def test_a_key_needs_the_scope_of_groups(api: Api, world: World, project: StoredProject, path: str) -> None:
    refused = world.api(project, None, "person:read")("GET", path)
    assert (refused.status_code, refused.json()["detail"]) == (403, "API key missing required scope 'group:read'")
    assert world.api(project, None, "group:read")("GET", path).status_code in (200, 400)
