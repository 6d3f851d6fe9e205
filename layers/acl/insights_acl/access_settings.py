"""What a settings page of a project shows: for everybody, for each role and for each member, what rules give."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from insights_acl.levels import PROJECT, RESOURCES, kind_of
from insights_acl.models import Level, Membership, Organization, Role, User
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


def of_roles(
    rules: Sequence[Rule], roles: Iterable[Role], organization: Organization, project_id: str
) -> list[dict[str, Any]]:
    """What a member has who is in this role alone; `inherited_access_level` is what everybody has."""
    features = frozenset(organization.features)
    shown = []
    for role in roles:
        caller = Caller(None, None, Level.MEMBER, frozenset({role.id}), features)
        own = [rule for rule in rules if rule.role == role.id and rule.member is None]
        others = [rule for rule in rules if rule.subject == "default"]
        shown.append({"role_id": role.id, "role_name": role.name, **_everywhere(own, others, caller, project_id)})
    return shown


def of_members(
    rules: Sequence[Rule], people: Iterable[tuple[Membership, User]], organization: Organization, project_id: str
) -> list[dict[str, Any]]:
    """`inherited_access_level` is what a member has without rules that name them, and why."""
    others = [rule for rule in rules if rule.member is None]
    return [
        {
            "organization_membership_id": membership.id,
            "user": {"uuid": u.uuid, "first_name": u.first_name, "last_name": "", "email": u.email},
            "organization_level": membership.level.label,
            **_everywhere(
                [rule for rule in rules if rule.member == membership.id and rule.role is None],
                others,
                Caller.of(u.uuid, membership, organization),
                project_id,
            ),
        }
        for membership, u in people
    ]


def _everywhere(own: Sequence[Rule], others: Sequence[Rule], caller: Caller, project_id: str) -> dict[str, Any]:
    """On the project and on each kind: `own` are the rules that name whom it is about, `others` all that count too."""
    return {
        "project": _shown(own, others, caller, Thing(PROJECT, project_id)),
        "resources": {name: _shown(own, others, caller, Thing(name)) for name in RESOURCES},
    }


def _shown(own: Sequence[Rule], others: Sequence[Rule], caller: Caller, thing: Thing) -> dict[str, Any]:
    above = decide(others, caller, thing)
    reason = "organization_admin" if caller.is_admin else "project_default"
    reason = "role_override" if above.subject == "role" else reason
    return {
        "access_level": _level(own, thing.resource, thing.id),
        "effective_access_level": decide([*own, *others], caller, thing).level,
        "inherited_access_level": above.level,
        "inherited_access_level_reason": reason,
        "inherited_access": {"access_level": above.level, "reason": reason},
        **_bounds(thing.resource),
    }


def _level(rules: Iterable[Rule], resource: str, resource_id: str | None) -> str | None:
    return next((r.level for r in rules if (r.resource, r.resource_id) == (resource, resource_id)), None)


def _bounds(resource: str) -> dict[str, str]:
    kind = kind_of(resource)
    return {"minimum": kind.minimum, "maximum": kind.maximum}
