"""How rules are kept: what a change leaves as it was, how many there may be, and who wins when two write at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from insights_acl import accounts, activity, rule_store
from insights_acl.models import StoredProject, User
from insights_acl.policy import Rule
from insights_acl.rule_store import Change, forget, read, remove_rule, set_rule
from insights_engine.errors import ValidationError
from insights_engine.store import Put, Store

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
ON_ONE, ON_ALL, ON_PROJECT = Rule("notebook", "viewer", "a"), Rule("notebook", "viewer"), Rule("project", "member", "1")
PLACES = pytest.mark.parametrize("rule", [ON_ONE, ON_ALL, ON_PROJECT], ids=["an object", "a kind", "the project"])


def kept(store: Store, project_id: int = 1) -> set[tuple[str, str | None, str | None, str | None, str]]:
    """All rules that a request may read, of notebooks and of the project."""
    return {(r.resource, r.resource_id, r.member, r.role, r.level) for r in read(store, project_id).on_kind("notebook")}


@PLACES
def test_another_level_is_a_change_of_the_same_rule(store: Store, rule: Rule) -> None:
    made = set_rule(store, 1, rule, NOW)
    changed = set_rule(store, 1, replace(rule, level="none"), LATER)
    assert (made.before, changed.before) == (None, made.after)
    assert changed.after is not None
    assert (changed.after.created_at, changed.after.updated_at) == (
        "2026-01-02T03:04:05.000000Z",
        "2026-01-02T04:04:05.000000Z",
    )
    assert {level for *_, level in kept(store)} == {"none"}


@PLACES
def test_each_subject_has_a_rule_of_its_own(store: Store, rule: Rule) -> None:
    subjects: list[tuple[str | None, str | None]] = [(None, None), ("x", None), ("y", None), (None, "x"), (None, "y")]
    for member, role in subjects:
        set_rule(store, 1, replace(rule, member=member, role=role), NOW)
    assert {(member, role) for _, _, member, role, _ in kept(store)} == set(subjects)
    remove_rule(store, 1, replace(rule, member="x"), NOW)
    assert {(member, role) for _, _, member, role, _ in kept(store)} == {*subjects} - {("x", None)}


def test_objects_whose_ids_begin_alike_are_apart(store: Store) -> None:
    for object_id in ("1", "12", "2"):
        set_rule(store, 1, Rule("notebook", "viewer", object_id), NOW)
    assert [rule.resource_id for rule in read(store, 1).on_object("notebook", "1")] == ["1"]
    assert [rule.resource_id for rule in read(store, 1).on_object("insight", "1")] == []
    assert [rule.resource_id for rule in read(store, 2).on_object("notebook", "1")] == []


@pytest.mark.parametrize("rule", [ON_ONE, ON_PROJECT], ids=["an object", "the project"])
def test_an_object_s_own_rules_are_those_on_it_alone(store: Store, rule: Rule) -> None:
    for one in (ON_ONE, ON_ALL, ON_PROJECT):
        set_rule(store, 1, one, NOW)
    own = read(store, 1).own_of(rule.resource, rule.resource_id or "")
    assert [(one.resource, one.resource_id) for one in own] == [(rule.resource, rule.resource_id)]


@PLACES
def test_what_was_there_is_what_was_there_when_it_was_written(store: Store, rule: Rule) -> None:
    """Somebody else is faster: what the log is told is what the removal found in the end."""
    set_rule(store, 1, rule, NOW)
    told: list[Change] = []

    def noted(change: Change) -> Put:
        if not told:
            set_rule(store, 1, replace(rule, level="none"), LATER)
        told.append(change)
        user = User("u", 1, "a@example.com")
        return activity.entry(1, user, LATER, activity.Entry(rule.resource, None, "removed"))

    removed = remove_rule(store, 1, rule, LATER, noted)
    assert [change.before and change.before.level for change in told] == [rule.level, "none"]
    assert (removed.before and removed.before.level, removed.after) == ("none", None)
    assert kept(store) == set()
    assert len(activity.entries(store, 1)[0]) == 1


def test_objects_with_rules_are_so_many_at_most(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule_store, "MAX_OBJECTS", 2)
    for object_id in ("a", "b"):
        set_rule(store, 1, Rule("notebook", "viewer", object_id), NOW)
    with pytest.raises(ValidationError, match="limit of 2 notebooks"):
        set_rule(store, 1, Rule("notebook", "viewer", "c"), NOW)
    set_rule(store, 1, Rule("notebook", "viewer", "a", "m1"), NOW)  # an object that has a rule has room for more
    set_rule(store, 1, Rule("insight", "viewer", "c"), NOW)
    set_rule(store, 2, Rule("notebook", "viewer", "c"), NOW)
    remove_rule(store, 1, Rule("notebook", "viewer", "b"), NOW)
    set_rule(store, 1, Rule("notebook", "viewer", "c"), NOW)
    assert {object_id for _, object_id, *_ in kept(store)} == {"a", "c"}


def test_rules_on_kinds_are_so_many_at_most(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule_store, "MAX_PROJECT_RULES", 2)
    for member in ("m1", "m2"):
        set_rule(store, 1, replace(ON_ALL, member=member), NOW)
    with pytest.raises(ValidationError, match="limit of 2 rules"):
        set_rule(store, 1, replace(ON_ALL, member="m3"), NOW)
    monkeypatch.setattr(rule_store, "MAX_PROJECT_RULES", 1)  # what there is can be changed, and made less
    set_rule(store, 1, replace(ON_ALL, member="m1", level="none"), LATER)
    remove_rule(store, 1, replace(ON_ALL, member="m2"), LATER)
    assert kept(store) == {("notebook", None, "m1", None, "none")}


@pytest.fixture
def project(store: Store) -> StoredProject:
    organization = accounts.create_organization(store, "Acme", now=NOW)
    return accounts.create_project(store, organization, "Site", now=NOW)


@pytest.mark.parametrize(("gone", "left"), [({"member": "x"}, (None, "x")), ({"role": "x"}, ("x", None))])
def test_who_is_gone_is_forgotten_and_nobody_else(
    store: Store, project: StoredProject, gone: dict[str, str], left: tuple[str | None, str | None]
) -> None:
    number = project.project.id
    subjects: list[tuple[str | None, str | None]] = [(None, None), ("x", None), ("y", None), (None, "x"), (None, "y")]
    for rule in (ON_ONE, ON_ALL, replace(ON_PROJECT, resource_id=str(number))):
        for member, role in subjects:
            set_rule(store, number, replace(rule, member=member, role=role), NOW)
    forget(store, project.project.organization_id, **gone)
    found = [(member, role) for _, _, member, role, _ in kept(store, number)]
    assert set(found) == {(None, None), ("y", None), (None, "y"), left}
    assert len(found) == 3 * 4
