"""Accepting an invite: a membership, and for a new address the account and its first key, in one transaction."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from insights_engine.errors import Conflict, NotAuthenticated, PermissionDenied, ValidationError
from insights_engine.store import Check, ConflictError, Store, Write

from insights_acl import keys
from insights_acl.accounts import find_user_by_email, new_user
from insights_acl.invites import Opened, open_invite, uses
from insights_acl.memberships import find_membership, new_membership, puts
from insights_acl.models import Membership, Organization, User
from insights_acl.personal_keys import new_key

_ATTEMPTS = 5


class Joined(NamedTuple):
    """`key_value` is that of the new account's key, shown this once; null where the account was there."""

    user: User
    membership: Membership
    organization: Organization
    key_value: str | None


def accept(
    store: Store, token: str, caller: User | None, first_name: str | None, label: str, *, now: datetime
) -> Joined:
    """`caller` is whose key came with the request. Raises as `open_invite` does.

    Raises NotAuthenticated when the address has an account and no key came, PermissionDenied for a key of another one.
    """
    for _ in range(_ATTEMPTS):
        opened = open_invite(store, token, now=now)
        joined, writes = _joined(store, opened, caller, first_name, label, now)
        inviter = opened.inviter
        still = Check(*keys.membership(inviter.user_id, inviter.organization_id), inviter.version)
        try:
            store.transact([*uses(opened), still, *writes])
        except ConflictError:
            continue
        return joined
    raise Conflict("The invite is being changed by other requests; try again.")


def _joined(
    store: Store, opened: Opened, caller: User | None, first_name: str | None, label: str, now: datetime
) -> tuple[Joined, list[Write]]:
    invite, organization = opened.invite, opened.organization
    user = find_user_by_email(store, invite.target_email)
    if (user.uuid if user else None) != (caller.uuid if caller else None):
        raise _not_theirs(user, caller)
    writes: list[Write] = []
    value = None
    if user is None:
        name = invite.first_name if first_name is None else first_name
        user, writes = new_user(store, invite.target_email, organization, first_name=name, now=now)
        _, value, key_writes = new_key(user, label, now=now)
        writes += key_writes
    elif find_membership(store, organization.id, user.uuid):
        raise ValidationError("You already belong to this organization.", attr="token")
    membership = new_membership(user.uuid, organization.id, invite.level, now)
    return Joined(user, membership, organization, value), [*writes, *puts(membership)]


def _not_theirs(user: User | None, caller: User | None) -> NotAuthenticated | PermissionDenied:
    if caller is None:
        return NotAuthenticated("The invited address has an account; send a personal API key of it with this request.")
    if user is None:
        return PermissionDenied("This key is of another account. Send none, and the invited address gets its own.")
    return PermissionDenied("This key is of another account than the invited address; send one of that account.")
