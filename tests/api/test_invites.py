"""Invites over the API: made by admins, handed over as a token, accepted once."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from insights_acl import accounts
from insights_engine.log import logger

from tests.api.crew import SECRET, Crew
from tests.api.world import Api, World


@pytest.fixture
def invites(crew: Crew) -> str:
    return f"{crew.path}/invites"


@pytest.fixture
def nobody(world: World) -> Api:
    return Api(world.stack, None)


def new_address() -> str:
    return f"{SECRET}.{uuid4().hex}@example.com"


def invited(crew: Crew, email: str | None = None, **fields: Any) -> dict[str, Any]:
    body = {"target_email": email or new_address(), **fields}
    made = crew.api("admin")("POST", f"{crew.path}/invites", json=body)
    assert made.status_code == 201, made.text
    invite: dict[str, Any] = made.json()
    return invite


def test_an_invite_shows_its_token_once(crew: Crew, invites: str) -> None:
    email = new_address()
    made = invited(crew, email, first_name="Bob", level=8, message="Welcome")
    token = made.pop("token")
    assert token.startswith("inv_")
    assert {name: made[name] for name in ("target_email", "first_name", "level", "message", "is_expired")} == {
        "target_email": email,
        "first_name": "Bob",
        "level": 8,
        "message": "Welcome",
        "is_expired": False,
    }
    assert made["created_by"]["uuid"] == crew.people["admin"].uuid
    listed = crew.api("owner", "organization_member:read")("GET", invites)
    assert listed.json()["results"] == [made]
    assert token not in listed.text


def test_a_new_person_signs_up_and_works(crew: Crew, nobody: Api) -> None:
    email = new_address()
    token = invited(crew, email, first_name="Bob")["token"]
    shown = nobody("GET", f"/api/signup/{token}/")
    assert shown.status_code == 200
    assert (shown.json()["organization_name"], shown.json()["first_name"]) == (crew.organization.name, "Bob")
    assert shown.json()["target_email"] == f"{email[0]}****@example.com"
    assert email not in shown.text

    joined = nobody("POST", f"/api/signup/{token}", json={"first_name": "Robert", "label": "laptop"})
    assert joined.status_code == 201
    answer = joined.json()
    assert (answer["user"]["email"], answer["user"]["first_name"]) == (email, "Robert")
    assert (answer["organization"]["id"], answer["organization"]["membership_level"]) == (crew.organization.id, 1)
    person = Api(crew.world.stack, answer["personal_api_key"])
    me = person("GET", "/api/users/@me").json()
    assert (me["email"], me["organization"]["id"]) == (email, crew.organization.id)
    key = person("GET", "/api/personal_api_keys/@current").json()
    assert (key["label"], key["scopes"]) == ("laptop", ["*"])
    assert person("GET", f"{crew.path}/members").json()["count"] == 4

    for method in ("GET", "POST"):
        again = nobody(method, f"/api/signup/{token}", **({"json": {}} if method == "POST" else {}))
        assert (again.status_code, "has been used" in again.json()["detail"]) == (400, True)


def test_an_account_joins_with_its_own_key(crew: Crew, world: World, nobody: Api) -> None:
    bob, eve = world.new_user(), world.new_user()
    token = invited(crew, bob.email.upper(), level=8)["token"]
    path = f"/api/signup/{token}"
    without = nobody("POST", path, json={})
    assert (without.status_code, "send a personal API key" in without.json()["detail"]) == (401, True)
    for key, status in (
        ("phx_unknown", 401),
        (world.new_key(eve), 403),
        (world.new_key(bob, ("organization:write",)), 403),
        (world.new_key(bob, scoped_teams=(1,)), 403),
        (world.new_key(bob, scoped_organizations=(world.organization.id,)), 403),
    ):
        assert Api(world.stack, key)("POST", path, json={}).status_code == status
    assert len(accounts.memberships_of(world.store, bob)) == 1
    joined = nobody("POST", path, json={"personal_api_key": world.new_key(bob, ("user:write",))})
    assert joined.status_code == 201
    assert (joined.json()["personal_api_key"], joined.json()["user"]["uuid"]) == (None, bob.uuid)
    assert {m.organization_id for m in accounts.memberships_of(world.store, bob)} == {
        crew.organization.id,
        world.organization.id,
    }


def test_the_key_of_an_admin_makes_no_account_for_another_address(crew: Crew, nobody: Api) -> None:
    email = new_address()
    token = invited(crew, email)["token"]
    assert crew.api("admin")("POST", f"/api/signup/{token}", json={}).status_code == 403
    assert accounts.find_user_by_email(crew.world.store, email) is None
    assert nobody("POST", f"/api/signup/{token}").status_code == 201


@pytest.mark.parametrize("token", ["inv_unknown", "x", "%00", "phx_x", "a" * 3000])
def test_an_unknown_token(nobody: Api, token: str) -> None:
    for method in ("GET", "POST"):
        answer = nobody(method, f"/api/signup/{token}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert "Ask an admin" in answer.json()["detail"]


def test_a_token_ends_after_three_days_and_stays_listed_as_ended(crew: Crew, nobody: Api, invites: str) -> None:
    invite = invited(crew)
    now = crew.world.stack.services.now()
    owner = crew.api("owner")
    with time_machine.travel(now + timedelta(days=3, minutes=1), tick=False):
        answer = nobody("POST", f"/api/signup/{invite['token']}", json={})
        (listed,) = owner("GET", invites).json()["results"]
    assert (answer.status_code, "ended after 3 days" in answer.json()["detail"]) == (400, True)
    assert (listed["id"], listed["is_expired"]) == (invite["id"], True)


def test_a_revoked_invite_opens_nothing(crew: Crew, nobody: Api, invites: str) -> None:
    invite = invited(crew)
    deleted = crew.api("owner")("DELETE", f"{invites}/{invite['id']}")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert nobody("GET", f"/api/signup/{invite['token']}").status_code == 404
    assert crew.api("owner")("DELETE", f"{invites}/{invite['id']}").status_code == 404


def test_a_new_invite_of_an_address_replaces_the_earlier_one(crew: Crew, nobody: Api, invites: str) -> None:
    email = new_address()
    first, second = invited(crew, email), invited(crew, email.upper())
    assert nobody("GET", f"/api/signup/{first['token']}").status_code == 404
    assert nobody("GET", f"/api/signup/{second['token']}").status_code == 200
    assert crew.api("owner")("GET", invites).json()["count"] == 1


@pytest.mark.parametrize(
    ("body", "attr", "code"),
    [
        ({}, "target_email", "required"),
        ({"target_email": "x"}, "target_email", "invalid_input"),
        ({"target_email": ["a@b.c"]}, "target_email", "invalid_input"),
        ({"target_email": "a@b.c", "level": 3}, "level", "invalid_choice"),
        ({"target_email": "a@b.c", "level": []}, "level", "invalid_choice"),
        ({"target_email": "a@b.c", "first_name": None}, "first_name", "null"),
        ({"target_email": "a@b.c", "message": {}}, "message", "invalid_input"),
    ],
)
def test_what_is_wrong_in_an_invite_is_named(
    crew: Crew, invites: str, body: dict[str, Any], attr: str, code: str
) -> None:
    admin = crew.api("admin")
    one = admin("POST", invites, json=body)
    assert (one.status_code, one.json()["attr"], one.json()["code"]) == (400, attr, code)
    many = admin("POST", f"{invites}/bulk", json=[{"target_email": new_address()}, body])
    assert (many.status_code, many.json()["attr"], many.json()["code"]) == (400, f"1__{attr}", code)
    assert admin("GET", invites).json()["count"] == 0


def test_a_member_is_not_invited(crew: Crew, invites: str) -> None:
    answer = crew.api("owner")("POST", invites, json={"target_email": crew.people["member"].email.upper()})
    assert (answer.status_code, answer.json()["attr"]) == (400, "target_email")
    assert "already belongs" in answer.json()["detail"]


def test_many_are_invited_at_once_or_none(crew: Crew, invites: str, nobody: Api) -> None:
    admin, emails = crew.api("admin"), [new_address() for _ in range(20)]
    made = admin("POST", f"{invites}/bulk", json=[{"target_email": email} for email in emails])
    assert made.status_code == 201
    assert [one["target_email"] for one in made.json()] == emails
    assert nobody("POST", f"/api/signup/{made.json()[7]['token']}").json()["user"]["email"] == emails[7]
    again = admin("POST", f"{invites}/bulk", json=[{"target_email": email} for email in emails[:7] + emails[8:]])
    assert again.status_code == 201
    twice = admin("POST", f"{invites}/bulk", json=[{"target_email": "a@b.c"}, {"target_email": "A@b.c"}])
    assert (twice.status_code, twice.json()["attr"]) == (400, "1__target_email")
    for body in ({"target_email": "a@b.c"}, [1], [{"target_email": "a@b.c"}] * 21, "x", None):
        assert admin("POST", f"{invites}/bulk", json=body).status_code == 400
    assert admin("GET", invites).json()["count"] == 19


@pytest.mark.parametrize(
    ("who", "level", "status"),
    [("owner", 15, 201), ("admin", 8, 201), ("admin", 15, 403), ("member", 1, 403)],
)
def test_nobody_invites_above_their_level(crew: Crew, invites: str, who: str, level: int, status: int) -> None:
    body = {"target_email": new_address(), "level": level}
    api = crew.api(who, "organization_member:write")
    assert api("POST", invites, json=body).status_code == status
    assert api("POST", f"{invites}/bulk", json=[body]).status_code == status


def test_who_invited_and_may_not_any_more(crew: Crew, nobody: Api) -> None:
    token = invited(crew)["token"]
    crew.api("owner")("PATCH", crew.at("admin"), json={"level": 1})
    answer = nobody("POST", f"/api/signup/{token}", json={})
    assert (answer.status_code, "may not invite any more" in answer.json()["detail"]) == (400, True)


@pytest.mark.parametrize("who", ["member", "stranger", "other_scope", "nobody"])
def test_who_sees_and_makes_no_invites(crew: Crew, world: World, invites: str, who: str) -> None:
    api = {
        "member": lambda: crew.api("member"),
        "stranger": lambda: Api(world.stack, world.new_key(world.new_user("owner"))),
        "other_scope": lambda: crew.api("owner", "organization:write"),
        "nobody": lambda: Api(world.stack, None),
    }[who]()
    invite = invited(crew)
    for method, path, body in (
        ("GET", invites, {}),
        ("POST", invites, {"json": {"target_email": "a@b.c"}}),
        ("POST", f"{invites}/bulk", {"json": [{"target_email": "a@b.c"}]}),
        ("DELETE", f"{invites}/{invite['id']}", {}),
    ):
        answer = api(method, path, **body)
        assert answer.status_code == (401 if who == "nobody" else 403)
        assert SECRET not in answer.text
    assert crew.api("owner")("GET", invites).json()["count"] == 1


def test_an_invite_is_not_found_through_another_organization(crew: Crew, world: World) -> None:
    owner = Api(world.stack, world.new_key(world.new_user("owner")))
    invite = invited(crew)
    answer = owner("DELETE", f"/api/organizations/{world.organization.id}/invites/{invite['id']}")
    assert (answer.status_code, SECRET in answer.text) == (404, False)


def test_tokens_and_keys_are_not_logged(
    crew: Crew, nobody: Api, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither of requests that are answered nor of one that breaks, by whatever is asked to log everything."""
    token = invited(crew)["token"]
    own = logging.getLogger(logger().name)
    own.addHandler(caplog.handler)
    try:
        with caplog.at_level(logging.DEBUG):
            monkeypatch.setattr(crew.world.stack.services.policies, "transact", _fails)
            assert nobody("POST", f"/api/signup/{token}", json={}).status_code == 500
            monkeypatch.undo()
            joined = nobody("POST", f"/api/signup/{token}", json={})
    finally:
        own.removeHandler(caplog.handler)
    records = [record for record in caplog.records if record.name != "httpx"]  # what this test asks with
    written = "".join(f"{record.getMessage()} {vars(record)}" for record in records)
    assert "unexpected error" in written
    for secret in (token, joined.json()["personal_api_key"]):
        assert secret not in written


def _fails(*_: Any) -> None:
    raise OSError("the disk is full")
