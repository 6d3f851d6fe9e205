"""The activity log of a project: who changed what, when, and what it was before. Written with the change itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import orjson
from insights_engine.store import Item, Put, Store

from insights_acl import keys
from insights_acl.models import User, moment

MAX_PAGE = 100
_MOST_BYTES = 4000  # of a value, as JSON


@dataclass(frozen=True, slots=True)
class Entry:
    """`scope` is the kind of `item_id`; each change is a field with its value before and after."""

    scope: str
    item_id: str | None
    activity: str
    changes: Sequence[dict[str, Any]] = ()
    name: str | None = None


def change(field: str, before: Any, after: Any, type_: str) -> dict[str, Any]:
    action = "created" if before is None else "deleted" if after is None else "changed"
    return {"type": type_, "action": action, "field": field, "before": before, "after": after}


def brief(value: Any) -> Any:
    """A value as the log keeps it: what is long is left out."""
    return value if len(orjson.dumps(value)) <= _MOST_BYTES else "(too long to be kept here)"


def entry(project_id: int, user: User, now: datetime, of: Entry) -> Put:
    at, entry_id = moment(now), str(uuid4())
    pk, sk = keys.activity(project_id, at, entry_id)
    return Put(
        {
            "pk": pk,
            "sk": sk,
            "id": entry_id,
            "user": user.as_author(),
            "activity": of.activity,
            "scope": of.scope,
            "item_id": of.item_id,
            "detail": {"name": of.name, "changes": list(of.changes)},
            "created_at": at,
        },
        "absent",
    )


def entries(
    store: Store,
    project_id: int,
    *,
    scope: str | None = None,
    item_id: str | None = None,
    before: str | None = None,
    limit: int = MAX_PAGE,
    readable: Callable[[Sequence[Item]], Sequence[Item]] = list,
) -> tuple[list[Item], str | None]:
    """The newest first, and the place to go on from where there are more. `readable`: what a reader may see of them."""
    pk, _ = keys.activity(project_id, "", "")
    found: list[Item] = []
    while len(found) <= limit:
        page = store.query(pk, after=before, limit=MAX_PAGE, descending=True)
        found += readable([i for i in page if scope in (None, i["scope"]) and item_id in (None, i["item_id"])])
        if len(page) < MAX_PAGE:
            break
        before = page[-1]["sk"]
    return found[:limit], found[limit - 1]["sk"] if len(found) > limit else None


def shown(item: Item) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in ("pk", "sk")} | {"is_system": False}
