"""Roles over the API: admins make them and put members into them; everybody of the organization sees them."""

from __future__ import annotations

from typing import Any

import pytest
from insights_acl import accounts

from tests.api.crew import SECRET, Crew
from tests.api.world import Api, World

NOBODY = "019ca5d0-0000-7000-8000-000000000001"


@pytest.fixture
def roles(crew: Crew) -> str:
    return f"{crew.path}/roles"


@pytest.fixture
def role(crew: Crew, roles: str) -> dict[str, Any]:
    made: dict[str, Any] = crew.api("admin")("POST", roles, json={"name": f"{SECRET} Analysts"}).json()
    return made


@pytest.fixture
def members(roles: str, role: dict[str, Any]) -> str:
    return f"{roles}/{role['id']}/role_memberships"


def test_a_role_is_made_read_renamed_and_deleted(crew: Crew, roles: str) -> None:
    admin, member = crew.api("admin", "organization:write"), crew.api("member", "organization:read")
    made = admin("POST", roles, json={"name": " Analysts ", "created_by": "x"})
    assert made.status_code == 201
    role = made.json()
    assert set(role) == {"id", "name", "created_at", "created_by", "members", "is_default"}
    assert (role["name"], role["members"], role["is_default"]) == ("Analysts", [], False)
    assert role["created_by"]["uuid"] == crew.people["admin"].uuid
    assert member("GET", f"{roles}/{role['id']}").json() == role
    assert member("GET", roles).json()["results"] == [role]
    renamed = admin("PATCH", f"{roles}/{role['id']}", json={"name": "ANALYSTS"})
    assert (renamed.status_code, renamed.json()["name"]) == (200, "ANALYSTS")
    assert admin("PATCH", f"{roles}/{role['id']}", json={}).json()["name"] == "ANALYSTS"
    deleted = admin("DELETE", f"{roles}/{role['id']}")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert member("GET", f"{roles}/{role['id']}").status_code == 404
    assert member("GET", roles).json()["count"] == 0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "required"),
        ({"name": ""}, "blank"),
        ({"name": None}, "null"),
        ({"name": "x" * 201}, "max_length"),
        ({"name": 7}, "invalid_input"),
        ({"name": "a\0b"}, "null_characters_not_allowed"),
        ({"name": f"{SECRET.upper()} analysts"}, "unique"),
    ],
)
def test_a_name_that_cannot_be(crew: Crew, roles: str, role: dict[str, Any], body: dict[str, Any], code: str) -> None:
    admin = crew.api("admin")
    other = admin("POST", roles, json={"name": "Other"}).json()
    answers = [admin("POST", roles, json=body)]
    if body:
        answers.append(admin("PATCH", f"{roles}/{other['id']}", json=body))
    for answer in answers:
        assert (answer.status_code, answer.json()["attr"], answer.json()["code"]) == (400, "name", code)
    assert [one["name"] for one in admin("GET", roles).json()["results"]] == [role["name"], "Other"]


def test_members_come_and_go(crew: Crew, roles: str, role: dict[str, Any], members: str) -> None:
    admin, user = crew.api("admin"), crew.people["member"]
    made = admin("POST", members, json={"user_uuid": user.uuid.upper()})
    assert made.status_code == 201
    entry = made.json()
    assert set(entry) == {"id", "role_id", "organization_member", "user", "joined_at", "updated_at"}
    assert (entry["role_id"], entry["user"]["uuid"]) == (role["id"], user.uuid)
    assert entry["organization_member"]["user"] == entry["user"]
    membership = accounts.find_membership(crew.world.store, crew.organization.id, user.uuid)
    assert membership is not None
    assert (entry["organization_member"]["id"], membership.roles) == (membership.id, (role["id"],))
    reader = crew.api("member")
    assert reader("GET", members).json()["results"] == [entry]
    assert reader("GET", f"{roles}/{role['id']}").json()["members"] == [entry]
    assert reader("GET", roles).json()["results"][0]["members"] == [entry]
    again = admin("POST", members, json={"user_uuid": user.uuid})
    assert (again.status_code, again.json()["code"], again.json()["attr"]) == (400, "unique", "user_uuid")
    assert admin("DELETE", f"{members}/{entry['id']}").status_code == 204
    assert admin("DELETE", f"{members}/{entry['id']}").status_code == 404
    assert reader("GET", members).json()["count"] == 0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "required"),
        ({"user_uuid": "x"}, "invalid_input"),
        ({"user_uuid": None}, "invalid_input"),
        ({"user_uuid": NOBODY}, "does_not_exist"),
    ],
)
def test_who_cannot_be_put_into_a_role(crew: Crew, members: str, body: dict[str, Any], code: str) -> None:
    answer = crew.api("owner")("POST", members, json=body)
    assert (answer.status_code, answer.json()["attr"], answer.json()["code"]) == (400, "user_uuid", code)


def test_a_user_of_another_organization_is_nobody_here(crew: Crew, members: str) -> None:
    stranger = crew.world.new_user()
    answer = crew.api("owner")("POST", members, json={"user_uuid": stranger.uuid})
    assert (answer.status_code, answer.json()["code"]) == (400, "does_not_exist")
    assert stranger.email not in answer.text


def test_a_deleted_role_leaves_its_members_in_the_organization(
    crew: Crew, roles: str, role: dict[str, Any], members: str
) -> None:
    admin = crew.api("admin")
    admin("POST", members, json={"user_uuid": crew.people["member"].uuid})
    assert admin("DELETE", f"{roles}/{role['id']}").status_code == 204
    membership = accounts.find_membership(crew.world.store, crew.organization.id, crew.people["member"].uuid)
    assert membership is not None
    assert membership.roles == ()
    assert admin("GET", members).status_code == 404


def requests_of(roles: str, role: dict[str, Any], members: str, crew: Crew) -> list[tuple[str, str, dict[str, Any]]]:
    user = crew.people["member"].uuid
    entry = crew.api("owner")("POST", members, json={"user_uuid": user}).json()
    return [
        ("GET", roles, {}),
        ("POST", roles, {"json": {"name": "New"}}),
        ("GET", f"{roles}/{role['id']}", {}),
        ("PATCH", f"{roles}/{role['id']}", {"json": {"name": "Renamed"}}),
        ("GET", members, {}),
        ("POST", members, {"json": {"user_uuid": crew.people["admin"].uuid}}),
        ("DELETE", f"{members}/{entry['id']}", {}),
        ("DELETE", f"{roles}/{role['id']}", {}),
    ]


@pytest.mark.parametrize("who", ["member", "stranger", "read_only", "other_scope", "nobody"])
def test_who_may_not(crew: Crew, world: World, roles: str, role: dict[str, Any], members: str, who: str) -> None:
    """Members and keys that only read may read; everybody else may nothing, and nothing changes."""
    api = {
        "member": lambda: crew.api("member"),
        "stranger": lambda: Api(world.stack, world.new_key(world.new_user("owner"))),
        "read_only": lambda: crew.api("owner", "organization:read"),
        "other_scope": lambda: crew.api("owner", "organization_member:write", "project:write"),
        "nobody": lambda: Api(world.stack, None),
    }[who]()
    for method, path, body in requests_of(roles, role, members, crew):
        answer = api(method, path, **body)
        reads = method == "GET" and who in ("member", "read_only")
        assert answer.status_code == (200 if reads else 401 if who == "nobody" else 403), f"{method} {path}"
        assert (SECRET in answer.text) == reads
    (left,) = crew.api("owner")("GET", roles).json()["results"]
    assert (left["name"], len(left["members"])) == (role["name"], 1)


def test_a_role_is_not_found_through_another_organization(
    crew: Crew, world: World, role: dict[str, Any], members: str
) -> None:
    owner = Api(world.stack, world.new_key(world.new_user("owner")))
    theirs = f"/api/organizations/{world.organization.id}/roles"
    mine = owner("POST", theirs, json={"name": f"Own {role['id']}"}).json()
    entry = crew.api("owner")("POST", members, json={"user_uuid": crew.people["member"].uuid}).json()
    for method, path in (
        ("GET", f"{theirs}/{role['id']}"),
        ("PATCH", f"{theirs}/{role['id']}"),
        ("DELETE", f"{theirs}/{role['id']}"),
        ("GET", f"{theirs}/{role['id']}/role_memberships"),
        ("POST", f"{theirs}/{role['id']}/role_memberships"),
        ("DELETE", f"{theirs}/{role['id']}/role_memberships/{entry['id']}"),
        ("DELETE", f"{theirs}/{mine['id']}/role_memberships/{entry['id']}"),
        ("GET", f"{theirs}/{NOBODY}"),
        ("GET", f"{theirs}/%00"),
        ("DELETE", f"{theirs}/x"),
    ):
        body = {"json": {"name": "x", "user_uuid": crew.people["member"].uuid}} if method in ("PATCH", "POST") else {}
        answer = owner(method, path, **body)
        assert (answer.status_code, SECRET in answer.text) == (404, False), f"{method} {path}"
    assert crew.api("owner")("GET", members).json()["count"] == 1
