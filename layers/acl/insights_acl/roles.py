"""Roles: named sets of an organization's members, which access rules can name instead of each member."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import batched
from uuid import uuid4

from insights_engine.errors import Conflict, NotFound, ValidationError
from insights_engine.store import ConflictError, Delete, Put, Store, Write

from insights_acl import fields, keys
from insights_acl.models import Role, item_of, moment
from insights_acl.role_members import entries_of, key_of, take_from
from insights_acl.rule_store import forget

MAX_ROLES = 200  # an organization
_ROUNDS = 4
MEMBERS_AT_ONCE = 30  # three writes each, of the 100 that a transaction has


def create_role(store: Store, organization_id: str, name: str, *, now: datetime, created_by: str | None = None) -> Role:
    """Raises ValidationError when the organization has a role of this name, whatever its case."""
    role = Role(str(uuid4()), organization_id, _name(name), created_at=moment(now), created_by=created_by)
    if len(list_roles(store, organization_id)) >= MAX_ROLES:
        raise ValidationError(f"An organization can have {MAX_ROLES} roles. Remove one first.")
    pk, sk = keys.role_entry(role.id)
    entry = Put({"pk": pk, "sk": sk, "organization_id": organization_id}, "absent")
    _write_named(store, [Put(item_of(role, key_of(role)), "absent"), _name_put(role), entry])
    return role


def find_role(store: Store, organization_id: str, role_id: str) -> Role | None:
    role = _stored(store, organization_id, role_id)
    return None if role is None or role.is_deleted else role


def find_role_named(store: Store, organization_id: str, name: str) -> Role | None:
    item = store.get(*keys.role_name(organization_id, name.strip()))
    return find_role(store, organization_id, item["role_id"]) if item else None


def list_roles(store: Store, organization_id: str) -> list[Role]:
    """Oldest first."""
    return [role for role in _all(store, organization_id) if not role.is_deleted]


def half_deleted(store: Store, organization_id: str) -> list[Role]:
    """Those whose deletion was stopped and can go on."""
    return [role for role in _all(store, organization_id) if role.is_deleted]


def rename_role(store: Store, role: Role, name: str) -> Role:
    """Raises as `create_role` does, and Conflict when somebody changed the role since it was read."""
    changed = replace(role, name=_name(name), version=role.version + 1)
    writes: list[Write] = [Put(item_of(changed, key_of(role)), role.version)]
    earlier, place = (keys.role_name(role.organization_id, text) for text in (role.name, changed.name))
    if place != earlier:
        writes += [_name_put(changed), Delete(*earlier)]
    _write_named(store, writes)
    return changed


def delete_role(store: Store, organization_id: str, role_id: str) -> None:
    """Marks it, forgets its rules, takes it from its members, removes it. One that was stopped halfway goes on here.

    From the mark on nobody can be put into it, and without its rules it decides nothing. Raises NotFound.
    """
    role = _stored(store, organization_id, role_id)
    if role is None:
        raise NotFound
    if not role.is_deleted:
        role = _marked(store, role)
    forget(store, organization_id, role=role.id)
    for _ in range(_ROUNDS):
        entries = entries_of(store, role)
        if not entries:
            store.transact([Delete(*key_of(role)), Delete(*keys.role_entry(role.id))])
            return
        for some in batched(entries, MEMBERS_AT_ONCE, strict=False):
            take_from(store, role, some)
    raise Conflict


def _marked(store: Store, role: Role) -> Role:
    """Its name is free from now on."""
    marked = replace(role, is_deleted=True, version=role.version + 1)
    name = Delete(*keys.role_name(role.organization_id, role.name))
    try:
        store.transact([Put(item_of(marked, key_of(role)), role.version), name])
    except ConflictError as error:
        raise Conflict from error
    return marked


def _all(store: Store, organization_id: str) -> list[Role]:
    roles = [Role.from_item(item) for item in store.query(*keys.role(organization_id, ""))]
    return sorted(roles, key=lambda role: (role.created_at, role.id))


def _stored(store: Store, organization_id: str, role_id: str) -> Role | None:
    item = store.get(*keys.role(organization_id, role_id))
    return Role.from_item(item) if item else None


def _name(value: str) -> str:
    return fields.text(value, "name", maximum=200)


def _name_put(role: Role) -> Put:
    pk, sk = keys.role_name(role.organization_id, role.name)
    return Put({"pk": pk, "sk": sk, "role_id": role.id}, "absent")


def _write_named(store: Store, writes: list[Write]) -> None:
    """The role itself is the first of them, its name's entry the second."""
    try:
        store.transact(writes)
    except ConflictError as error:
        if error.index == 0:
            raise Conflict from error
        raise ValidationError("There is already a role with this name.", attr="name", code="unique") from error
