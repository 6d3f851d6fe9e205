"""What changes for a member: another level, or no membership any more.

An organization always keeps an owner. Whoever takes one away also counts up the organization's version, so that of two
owners who leave at once only one does.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from insights_engine.errors import Conflict, NotFound, ValidationError
from insights_engine.store import ConflictError, Delete, Put, Store, Write

from insights_acl import keys
from insights_acl.memberships import list_members, puts
from insights_acl.models import Level, Membership, Organization, item_of, moment
from insights_acl.role_members import deletes_of_member
from insights_acl.rule_store import forget


def checked_level(value: Any, attr: str = "level") -> Level:
    """A level by the API's number."""
    if type(value) is not int or value not in list(Level):
        known = ", ".join(f"{int(level)} ({level.label})" for level in Level)
        raise ValidationError(f"Must be one of {known}.", attr=attr, code="invalid_choice")
    return Level(value)


def set_level(store: Store, membership: Membership, level: Level, *, now: datetime) -> Membership:
    """Raises ValidationError for the last owner, Conflict when somebody changed the membership since it was read."""
    if level is membership.level:
        return membership
    changed = replace(membership, level=level, updated_at=moment(now), version=membership.version + 1)
    _write(store, [*puts(changed, membership.version), *_owner_goes(store, membership)])
    return changed


def remove_member(store: Store, membership: Membership) -> None:
    """Out of the organization, its roles and the rules that name the member. Raises as `set_level` does."""
    organization_id, version = membership.organization_id, membership.version
    writes: list[Write] = [
        Delete(*keys.membership(membership.user_id, organization_id), version),
        Delete(*keys.member(organization_id, membership.id), version),
        Delete(*keys.membership_entry(membership.id)),
        *deletes_of_member(membership),
        *_owner_goes(store, membership),
    ]
    _write(store, writes)
    forget(store, organization_id, member=membership.id)


def _owner_goes(store: Store, membership: Membership) -> list[Write]:
    """The write that goes with taking away an owner; none for everybody else."""
    if membership.level is not Level.OWNER:
        return []
    item = store.get(*keys.organization(membership.organization_id))
    if item is None:
        raise NotFound("Organization not found.")
    organization = Organization.from_item(item)
    owners = [m for m, user in list_members(store, organization) if m.level is Level.OWNER and user.is_active]
    if all(owner.id == membership.id for owner in owners):
        raise ValidationError("This is the last owner of the organization; make somebody else an owner first.")
    counted = replace(organization, version=organization.version + 1)
    return [Put(item_of(counted, keys.organization(organization.id)), organization.version)]


def _write(store: Store, writes: list[Write]) -> None:
    try:
        store.transact(writes)
    except ConflictError as error:
        raise Conflict from error
