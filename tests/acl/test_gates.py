"""What levels open, where a gate or a list is not just the level on a thing."""

from __future__ import annotations

import pytest
from insights_acl.gates import PLAIN, Listing, hidden_kinds, project_gate, route_gate, visible
from insights_acl.models import Level
from insights_acl.policy import Caller, Rule, Thing

MEMBER = Caller("u1", "m1", Level.MEMBER, frozenset({"r1"}))
ADMIN = Caller("u2", "m2", Level.ADMIN)
WITHOUT_RULES = Caller("u1", "m1", Level.MEMBER, features=frozenset())
CLOSED = Rule("dashboard", "none")


@pytest.mark.parametrize(
    ("rules", "caller", "reads", "writes", "creates"),
    [
        ([], MEMBER, True, True, True),
        ([Rule("dashboard", "viewer")], MEMBER, True, False, False),
        ([CLOSED], MEMBER, False, False, False),
        ([CLOSED], ADMIN, True, True, True),
        ([CLOSED], WITHOUT_RULES, True, True, True),
        ([CLOSED, Rule("dashboard", "viewer", "5", "m1")], MEMBER, True, False, False),
        ([CLOSED, Rule("dashboard", "editor", "5", "m1")], MEMBER, True, True, False),
        ([CLOSED, Rule("dashboard", "editor", "5", None, "r1")], MEMBER, True, True, False),
        ([CLOSED, Rule("dashboard", "none", "5", "m1")], MEMBER, False, False, False),
        ([CLOSED, Rule("dashboard", "editor", "5", "m9")], MEMBER, False, False, False),
        ([CLOSED, Rule("dashboard", "editor", "5")], MEMBER, False, False, False),
        ([CLOSED, Rule("insight", "editor", "5", "m1")], MEMBER, False, False, False),
        ([CLOSED, Rule("project", "admin", "5", "m1")], MEMBER, False, False, False),
        ([Rule("dashboard", "viewer"), Rule("dashboard", "editor", "5", "m1")], MEMBER, True, True, False),
    ],
    ids=[
        *("open", "to look at", "closed", "an admin", "rules do not count"),
        *("named on one to look at", "named on one to edit", "a role on one", "named on one with nothing"),
        *("another on one", "everybody on one", "on another kind", "on the project", "more on one than on all"),
    ],
)
def test_a_route_opens_by_the_kind_or_for_who_is_named_on_one_object(
    rules: list[Rule], caller: Caller, reads: bool, writes: bool, creates: bool
) -> None:
    found = (
        route_gate(rules, caller, "dashboard", writes=False).is_open,
        route_gate(rules, caller, "dashboard", writes=True).is_open,
        route_gate(rules, caller, "dashboard", writes=True, creates=True).is_open,
    )
    assert found == (reads, writes, creates)


@pytest.mark.parametrize(
    ("rules", "caller", "writes"),
    [
        ([Rule("activity_log", "editor", "5", "m1")], MEMBER, True),
        ([Rule("activity_log", "editor", "5", "m1")], WITHOUT_RULES, False),
        ([], MEMBER, False),
        ([], ADMIN, False),
    ],
    ids=["named on one to edit", "rules do not count", "a member", "an admin"],
)
def test_a_kind_to_look_at_is_written_by_no_built_in_level(rules: list[Rule], caller: Caller, writes: bool) -> None:
    """The level that everybody has, and an admin's, are a viewer's."""
    assert route_gate(rules, caller, "activity_log", writes=False).is_open
    assert route_gate(rules, caller, "activity_log", writes=True).is_open is writes


@pytest.mark.parametrize(("level", "is_open"), [("none", False), ("member", True), ("admin", True)])
def test_a_project_opens_from_member_on(level: str, is_open: bool) -> None:
    assert project_gate([Rule("project", level, "1")], MEMBER, "1").is_open is is_open
    assert project_gate([Rule("project", level, "2")], MEMBER, "1").is_open is True


@pytest.mark.parametrize(
    ("kind", "rules", "caller", "listing", "expected"),
    [
        ("insight", [], MEMBER, PLAIN, True),
        ("insight", [Rule("insight", "none", "1")], MEMBER, PLAIN, False),
        ("insight", [Rule("insight", "none", "2")], MEMBER, PLAIN, True),
        ("insight", [Rule("insight", "none", "1"), Rule("insight", "viewer")], MEMBER, PLAIN, False),
        ("insight", [Rule("insight", "none", "1", "m1")], MEMBER, PLAIN, False),
        ("insight", [Rule("insight", "none", "1", "m9")], MEMBER, PLAIN, True),
        ("insight", [Rule("insight", "none", "1"), Rule("insight", "viewer", "1", "m1")], MEMBER, PLAIN, True),
        (
            "insight",
            [Rule("insight", "none", "1", "m1"), Rule("insight", "viewer", "1", None, "r1")],
            MEMBER,
            PLAIN,
            True,
        ),
        ("insight", [Rule("insight", "none")], MEMBER, PLAIN, False),
        ("insight", [Rule("insight", "none"), Rule("insight", "viewer", "1")], MEMBER, PLAIN, False),
        ("insight", [Rule("insight", "none"), Rule("insight", "viewer", "1", "m1")], MEMBER, PLAIN, True),
        ("insight", [Rule("insight", "none"), Rule("project", "member", "1", "m1")], MEMBER, PLAIN, False),
        ("insight", [Rule("insight", "none"), Rule("dashboard", "viewer", "1", "m1")], MEMBER, PLAIN, False),
        ("insight", [Rule("insight", "none", "1")], WITHOUT_RULES, PLAIN, True),
        ("insight", [Rule("insight", "none", "1")], ADMIN, PLAIN, False),
        ("insight", [Rule("insight", "none", "1")], ADMIN, Listing(admin_include_all=True), True),
        ("insight", [Rule("insight", "none", "1")], ADMIN, Listing(by_short_id=True), True),
        ("notebook", [Rule("notebook", "none", "1")], ADMIN, Listing(by_short_id=True), False),
        ("insight", [Rule("insight", "none", "1")], MEMBER, Listing(True, True), False),
        ("dashboard", [Rule("dashboard", "none", "1")], ADMIN, PLAIN, True),
        ("dashboard", [Rule("dashboard", "none", "1")], MEMBER, PLAIN, False),
    ],
    ids=[
        *("open", "closed", "another closed", "closed, the kind open", "closed to me", "closed to another"),
        *("open to me alone", "closed to me, open to my role", "the kind closed", "the kind closed, everybody on it"),
        *("the kind closed, named on it", "named on the project", "named on another kind", "rules do not count"),
        *("an admin's plain list", "an admin who asks for all", "an admin by short id", "only insights by short id"),
        *("a member who asks for all", "an admin's dashboards", "a member's dashboards"),
    ],
)
def test_what_a_list_shows(kind: str, rules: list[Rule], caller: Caller, listing: Listing, expected: bool) -> None:
    """Of what somebody else made; what is one's own is always shown."""
    assert visible(rules, caller, kind, [Thing(kind, "1", "u9")], listing) == [expected]
    assert visible(rules, caller, kind, [Thing(kind, "1", caller.user_id)], listing) == [True]


def test_kinds_that_are_closed_as_a_whole_are_told_apart() -> None:
    rules = [CLOSED, Rule("insight", "viewer"), Rule("notebook", "none", None, "m1"), Rule("cohort", "none", "3", "m1")]
    assert hidden_kinds(rules, MEMBER) == ["dashboard", "notebook"]
    assert hidden_kinds(rules, ADMIN) == []
