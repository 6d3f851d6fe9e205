"""Who is in a role. The ids of a member's roles stand in the membership itself, so that a decision reads nothing more.

Whoever puts somebody into a role writes both copies of the membership and the entry in the role's list in one
transaction, on the condition that role and membership are what they were.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid5

from insights_engine.errors import Conflict, NotFound, ValidationError
from insights_engine.store import Check, ConflictError, Delete, Key, Put, Store, Write

from insights_acl import keys
from insights_acl.memberships import find_membership, puts
from insights_acl.models import Membership, Role, RoleMember, User, item_of, moment

MAX_ROLES_OF_MEMBER = 50  # so that a member leaves all of them in one transaction
_ATTEMPTS = 8


class Member(NamedTuple):
    entry: RoleMember
    membership: Membership
    user: User


def members_of(store: Store, role: Role) -> list[Member]:
    """Who joined it first comes first. Those who are not active have no part in it."""
    return _with_people(store, role.organization_id, entries_of(store, role))


def members_of_each(store: Store, organization_id: str) -> dict[str, list[Member]]:
    """Of all roles of an organization, by the role's id."""
    pk, sk = keys.role_member(organization_id, "", "")
    entries = [RoleMember.from_item(item) for item in store.query(pk, sk.removesuffix("#"))]
    found: dict[str, list[Member]] = {}
    for member in _with_people(store, organization_id, entries):
        found.setdefault(member.entry.role_id, []).append(member)
    return found


def assign(store: Store, role: Role, user_id: str, *, now: datetime) -> RoleMember:
    """Raises ValidationError for who is no member of the organization, or is in the role already."""
    for _ in range(_ATTEMPTS):
        stored = store.get(*key_of(role))
        if stored is None or stored["is_deleted"]:
            raise NotFound
        membership = _may_join(find_membership(store, role.organization_id, user_id), role)
        entry = RoleMember(_entry_id(role.id, membership.id), role.id, membership.id, user_id, moment(now))
        changed = replace(membership, roles=(*membership.roles, role.id), version=membership.version + 1)
        put = Put(item_of(entry, keys.role_member(role.organization_id, role.id, entry.id)))
        if _written(store, [Check(*key_of(role), int(stored["version"])), put, *puts(changed, membership.version)]):
            return entry
    raise Conflict


def unassign(store: Store, role: Role, role_membership_id: str) -> None:
    """Raises NotFound for an id that is of nobody in the role."""
    item = store.get(*keys.role_member(role.organization_id, role.id, role_membership_id))
    if item is None:
        raise NotFound
    take_from(store, role, [RoleMember.from_item(item)])


def take_from(store: Store, role: Role, entries: Sequence[RoleMember]) -> None:
    """All of them at once; no more than fit into a transaction at three writes each."""
    _insist(store, lambda: _taken_from(store, role, entries))


def entries_of(store: Store, role: Role) -> list[RoleMember]:
    return [RoleMember.from_item(item) for item in store.query(*keys.role_member(role.organization_id, role.id, ""))]


def deletes_of_member(membership: Membership) -> list[Write]:
    """What goes with a membership: its entries in the lists of its roles."""
    places = [
        keys.role_member(membership.organization_id, role_id, _entry_id(role_id, membership.id))
        for role_id in membership.roles
    ]
    return [Delete(*place) for place in places]


def key_of(role: Role) -> Key:
    return keys.role(role.organization_id, role.id)


def _with_people(store: Store, organization_id: str, entries: Sequence[RoleMember]) -> list[Member]:
    places = [keys.membership(entry.user_id, organization_id) for entry in entries]
    items = store.get_many([*places, *(keys.user(entry.user_id) for entry in entries)])
    people = zip(entries, items[: len(entries)], items[len(entries) :], strict=True)
    found = [Member(entry, Membership.from_item(m), User.from_item(u)) for entry, m, u in people if m and u]
    active = [member for member in found if member.user.is_active]
    return sorted(active, key=lambda member: (member.entry.joined_at, member.entry.id))


def _may_join(membership: Membership | None, role: Role) -> Membership:
    if membership is None:
        detail = "This user is not a member of the organization."
        raise ValidationError(detail, attr="user_uuid", code="does_not_exist")
    if role.id in membership.roles:
        raise ValidationError("User is already part of the role.", attr="user_uuid", code="unique")
    if len(membership.roles) >= MAX_ROLES_OF_MEMBER:
        raise ValidationError(f"A member can be in {MAX_ROLES_OF_MEMBER} roles.", attr="user_uuid")
    return membership


def _taken_from(store: Store, role: Role, entries: Sequence[RoleMember]) -> list[Write]:
    places = [keys.membership(entry.user_id, role.organization_id) for entry in entries]
    writes: list[Write] = []
    for entry, item in zip(entries, store.get_many(places), strict=True):
        writes.append(Delete(*keys.role_member(role.organization_id, role.id, entry.id)))
        membership = Membership.from_item(item) if item else None
        if membership is not None and role.id in membership.roles:
            kept = tuple(one for one in membership.roles if one != role.id)
            writes += puts(replace(membership, roles=kept, version=membership.version + 1), membership.version)
    return writes


def _insist(store: Store, made: Callable[[], list[Write]]) -> None:
    """Reads and writes again when somebody else changed what was read."""
    for _ in range(_ATTEMPTS):
        if _written(store, made()):
            return
    raise Conflict


def _written(store: Store, writes: list[Write]) -> bool:
    try:
        store.transact(writes)
    except ConflictError:
        return False
    return True


def _entry_id(role_id: str, membership_id: str) -> str:
    return str(uuid5(UUID(role_id), membership_id))
