"""Organizations: made by anybody, changed by admins, seen by their members."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from insights_acl import accounts, keys
from insights_acl.memberships import new_membership
from insights_acl.models import Level, item_of

from tests.api.world import Api, World


@pytest.fixture
def user_api(world: World) -> Api:
    """Of a member of the first organization."""
    return Api(world.stack, world.new_key(world.new_user()))


def test_who_makes_an_organization_owns_it(user_api: Api, world: World) -> None:
    made = user_api("POST", "/api/organizations", json={"name": " Mine ", "id": "x"})
    assert made.status_code == 201
    organization = made.json()
    assert (organization["name"], organization["membership_level"], organization["projects"]) == ("Mine", 15, [])
    assert [one["key"] for one in organization["available_product_features"]] == ["access_control", "role_based_access"]
    listed = user_api("GET", "/api/organizations").json()["results"]
    assert [one["id"] for one in listed] == [world.organization.id, organization["id"]]
    assert user_api("GET", f"/api/organizations/{organization['id']}").json()["name"] == "Mine"
    assert user_api("GET", "/api/organizations/@current").json()["id"] == world.organization.id
    project = user_api("POST", f"/api/organizations/{organization['id']}/projects", json={"name": "First"})
    assert project.status_code == 201


@pytest.mark.parametrize(
    ("body", "attr", "code"),
    [
        ({}, "name", "required"),
        ({"name": ""}, "name", "blank"),
        ({"name": None}, "name", "null"),
        ({"name": "x" * 65}, "name", "max_length"),
        ({"name": ["a"]}, "name", "invalid_input"),
    ],
)
def test_a_name_that_cannot_be(user_api: Api, body: dict[str, Any], attr: str, code: str) -> None:
    answer = user_api("POST", "/api/organizations", json=body)
    assert (answer.status_code, answer.json()["attr"], answer.json()["code"]) == (400, attr, code)


@pytest.mark.parametrize(
    "restriction", [{"scopes": ("organization:read",)}, {"scoped_organizations": True}, {"scoped_teams": (1,)}]
)
def test_a_narrow_key_makes_no_organization(world: World, restriction: dict[str, Any]) -> None:
    user = world.new_user()
    if "scoped_organizations" in restriction:
        restriction = {"scoped_organizations": (world.organization.id,)}
    api = Api(world.stack, world.new_key(user, **restriction))
    assert api("POST", "/api/organizations", json={"name": "Mine"}).status_code == 403
    assert len(accounts.memberships_of(world.store, user)) == 1


def test_there_is_an_end_to_organizations_of_one_person(world: World) -> None:
    user = world.new_user()
    api, now = Api(world.stack, world.new_key(user)), world.stack.services.now()
    further = [new_membership(user.uuid, str(uuid4()), Level.MEMBER, now) for _ in range(48)]
    world.store.put_many([item_of(one, keys.membership(user.uuid, one.organization_id)) for one in further])
    answers = [api("POST", "/api/organizations", json={"name": "Last"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 400]
    assert "Leave one first" in answers[1].json()["detail"]


@pytest.mark.parametrize(("level", "status"), [("member", 403), ("admin", 200), ("owner", 200)])
def test_admins_change_it(world: World, level: str, status: int) -> None:
    now = world.stack.services.now()
    organization = accounts.create_organization(world.store, "Before", now=now)
    user, _ = accounts.create_user(world.store, f"{uuid4().hex}@example.com", level, organization, now=now)
    api, path = Api(world.stack, world.new_key(user)), f"/api/organizations/{organization.id}"
    changed = api("PATCH", path, json={"name": "After", "members_can_use_personal_api_keys": False, "slug": "x"})
    assert changed.status_code == status
    stored = accounts.find_organization(world.store, organization.id)
    assert stored is not None
    expected = ("After", False) if status == 200 else ("Before", True)
    assert (stored.name, stored.members_can_use_personal_api_keys) == expected
    if status == 200:
        assert (changed.json()["name"], changed.json()["slug"]) == ("After", organization.id)


def test_a_wrong_value_changes_nothing(world: World) -> None:
    made = Api(world.stack, world.new_key(world.new_user()))
    organization = made("POST", "/api/organizations", json={"name": "Mine"}).json()
    path = f"/api/organizations/{organization['id']}"
    answer = made("PATCH", path, json={"name": "New", "members_can_use_personal_api_keys": "no"})
    assert (answer.status_code, answer.json()["attr"]) == (400, "members_can_use_personal_api_keys")
    assert made("GET", path).json()["name"] == "Mine"


def test_members_may_be_kept_from_using_keys(world: World) -> None:
    owner = Api(world.stack, world.new_key(world.new_user()))
    organization = owner("POST", "/api/organizations", json={"name": "Mine"}).json()
    stored = accounts.find_organization(world.store, organization["id"])
    assert stored is not None
    user, _ = accounts.create_user(
        world.store, f"{uuid4().hex}@example.com", "member", stored, now=world.stack.services.now()
    )
    member, path = Api(world.stack, world.new_key(user)), f"/api/organizations/{organization['id']}"
    assert member("GET", path).status_code == 200
    owner("PATCH", path, json={"members_can_use_personal_api_keys": False})
    refused = member("GET", path)
    assert (refused.status_code, "Contact an admin" in refused.json()["detail"]) == (403, True)
    assert owner("GET", path).status_code == 200


def test_another_organization_is_not_there(user_api: Api, world: World) -> None:
    path = f"/api/organizations/{world.other_organization.id}"
    for method in ("GET", "PATCH"):
        answer = user_api(method, path, **({"json": {"name": "x"}} if method == "PATCH" else {}))
        assert (answer.status_code, answer.json()["detail"]) == (404, "Organization not found.")
    found = accounts.find_organization(world.store, world.other_organization.id)
    assert found is not None
    assert found.name == "Other"
