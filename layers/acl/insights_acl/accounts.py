"""Organizations, users and their memberships: who may be in front of a request. Keys and projects stand beside.

`create_organization`, `create_user`, `create_personal_key`, `revoke_key`, `create_project` and what reads them back are
all to be had from here: the command line and the local stack call nothing else.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from insights_engine import keys as engine_keys
from insights_engine.errors import NotFound, ValidationError
from insights_engine.store import ConflictError, Delete, Put, Store

from insights_acl import fields, keys
from insights_acl.models import Level, Membership, Organization, User, item_of, moment
from insights_acl.personal_keys import create_personal_key, personal_keys_of, revoke_key
from insights_acl.projects import create_project, find_project, list_projects, reset_token, update_project

__all__ = [
    "add_member",
    "create_organization",
    "create_personal_key",
    "create_project",
    "create_user",
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
    "update_organization",
    "update_project",
    "update_user",
]

_EMAIL = re.compile(r"[^@\s\0]+@[^@\s\0]+")


def create_organization(store: Store, name: str, *, now: datetime) -> Organization:
    organization = Organization(id=str(uuid4()), name=fields.text(name, "name", maximum=64), created_at=moment(now))
    entry, place = keys.organization_entry(organization.id)
    store.transact(
        [
            Put(item_of(organization, keys.organization(organization.id)), "absent"),
            Put({"pk": entry, "sk": place, "id": organization.id}, "absent"),
        ]
    )
    return organization


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
    email = fields.text(email, "email", maximum=254)
    if not _EMAIL.fullmatch(email):
        raise ValidationError("Enter a valid email address.", attr="email")
    organization = organization or _first_organization(store)
    user = User(
        uuid=str(uuid4()),
        id=store.add(*engine_keys.counter("user"), "next", 1),
        email=email,
        first_name=fields.text(first_name, "first_name", maximum=150, blank=True),
        current_organization_id=organization.id,
        created_at=moment(now),
    )
    membership = _membership(user.uuid, organization, Level.of(level), now)
    pk, sk = keys.email(email)
    writes = [
        Put({"pk": pk, "sk": sk, "user_id": user.uuid}, "absent"),
        Put(item_of(user, keys.user(user.uuid)), "absent"),
        *_puts(membership),
    ]
    try:
        store.transact(writes)
    except ConflictError as error:
        detail = "There is already an account with this email address."
        raise ValidationError(detail, attr="email", code="unique") from error
    return user, membership


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


def add_member(store: Store, user: User, organization: Organization, level: str, *, now: datetime) -> Membership:
    membership = _membership(user.uuid, organization, Level.of(level), now)
    try:
        store.transact(_puts(membership))
    except ConflictError as error:
        raise ValidationError("The user is already a member of this organization.", code="unique") from error
    return membership


def remove_member(store: Store, membership: Membership) -> None:
    organization_id, user_id = membership.organization_id, membership.user_id
    store.transact(
        [
            Delete(*keys.membership(user_id, organization_id)),
            Delete(*keys.member(organization_id, membership.id)),
        ]
    )


def memberships_of(store: Store, user: User) -> list[Membership]:
    """Of one user, oldest first."""
    items = store.query(*keys.membership(user.uuid, ""))
    return sorted(map(Membership.from_item, items), key=lambda m: (m.joined_at, m.organization_id))


def organizations_of(store: Store, user: User) -> list[tuple[Organization, Membership]]:
    """What a user belongs to, the oldest membership first."""
    memberships = memberships_of(store, user)
    items = store.get_many([keys.organization(membership.organization_id) for membership in memberships])
    return [(Organization.from_item(item), m) for item, m in zip(items, memberships, strict=True) if item]


def list_members(store: Store, organization: Organization) -> list[tuple[Membership, User]]:
    memberships = [Membership.from_item(item) for item in store.query(*keys.member(organization.id, ""))]
    users = store.get_many([keys.user(membership.user_id) for membership in memberships])
    found = [(m, User.from_item(u)) for m, u in zip(memberships, users, strict=True) if u]
    return sorted(found, key=lambda pair: pair[1].id)


def _membership(user_id: str, organization: Organization, level: Level, now: datetime) -> Membership:
    return Membership(str(uuid4()), user_id, organization.id, level, joined_at=moment(now))


def _puts(membership: Membership) -> list[Put | Delete]:
    places = (
        keys.membership(membership.user_id, membership.organization_id),
        keys.member(membership.organization_id, membership.id),
    )
    return [Put(item_of(membership, place), "absent") for place in places]


def _first_organization(store: Store) -> Organization:
    organizations = list_organizations(store)
    if not organizations:
        raise NotFound("There is no organization yet; create one first.")
    return organizations[0]
