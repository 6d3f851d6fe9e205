"""Roles: their names, who is in them, and what goes when a role or a member goes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from insights_acl import accounts, keys, role_members, roles, rule_store
from insights_acl.models import Level, Membership, Organization, Role, User
from insights_acl.policy import Rule
from insights_engine.errors import Conflict, NotFound, ValidationError
from insights_engine.store import Store
from insights_engine.store.items import MAX_TRANSACTION_WRITES

from tests.acl.meanwhile import Meanwhile

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def organization(store: Store) -> Organization:
    return accounts.create_organization(store, "One", now=NOW)


@pytest.fixture
def user(store: Store, organization: Organization) -> User:
    return new_user(store, organization, "ann@example.com")


@pytest.fixture
def role(store: Store, organization: Organization) -> Role:
    return roles.create_role(store, organization.id, "Analysts", now=NOW)


def new_user(store: Store, organization: Organization, email: str, level: str = "member") -> User:
    return accounts.create_user(store, email, level, organization, now=NOW)[0]


def copies(store: Store, organization: Organization, user: User) -> tuple[Membership, Membership]:
    """What each of the two copies of a membership says."""
    by_user = accounts.find_membership(store, organization.id, user.uuid)
    by_organization = {u.uuid: m for m, u in accounts.list_members(store, organization)}
    assert by_user is not None
    return by_user, by_organization[user.uuid]


def roles_of(store: Store, organization: Organization, user: User) -> tuple[str, ...]:
    first, second = copies(store, organization, user)
    assert first == second
    return first.roles


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """The answer or the error of each, all begun together."""

    def outcome(call: Callable[[], Any]) -> Any:
        try:
            return call()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(outcome, calls))


def test_a_role_is_found_by_id_and_by_name(store: Store, organization: Organization, role: Role) -> None:
    assert (role.name, role.created_at) == ("Analysts", "2026-01-02T03:04:05.000000Z")
    assert roles.find_role(store, organization.id, role.id) == role
    assert roles.find_role_named(store, organization.id, " aNALYSTS ") == role
    assert roles.list_roles(store, organization.id) == [role]
    other = accounts.create_organization(store, "Other", now=NOW)
    assert roles.find_role(store, other.id, role.id) is None
    assert roles.list_roles(store, other.id) == []


@pytest.mark.parametrize("name", ["analysts", " ANALYSTS "])
def test_a_name_is_taken_whatever_its_case(store: Store, organization: Organization, role: Role, name: str) -> None:
    with pytest.raises(ValidationError) as refused:
        roles.create_role(store, organization.id, name, now=NOW)
    assert (refused.value.attr, refused.value.code) == ("name", "unique")
    assert roles.list_roles(store, organization.id) == [role]
    other = accounts.create_organization(store, "Other", now=NOW)
    assert roles.create_role(store, other.id, name, now=NOW).name == name.strip()


def test_a_role_may_change_the_case_of_its_name_and_frees_the_old_one(
    store: Store, organization: Organization, role: Role
) -> None:
    louder = roles.rename_role(store, role, "ANALYSTS")
    renamed = roles.rename_role(store, louder, "Readers")
    again = roles.create_role(store, organization.id, "Analysts", now=NOW)
    assert roles.find_role(store, organization.id, role.id) == renamed
    with pytest.raises(ValidationError, match="already a role"):
        roles.rename_role(store, again, "readers")
    with pytest.raises(Conflict):
        roles.rename_role(store, role, "Late")


def test_of_two_roles_of_one_name_made_at_once_one_is(store: Store, organization: Organization) -> None:
    made = at_once(*[lambda: roles.create_role(store, organization.id, "Same", now=NOW)] * 4)
    assert len([one for one in made if isinstance(one, Role)]) == 1
    assert all(isinstance(one, Role | ValidationError) for one in made)
    assert len(roles.list_roles(store, organization.id)) == 1


def test_a_membership_says_its_roles_in_both_copies(
    store: Store, organization: Organization, user: User, role: Role
) -> None:
    entry = role_members.assign(store, role, user.uuid, now=NOW)
    assert roles_of(store, organization, user) == (role.id,)
    (member,) = role_members.members_of(store, role)
    assert (member.entry, member.user) == (entry, user)
    assert role_members.members_of_each(store, organization.id) == {role.id: [member]}
    role_members.unassign(store, role, entry.id)
    assert roles_of(store, organization, user) == ()
    assert role_members.members_of(store, role) == []
    with pytest.raises(NotFound):
        role_members.unassign(store, role, entry.id)


def test_nobody_is_in_a_role_twice_or_from_elsewhere(
    store: Store, organization: Organization, user: User, role: Role
) -> None:
    role_members.assign(store, role, user.uuid, now=NOW)
    with pytest.raises(ValidationError, match="already part"):
        role_members.assign(store, role, user.uuid, now=NOW)
    stranger = new_user(store, accounts.create_organization(store, "Other", now=NOW), "eve@example.com")
    with pytest.raises(ValidationError) as refused:
        role_members.assign(store, role, stranger.uuid, now=NOW)
    assert (refused.value.attr, refused.value.code) == ("user_uuid", "does_not_exist")


def test_assigned_at_once_loses_nothing(store: Store, organization: Organization, user: User) -> None:
    made = [roles.create_role(store, organization.id, f"Role {n}", now=NOW) for n in range(3)]
    outcomes = at_once(*[lambda r=role: role_members.assign(store, r, user.uuid, now=NOW) for role in made])
    held = set(roles_of(store, organization, user))
    assert held == {role.id for role, one in zip(made, outcomes, strict=True) if not isinstance(one, Exception)}
    assert all(isinstance(one, Conflict) for one in outcomes if isinstance(one, Exception))
    assert held == {role.id for role in made if role_members.entries_of(store, role)}


def test_who_is_not_active_is_not_shown_in_a_role(store: Store, user: User, role: Role) -> None:
    role_members.assign(store, role, user.uuid, now=NOW)
    off = accounts.update_user(store, replace(user, is_active=False))
    assert role_members.members_of(store, role) == []
    accounts.update_user(store, replace(off, is_active=True))
    assert len(role_members.members_of(store, role)) == 1


@pytest.fixture
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a handful of members takes several transactions."""
    monkeypatch.setattr(roles, "MEMBERS_AT_ONCE", 2)


@pytest.mark.usefixtures("few_at_once")
def test_a_deleted_role_leaves_its_members_and_its_rules(
    store: Store, organization: Organization, user: User, role: Role
) -> None:
    people = [user, *(new_user(store, organization, f"{n}@example.com") for n in range(4))]
    kept = roles.create_role(store, organization.id, "Kept", now=NOW)
    project = accounts.create_project(store, organization, "P", now=NOW).project
    for one in people:
        role_members.assign(store, role, one.uuid, now=NOW)
    role_members.assign(store, kept, user.uuid, now=NOW)
    mine = [Rule("dashboard", "none", role=role.id), Rule("notebook", "viewer", "7", role=role.id)]
    others = [Rule("dashboard", "viewer", role=kept.id), Rule("notebook", "editor", "7")]
    for rule in mine + others:
        rule_store.set_rule(store, project.id, rule, NOW)

    roles.delete_role(store, organization.id, role.id)

    assert roles.list_roles(store, organization.id) == [kept]
    assert {roles_of(store, organization, one) for one in people[1:]} == {()}
    assert roles_of(store, organization, user) == (kept.id,)
    left = rule_store.read(store, project.id).on_kind("notebook")
    assert {(rule.resource, rule.role) for rule in left} == {("dashboard", kept.id), ("notebook", None)}
    assert store.query(*keys.role_member(organization.id, role.id, "")) == []
    assert roles.create_role(store, organization.id, "analysts", now=NOW).id != role.id
    with pytest.raises(NotFound):
        roles.delete_role(store, organization.id, role.id)


class Stops:
    """A store that fails after some transactions, as a function does that is killed."""

    def __init__(self, store: Store, after: int) -> None:
        self.store, self.left = store, after

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def transact(self, writes: Any) -> None:
        if not self.left:
            raise KeyboardInterrupt
        self.left -= 1
        self.store.transact(writes)


@pytest.mark.usefixtures("few_at_once")
@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_deletion_that_was_stopped_goes_on(store: Store, organization: Organization, role: Role, after: int) -> None:
    people = [new_user(store, organization, f"{n}@example.com") for n in range(3)]
    for one in people:
        role_members.assign(store, role, one.uuid, now=NOW)
    project = accounts.create_project(store, organization, "P", now=NOW).project
    rule_store.set_rule(store, project.id, Rule("dashboard", "none", role=role.id), NOW)
    stopping: Any = Stops(store, after)
    with pytest.raises(KeyboardInterrupt):
        roles.delete_role(stopping, organization.id, role.id)
    assert roles.find_role(store, organization.id, role.id) is None
    assert roles.find_role_named(store, organization.id, role.name) is None
    assert [one.id for one in roles.half_deleted(store, organization.id)] == [role.id]
    with pytest.raises(NotFound):
        role_members.assign(store, role, people[0].uuid, now=NOW)

    roles.delete_role(store, organization.id, role.id)
    assert {roles_of(store, organization, one) for one in people} == {()}
    assert rule_store.read(store, project.id).project_wide == ()
    assert store.get(*keys.role(organization.id, role.id)) is None


def test_a_member_who_goes_leaves_roles_and_rules(
    store: Store, organization: Organization, user: User, role: Role
) -> None:
    new_user(store, organization, "owner@example.com", "owner")
    project = accounts.create_project(store, organization, "P", now=NOW).project
    role_members.assign(store, role, user.uuid, now=NOW)
    membership = accounts.find_membership(store, organization.id, user.uuid)
    assert membership is not None
    for rule in (Rule("dashboard", "none", member=membership.id), Rule("dashboard", "viewer", role=role.id)):
        rule_store.set_rule(store, project.id, rule, NOW)

    accounts.remove_member(store, membership)

    assert accounts.find_membership(store, organization.id, user.uuid) is None
    assert role_members.members_of(store, role) == []
    assert [rule.role for rule in rule_store.read(store, project.id).project_wide] == [role.id]
    again = accounts.add_member(store, user, organization, "member", now=NOW)
    assert (again.roles, again.id != membership.id) == ((), True)


def test_an_organization_keeps_an_active_owner(store: Store, organization: Organization) -> None:
    first = new_user(store, organization, "first@example.com", "owner")
    second = new_user(store, organization, "second@example.com", "owner")
    memberships = {user.uuid: copies(store, organization, user)[0] for user in (first, second)}
    off = accounts.update_user(store, replace(second, is_active=False))
    with pytest.raises(ValidationError, match="last owner"):
        accounts.remove_member(store, memberships[first.uuid])
    with pytest.raises(ValidationError, match="last owner"):
        accounts.set_level(store, memberships[first.uuid], Level.ADMIN, now=NOW)
    accounts.update_user(store, replace(off, is_active=True))
    demoted = accounts.set_level(store, memberships[first.uuid], Level.ADMIN, now=NOW)
    assert copies(store, organization, first) == (demoted, demoted)
    with pytest.raises(ValidationError, match="last owner"):
        accounts.remove_member(store, memberships[second.uuid])


def test_of_two_owners_who_leave_at_once_one_stays(store: Store, organization: Organization) -> None:
    people = [new_user(store, organization, f"{n}@example.com", "owner") for n in range(2)]
    memberships = [copies(store, organization, one)[0] for one in people]
    outcomes = at_once(*[lambda m=membership: accounts.remove_member(store, m) for membership in memberships])
    assert outcomes.count(None) <= 1
    assert len(accounts.list_members(store, organization)) == 2 - outcomes.count(None)
    assert all(isinstance(one, Conflict | ValidationError) for one in outcomes if one is not None)


def test_a_membership_that_changed_meanwhile_is_not_written_over(
    store: Store, organization: Organization, user: User, role: Role
) -> None:
    before, _ = copies(store, organization, user)
    role_members.assign(store, role, user.uuid, now=NOW)
    with pytest.raises(Conflict):
        accounts.set_level(store, before, Level.ADMIN, now=NOW)
    assert copies(store, organization, user)[0].level is Level.MEMBER


def test_a_transaction_that_takes_members_out_has_room_for_all_its_writes() -> None:
    assert 3 * roles.MEMBERS_AT_ONCE <= MAX_TRANSACTION_WRITES
    assert role_members.MAX_ROLES_OF_MEMBER + 3 <= MAX_TRANSACTION_WRITES


def test_nobody_gets_into_a_role_that_goes_meanwhile(
    store: Store, organization: Organization, user: User, role: Role
) -> None:
    racing: Any = Meanwhile(store, lambda: roles.delete_role(store, organization.id, role.id))
    with pytest.raises(NotFound):
        role_members.assign(racing, role, user.uuid, now=NOW)
    assert roles_of(store, organization, user) == ()
    assert store.query(*keys.role_member(organization.id, role.id, "")) == []


def test_roles_are_so_many_at_most(
    store: Store, organization: Organization, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of an organization, and of a member: who goes leaves all of them in one transaction."""
    monkeypatch.setattr(roles, "MAX_ROLES", 3)
    monkeypatch.setattr(role_members, "MAX_ROLES_OF_MEMBER", 2)
    missing = 3 - len(roles.list_roles(store, organization.id))
    for number in range(missing):
        roles.create_role(store, organization.id, f"Role {number}", now=NOW)
    with pytest.raises(ValidationError, match="can have 3 roles"):
        roles.create_role(store, organization.id, "One more", now=NOW)
    first, second, third = roles.list_roles(store, organization.id)
    for one in (first, second):
        role_members.assign(store, one, user.uuid, now=NOW)
    with pytest.raises(ValidationError, match="can be in 2 roles"):
        role_members.assign(store, third, user.uuid, now=NOW)
    assert roles_of(store, organization, user) == (first.id, second.id)
