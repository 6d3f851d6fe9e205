"""Tokens of this installation's own making: links in mails work without a login, for one thing and for a time.

JSON Web Tokens (HS256). The key is made on first use and kept in the policies store; who can read that store can read
everything else as well.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from insights_engine.store import Store

Audience = Literal["unsubscribe", "exporter"]
_ALGORITHM = "HS256"
_KEY = ("SIGNING", "KEY")


class BadToken(Exception):
    """Not made here, not for this, or past its time."""


def token(store: Store, audience: Audience, claims: Mapping[str, Any], until: datetime) -> str:
    import jwt

    return jwt.encode({**claims, "aud": audience, "exp": int(until.timestamp())}, _key(store), _ALGORITHM)


def claims_of(store: Store, audience: Audience, value: str, now: datetime) -> dict[str, Any]:
    """Raises BadToken."""
    import jwt

    options: Any = {"verify_exp": False, "require": ["exp"]}  # `now` is the request's, not the library's
    try:
        claims: dict[str, Any] = jwt.decode(value, _key(store), [_ALGORITHM], options, audience=audience)
    except jwt.PyJWTError as error:
        raise BadToken from error
    if not isinstance(claims["exp"], int) or claims["exp"] < now.timestamp():
        raise BadToken
    return claims


def webhook_secret(store: Store, owner: str) -> str:
    """What signs the webhooks of one subscription or alert; the same whenever it is asked for."""
    digest = hmac.digest(_key(store), f"webhook#{owner}".encode(), hashlib.sha256)
    return "whsec_" + base64.b64encode(digest).decode()


def _key(store: Store) -> bytes:
    """Whoever comes first makes it."""
    item = store.get(*_KEY)
    if item is None:
        pk, sk = _KEY
        (item,) = store.put_new_many([{"pk": pk, "sk": sk, "value": secrets.token_hex(32)}])
    return bytes.fromhex(item["value"])
