"""What a request names is read in two round trips; a token takes one more, `@current` up to three more."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from insights_acl import accounts
from insights_acl.lookup import Target, look_up
from insights_acl.personal_keys import note_use
from insights_engine.store import Store

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Counting:
    """A store that counts how often it is asked."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.trips = 0

    def __getattr__(self, name: str) -> Any:
        self.trips += 1
        return getattr(self.store, name)


@pytest.mark.parametrize(
    ("path", "by_token", "trips"),
    [
        ({"project_id": "{p}"}, False, 2),
        ({"organization_id": "{o}"}, False, 2),
        ({"project_id": "999"}, False, 2),
        ({"project_id": "abc"}, False, 2),
        ({"project_id": "1"}, True, 3),
        ({}, False, 3),
        ({"organization_id": "@current"}, False, 3),
        ({"project_id": "@current"}, False, 5),
    ],
)
def test_round_trips(store: Store, path: dict[str, str], by_token: bool, trips: int) -> None:
    organization = accounts.create_organization(store, "One", now=NOW)
    user, membership = accounts.create_user(store, "a@b.c", "admin", organization, now=NOW)
    project = accounts.create_project(store, organization, "P", now=NOW)
    _, value = accounts.create_personal_key(store, user, "k", now=NOW)
    named = {key: text.format(p=project.project.id, o=organization.id) for key, text in path.items()}
    counting: Any = Counting(store)
    found = look_up(counting, value, Target.of(named, project.project.api_token if by_token else None))
    assert found is not None
    assert found.user == user
    exists = named.get("project_id") not in ("999", "abc")
    assert found.membership == (membership if exists else None)
    has_project = "project_id" in named and exists
    assert (found.project is not None, found.organization is not None) == (has_project, exists)
    assert counting.trips == trips


def test_an_unknown_key_is_one_trip(store: Store) -> None:
    counting: Any = Counting(store)
    assert look_up(counting, "phx_unknown", Target(project="1")) is None
    assert counting.trips == 1


def test_what_is_current_is_something_the_user_has_a_part_in(store: Store) -> None:
    first = accounts.create_organization(store, "First", now=NOW)
    second = accounts.create_organization(store, "Second", now=NOW.replace(year=2027))
    user, membership = accounts.create_user(store, "a@b.c", "member", first, now=NOW)
    accounts.add_member(store, user, second, "owner", now=NOW.replace(year=2028))
    projects = [accounts.create_project(store, o, "P", now=NOW) for o in (first, second)]
    _, value = accounts.create_personal_key(store, user, "k", now=NOW)

    def current() -> int | None:
        found = look_up(store, value, Target(project="@current"))
        return found.project.project.id if found and found.project else None

    assert current() == projects[0].project.id
    accounts.remove_member(store, membership)
    assert current() == projects[1].project.id


def test_what_was_chosen_is_current_while_the_user_has_a_part_in_it(store: Store) -> None:
    """Then the first of the chosen organization, and without a part in that, of the oldest membership."""
    first, second = (accounts.create_organization(store, name, now=NOW) for name in ("First", "Second"))
    user, _ = accounts.create_user(store, "a@b.c", "member", first, now=NOW)
    joined = accounts.add_member(store, user, second, "member", now=NOW.replace(year=2027))
    p1, p2, p3, p4 = (
        accounts.create_project(store, o, "P", now=NOW).project.id for o in (first, second, first, second)
    )
    _, value = accounts.create_personal_key(store, user, "k", now=NOW)

    def current() -> tuple[int, str, bool]:
        """The project, its organization by name, and whether the user is known to belong to it."""
        found = look_up(store, value, Target(project="@current"))
        assert found is not None
        assert found.project is not None
        assert found.organization is not None
        return found.project.project.id, found.organization.name, found.membership is not None

    for project, organization, expected in (
        (None, None, (p1, "First", True)),
        (p3, None, (p3, "First", True)),
        (None, second.id, (p2, "Second", True)),
        (p4, first.id, (p4, "Second", True)),
        (999_999, second.id, (p2, "Second", True)),
    ):
        user = accounts.update_user(
            store, replace(user, current_project_id=project, current_organization_id=organization)
        )
        assert current() == expected
    user = accounts.update_user(store, replace(user, current_project_id=p4, current_organization_id=second.id))
    accounts.remove_member(store, joined)
    assert current() == (p1, "First", True)


class Broken(Counting):
    """A store that nobody may write to."""

    def put(self, *_: Any) -> None:
        raise PermissionError("read-only")


def test_a_key_works_where_its_use_cannot_be_written(store: Store) -> None:
    organization = accounts.create_organization(store, "One", now=NOW)
    user, _ = accounts.create_user(store, "a@b.c", "member", organization, now=NOW)
    key, _ = accounts.create_personal_key(store, user, "k", now=NOW)
    broken: Any = Broken(store)
    assert note_use(broken, key, NOW) == key


def test_noting_a_use_never_brings_a_key_back(store: Store) -> None:
    organization = accounts.create_organization(store, "One", now=NOW)
    user, _ = accounts.create_user(store, "a@b.c", "member", organization, now=NOW)
    key, value = accounts.create_personal_key(store, user, "k", now=NOW)
    accounts.revoke_key(store, key)
    note_use(store, key, NOW)
    assert look_up(store, value, Target()) is None
