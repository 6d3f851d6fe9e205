"""Sharing links: who has the token of one sees one insight, or one dashboard with the insights on it.

A link is looked up by the hash of its token; whether it is on, and which passwords it asks for, stands with the object
and is read every time, so that switching it off or giving it a new token holds at once.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from insights_engine import keys as engine_keys
from insights_engine.errors import AuthenticationFailed, NotAuthenticated, NotFound, PermissionDenied
from insights_engine.store import Item, Store

from insights_acl import keys, share_passwords
from insights_acl.tokens import hash_of

# In the query string of the API's reads.
PARAMETER = "sharing_access_token"
HEADER = "x-share-password"
# What a link reads over the API, beside its own pages.
_OPEN_PATHS = frozenset({"/api/projects/{project_id}/insights", "/api/projects/{project_id}/insights/{insight_id}"})
# What `hideExtraDetails` leaves out of every object.
DETAILS = ("created_by", "last_modified_by", "created_at", "last_modified_at")
_ADDRESSES = frozenset({"email", "distinct_id"})
_ASKS = "This link asks for a password."


@dataclass(frozen=True, slots=True)
class Share:
    """What an opened link shows. `item` is the shared object as it was read."""

    project_id: int
    kind: str
    item: Item
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def insight_ids(self) -> frozenset[int]:
        if self.kind == "insight":
            return frozenset({self.item["id"]})
        return frozenset(tile["insight_id"] for tile in self.item["tiles"] if not tile["deleted"]) - {None}

    def shows(self, kind: str, object_id: Any) -> bool:
        if kind == "insight":
            return object_id in self.insight_ids
        return kind == self.kind and object_id == self.item["id"]

    def stripped(self, shown: Mapping[str, Any]) -> dict[str, Any]:
        """An object as the link shows it: nobody's address, and no details where they are hidden."""
        hidden = DETAILS if self.settings.get("hideExtraDetails") else ()
        return {name: _unaddressed(value) for name, value in shown.items() if name not in hidden}


def new_token() -> str:
    """43 characters of an address."""
    return secrets.token_urlsafe(32)


def config_of(store: Store, project_id: int, kind: str, object_id: int) -> Item:
    """How an object is shared: by default not at all. `version` 0 is one that nobody has written yet."""
    pk, sk = keys.sharing(project_id, kind, object_id)
    return store.get(pk, sk) or {
        "pk": pk,
        "sk": sk,
        "created_at": None,
        "enabled": False,
        "access_token": None,
        "settings": {},
        "password_required": False,
        "share_passwords": [],
        "version": 0,
    }


def open_share(store: Store, token: str, password: str | None, now: datetime) -> Share:
    """Raises NotFound for a link that is not there or off, NotAuthenticated and Throttled where a password is."""
    token_hash = hash_of(token)
    entry = store.get(*keys.share(token_hash))
    if entry is None:
        raise NotFound
    project_id, kind, object_id = int(entry["project_id"]), str(entry["kind"]), int(entry["object_id"])
    config, item = store.get_many(
        [keys.sharing(project_id, kind, object_id), engine_keys.resource(project_id, kind, str(object_id))]
    )
    if config is None or item is None or item["deleted"] or not config["enabled"]:
        raise NotFound
    if not hmac.compare_digest(hash_of(config["access_token"] or ""), token_hash):
        raise NotFound
    if config["password_required"]:
        _check_password(store, token_hash, config, password, now)
    return Share(project_id, kind, item, config["settings"])


def open_for_api(
    store: Store, token: str, password: str | None, path: str, method: str, named: str, now: datetime
) -> Share:
    """`path` is the route's template, `named` the project of the address. Raises 401 or 403, whatever is wrong."""
    if method not in ("GET", "HEAD"):
        raise AuthenticationFailed("A sharing access token is for reading only.")
    try:
        share = open_share(store, token, password, now)
    except NotFound:
        raise AuthenticationFailed("Sharing access token is invalid.") from None
    if path not in _OPEN_PATHS or named != str(share.project_id):
        raise PermissionDenied
    return share


def _unaddressed(value: Any) -> Any:
    """Somebody whom an object names, without the address."""
    is_person = isinstance(value, dict) and value.keys() >= _ADDRESSES
    return {name: one for name, one in value.items() if name not in _ADDRESSES} if is_person else value


def _check_password(store: Store, token_hash: str, config: Item, password: str | None, now: datetime) -> None:
    if not password:
        raise NotAuthenticated(_ASKS)
    share_passwords.check_attempts(store, token_hash, now)
    if not share_passwords.is_one_of(password, config["share_passwords"]):
        share_passwords.note_wrong(store, token_hash, now)
        raise AuthenticationFailed("Incorrect password.")
