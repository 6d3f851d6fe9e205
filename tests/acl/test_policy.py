"""Which step of a decision speaks: a row a step, with what would be said if it were left out or came elsewhere."""

from __future__ import annotations

import pytest
from insights_acl.models import Level
from insights_acl.policy import ACCESS_CONTROL, ROLE_BASED_ACCESS, Caller, Rule, Thing, decide, may_edit_rules

MEMBER = Caller("u1", "m1", Level.MEMBER, frozenset({"r1"}))
ADMIN = Caller("u2", "m2", Level.ADMIN)
OWNER = Caller("u3", "m3", Level.OWNER)
PLAIN = Caller("u1", "m1", Level.MEMBER, frozenset({"r1"}), frozenset())
WITHOUT_ROLES = Caller("u1", "m1", Level.MEMBER, frozenset({"r1"}), frozenset({ACCESS_CONTROL}))
ROLES_ALONE = Caller("u1", "m1", Level.MEMBER, frozenset({"r1"}), frozenset({ROLE_BASED_ACCESS}))
BOARD, BOARDS = Thing("dashboard", "1", "u9"), Thing("dashboard")
TABLE, PLAYLIST = Thing("warehouse_table", "1", None, "7"), Thing("session_recording_playlist", "1")

CASES: list[tuple[str, list[Rule], Caller, Thing, str | None, str]] = [
    ("nothing is said", [], MEMBER, BOARD, "editor", "system_default"),
    (
        "the creator",
        [Rule("dashboard", "none", "1", "m1")],
        MEMBER,
        Thing("dashboard", "1", "u1"),
        "manager",
        "creator",
    ),
    ("nobody made it", [Rule("dashboard", "viewer", "1")], MEMBER, Thing("dashboard", "1"), "viewer", "object"),
    ("an admin", [Rule("dashboard", "none", "1", "m2")], ADMIN, BOARD, "manager", "org_admin"),
    ("an owner", [Rule("dashboard", "none")], OWNER, BOARDS, "manager", "org_admin"),
    (
        "an admin, rules or not",
        [],
        Caller("u2", "m2", Level.ADMIN, features=frozenset()),
        BOARD,
        "manager",
        "org_admin",
    ),
    (
        "an admin of whole kinds, rules or not",
        [],
        Caller("u2", "m2", Level.ADMIN, features=frozenset()),
        BOARDS,
        "manager",
        "org_admin",
    ),
    ("rules do not count", [Rule("dashboard", "none", "1", "m1")], PLAIN, BOARD, "editor", "system_default"),
    ("rules on kinds do not count", [Rule("dashboard", "none")], PLAIN, BOARDS, "editor", "system_default"),
    ("roles alone are no rules", [Rule("dashboard", "none", "1")], ROLES_ALONE, BOARD, "editor", "system_default"),
    ("a role", [Rule("dashboard", "none", "1", None, "r1")], MEMBER, BOARD, "none", "object"),
    (
        "roles do not count",
        [Rule("dashboard", "none", "1", None, "r1"), Rule("dashboard", "none", None, None, "r1")],
        WITHOUT_ROLES,
        BOARD,
        "editor",
        "system_default",
    ),
    ("without roles members count", [Rule("dashboard", "none", "1", "m1")], WITHOUT_ROLES, BOARD, "none", "object"),
    ("another role", [Rule("dashboard", "none", "1", None, "r2")], MEMBER, BOARD, "editor", "system_default"),
    (
        "who is named on the object, before the kind",
        [Rule("dashboard", "viewer", "1", "m1"), Rule("dashboard", "manager")],
        MEMBER,
        BOARD,
        "viewer",
        "object",
    ),
    (
        "the kind, before everybody on the object",
        [Rule("dashboard", "none", "1"), Rule("dashboard", "viewer")],
        MEMBER,
        BOARD,
        "viewer",
        "resource",
    ),
    ("everybody on the object", [Rule("dashboard", "viewer", "1")], MEMBER, BOARD, "viewer", "object"),
    ("another object", [Rule("dashboard", "none", "2", "m1")], MEMBER, BOARD, "editor", "system_default"),
    ("another kind", [Rule("insight", "none", "1", "m1")], MEMBER, BOARD, "editor", "system_default"),
    (
        "the highest of one step",
        [Rule("dashboard", "none", "1", "m1"), Rule("dashboard", "viewer", "1", None, "r1")],
        MEMBER,
        BOARD,
        "viewer",
        "object",
    ),
    (
        "on a kind members, roles and everybody are one step",
        [Rule("dashboard", "none", None, "m1"), Rule("dashboard", "viewer")],
        MEMBER,
        BOARDS,
        "viewer",
        "resource",
    ),
    ("the source", [Rule("external_data_source", "viewer", "7")], MEMBER, TABLE, "viewer", "parent_object"),
    (
        "who is named on the object, before its source",
        [Rule("external_data_source", "none", "7"), Rule("warehouse_table", "viewer", "1", "m1")],
        MEMBER,
        TABLE,
        "viewer",
        "object",
    ),
    (
        "the source, before the kind",
        [Rule("external_data_source", "viewer", "7"), Rule("warehouse_objects", "none")],
        MEMBER,
        TABLE,
        "viewer",
        "parent_object",
    ),
    (
        "the kind, before the kind of the source",
        [Rule("warehouse_objects", "viewer"), Rule("external_data_source", "none")],
        MEMBER,
        TABLE,
        "viewer",
        "parent_resource",
    ),
    (
        "the kind of the source, before everybody on the object",
        [Rule("external_data_source", "viewer"), Rule("warehouse_table", "none", "1")],
        MEMBER,
        TABLE,
        "viewer",
        "parent_resource",
    ),
    (
        "the umbrella",
        [Rule("session_recording", "viewer"), Rule("session_recording_playlist", "none")],
        MEMBER,
        PLAYLIST,
        "viewer",
        "parent_resource",
    ),
    (
        "a project has no rules on its kind",
        [Rule("project", "none")],
        MEMBER,
        Thing("project", "1"),
        "admin",
        "system_default",
    ),
    ("the project", [Rule("project", "member", "1")], MEMBER, Thing("project", "1"), "member", "object"),
    (
        "an organization",
        [Rule("organization", "none", "o")],
        MEMBER,
        Thing("organization", "o"),
        "member",
        "org_membership",
    ),
    ("no member", [Rule("dashboard", "manager", "1")], Caller("u1", None, None), BOARD, None, "not_a_member"),
    ("no member, though the maker", [], Caller("u9", None, None), BOARD, None, "not_a_member"),
]


@pytest.mark.parametrize(("_", "rules", "caller", "thing", "level", "source"), CASES, ids=[case[0] for case in CASES])
def test_the_first_step_that_has_something_to_say_decides(
    _: str, rules: list[Rule], caller: Caller, thing: Thing, level: str | None, source: str
) -> None:
    found = decide(rules, caller, thing)
    assert (found.level, found.source) == (level, source)


@pytest.mark.parametrize(
    ("rules", "caller", "thing", "expected"),
    [
        ([], MEMBER, BOARD, False),
        ([], MEMBER, Thing("dashboard", "1", "u1"), True),
        ([], ADMIN, BOARD, True),
        ([Rule("dashboard", "editor", "1", "m1")], MEMBER, BOARD, False),
        ([Rule("dashboard", "manager", "1", "m1")], MEMBER, BOARD, True),
        ([Rule("dashboard", "manager")], MEMBER, BOARD, True),
        ([Rule("dashboard", "manager")], MEMBER, BOARDS, False),
        ([Rule("project", "member", "1", "m1")], MEMBER, BOARD, False),
        ([Rule("project", "admin", "1", "m1")], MEMBER, BOARD, True),
        ([Rule("project", "admin", "1", "m1")], MEMBER, BOARDS, True),
        ([Rule("project", "admin", "2", "m1")], MEMBER, BOARD, False),
        ([Rule("project", "admin", "1", "m1")], PLAIN, BOARD, False),
        ([Rule("dashboard", "manager", "1", "m1")], Caller("u1", None, None), BOARD, False),
        ([], MEMBER, Thing("activity_log", "1"), False),
    ],
    ids=[
        *("a member", "the maker", "an admin", "an editor", "a manager", "a manager of all", "of the kind"),
        *("a member of the project", "an admin of the project", "the kind, by the project", "of another project"),
        *("rules do not count", "no member", "the most there is, which everybody has"),
    ],
)
def test_who_may_edit_rules(rules: list[Rule], caller: Caller, thing: Thing, expected: bool) -> None:
    assert may_edit_rules(rules, caller, thing, "1") is expected
