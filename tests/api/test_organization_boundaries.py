"""Every route below an organization, for whoever has no part in it: nothing is shown, and nothing stored changes.

The routes are those of the table of permissions, so a new one is covered by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from insights_acl import accounts
from insights_acl.permissions import each_route

from tests.api.crew import SECRET, Crew
from tests.api.world import Api, World

ROUTES = [(method, path) for method, path, _ in each_route() if path.startswith("/api/organizations/{organization_id}")]
# Somebody of another organization learns no more of an organization or project itself than that there is none.
HIDDEN = {403, 404}


@dataclass(frozen=True)
class Walled:
    """An organization, a value for each part of its paths, and those outside, with the statuses that they may get."""

    crew: Crew
    ids: dict[str, str]
    outside: dict[str, tuple[Api, set[int]]]

    def state(self) -> str:
        """All that is stored of the organization."""
        return str(self.crew.world.store.query(f"ORG#{self.crew.organization.id}"))


@pytest.fixture(scope="module")
def walled(world: World) -> Walled:
    """Nothing may change it, so all tests share it."""
    crew = Crew(world)
    return Walled(crew, _furnished(crew), _outside(crew))


def _furnished(crew: Crew) -> dict[str, str]:
    owner, user, store = crew.api("owner"), crew.people["member"].uuid, crew.world.store
    role = owner("POST", f"{crew.path}/roles", json={"name": f"{SECRET} role"}).json()
    entry = owner("POST", f"{crew.path}/roles/{role['id']}/role_memberships", json={"user_uuid": user}).json()
    invite = owner("POST", f"{crew.path}/invites", json={"target_email": f"{SECRET}@example.com"}).json()
    project = accounts.create_project(store, crew.organization, f"{SECRET} site", now=crew.world.stack.services.now())
    return {
        "organization_id": crew.organization.id,
        "user_uuid": user,
        "role_id": role["id"],
        "role_membership_id": entry["id"],
        "invite_id": invite["id"],
        "project_id": str(project.project.id),
    }


def _outside(crew: Crew) -> dict[str, tuple[Api, set[int]]]:
    world = crew.world
    gone, left = crew.add("admin2"), crew.add("owner2")
    off, former = crew.api("admin2"), crew.api("owner2")
    accounts.update_user(world.store, replace(gone, is_active=False))
    membership = accounts.find_membership(world.store, crew.organization.id, left.uuid)
    assert membership is not None
    accounts.remove_member(world.store, membership)
    elsewhere = world.new_key(crew.people["owner"], scoped_organizations=(world.organization.id,))
    return {
        "no key": (Api(world.stack, None), {401}),
        "unknown key": (Api(world.stack, "phx_unknown"), {401}),
        "deactivated": (off, {401}),
        "another organization's owner": (Api(world.stack, world.new_key(world.new_user("owner"))), HIDDEN),
        "who left": (former, HIDDEN),
        "a key of another organization": (Api(world.stack, elsewhere), HIDDEN),
        "a key of no scope for it": (crew.api("owner", "insight:write", "query:read"), {403}),
    }


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_nothing_is_seen_or_changed(walled: Walled, method: str, path: str) -> None:
    body: Any = {"name": "x", "level": 15, "target_email": "a@b.c", "user_uuid": walled.crew.people["admin"].uuid}
    options = {"json": [body] if path.endswith("/bulk") else body} if method in ("POST", "PATCH", "PUT") else {}
    before = walled.state()
    for who, (api, statuses) in walled.outside.items():
        answer = api(method, path.format(**walled.ids), **options)
        assert answer.status_code in statuses, f"{who}: {answer.text}"
        assert SECRET not in answer.text, who
        assert walled.state() == before, who
