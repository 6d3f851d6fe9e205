"""What levels open: routes, lists, pages. Pure, over the rules of policy.py."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from insights_acl.levels import PROJECT, kind_of
from insights_acl.policy import ACCESS_CONTROL, Caller, Decision, Rule, Thing, decide

# Lists of these show an admin of the organization everything; of others, when asked.
_ADMIN_SEES_ALL = frozenset({PROJECT, "dashboard", "feature_flag"})


class Gate(NamedTuple):
    """`decision` is what decided, so that a refusal can say why."""

    is_open: bool
    required: str
    decision: Decision


class Listing(NamedTuple):
    """What a list request says of itself."""

    admin_include_all: bool = False
    by_short_id: bool = False


PLAIN = Listing()


def project_gate(rules: Iterable[Rule], caller: Caller, project_id: str) -> Gate:
    """Everything of a project needs `member` on it."""
    decision = decide(rules, caller, Thing(PROJECT, project_id))
    return Gate(kind_of(PROJECT).at_least(decision.level, "member"), "member", decision)


def route_gate(rules: Sequence[Rule], caller: Caller, resource: str, *, writes: bool, creates: bool = False) -> Gate:
    """By the level on the kind; else by a rule that names the caller on any object of it, which creates nothing.

    That the caller made an object does not count here.
    """
    kind = kind_of(resource)
    required = kind.writes if writes else kind.reads
    decision = decide(rules, caller, Thing(resource))
    is_open = kind.at_least(decision.level, required)
    if not is_open and not creates:
        is_open = _is_named_on_any(rules, caller, resource, required)
    return Gate(is_open, required, decision)


def object_gate(rules: Iterable[Rule], caller: Caller, thing: Thing, *, writes: bool) -> Gate:
    required = thing.kind.writes if writes else thing.kind.reads
    decision = decide(rules, caller, thing)
    return Gate(thing.kind.at_least(decision.level, required), required, decision)


def visible(
    rules: Iterable[Rule], caller: Caller, resource: str, things: Iterable[Thing], listing: Listing = PLAIN
) -> list[bool]:
    """Whether a list shows each of `things`, all of one kind.

    A list is not the sum of its objects: a rule for everybody that says `none` hides an object from the list even
    where a rule on the kind lets everybody open it, and an admin's plain list leaves it out as well.
    """
    if _sees_all(caller, resource, listing):
        return [True for _ in things]
    counting = [rule for rule in rules if caller.is_named_by(rule)] if caller.has(ACCESS_CONTROL) else []
    level = decide(counting, caller, Thing(resource)).level
    of_objects = _by_object(counting, resource)
    only_named = level in (None, "none")
    return [
        _is_own(thing, caller) or _shows(of_objects.get(thing.id or "", ()), only_named=only_named) for thing in things
    ]


def hidden_kinds(rules: Sequence[Rule], caller: Caller) -> list[str]:
    """The kinds that rules close for the caller as a whole: who sees other things shares no results with them."""
    ruled = sorted({rule.resource for rule in rules})
    return [resource for resource in ruled if decide(rules, caller, Thing(resource)).level == "none"]


def navigation_level(rules: Iterable[Rule], caller: Caller, resource: str) -> str | None:
    """The level that opens the page of a kind: a viewer's for whom a rule names on some object of it."""
    rules = list(rules)
    level = decide(rules, caller, Thing(resource)).level
    if level not in (None, "none"):
        return level
    opens = kind_of(resource).reads
    return opens if _is_named_on_any(rules, caller, resource, opens) else level


def _is_named_on_any(rules: Iterable[Rule], caller: Caller, resource: str, required: str) -> bool:
    kind = kind_of(resource)
    return caller.has(ACCESS_CONTROL) and any(
        rule.resource == resource
        and rule.resource_id is not None
        and rule.is_explicit
        and caller.is_named_by(rule)
        and kind.at_least(rule.level, required)
        for rule in rules
    )


def _sees_all(caller: Caller, resource: str, listing: Listing) -> bool:
    return caller.is_admin and (
        resource in _ADMIN_SEES_ALL or listing.admin_include_all or (resource == "insight" and listing.by_short_id)
    )


def _by_object(rules: Iterable[Rule], resource: str) -> dict[str, list[Rule]]:
    found: dict[str, list[Rule]] = {}
    for rule in rules:
        if rule.resource == resource and rule.resource_id is not None:
            found.setdefault(rule.resource_id, []).append(rule)
    return found


def _shows(rules: Sequence[Rule], *, only_named: bool) -> bool:
    """By the rules that name the caller; without any, by those for everybody."""
    named = [rule for rule in rules if rule.is_explicit]
    if named:
        return any(rule.level != "none" for rule in named)
    return not only_named and not (rules and all(rule.level == "none" for rule in rules))


def _is_own(thing: Thing, caller: Caller) -> bool:
    return thing.created_by is not None and thing.created_by == caller.user_id
