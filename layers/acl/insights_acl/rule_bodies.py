"""What a body asks of the access rules: one rule, checked in the order and with the words of the API."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from insights_engine.errors import PermissionDenied, ValidationError
from insights_engine.store import Key, Store

from insights_acl import fields, keys
from insights_acl.levels import PROJECT, RESOURCES, kind_of, writable_level
from insights_acl.models import Organization
from insights_acl.policy import ROLE_BASED_ACCESS, Rule

_HINT = "Invalid {noun} id. Use the 'id' field from the /api/organizations/<organization_id>/{route}/ endpoint."


class Wanted(NamedTuple):
    """`rule.level` is empty, and `removes` true, where the rule is to go."""

    rule: Rule
    removes: bool


def on_object(body: dict[str, Any], store: Store, organization: Organization, resource: str, object_id: str) -> Wanted:
    """`resource` and `resource_id` of the body do not count: the path says what the rule is about."""
    return _wanted(body, store, organization, resource, object_id)


def on_kind(body: dict[str, Any], store: Store, organization: Organization) -> Wanted:
    resource = fields.required(body, "resource")
    if not isinstance(resource, str) or resource not in (*RESOURCES, PROJECT):
        raise ValidationError(f"Invalid resource. Must be one of: ({', '.join(map(repr, RESOURCES))})", attr="resource")
    wanted = _wanted(body, store, organization, resource, None)
    if body.get("resource_id") is not None or resource == PROJECT:
        raise PermissionDenied("Cannot modify access controls for a resource different from the URL target.")
    return wanted


def _wanted(
    body: dict[str, Any], store: Store, organization: Organization, resource: str, object_id: str | None
) -> Wanted:
    level = fields.required(body, "access_level")
    if level is not None:
        level = writable_level(kind_of(resource), level)
    member = _identifier(body, "organization_member", _HINT.format(noun="organization member", route="members"))
    role = _identifier(body, "role", _HINT.format(noun="role", route="roles"))
    if member:
        own, anywhere = keys.member(organization.id, member), keys.membership_entry(member)
        _check_owner(store, own, anywhere, member, "organization_member", "member")
    if role:
        _check_owner(store, keys.role(organization.id, role), keys.role_entry(role), role, "role", "role")
    if member and role:
        raise ValidationError("You can not scope an access control to both a member and a role.")
    if role and ROLE_BASED_ACCESS not in organization.features:
        raise PermissionDenied("Role-based access controls require the Role-based access feature.")
    return Wanted(Rule(resource, level or "", object_id, member, role), removes=level is None)


def _identifier(body: dict[str, Any], name: str, hint: str) -> str | None:
    value = body.get(name)
    if value is None:
        return None
    try:
        return str(UUID(value))
    except (ValueError, TypeError, AttributeError):
        raise ValidationError(hint, attr=name) from None


def _check_owner(store: Store, own: Key, anywhere: Key, value: str, attr: str, noun: str) -> None:
    found, entry = store.get_many([own, anywhere])
    if found is not None and not found.get("is_deleted"):
        return
    if entry is None or found is not None:
        raise ValidationError(f'Invalid pk "{value}" - object does not exist.', attr=attr, code="does_not_exist")
    raise ValidationError(f"The {noun} must belong to the same organization as this project.")
