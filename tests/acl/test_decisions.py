"""The decision: the shared cases, and what holds for every set of rules."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from insights_acl.gates import object_gate, project_gate, route_gate, visible
from insights_acl.levels import kind_of
from insights_acl.models import Level
from insights_acl.policy import FEATURES, Caller, Decision, Rule, Thing, decide, inherited, may_edit_rules, needs_rules

from tests.acl.decisions import Asked

# A further file of cases, kept elsewhere: run where it is.
SHARED = (
    Path(os.environ.get("CONFORMANCE", Path(__file__).parents[3] / "shared" / "conformance")) / "access_levels.json"
)
CASES: list[dict[str, Any]] = json.loads(SHARED.read_text()) if SHARED.exists() else []

KINDS = ("dashboard", "insight", "action", "activity_log", "project")
MEMBERS, ROLES = ("m1", "m2", "m3"), ("r1", "r2", "r3")


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_shared_case(case: dict[str, Any]) -> None:
    found = Asked.of(case).outcome()
    assert {name: found[name] for name in case["expect"]} == case["expect"]


@st.composite
def rules_of(draw: st.DrawFn, kind: str) -> list[Rule]:
    """Rules on one kind and on two objects of it, for members and roles that the caller may or may not be."""
    ladder = kind_of(kind).ladder
    subjects = [(None, None), *((m, None) for m in MEMBERS), *((None, r) for r in ROLES)]
    places = [("1", subject) for subject in subjects]
    if kind != "project":
        places += [(where, subject) for where in (None, "2") for subject in subjects]
    chosen = draw(st.lists(st.sampled_from(places), unique=True, max_size=8))
    return [Rule(kind, draw(st.sampled_from(ladder)), where, *subject) for where, subject in chosen]


@st.composite
def situations(draw: st.DrawFn) -> tuple[list[Rule], Caller, Thing]:
    kind = draw(st.sampled_from(KINDS))
    level = draw(st.sampled_from([None, *Level]))
    roles = frozenset(draw(st.sets(st.sampled_from(ROLES[:2]))))
    features = frozenset(draw(st.sampled_from([FEATURES, FEATURES, FEATURES, FEATURES[:1], ()])))
    caller = Caller("u1", "m1" if level else None, level, roles if level else frozenset(), features)
    creator = draw(st.sampled_from([None, "u1", "u2"]))
    return draw(rules_of(kind)), caller, Thing(kind, "1", creator)


@given(situations(), st.randoms())
@settings(max_examples=300)
def test_the_order_of_rules_does_not_matter(situation: tuple[list[Rule], Caller, Thing], random: Any) -> None:
    rules, caller, thing = situation
    shuffled = random.sample(rules, len(rules))
    assert decide(rules, caller, thing).level == decide(shuffled, caller, thing).level
    assert decide(rules, caller, thing).source == decide(shuffled, caller, thing).source
    assert may_edit_rules(rules, caller, thing, "1") == may_edit_rules(shuffled, caller, thing, "1")
    assert visible(rules, caller, thing.resource, [thing]) == visible(shuffled, caller, thing.resource, [thing])


@given(situations())
@settings(max_examples=300)
def test_rules_that_are_not_needed_change_nothing(situation: tuple[list[Rule], Caller, Thing]) -> None:
    rules, caller, thing = situation
    is_settled = caller.level is None or caller.is_admin or thing.created_by == caller.user_id or not caller.features
    assert needs_rules(caller, thing) is not is_settled
    if is_settled:
        assert decide(rules, caller, thing) == decide((), caller, thing)


@given(situations())
@settings(max_examples=300)
def test_without_a_membership_there_is_no_access(situation: tuple[list[Rule], Caller, Thing]) -> None:
    rules, caller, thing = situation
    stranger = replace(caller, member=None, level=None, roles=frozenset())
    assert decide(rules, stranger, thing).level is None
    assert not project_gate(rules, stranger, "1").is_open
    assert not object_gate(rules, stranger, thing, writes=False).is_open
    assert not may_edit_rules(rules, stranger, thing, "1")
    if thing.resource != "project":
        assert not route_gate(rules, stranger, thing.resource, writes=False).is_open


@given(situations())
@settings(max_examples=300)
def test_rules_that_name_others_do_not_count(situation: tuple[list[Rule], Caller, Thing]) -> None:
    rules, caller, thing = situation
    others = [Rule(thing.resource, level, "1", "m3") for level in kind_of(thing.resource).ladder]
    foreign = [Rule(thing.resource, kind_of(thing.resource).maximum, "1", "m1", "r1")]  # names two, so nobody
    assert decide(rules, caller, thing) == decide([*rules, *others, *foreign], caller, thing)


@given(situations(), st.sampled_from([("m1", None), (None, "r1"), (None, None)]), st.booleans())
@settings(max_examples=500)
def test_a_further_grant_never_lowers(
    situation: tuple[list[Rule], Caller, Thing], subject: tuple[str | None, str | None], on_object: bool
) -> None:
    """A rule of the present level or above leaves at least that level. One below it lowers in two cases only: it is the
    first of a more specific step, or the first there is, where what was built in gives way.
    """
    rules, caller, thing = situation
    kind, before = thing.kind, decide(rules, caller, thing)
    where = thing.id if on_object or thing.resource == "project" else None
    if before.level is None or any((r.resource_id, r.member, r.role) == (where, *subject) for r in rules):
        return
    for level in kind.ladder:
        after = decide([*rules, Rule(thing.resource, level, where, *subject)], caller, thing)
        is_first_of_its_step = (before.source, _names(before)) != (after.source, _names(after))
        if kind.at_least(level, before.level) or not is_first_of_its_step:
            assert kind.at_least(after.level, before.level)


def _names(decision: Decision) -> bool:
    """Rules on an object that name somebody are a step of their own; on a kind they are not."""
    return decision.source == "object" and decision.subject != "default"


@given(situations())
@settings(max_examples=300)
def test_a_decision_names_the_rules_that_gave_it(situation: tuple[list[Rule], Caller, Thing]) -> None:
    rules, caller, thing = situation
    decision = decide(rules, caller, thing)
    assert set(decision.rules) <= set(rules)
    assert {rule.level for rule in decision.rules} <= {decision.level}
    assert all(caller.is_named_by(rule) for rule in decision.rules)
    assert bool(decision.rules) == (decision.source in ("object", "resource", "parent_resource", "parent_object"))


@given(situations())
@settings(max_examples=300)
def test_what_is_inherited_is_what_remains_for_anybody(situation: tuple[list[Rule], Caller, Thing]) -> None:
    rules, caller, thing = situation
    found = inherited(rules, thing, caller.features)
    nobody = Caller("u9", "m9", Level.MEMBER, features=caller.features)
    kept = [rule for rule in rules if rule.resource_id != thing.id]
    assert found == decide(kept, nobody, thing)


def test_the_creator_and_admins_have_the_most_there_is() -> None:
    nothing = [Rule("dashboard", "none", "1"), Rule("dashboard", "none")]
    admin = Caller("u2", "m2", Level.ADMIN)
    creator = Caller("u1", "m1", Level.MEMBER)
    thing = Thing("dashboard", "1", "u1")
    assert decide(nothing, admin, thing).level == decide(nothing, creator, thing).level == "manager"
    assert decide([], admin, Thing("activity_log", "1")).level == "viewer"
