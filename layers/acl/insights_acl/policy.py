"""What somebody may do with something: rules as data, and one decision over them. No I/O, no clock.

    decide(rules, caller, Thing("dashboard", "7", created_by=...)) -> Decision(level="viewer", source="object", ...)

A decision walks a table of steps, most specific first; the first step that has something to say decides. Rules that
name other people do not count, and their order never matters: within a step the highest level wins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from insights_acl.levels import ORGANIZATION, PROJECT, SOURCES, Kind, kind_of
from insights_acl.models import Level, Membership, Organization

ACCESS_CONTROL, ROLE_BASED_ACCESS = "access_control", "role_based_access"
FEATURES = (ACCESS_CONTROL, ROLE_BASED_ACCESS)


@dataclass(frozen=True, slots=True)
class Rule:
    """One level on one kind (`resource_id` null) or on one object, for a member, for a role, or for everybody.

    A rule with both a member and a role is invalid and counts for nobody.
    """

    resource: str
    level: str
    resource_id: str | None = None
    member: str | None = None
    role: str | None = None
    created_at: str = ""
    updated_at: str = ""

    @property
    def subject(self) -> str:
        return "member" if self.member else "role" if self.role else "default"

    @property
    def is_explicit(self) -> bool:
        """It names somebody."""
        return self.subject != "default"


@dataclass(frozen=True, slots=True)
class Caller:
    """`level` null: not a member of the organization. `member` is the id of the membership."""

    user_id: str | None
    member: str | None
    level: Level | None
    roles: frozenset[str] = frozenset()
    features: frozenset[str] = frozenset(FEATURES)

    @classmethod
    def of(cls, user_id: str, membership: Membership | None, organization: Organization | None) -> Caller:
        features = frozenset(organization.features if organization else ())
        if membership is None:
            return cls(user_id, None, None, features=features)
        return cls(user_id, membership.id, membership.level, frozenset(membership.roles), features)

    @property
    def is_admin(self) -> bool:
        return self.level is not None and self.level >= Level.ADMIN

    def has(self, feature: str) -> bool:
        return feature in self.features

    def is_named_by(self, rule: Rule) -> bool:
        if rule.member is not None and rule.role is not None:
            return False
        if rule.member is not None:
            return rule.member == self.member
        return rule.role is None or (rule.role in self.roles and self.has(ROLE_BASED_ACCESS))


@dataclass(frozen=True, slots=True)
class Thing:
    """An object, or with a null `id` its kind as a whole. `source_id` names the object that it was made from."""

    resource: str
    id: str | None = None
    created_by: str | None = None
    source_id: str | None = None

    @property
    def kind(self) -> Kind:
        return kind_of(self.resource)


@dataclass(frozen=True, slots=True)
class Decision:
    """A level (null: no access), and where it comes from: `rules` are those that gave it, none for built-in levels."""

    level: str | None
    source: str
    subject: str | None = None
    resource: str = ""
    resource_id: str | None = None
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class _Case:
    rules: tuple[Rule, ...]  # those that count for the caller
    caller: Caller
    thing: Thing
    explicit: bool  # built-in levels do not count

    def about(self, resource: str, resource_id: str | None, *, explicit: bool | None = None) -> list[Rule]:
        return [
            rule
            for rule in self.rules
            if rule.resource == resource
            and rule.resource_id == resource_id
            and (explicit is None or rule.is_explicit == explicit)
        ]


_Step = Callable[[_Case], Decision | None]


def decide(rules: Iterable[Rule], caller: Caller, thing: Thing, *, explicit: bool = False) -> Decision:
    """`explicit`: only what a rule, the creation or the organization gives; a built-in level is none."""
    case = _Case(tuple(filter(caller.is_named_by, rules)), caller, thing, explicit)
    steps = OBJECT_STEPS if thing.id is not None else RESOURCE_STEPS
    return next(found for step in steps if (found := step(case)) is not None)


def _not_a_member(case: _Case) -> Decision | None:
    return Decision(None, "not_a_member") if case.caller.level is None else None


def _fixed(case: _Case) -> Decision | None:
    """Projects and organizations have no rules on all of their kind."""
    return _built_in(case) if case.thing.resource in (PROJECT, ORGANIZATION) else None


def _creator(case: _Case) -> Decision | None:
    if case.thing.created_by is None or case.thing.created_by != case.caller.user_id:
        return None
    return Decision(case.thing.kind.maximum, "creator", resource=case.thing.resource, resource_id=case.thing.id)


def _org_admin(case: _Case) -> Decision | None:
    return Decision(case.thing.kind.maximum, "org_admin") if case.caller.is_admin else None


def _organization(case: _Case) -> Decision | None:
    return Decision("member", "org_membership") if case.thing.resource == ORGANIZATION else None


def _without_entitlement(case: _Case) -> Decision | None:
    return None if case.caller.has(ACCESS_CONTROL) else _built_in(case)


def _explicit_on_object(case: _Case) -> Decision | None:
    return _highest(case, case.about(case.thing.resource, case.thing.id, explicit=True), "object")


def _on_source_object(case: _Case) -> Decision | None:
    source = SOURCES.get(case.thing.resource)
    if source is None or case.thing.source_id is None:
        return None
    return _highest(case, case.about(source, case.thing.source_id), "parent_object")


def _on_kind(case: _Case) -> Decision | None:
    """Rules on a kind that has an umbrella do not count; those of the umbrella do."""
    kind = case.thing.kind
    if kind.name == PROJECT:  # its rules are all on the project itself
        return None
    source = "parent_resource" if kind.umbrella else "resource"
    return _highest(case, case.about(kind.umbrella or kind.name, None), source)


def _on_source_kind(case: _Case) -> Decision | None:
    source = SOURCES.get(case.thing.resource)
    return _highest(case, case.about(source, None), "parent_resource") if source else None


def _object_default(case: _Case) -> Decision | None:
    return _highest(case, case.about(case.thing.resource, case.thing.id, explicit=False), "object")


def _built_in(case: _Case) -> Decision:
    kind = case.thing.kind
    top = kind_of(kind.umbrella) if kind.umbrella and case.thing.id is None else kind
    return Decision(None if case.explicit else top.default, "system_default", resource=top.name)


def _highest(case: _Case, rules: Sequence[Rule], source: str) -> Decision | None:
    """Rules of one step combine to the highest of their levels, whomever they name."""
    if not rules:
        return None
    kind = case.thing.kind
    best = kind.highest([rule.level for rule in rules])
    giving = tuple(rule for rule in rules if rule.level == best)
    first = min(giving, key=lambda rule: (("member", "role", "default").index(rule.subject), rule.role or ""))
    return Decision(best, source, first.subject, first.resource, first.resource_id, giving)


# What comes before every rule.
_ABOVE_RULES: tuple[_Step, ...] = (_not_a_member, _creator, _org_admin, _organization, _without_entitlement)
OBJECT_STEPS: tuple[_Step, ...] = (
    *_ABOVE_RULES,
    _explicit_on_object,
    _on_source_object,
    _on_kind,
    _on_source_kind,
    _object_default,
    _built_in,
)
RESOURCE_STEPS: tuple[_Step, ...] = (
    _fixed,
    _not_a_member,
    _org_admin,
    _without_entitlement,
    _on_kind,
    _built_in,
)


def needs_rules(caller: Caller, thing: Thing) -> bool:
    """Whether the caller's level on an object depends on any rule."""
    case = _Case((), caller, thing, explicit=False)
    return all(step(case) is None for step in _ABOVE_RULES)


def may_edit_rules(rules: Sequence[Rule], caller: Caller, thing: Thing, project_id: str) -> bool:
    """The creator, an admin of the project by a rule, an admin of the organization, a manager of the object by a rule.

    That an open project makes everybody its admin does not count.
    """
    if caller.level is None:
        return False
    project = Thing(PROJECT, project_id)
    if kind_of(PROJECT).at_least(decide(rules, caller, project, explicit=True).level, "admin"):
        return True
    if thing.id is None or thing.resource == PROJECT:
        return False
    level = decide(rules, caller, thing, explicit=True).level
    return thing.kind.at_least(level, thing.kind.maximum)


def inherited(rules: Iterable[Rule], thing: Thing, features: frozenset[str]) -> Decision:
    """What everybody would have on an object whose own rules were removed."""
    others = [r for r in rules if not (r.resource == thing.resource and r.resource_id == thing.id)]
    anybody = Caller(None, None, Level.MEMBER, features=features)
    return decide(others, anybody, replace(thing, created_by=None))


def described(decision: Decision) -> dict[str, Any]:
    """As answers show it: where a level comes from, and the rules that gave it."""
    return {
        "access_level": decision.level,
        "source": decision.source,
        "source_subject": decision.subject,
        "source_resource": decision.resource or None,
        "source_resource_id": decision.resource_id,
    }
