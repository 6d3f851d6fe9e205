"""What a settings page of a project shows: for everybody, for each role and for each member, what rules give."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from insights_acl.levels import PROJECT, RESOURCES, kind_of
from insights_acl.models import Membership, Organization, Role, User
from insights_acl.policy import Caller, Rule, Thing, decide


def defaults(rules: Sequence[Rule], project_id: str) -> dict[str, Any]:
    """`access_level` is null where no rule for everybody says one."""
    everybody = [rule for rule in rules if rule.subject == "default"]
    return {
        "project_access_level": _level(everybody, PROJECT, project_id) or kind_of(PROJECT).default,
        "resource_access_levels": {
            name: {"access_level": _level(everybody, name, None), **_bounds(name)} for name in RESOURCES
        },
    }


def of_roles(rules: Sequence[Rule], roles: Iterable[Role], project_id: str) -> list[dict[str, Any]]:
    """`inherited_access_level` is what everybody has, `effective_access_level` what the role makes of it."""
    return [{"role_id": role.id, "role_name": role.name, **_of_role(rules, role, project_id)} for role in roles]


def of_members(
    rules: Sequence[Rule], people: Iterable[tuple[Membership, User]], organization: Organization, project_id: str
) -> list[dict[str, Any]]:
    """`inherited_access_level` is what a member has without rules that name them, and why."""
    return [
        {
            "organization_membership_id": membership.id,
            "user": {"uuid": u.uuid, "first_name": u.first_name, "last_name": "", "email": u.email},
            "organization_level": membership.level.label,
            **_of_member(rules, Caller.of(u.uuid, membership, organization), project_id),
        }
        for membership, u in people
    ]


def _of_role(rules: Sequence[Rule], role: Role, project_id: str) -> dict[str, Any]:
    everybody = [rule for rule in rules if rule.subject == "default"]
    own = [rule for rule in rules if rule.role == role.id and rule.member is None]

    def shown(resource: str, resource_id: str | None) -> dict[str, Any]:
        above = _level(everybody, resource, resource_id) or kind_of(resource).default
        given = _level(own, resource, resource_id)
        # On a project a rule that names somebody decides; on a kind the highest rule does, of those that there are.
        rules_there = [r.level for r in (*own, *everybody) if (r.resource, r.resource_id) == (resource, resource_id)]
        effective = given if given and resource == PROJECT else kind_of(resource).highest(rules_there or [above])
        return {
            "access_level": given,
            "effective_access_level": effective,
            "inherited_access_level": above,
            "inherited_access": {"access_level": above, "reason": "project_default"},
            **_bounds(resource),
        }

    return _everywhere(shown, project_id)


def _of_member(rules: Sequence[Rule], caller: Caller, project_id: str) -> dict[str, Any]:
    own = [rule for rule in rules if rule.member == caller.member and rule.role is None]
    others = [rule for rule in rules if rule.member is None]

    def shown(resource: str, resource_id: str | None) -> dict[str, Any]:
        thing = Thing(resource, resource_id)
        above = decide(others, caller, thing)
        reason = "organization_admin" if caller.is_admin else "project_default"
        reason = "role_override" if above.subject == "role" else reason
        return {
            "access_level": _level(own, resource, resource_id),
            "effective_access_level": decide(rules, caller, thing).level,
            "inherited_access_level": above.level,
            "inherited_access_level_reason": reason,
            "inherited_access": {"access_level": above.level, "reason": reason},
            **_bounds(resource),
        }

    return _everywhere(shown, project_id)


def _everywhere(shown: Any, project_id: str) -> dict[str, Any]:
    return {"project": shown(PROJECT, project_id), "resources": {name: shown(name, None) for name in RESOURCES}}


def _level(rules: Iterable[Rule], resource: str, resource_id: str | None) -> str | None:
    return next((r.level for r in rules if (r.resource, r.resource_id) == (resource, resource_id)), None)


def _bounds(resource: str) -> dict[str, str]:
    kind = kind_of(resource)
    return {"minimum": kind.minimum, "maximum": kind.maximum}
