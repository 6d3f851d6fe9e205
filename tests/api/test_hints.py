"""What may mend a refusal, for who sent the request: in `extra.hint`, as the sentence itself is PostHog's."""

from __future__ import annotations

import pytest
from insights_acl import accounts
from insights_acl.models import StoredProject

from tests.api.world import Api, World

KEY = "phx_" + "a" * 44


@pytest.mark.parametrize(
    ("header", "hint"),
    [
        (None, "Send a personal API key in the header: Authorization: Bearer KEY"),
        ("Bearer ", "is the variable that holds it empty?"),
        (KEY, "The word Bearer is missing"),
        (f"bearer {KEY}", "with a capital B"),
        (f"Bearer: {KEY}", "a space, and the key"),
        (f"Token {KEY}", "This scheme is not taken here."),
        ("Basic cGh4Og==", "This scheme is not taken here."),
        ("Bearer pha_abc", "An OAuth token is not taken here."),
        ("Bearer phc_abc", "This is a project token, which sends events"),
        ("Bearer phx_…", "The key is shortened"),
        ("Bearer phx_...", "The key is shortened"),
        (f'Bearer "{KEY}"', "no quotes, brackets or spaces"),
        (f"Bearer <{KEY}>", "no quotes, brackets or spaces"),
        ("Bearer $KEY", "not a variable's name"),
        (f"Bearer {KEY[4:]}", "A personal API key begins with phx_."),
        (f"Bearer {KEY}a", "phx_ and 44 letters and digits"),
        (f"Bearer {KEY}", "It is mistyped, or was revoked, or its owner was deactivated."),
    ],
)
def test_a_key_that_is_no_key(world: World, project: StoredProject, header: str | None, hint: str) -> None:
    headers = {} if header is None else {"Authorization": header.encode()}
    answer = Api(world.stack, None, project.project.id)("GET", "cohorts", headers=headers)
    assert answer.status_code == 401
    assert hint in answer.json()["extra"]["hint"]
    assert KEY not in answer.text


@pytest.mark.parametrize("value", ["", "a\nb\nc", 7, None, ["phx_"]])
def test_whatever_stands_for_a_key_in_a_body_is_a_401(world: World, project: StoredProject, value: object) -> None:
    api = Api(world.stack, None, project.project.id)
    answer = api("POST", "cohorts", json={"personal_api_key": value})
    assert (answer.status_code, set(answer.json()["extra"])) == (401, {"hint"})


def test_a_key_that_was_revoked_is_as_one_that_never_was(world: World, project: StoredProject) -> None:
    user = world.new_user()
    api = world.api(project, user)
    for key in accounts.personal_keys_of(world.store, user):
        accounts.revoke_key(world.store, key)
    never = Api(world.stack, KEY, project.project.id)
    assert api("GET", "cohorts").json() == never("GET", "cohorts").json()


LIST = "GET /api/projects lists the projects that this key may use; @current is the chosen one."


@pytest.mark.parametrize("named", ["999999", "0", "My%20project", "%E2%80%A6", "{others}"])
def test_a_project_that_is_not_theirs(world: World, project: StoredProject, named: str) -> None:
    others = str(world.other_project.project.id)
    answer = world.api(project, world.new_user())("GET", f"/api/projects/{named.format(others=others)}/cohorts")
    assert (answer.status_code, answer.json()["extra"]) == (403 if "others" in named else 404, {"hint": LIST})


def test_current_of_who_has_no_project(world: World, project: StoredProject) -> None:
    user = world.new_user()
    api = world.api(project, user)
    accounts.remove_member(world.store, accounts.memberships_of(world.store, user)[0])
    answer = api("GET", "/api/projects/@current/cohorts")
    assert (answer.status_code, answer.json()["detail"]) == (404, "Project not found.")
    assert answer.json()["extra"]["hint"].startswith("You belong to no project")
