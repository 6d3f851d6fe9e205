"""Keys over time: revoked, of users who leave, and what a failing store may not break."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import time_machine
from insights_acl import accounts, keys, tokens
from insights_acl.models import PersonalKey, StoredProject
from insights_engine.errors import ValidationError
from insights_engine.store import Store

from tests.api.world import Api, World


def stored(store: Store, value: str) -> PersonalKey:
    item = store.get(*keys.personal_key(tokens.hash_of(value)))
    assert item is not None
    return PersonalKey.from_item(item)


def test_a_key_is_stored_as_its_hash_only(world: World) -> None:
    user = world.new_user()
    value = world.new_key(user)
    key = stored(world.store, value)
    assert value.startswith("phx_")
    assert key.hash == tokens.hash_of(value)
    assert value not in str(world.store.query(keys.user(user.uuid)[0])) + str(key)


def test_a_revoked_key_is_wrong_at_once(api: Api, world: World) -> None:
    assert api.key is not None
    assert api("GET", "cohorts").status_code == 200
    accounts.revoke_key(world.store, stored(world.store, api.key))
    assert (
        api("GET", "cohorts").json()["detail"] == "Personal API key found in request Authorization header is invalid."
    )


def test_a_key_of_a_user_who_is_not_active_is_wrong(world: World, project: StoredProject) -> None:
    user = world.new_user()
    api = world.api(project, user)
    accounts.update_user(world.store, replace(user, is_active=False))
    assert api("GET", "cohorts").status_code == 401


def test_who_leaves_the_organization_has_no_project(world: World, project: StoredProject) -> None:
    user = world.new_user()
    api = world.api(project, user)
    accounts.remove_member(world.store, accounts.memberships_of(world.store, user)[0])
    assert api("GET", "cohorts").status_code == 403
    assert api("GET", "/api/projects/@current/cohorts").status_code == 404
    assert api("GET", "/api/projects").json()["results"] == []


def test_a_token_names_the_project_before_the_path_does(api: Api, world: World, project: StoredProject) -> None:
    made = api("POST", "annotations", json={"content": "Here"}).json()["id"]
    path = f"/api/projects/{world.second_project.project.id}/annotations?token="
    assert [one["id"] for one in api("GET", path + project.project.api_token).json()["results"]] == [made]
    assert api("GET", path + world.other_project.project.api_token).status_code == 403
    wrong = api("GET", path + "phc_of_nothing")
    assert (wrong.status_code, wrong.json()["detail"]) == (401, "Project token found in request is invalid.")


def test_a_key_held_to_another_organization_has_no_current_project(world: World, project: StoredProject) -> None:
    held = world.new_key(world.new_user(both=True), scoped_organizations=(world.other_organization.id,))
    api = Api(world.stack, held, project.project.id)
    found = {path: api("GET", path).status_code for path in ("cohorts", "/api/projects/@current/cohorts")}
    assert found == {"cohorts": 403, "/api/projects/@current/cohorts": 404}


def test_last_used_is_written_once_an_hour(api: Api, world: World) -> None:
    assert api.key is not None
    start = datetime.fromisoformat("2030-01-01T12:00:00+00:00")
    seen = []
    for minutes in (0, 59, 61):
        with time_machine.travel(start + timedelta(minutes=minutes), tick=False):
            assert api("GET", "cohorts").status_code == 200
        seen.append(stored(world.store, api.key).last_used_at)
    assert seen == ["2030-01-01T12:00:00.000000Z", "2030-01-01T12:00:00.000000Z", "2030-01-01T13:01:00.000000Z"]


@pytest.mark.parametrize("scopes", [(), ("insights:read",), ("insight:read", "x")])
def test_scopes_of_new_keys_are_known_ones(world: World, scopes: tuple[str, ...]) -> None:
    user = world.new_user()
    with pytest.raises(ValidationError, match=r"did you mean|known are|at least one"):
        world.new_key(user, scopes)
    assert accounts.personal_keys_of(world.store, user) == []


def test_a_user_has_at_most_ten_keys(world: World) -> None:
    user = world.new_user()
    for _ in range(10):
        world.new_key(user)
    with pytest.raises(ValidationError, match="10 personal API keys"):
        world.new_key(user)


def test_an_address_belongs_to_one_account(world: World) -> None:
    user = world.new_user()
    with pytest.raises(ValidationError, match="already an account"):
        accounts.create_user(world.store, user.email.upper(), now=world.stack.services.now())
    assert accounts.find_user_by_email(world.store, user.email.upper()) == user
