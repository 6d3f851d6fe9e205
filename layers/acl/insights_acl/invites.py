"""Invites: a place in an organization, handed over as a token. Nothing is sent; who made it passes the token on.

Only the token's hash is kept, and it works once and for three days. An address has one open invite in an organization:
a new one replaces it. An invite is worth no more than the one who made it: who is no admin any more, or stands below
the level that it gives, has none that work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from insights_engine.errors import Conflict, NotFound, ValidationError
from insights_engine.store import ConflictError, Delete, Expect, Item, Put, Store, Write

from insights_acl import fields, keys, tokens
from insights_acl.accounts import checked_email, checked_first_name, find_organization, find_user_by_email
from insights_acl.members import checked_level
from insights_acl.memberships import find_membership
from insights_acl.models import Invite, Level, Membership, Organization, User, item_of, moment

DAYS = 3
MAX_AT_ONCE = 20  # three writes each, of the 100 that a transaction has
MAX_OPEN = 500  # an organization
_ATTEMPTS = 8
_REMEMBERED = timedelta(days=30)  # how long a token that has ended or was used is told apart from an unknown one
_ASK = "Ask an admin of the organization for a new one."


class Wanted(NamedTuple):
    """What the one who invites says; `attr` stands before the names of its fields in errors."""

    target_email: str
    first_name: str = ""
    level: Level = Level.MEMBER
    message: str | None = None

    @classmethod
    def of(cls, body: dict[str, Any], attr: str = "") -> Wanted:
        message = body.get("message")
        return cls(
            checked_email(_required(body, attr), f"{attr}target_email"),
            checked_first_name(body.get("first_name", ""), f"{attr}first_name"),
            checked_level(body.get("level", int(Level.MEMBER)), f"{attr}level"),
            None if message is None else fields.text(message, f"{attr}message", maximum=1000, blank=True),
        )


@dataclass(frozen=True, slots=True)
class Opened:
    """An invite that can be accepted, the organization, who made it, and the item of its token."""

    invite: Invite
    organization: Organization
    inviter: Membership
    token: Item


def create_invites(
    store: Store, organization: Organization, wanted: Sequence[Wanted], by: User, *, now: datetime
) -> list[tuple[Invite, str]]:
    """Each with its token: the only time that anybody sees it. All of them or none. Raises Conflict."""
    for _ in range(_ATTEMPTS):
        writes: list[Write] = []
        made = _made(store, organization, wanted, by, writes, now)
        try:
            store.transact(writes)
        except ConflictError:  # somebody invited one of them at this moment, or took the invite back
            continue
        return made
    raise Conflict("One of the addresses is being invited by other requests; try again.")


def _made(
    store: Store, organization: Organization, wanted: Sequence[Wanted], by: User, writes: list[Write], now: datetime
) -> list[tuple[Invite, str]]:
    """New invites with their tokens, as they are to be written; what they take the place of goes."""
    earlier = list_invites(store, organization.id)
    if sum(not has_ended(one, now) for one in earlier) + len(wanted) > MAX_OPEN:
        raise ValidationError(f"An organization can have {MAX_OPEN} open invites. Remove some first.")
    versions = {one.id: one.version for one in earlier}
    writes += [Delete(*keys.invite_token(i.hash)) for i in earlier if i.id in {_id_of(organization, w) for w in wanted}]
    made = []
    for one in wanted:
        token, invite_id = tokens.invite_token(), _id_of(organization, one)
        had = versions.get(invite_id)
        invite = Invite(
            id=invite_id,
            hash=tokens.hash_of(token),
            organization_id=organization.id,
            created_by=by.uuid,
            created_at=moment(now),
            ends_at=moment(now + timedelta(days=DAYS)),
            version=(had or 0) + 1,
            **one._asdict(),
        )
        writes += _puts(invite, had or "absent", now)
        made.append((invite, token))
    return made


def _id_of(organization: Organization, wanted: Wanted) -> str:
    """Made from the address, so that two requests at once cannot leave it with two invites."""
    return str(uuid5(UUID(organization.id), wanted.target_email.lower()))


def check_addresses(store: Store, organization_id: str, wanted: Sequence[Wanted], prefix: str = "") -> None:
    """Raises ValidationError for one who is a member already, and for one who is named twice."""
    seen: set[str] = set()
    for index, one in enumerate(wanted):
        attr = f"{prefix.format(index)}target_email"
        user = find_user_by_email(store, one.target_email)
        if user and find_membership(store, organization_id, user.uuid):
            raise ValidationError("A user with this email address already belongs to the organization.", attr=attr)
        if one.target_email.lower() in seen:
            raise ValidationError("The address is invited twice.", attr=attr, code="unique")
        seen.add(one.target_email.lower())


def list_invites(store: Store, organization_id: str) -> list[Invite]:
    """Those that nobody has accepted, the newest first."""
    found = [Invite.from_item(item) for item in store.query(*keys.invite(organization_id, ""))]
    return sorted(found, key=lambda invite: (invite.created_at, invite.id), reverse=True)


def find_invite(store: Store, organization_id: str, invite_id: str) -> Invite | None:
    item = store.get(*keys.invite(organization_id, invite_id))
    return Invite.from_item(item) if item else None


def revoke_invite(store: Store, invite: Invite) -> None:
    """Its token is unknown from now on."""
    store.transact(_deletes(invite))


def open_invite(store: Store, token: str, *, now: datetime) -> Opened:
    """Raises NotFound for a token that there never was or that was revoked, else ValidationError with what to do."""
    token_hash = tokens.hash_of(token)
    held = store.get(*keys.invite_token(token_hash))
    if held is None:
        raise NotFound(f"There is no such invite, or it was taken back. {_ASK}")
    if held["is_used"]:
        raise ValidationError(f"This invite has been used. Whoever used it has a key; else: {_ASK}", attr="token")
    invite = find_invite(store, held["organization_id"], held["invite_id"])
    organization = find_organization(store, held["organization_id"])
    if invite is None or invite.hash != token_hash or organization is None:
        raise NotFound(f"There is no such invite, or it was taken back. {_ASK}")
    if has_ended(invite, now):
        raise ValidationError(f"This invite ended after {DAYS} days. {_ASK}", attr="token")
    inviter = find_membership(store, organization.id, invite.created_by)
    if inviter is None or not inviter.is_admin or inviter.level < invite.level:
        raise ValidationError(f"Who made this invite may not invite any more. {_ASK}", attr="token")
    return Opened(invite, organization, inviter, held)


def uses(opened: Opened) -> list[Write]:
    """The writes that use it up, the token's first: of two who accept at once, one finds it changed."""
    token, invite = opened.token, opened.invite
    used = {**token, "is_used": True, "version": token["version"] + 1}
    return [Put(used, token["version"]), Delete(*keys.invite(invite.organization_id, invite.id))]


def has_ended(invite: Invite, now: datetime) -> bool:
    return now >= datetime.fromisoformat(invite.ends_at)


def _puts(invite: Invite, expect: Expect, now: datetime) -> list[Write]:
    forgotten_at = int((now + timedelta(days=DAYS) + _REMEMBERED).timestamp())
    pk, sk = keys.invite_token(invite.hash)
    named = {"organization_id": invite.organization_id, "invite_id": invite.id, "is_used": False, "version": 1}
    place = keys.invite(invite.organization_id, invite.id)
    return [
        Put({"pk": pk, "sk": sk, **named, "expires_at": forgotten_at}, "absent"),
        Put({**item_of(invite, place), "expires_at": forgotten_at}, expect),
    ]


def _deletes(invite: Invite) -> list[Write]:
    return [Delete(*keys.invite_token(invite.hash)), Delete(*keys.invite(invite.organization_id, invite.id))]


def _required(body: dict[str, Any], attr: str) -> Any:
    if "target_email" not in body:
        raise ValidationError("This field is required.", attr=f"{attr}target_email", code="required")
    return body["target_email"]
