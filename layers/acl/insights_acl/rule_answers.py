"""How access rules, and who may do what by them, look in answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from insights_acl.gates import project_gate
from insights_acl.levels import PROJECT, Kind, kind_of
from insights_acl.models import Membership, Organization, User
from insights_acl.policy import ACCESS_CONTROL, Caller, Rule, Thing, decide, described, inherited, may_edit_rules


def rule_shown(rule: Rule) -> dict[str, Any]:
    return {
        "access_level": rule.level,
        "resource": rule.resource,
        "resource_id": rule.resource_id,
        "organization_member": rule.member,
        "role": rule.role,
        "created_by": None,
        "created_at": rule.created_at,
        "updated_at": rule.updated_at,
    }


def rules_of_object(rules: Sequence[Rule], own: Iterable[Rule], caller: Caller, thing: Thing, project_id: str) -> Any:
    """`own`: the rules on the object itself, whomever they name."""
    answer = {
        "access_controls": [rule_shown(rule) for rule in own],
        **_levels(thing.kind),
        "user_access_level": decide(rules, caller, thing).level,
        "user_can_edit_access_levels": may_edit_rules(rules, caller, thing, project_id),
    }
    if thing.resource == PROJECT:
        return answer | {"inherited_access": None}
    above = described(inherited(rules, thing, caller.features))
    return answer | {"inherited_access": above | {"source_display_name": None}}


def rules_of_kinds(rules: Sequence[Rule], caller: Caller, project_id: str) -> dict[str, Any]:
    """All rules on whole kinds; the level shown is the one on the project."""
    project = Thing(PROJECT, project_id)
    return {
        "access_controls": [rule_shown(rule) for rule in rules if rule.resource_id is None],
        **_levels(Kind("")),
        "user_access_level": decide(rules, caller, project).level,
        "user_can_edit_access_levels": may_edit_rules(rules, caller, project, project_id),
    }


def users_with_access(
    rules: Sequence[Rule],
    people: Iterable[tuple[Membership, User]],
    organization: Organization,
    thing: Thing,
    project_id: str,
) -> dict[str, Any]:
    """Active members who can open the project and the object; the highest level first."""
    found = []
    for membership, user in people:
        caller = Caller.of(user.uuid, membership, organization)
        level = decide(rules, caller, thing).level
        if user.is_active and level not in (None, "none") and project_gate(rules, caller, project_id).is_open:
            found.append((membership, user, level, _source(rules, caller, thing, project_id)))
    found.sort(key=lambda row: (thing.kind.place(row[2] or ""), row[1].uuid), reverse=True)
    users = [
        {
            "user_id": user.uuid,
            "access_level": level,
            "access_source": source,
            "organization_membership_id": membership.id,
            "organization_membership_level": membership.level.label,
        }
        for membership, user, level, source in found
    ]
    return {"users": users, "total_count": len(users)}


def _levels(kind: Kind) -> dict[str, Any]:
    return {
        "available_access_levels": list(kind.ladder),
        "default_access_level": kind.default,
        "minimum_access_level": kind.minimum,
        "maximum_access_level": kind.maximum,
    }


def _source(rules: Sequence[Rule], caller: Caller, thing: Thing, project_id: str) -> str:
    """A label for people, in this order of preference; the rule that decided may be another."""
    if thing.created_by is not None and thing.created_by == caller.user_id:
        return "creator"
    if caller.is_admin:
        return "organization_admin"
    if not caller.has(ACCESS_CONTROL):
        return "default"
    naming = [rule for rule in rules if rule.is_explicit and caller.is_named_by(rule)]
    on_object = {r.subject for r in naming if (r.resource, r.resource_id) == (thing.resource, thing.id)}
    if on_object:
        return "explicit_member" if "member" in on_object else "explicit_role"
    on_project = any(r.resource == PROJECT and r.resource_id == project_id and r.subject == "member" for r in naming)
    return "project_admin" if on_project else "default"


def available_levels() -> dict[str, list[str]]:
    return {
        "available_project_levels": list(kind_of(PROJECT).ladder),
        "available_resource_levels": list(Kind("").ladder),
    }
