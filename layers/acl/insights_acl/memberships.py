"""Who belongs to an organization. A membership has two copies, one for each side that asks.

Both copies are written in one transaction and at the version that was read, so they never differ.
"""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from insights_engine.errors import ValidationError
from insights_engine.store import ConflictError, Expect, Put, Store, Write

from insights_acl import keys
from insights_acl.models import Level, Membership, Organization, User, item_of, moment


def new_membership(user_id: str, organization_id: str, level: Level, now: datetime) -> Membership:
    at = moment(now)
    return Membership(str(uuid4()), user_id, organization_id, level, joined_at=at, updated_at=at)


def puts(membership: Membership, expect: Expect = "absent") -> list[Write]:
    places = (
        keys.membership(membership.user_id, membership.organization_id),
        keys.member(membership.organization_id, membership.id),
    )
    writes: list[Write] = [Put(item_of(membership, place), expect) for place in places]
    if expect != "absent":
        return writes
    pk, sk = keys.membership_entry(membership.id)
    owner = {"organization_id": membership.organization_id, "user_id": membership.user_id}
    return [*writes, Put({"pk": pk, "sk": sk, **owner}, "absent")]


def add_member(store: Store, user: User, organization: Organization, level: str, *, now: datetime) -> Membership:
    membership = new_membership(user.uuid, organization.id, Level.of(level), now)
    try:
        store.transact(puts(membership))
    except ConflictError as error:
        raise ValidationError("The user is already a member of this organization.", code="unique") from error
    return membership


def find_membership(store: Store, organization_id: str, user_id: str) -> Membership | None:
    item = store.get(*keys.membership(user_id, organization_id))
    return Membership.from_item(item) if item else None


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
