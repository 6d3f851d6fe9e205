"""Personal keys: made, listed, revoked. Only the hash of a value is stored; it is shown once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

from insights_engine.errors import ValidationError
from insights_engine.log import logger
from insights_engine.store import ConflictError, Delete, Put, Store, Write

from insights_acl import fields, keys, tokens
from insights_acl.models import PersonalKey, User, item_of, moment
from insights_acl.scopes import checked_scopes

MAX_KEYS = 10  # a user
_LAST_USED_EVERY = timedelta(hours=1)


def create_personal_key(
    store: Store,
    user: User,
    label: str,
    scopes: Sequence[str] = ("*",),
    scoped_teams: Sequence[int] = (),
    scoped_organizations: Sequence[str] = (),
    *,
    now: datetime,
) -> tuple[PersonalKey, str]:
    """The key, and its value: the only time that anybody sees it."""
    if len(store.query(*keys.user_key(user.uuid, ""))) >= MAX_KEYS:
        raise ValidationError(f"You can only have {MAX_KEYS} personal API keys. Remove an existing key first.")
    key, value, writes = new_key(user, label, scopes, scoped_teams, scoped_organizations, now=now)
    store.transact(writes)
    return key, value


def new_key(
    user: User,
    label: str,
    scopes: Sequence[str] = ("*",),
    scoped_teams: Sequence[int] = (),
    scoped_organizations: Sequence[str] = (),
    *,
    now: datetime,
) -> tuple[PersonalKey, str, list[Write]]:
    """A key, its value, and the writes that make it."""
    value = tokens.personal_key_value()
    key = PersonalKey(
        id=uuid4().hex,
        hash=tokens.hash_of(value),
        user_id=user.uuid,
        label=fields.text(label, "label", maximum=40),
        mask_value=tokens.mask_of(value),
        scopes=checked_scopes(list(scopes)),
        scoped_teams=tuple(fields.integer(team, f"scoped_teams__{i}") for i, team in enumerate(scoped_teams)),
        scoped_organizations=tuple(
            fields.uuid(o, f"scoped_organizations__{i}") for i, o in enumerate(scoped_organizations)
        ),
        created_at=moment(now),
    )
    pk, sk = keys.user_key(user.uuid, key.id)
    return (
        key,
        value,
        [
            Put(item_of(key, keys.personal_key(key.hash)), "absent"),
            Put({"pk": pk, "sk": sk, "id": key.id, "hash": key.hash}, "absent"),
        ],
    )


def personal_keys_of(store: Store, user: User) -> list[PersonalKey]:
    """Oldest first."""
    entries = store.query(*keys.user_key(user.uuid, ""))
    items = store.get_many([keys.personal_key(entry["hash"]) for entry in entries])
    return sorted((PersonalKey.from_item(item) for item in items if item), key=lambda key: (key.created_at, key.id))


def revoke_key(store: Store, key: PersonalKey) -> None:
    """From now on no request with it is answered."""
    store.transact([Delete(*keys.personal_key(key.hash)), Delete(*keys.user_key(key.user_id, key.id))])


def note_use(store: Store, key: PersonalKey, now: datetime) -> PersonalKey:
    """Writes `last_used_at` at most once an hour. It is a courtesy: whatever goes wrong, the request goes on.

    The condition keeps a key that was revoked or changed meanwhile as it is.
    """
    if key.last_used_at and datetime.fromisoformat(key.last_used_at) > now - _LAST_USED_EVERY:
        return key
    used = replace(key, last_used_at=moment(now), version=key.version + 1)
    try:
        store.put(item_of(used, keys.personal_key(key.hash)), key.version)
    except ConflictError:  # another request noted it first, which is as good; the error's text has the key's hash
        return key
    except Exception:
        logger().info("last_used_at was not written", exc_info=True, extra={"key_id": key.id})
        return key
    return used
