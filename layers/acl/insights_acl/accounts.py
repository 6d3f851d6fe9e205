"""Organizations, users and their memberships: who may be in front of a request. Keys and projects stand beside.

`create_organization`, `create_user`, `create_personal_key`, `revoke_key`, `create_project` and what reads them back are
all to be had from here: the command line and the local stack call nothing else.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from insights_engine import keys as engine_keys
from insights_engine.errors import NotFound, ValidationError
from insights_engine.store import ConflictError, Put, Store, Write

from insights_acl import fields, keys
from insights_acl.members import remove_member, set_level
from insights_acl.memberships import (
    add_member,
    find_membership,
    list_members,
    memberships_of,
    new_membership,
    organizations_of,
    puts,
)
from insights_acl.models import Level, Membership, Organization, User, item_of, moment
from insights_acl.personal_keys import create_personal_key, personal_keys_of, revoke_key
from insights_acl.projects import create_project, find_project, list_projects, reset_token, update_project

__all__ = [
    "add_member",
    "create_organization",
    "create_personal_key",
    "create_project",
    "create_user",
    "find_membership",
    "find_organization",
    "find_project",
    "find_user",
    "find_user_by_email",
    "list_members",
    "list_organizations",
    "list_projects",
    "memberships_of",
    "organizations_of",
    "personal_keys_of",
    "remove_member",
    "reset_token",
    "revoke_key",
    "set_level",
    "update_organization",
    "update_project",
    "update_user",
]

_EMAIL = re.compile(r"[^@\s\0]+@[^@\s\0]+")


def create_organization(store: Store, name: str, *, now: datetime, owner: User | None = None) -> Organization:
    organization = Organization(id=str(uuid4()), name=organization_name(name), created_at=moment(now))
    entry, place = keys.organization_entry(organization.id)
    members = puts(new_membership(owner.uuid, organization.id, Level.OWNER, now)) if owner else []
    store.transact(
        [
            Put(item_of(organization, keys.organization(organization.id)), "absent"),
            Put({"pk": entry, "sk": place, "id": organization.id}, "absent"),
            *members,
        ]
    )
    return organization


def organization_name(value: Any) -> str:
    return fields.text(value, "name", maximum=64)


def find_organization(store: Store, organization_id: str) -> Organization | None:
    item = store.get(*keys.organization(organization_id))
    return Organization.from_item(item) if item else None


def list_organizations(store: Store) -> list[Organization]:
    ids = [item["id"] for item in store.query(keys.organization_entry("")[0])]
    found = [Organization.from_item(item) for item in store.get_many([keys.organization(i) for i in ids]) if item]
    return sorted(found, key=lambda organization: (organization.created_at, organization.id))


def update_organization(store: Store, organization: Organization) -> Organization:
    """Raises ConflictError when somebody else changed it since it was read."""
    changed = replace(organization, version=organization.version + 1)
    store.put(item_of(changed, keys.organization(changed.id)), organization.version)
    return changed


def create_user(
    store: Store,
    email: str,
    level: str = "member",
    organization: Organization | None = None,
    *,
    first_name: str = "",
    now: datetime,
) -> tuple[User, Membership]:
    """A user and the place in the organization; without one, in the first organization that there is."""
    organization = organization or _first_organization(store)
    membership_level = Level.of(level)
    user, writes = new_user(store, email, organization, first_name=first_name, now=now)
    membership = new_membership(user.uuid, organization.id, membership_level, now)
    try:
        store.transact([*writes, *puts(membership)])
    except ConflictError as error:
        detail = "There is already an account with this email address."
        raise ValidationError(detail, attr="email", code="unique") from error
    return user, membership


def new_user(
    store: Store, email: str, organization: Organization, *, first_name: str = "", now: datetime
) -> tuple[User, list[Write]]:
    """A user with a number of its own, and the writes that make it, the address first. It needs a membership beside."""
    email = checked_email(email)
    user = User(
        uuid=str(uuid4()),
        id=store.add(*engine_keys.counter("user"), "next", 1),
        email=email,
        first_name=checked_first_name(first_name),
        current_organization_id=organization.id,
        created_at=moment(now),
    )
    pk, sk = keys.email(email)
    address = Put({"pk": pk, "sk": sk, "user_id": user.uuid}, "absent")
    return user, [address, Put(item_of(user, keys.user(user.uuid)), "absent")]


def checked_email(value: Any, attr: str = "email") -> str:
    email = fields.text(value, attr, maximum=254)
    if not _EMAIL.fullmatch(email):
        raise ValidationError("Enter a valid email address.", attr=attr)
    return email


def checked_first_name(value: Any, attr: str = "first_name") -> str:
    return fields.text(value, attr, maximum=150, blank=True)


def find_user(store: Store, user_id: str) -> User | None:
    item = store.get(*keys.user(user_id))
    return User.from_item(item) if item else None


def find_user_by_email(store: Store, email: str) -> User | None:
    item = store.get(*keys.email(email))
    return find_user(store, item["user_id"]) if item else None


def update_user(store: Store, user: User) -> User:
    """Raises ConflictError when somebody else changed it since it was read. The address is not changed here."""
    changed = replace(user, version=user.version + 1)
    store.put(item_of(changed, keys.user(changed.uuid)), user.version)
    return changed


def _first_organization(store: Store) -> Organization:
    organizations = list_organizations(store)
    if not organizations:
        raise NotFound("There is no organization yet; create one first.")
    return organizations[0]
