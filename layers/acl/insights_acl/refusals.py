"""Why somebody was refused: a sentence and the rule behind it, for the one who asked and for who may edit rules."""

from __future__ import annotations

from typing import Any

from insights_engine.errors import NotFound, PermissionDenied

from insights_acl.gates import Gate
from insights_acl.lookup import CURRENT
from insights_acl.policy import Decision, described

_WHOM = {"member": "a rule that names you", "role": "a rule for a role of yours", "default": "a rule for everybody"}
_WHERE = {
    "object": "on this {resource}",
    "parent_object": "on the {resource} that it was made from",
    "resource": "on every {resource}",
    "parent_resource": "on every {resource}",
}
_BUILT_IN = {
    "not_a_member": "you are not a member of the organization",
    "creator": "you made it",
    "org_admin": "you are an admin of the organization",
    "org_membership": "you are a member of the organization",
    "system_default": "no rule says otherwise",
}
# The same for a project that is not there and for one of others.
_PROJECTS = {"hint": "GET /api/projects lists the projects that this key may use; @current is the chosen one."}
_NO_PROJECT = {"hint": "You belong to no project: POST /api/projects makes one, or somebody lets you into theirs."}


def reason_of(decision: Decision) -> str:
    """`Your level is "none": a rule for everybody on every dashboard says so.`"""
    level = "Your level is" + (f' "{decision.level}"' if decision.level else " none at all")
    if decision.source in _BUILT_IN:
        return f"{level}: {_BUILT_IN[decision.source]}."
    where = _WHERE[decision.source].format(resource=decision.resource.replace("_", " "))
    return f"{level}: {_WHOM[decision.subject or 'default']} {where} says so."


def explained(gate: Gate) -> dict[str, Any]:
    """The decision of a gate in an answer."""
    return {**described(gate.decision), "required_access_level": gate.required, "reason": reason_of(gate.decision)}


def refused(gate: Gate, detail: str = "") -> PermissionDenied:
    detail = detail or f"You do not have {gate.required} access to this resource."
    return PermissionDenied(detail, extra=explained(gate))


def no_project(named: str) -> NotFound:
    """`named`: by the path."""
    return NotFound("Project not found.", extra=_NO_PROJECT if named == CURRENT else _PROJECTS)


def not_a_member(of: str) -> PermissionDenied:
    """Of the project's organization, or of the organization that the path names."""
    return PermissionDenied(f"You don't have access to the {of}.", extra=_PROJECTS if of == "project" else None)
