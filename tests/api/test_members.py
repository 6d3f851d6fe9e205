"""Members: who sees them, who changes whom, and who may leave."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from insights_acl import accounts

from tests.api.crew import SECRET, Crew
from tests.api.world import Api, World


def test_everybody_sees_the_members(crew: Crew) -> None:
    answer = crew.api("member", "organization_member:read")("GET", f"{crew.path}/members").json()
    assert answer["count"] == 3
    assert [one["user"]["email"] for one in answer["results"]] == [
        crew.people[name].email for name in ("member", "admin", "owner")
    ]
    (own,) = (one for one in answer["results"] if one["user"]["uuid"] == crew.people["admin"].uuid)
    membership = accounts.find_membership(crew.world.store, crew.organization.id, crew.people["admin"].uuid)
    assert membership is not None
    assert {name: own[name] for name in ("id", "level", "is_2fa_enabled", "has_social_auth", "last_login")} == {
        "id": membership.id,
        "level": 8,
        "is_2fa_enabled": False,
        "has_social_auth": False,
        "last_login": None,
    }
    assert set(own["user"]) == {
        *("id", "uuid", "distinct_id", "first_name", "last_name", "email", "is_email_verified", "hedgehog_config"),
        "role_at_organization",
    }


def test_members_are_filtered_ordered_and_paged(crew: Crew) -> None:
    api = crew.api("member")

    def names(**query: Any) -> list[str]:
        found = api("GET", f"{crew.path}/members", params=query).json()["results"]
        return [one["user"]["email"].split(".")[0] for one in found]

    assert names(email=crew.people["admin"].email.upper()) == ["admin"]
    assert names(search="OWNER.") == ["owner"]
    assert names(order="level") == ["member", "admin", "owner"]
    assert names(order="-level", limit=1, offset=1) == ["admin"]
    assert names(order="joined_at") == ["owner", "admin", "member"]
    wrong = api("GET", f"{crew.path}/members", params={"order": "levle"})
    assert (wrong.status_code, wrong.json()["attr"]) == (400, "order")
    assert 'did you mean "level"' in wrong.json()["detail"]


def test_who_is_deactivated_is_not_listed_and_can_be_removed(crew: Crew) -> None:
    accounts.update_user(crew.world.store, replace(crew.people["member"], is_active=False))
    admin = crew.api("admin")
    assert admin("GET", f"{crew.path}/members").json()["count"] == 2
    assert admin("DELETE", crew.at("member")).status_code == 204


@pytest.mark.parametrize("name", ["@me", "uuid", "upper"])
def test_one_member_is_read_by_uuid(crew: Crew, name: str) -> None:
    user = crew.people["member"]
    named = {"@me": "@me", "uuid": user.uuid, "upper": user.uuid.upper()}[name]
    assert crew.api("member")("GET", f"{crew.path}/members/{named}").json()["user"]["uuid"] == user.uuid


@pytest.mark.parametrize("named", ["nobody", "019ca5d0-0000-7000-8000-000000000001", "%00", "1"])
def test_a_member_that_is_not_there(crew: Crew, named: str) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        answer = crew.api("owner")(
            method, f"{crew.path}/members/{named}", **({"json": {}} if method == "PATCH" else {})
        )
        assert (answer.status_code, answer.json()["detail"]) == (404, "Not found.")


@pytest.mark.parametrize(
    ("who", "whom", "level", "status"),
    [
        ("owner", "member", 8, 200),
        ("owner", "member", 15, 200),
        ("owner", "admin", 1, 200),
        ("owner", "owner2", 1, 200),
        ("admin", "member", 8, 200),
        ("admin", "admin2", 1, 200),
        ("admin", "member", 15, 403),
        ("admin", "owner", 1, 403),
        ("admin", "owner", 15, 403),
        ("admin", "admin", 1, 403),
        ("admin", "admin", 15, 403),
        ("member", "member", 8, 403),
        ("member", "admin", 1, 403),
        ("owner", "owner", 1, 403),
        ("owner", "member", 2, 400),
        ("owner", "member", None, 400),
        ("owner", "member", "8", 400),
    ],
)
def test_who_gives_which_level_to_whom(crew: Crew, who: str, whom: str, level: Any, status: int) -> None:
    if whom not in crew.people:
        crew.add(whom)
    before = crew.level(whom)
    answer = crew.api(who, "organization_member:write")("PATCH", crew.at(whom), json={"level": level})
    assert answer.status_code == status, answer.text
    assert crew.level(whom) == (level if status == 200 else before)
    if status == 200:
        assert answer.json()["level"] == level
        assert answer.json()["updated_at"] > answer.json()["joined_at"]


def test_a_change_without_a_level_changes_nothing(crew: Crew) -> None:
    answer = crew.api("admin")("PATCH", crew.at("member"), json={"is_2fa_enabled": True})
    assert (answer.status_code, answer.json()["is_2fa_enabled"], answer.json()["level"]) == (200, False, 1)


@pytest.mark.parametrize(
    ("who", "whom", "status"),
    [
        ("owner", "admin", 204),
        ("owner", "owner2", 204),
        ("admin", "member", 204),
        ("admin", "admin2", 204),
        ("admin", "owner", 403),
        ("member", "admin", 403),
        ("member", "member", 204),
        ("admin", "admin", 204),
        ("owner", "owner", 400),
    ],
)
def test_who_removes_whom_and_who_may_leave(crew: Crew, who: str, whom: str, status: int) -> None:
    if whom not in crew.people:
        crew.add(whom)
    api = crew.api(who)
    answer = api("DELETE", crew.at(whom))
    assert answer.status_code == status, answer.text
    assert (crew.level(whom) is None) == (status == 204)
    if status == 400:
        assert "last owner" in answer.json()["detail"]
    if status == 204:
        assert answer.content == b""
        assert crew.api(whom)("GET", f"{crew.path}/members").status_code == 403


def test_one_of_two_owners_may_leave(crew: Crew) -> None:
    crew.add("owner2")
    assert crew.api("owner")("DELETE", f"{crew.path}/members/@me").status_code == 204
    assert crew.api("owner2")("DELETE", f"{crew.path}/members/@me").status_code == 400


def test_a_change_holds_on_the_next_request(crew: Crew) -> None:
    """A member who became an admin, and is none any more."""
    owner, member = crew.api("owner"), crew.api("member")
    path = crew.path
    for level, status in ((1, 403), (8, 200), (1, 403)):
        owner("PATCH", crew.at("member"), json={"level": level})
        assert member("PATCH", path, json={"name": "Crew"}).status_code == status


@pytest.mark.parametrize(
    ("method", "scopes", "status"),
    [
        ("GET", ("organization:read",), 403),
        ("GET", ("organization_member:write",), 200),
        ("PATCH", ("organization_member:read",), 403),
        ("DELETE", ("organization_member:read",), 403),
    ],
)
def test_scopes(crew: Crew, method: str, scopes: tuple[str, ...], status: int) -> None:
    answer = crew.api("owner", *scopes)(method, crew.at("member"))
    assert answer.status_code == status
    assert crew.level("member") == 1


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_another_organization_sees_and_changes_nothing(crew: Crew, world: World, method: str) -> None:
    stranger = Api(world.stack, world.new_key(world.new_user("owner")))
    through_theirs = f"/api/organizations/{world.organization.id}/members/{crew.people['member'].uuid}"
    for path, status in ((crew.at("member"), 403), (through_theirs, 404), (f"{crew.path}/members", 403)):
        answer = stranger(method, path, **({"json": {"level": 8}} if method == "PATCH" else {}))
        assert answer.status_code == status
        assert SECRET not in answer.text
    assert crew.level("member") == 1
