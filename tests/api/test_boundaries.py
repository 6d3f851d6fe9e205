"""Every route, asked by everybody who may not: the right refusal, and nothing of what is there in the body.

The routes are those of the table of permissions: a new one is asked too, and needs a value for each part of its path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from insights_acl import accounts, permissions, rule_store
from insights_acl.levels import ANSWERED, Kind
from insights_acl.models import User
from insights_acl.permissions import Permission
from insights_acl.policy import Rule
from insights_api import deliveries
from insights_engine import keys
from insights_local.openapi.kinds import class_of
from insights_local.stack import Stack

from tests.api.world import Api, World

SECRET = "vermilion-heron"  # stands in every name of the house, which no stranger may see
ROUTES = list(permissions.each_route())
# A kind that is not here is made with its first field.
BODIES: dict[str, dict[str, Any]] = {
    "insight": {
        "name": SECRET,
        "query": {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "e"}]},
    },
    "action": {"name": SECRET, "steps": [{"event": SECRET}]},
}


@dataclass(frozen=True)
class House:
    """A project full of objects, all named SECRET, and keys of those who may not see them."""

    world: World
    project_id: int
    places: dict[str, str]  # a value for each part of a path
    keys: dict[str, str | None]

    def ask(self, method: str, path: str, key: str | None) -> Any:
        filled = re.sub(r"\{(\w+)(:path)?\}", lambda found: self.places[found[1]], path)
        body: dict[str, Any] = {} if method in ("GET", "HEAD") else {"json": {"name": "x", "deleted": True}}
        return Api(self.world.stack, key)(method, filled, **body)


@pytest.fixture(scope="module")
def house(stack: Stack) -> Iterator[House]:
    world = World.of(stack)
    store, now = world.store, stack.services.now()
    project = accounts.create_project(store, world.organization, SECRET, now=now)
    owner = world.new_user("owner")
    places = _furnished(world, world.api(project, owner), owner)
    stranger = _user(world, world.other_organization)
    gone = world.new_user()
    gone_key = world.new_key(gone)
    accounts.update_user(store, replace(gone, is_active=False))
    member = world.new_user()
    keys: dict[str, str | None] = {
        "nobody": None,
        "an unknown key": "phx_" + "x" * 43,
        "a deactivated user": gone_key,
        "another organization": world.new_key(stranger),
        "a key held to another project": world.new_key(owner, scoped_teams=[world.second_project.project.id]),
        "a key held to another organization": world.new_key(owner, scoped_organizations=[world.other_organization.id]),
        "a scope that is too small": world.new_key(owner, ("survey:read",)),
        "a member whom the rules leave nothing": world.new_key(member),
    }
    yield House(world, project.project.id, places, keys)


def _user(world: World, organization: Any) -> User:
    now = world.stack.services.now()
    return accounts.create_user(world.store, f"{id(world)}@stranger.example", organization=organization, now=now)[0]


def _furnished(world: World, owner: Api, user: User) -> dict[str, str]:
    """One object of each kind; rules that leave members nothing, on the project and on every object."""
    store, now, project_id = world.store, world.stack.services.now(), owner.project_id
    made: dict[str, Any] = {}
    for kind in ANSWERED:
        body = BODIES.get(kind.name) or {class_of(kind).fields[0].name: SECRET}
        answer = owner("POST", kind.route, json=body)
        assert answer.status_code == 201, answer.text
        made[kind.name] = answer.json()["id"]
    cohort = {"name": SECRET, "is_static": True, "_create_static_person_ids": []}
    made["cohort"] = owner("POST", "cohorts", json=cohort).json()["id"]
    alert = {
        "insight": made["insight"],
        "condition": {"type": "absolute_value"},
        "subscribed_users": [],
        "name": SECRET,
    }
    bounds = {"configuration": {"type": "absolute", "bounds": {"upper": 1}}}
    made["alert"] = owner("POST", "alerts", json={**alert, "threshold": bounds}).json()["id"]
    rule = {"frequency": "daily", "start_date": "2026-01-01T09:00:00Z", "enabled": False}
    where = {"target_type": "email", "target_value": f"{SECRET}@example.com"}
    about = {"insight": made["insight"], "title": SECRET}
    made["subscription"] = owner("POST", "subscriptions", json={**about, **rule, **where}).json()["id"]
    made["delivery"] = _delivered(world, project_id, made["subscription"])
    made["integration"] = _integrated(world, project_id, user)
    event = {"event": SECRET, "distinct_id": "u", "timestamp": now.isoformat(), "properties": {SECRET: 1}}
    world.stack.load(project_id, events=[event])
    made["event"] = owner("GET", "events", params={"after": "all"}).json()["results"][0]["id"]
    for kind in ("event_definition", "property_definition"):
        made[kind] = owner("GET", f"{kind}s").json()["results"][0]["id"]
    rule_store.set_rule(store, project_id, Rule("project", "none", str(project_id)), now)
    organization = f"/api/organizations/{world.organization.id}"
    asked = owner("POST", "query", json={"query": _asking(SECRET), "refresh": "force_async"})
    assert asked.status_code == 202, asked.text
    role = owner("POST", f"{organization}/roles", json={"name": SECRET}).json()
    invite = owner("POST", f"{organization}/invites", json={"target_email": f"a@{SECRET}.example"}).json()
    return {
        "project_id": str(project_id),
        "organization_id": world.organization.id,
        **{f"{kind}_id": str(found) for kind, found in made.items()},
        "person_id": "1",
        "user_id": user.uuid,
        "user_uuid": user.uuid,
        "role_id": role["id"],
        "role_membership_id": "3f1c3c0e-5d6e-4f0a-9d5e-2f1f0c6b7a10",
        "invite_id": invite["id"],
        "feature_flag_id": "7",
        "key_id": "none",
        "password_id": "1",
        "query_id": asked.json()["query_status"]["id"],
        "rest": "nothing/of/that",
    }


def _delivered(world: World, project_id: int, subscription_id: int) -> str:
    """A delivery as it is stored, of which no worker hears."""
    wanted = deliveries.Wanted(
        project_id, "subscription", str(subscription_id), "scheduled", "email", SECRET, [f"{SECRET}@example.com"]
    )
    item, (stored, _) = deliveries.begun(wanted, world.stack.services.now())
    world.store.transact([stored])
    return str(item["id"])


def _integrated(world: World, project_id: int, user: User) -> int:
    pk, sk = keys.resource(project_id, "integration", "7")
    about = {"config": {"name": SECRET}, "sensitive_config": {"bot_token": SECRET}, "created_by": user.as_author()}
    at = {"created_at": "2026-01-01T00:00:00Z", "version": 1}
    world.store.put({"pk": pk, "sk": sk, "id": 7, "kind": "slack", **about, **at}, "absent")
    return 7


def _asking(event: str) -> dict[str, Any]:
    return {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": event}]}


UNKNOWN = ("nobody", "an unknown key", "a deactivated user")


@pytest.mark.parametrize(("method", "path", "permission"), ROUTES, ids=[f"{m} {p}" for m, p, _ in ROUTES])
def test_route(house: House, method: str, path: str, permission: Permission) -> None:
    for who, key in house.keys.items():
        answer = house.ask(method, path, key)
        assert SECRET not in answer.text or may_read(who, path), who
        assert answer.status_code in expected(who, path, permission), (who, answer.status_code, answer.text)
        if answer.status_code >= 400 and method not in ("HEAD", "TRACE"):
            assert set(answer.json()) <= {"type", "code", "detail", "attr", "extra"}, who


def may_read(who: str, path: str) -> bool:
    """Roles are no secret of the projects, and whatever a key is held to, it may say whose it is."""
    if who.startswith("a key held to another"):
        return path.startswith("/api/users/")
    return who == "a member whom the rules leave nothing" and path.startswith("/api/organizations/{organization_id}/r")


def expected(who: str, path: str, permission: Permission) -> set[int]:
    """The statuses that may be answered; where the path names neither project nor organization, one's own are meant."""
    if who in UNKNOWN:
        return {401}
    if not permission.scopes:
        return {200} if path.endswith("@current") else {403, 404}
    if who == "a scope that is too small":
        return {403}
    names_project = "{project_id}" in path
    if not names_project and "{organization_id}" not in path:
        return OPEN
    if who == "a key held to another project":
        return {403}
    if who == "a member whom the rules leave nothing" and not names_project:
        return OPEN  # the organization is open to its members
    return {404} if permission.hides else {403}


# Whatever is answered is about the caller's own: only the body is looked at.
OPEN = {200, 201, 204, 400, 403, 404, 405, 503}


@pytest.mark.parametrize("kind", ANSWERED, ids=lambda kind: kind.name)
def test_an_object_that_a_rule_closes(house: House, kind: Kind) -> None:
    """The project is open to this member, the object is not: 403 on every route of it, and lists leave it out."""
    world, place = house.world, house.places[f"{kind.name}_id"]
    store, now = world.store, world.stack.services.now()
    member = world.new_user()
    membership = accounts.memberships_of(store, member)[0]
    project = Rule("project", "admin", str(house.project_id), membership.id)
    rule_store.set_rule(store, house.project_id, project, now)
    closed = Rule(kind.name, "none", place, membership.id)
    rule_store.set_rule(store, house.project_id, closed, now)
    key = world.new_key(member)
    for method, path, _ in ROUTES:
        answer = house.ask(method, path, key) if f"{{{kind.name}_id}}" in path else None
        if answer is not None and not (path.endswith("resource_access_controls") or method == "DELETE"):
            assert answer.status_code == 403, (method, path, answer.text)
            assert SECRET not in answer.text
    listed = house.ask("GET", f"/api/projects/{{project_id}}/{kind.route}", key)
    assert listed.status_code == 200
    assert listed.json()["results"] == []
