"""What the resources of a project have in common: numbered items in the policies store that are deleted softly."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from fastapi import Request
from insights_acl import fields
from insights_engine import keys
from insights_engine.errors import Conflict, NotFound
from insights_engine.http import json_object
from insights_engine.store import ConflictError, Item, Key, Put, Store, Write

_NUMBER = re.compile(r"[0-9]{1,9}")
KeyOf = Callable[[int, int], Key]


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object of a request, without the key that may travel in it. Nothing in it is nested absurdly deep."""
    body = await json_object(request)
    body.pop("personal_api_key", None)
    for name, value in body.items():
        fields.shallow(value, name[:100])
    return body


def object_id(text: str) -> int:
    """Raises NotFound for what is no number: it names nothing."""
    if not _NUMBER.fullmatch(text):
        raise NotFound
    return int(text)


def next_id(store: Store, kind: str) -> int:
    return store.add(*keys.counter(kind), "next", 1)


def find(store: Store, key: Key, *, deleted: bool = False) -> Item:
    """Raises NotFound; a deleted one is found only by who asks for it."""
    item = store.get(*key)
    if item is None or (item.get("deleted") and not deleted):
        raise NotFound
    return item


def listed(store: Store, key_of: KeyOf, project_id: int) -> list[Item]:
    """All that are not deleted, the newest first."""
    pk, sk = key_of(project_id, 0)
    return [i for i in store.query(pk, sk.rstrip("0"), descending=True) if not i.get("deleted")]


def change(store: Store, item: Item, values: dict[str, Any], *further: Write) -> Item:
    """Write `values` over the item as it was read. Raises Conflict when somebody else changed it since.

    `further` goes with it or not at all; its failed conditions come as the ConflictError that names them.
    """
    changed = {**item, **values, "version": item["version"] + 1}
    fields.plain({name: value for name, value in changed.items() if name not in ("pk", "sk")}, "detail")
    try:
        store.transact([Put(changed, item["version"]), *further])
    except ConflictError as error:
        if error.index > 0:
            raise
        raise Conflict from error
    return changed


def note(store: Store, item: Item, values: dict[str, Any]) -> Item:
    """Write what was found out about an item that stays the same: no new version, and nothing if it changed since."""
    noted = {**item, **values}
    with suppress(ConflictError):
        store.put(noted, item["version"])
    return noted


def is_true(text: str | None) -> bool:
    return (text or "").lower() in ("1", "true", "yes")
