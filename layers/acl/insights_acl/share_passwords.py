"""Passwords of shared links: slow salted hashes, and few wrong attempts a minute."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from insights_engine.errors import Throttled
from insights_engine.store import Store

from insights_acl import keys
from insights_acl.models import User, moment

# Every attempt is held against each of them, at 16 MiB and tens of milliseconds apiece.
MAX_PASSWORDS = 5
MOST_CHARACTERS = 200
MAX_WRONG_A_MINUTE = 20
_KEPT_SECONDS = 3600
_COST: dict[str, int] = {"n": 2**14, "r": 8, "p": 1, "maxmem": 64 * 1024 * 1024, "dklen": 32}


def new_value() -> str:
    return secrets.token_urlsafe(12)


def hashed(value: str, note: str, author: User, now: datetime) -> dict[str, Any]:
    """What is kept of a password."""
    salt = secrets.token_bytes(16)
    return {
        "id": str(uuid4()),
        "note": note,
        "created_at": moment(now),
        "created_by": author.uuid,
        "salt": base64.b64encode(salt).decode(),
        "hash": base64.b64encode(_hash(value, salt)).decode(),
    }


def is_one_of(value: str, passwords: Sequence[dict[str, Any]]) -> bool:
    """All of them are worked out, so that the time taken does not say which one was near."""
    if not 0 < len(value) <= MOST_CHARACTERS:
        return False
    found = [
        hmac.compare_digest(_hash(value, base64.b64decode(one["salt"])), base64.b64decode(one["hash"]))
        for one in passwords
    ]
    return any(found)


def check_attempts(store: Store, token_hash: str, now: datetime) -> None:
    """Raises Throttled where this minute has had its wrong passwords."""
    item = store.get(*keys.share_attempts(token_hash, _minute(now)))
    if item is not None and item["wrong"] >= MAX_WRONG_A_MINUTE:
        raise Throttled(60 - int(now.timestamp()) % 60)


def note_wrong(store: Store, token_hash: str, now: datetime) -> None:
    pk, sk = keys.share_attempts(token_hash, _minute(now))
    expires_at = (_minute(now) + 1) * 60 + _KEPT_SECONDS
    store.put_new_many([{"pk": pk, "sk": sk, "wrong": 0, "expires_at": expires_at}])
    store.add(pk, sk, "wrong", 1)


def _hash(value: str, salt: bytes) -> bytes:
    return hashlib.scrypt(value.encode("utf-8", "surrogatepass"), salt=salt, **_COST)


def _minute(now: datetime) -> int:
    return int(now.timestamp()) // 60
