"""A page of the activity log as one caller may read it.

An entry about an object is for who may read that object now: its name, and what it was before, are the object's own.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from fastapi import Request
from insights_engine import keys as engine_keys
from insights_engine.errors import ValidationError
from insights_engine.store import Item

from insights_acl import activity
from insights_acl.access import Access
from insights_acl.gates import object_gate, route_gate
from insights_acl.levels import ANSWERED
from insights_acl.policy import Thing

_INSIGHT, _DASHBOARD, _DASHBOARDS = "insight", "dashboard", "dashboards"
_WITH_OBJECTS = frozenset(kind.name for kind in ANSWERED)
# The time of an entry and its id, as in the sort key.
_CURSOR = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]{8,15}Z#[0-9a-f-]{36}")


def page(request: Request, access: Access, *, scope: str | None, item_id: str | None) -> dict[str, Any]:
    """The newest first; `limit` and `cursor` of the request count. Raises ValidationError."""
    found, after = activity.entries(
        access.services.policies,
        access.project.id,
        scope=scope,
        item_id=item_id,
        before=_cursor(request.query_params.get("cursor")),
        limit=_limit(request.query_params.get("limit")),
        readable=lambda entries: _readable(access, entries),
    )
    following = _next(request, access, after) if after else None
    return {"results": [activity.shown(item) for item in found], "next": following, "previous": None}


def _readable(access: Access, entries: Sequence[Item]) -> list[Item]:
    """Those about objects that the caller may read, and all about the project and whole kinds."""
    named: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        if _is_of_object(entry):
            named[entry["scope"]].add(entry["item_id"])
        named[_DASHBOARD] |= {str(number) for number in _dashboards_in(entry)}
    open_ids = {kind: _open_ids(access, kind, ids) for kind, ids in named.items() if ids}
    kept = [
        entry for entry in entries if not _is_of_object(entry) or entry["item_id"] in open_ids.get(entry["scope"], ())
    ]
    return [_without_others(entry, open_ids.get(_DASHBOARD, ())) for entry in kept]


def _open_ids(access: Access, kind: str, ids: Collection[str]) -> set[str]:
    """Deleted objects count as well: who could read one may read what became of it."""
    rules, caller = access.rules.on_kind(kind), access.caller
    if not route_gate(rules, caller, kind, writes=False).is_open:
        return set()
    found = access.services.policies.get_many([engine_keys.resource(access.project.id, kind, one) for one in ids])
    things = [Thing(kind, str(i["id"]), (i.get("created_by") or {}).get("uuid")) for i in found if i is not None]
    return {thing.id or "" for thing in things if object_gate(rules, caller, thing, writes=False).is_open}


def _is_of_object(entry: Mapping[str, Any]) -> bool:
    return entry["item_id"] is not None and entry["scope"] in _WITH_OBJECTS


def _dashboards_in(entry: Mapping[str, Any]) -> list[int]:
    """An insight's entries name the dashboards that it was put on."""
    changes = entry["detail"]["changes"] if entry["scope"] == _INSIGHT else ()
    values = [change[side] for change in changes if change["field"] == _DASHBOARDS for side in ("before", "after")]
    return [number for value in values if isinstance(value, list) for number in value]


def _without_others(entry: Item, open_ids: Collection[str]) -> Item:
    """Of dashboards that the caller may not see nothing is said; a change of nothing else is left out."""
    if not _dashboards_in(entry):
        return entry
    changes = []
    for change in entry["detail"]["changes"]:
        if change["field"] == _DASHBOARDS:
            sides = {side: _of(change[side], open_ids) for side in ("before", "after")}
            if sides["before"] == sides["after"]:
                continue
            change = {**change, **sides}
        changes.append(change)
    return {**entry, "detail": {**entry["detail"], "changes": changes}}


def _of(value: Any, open_ids: Collection[str]) -> Any:
    return [number for number in value if str(number) in open_ids] if isinstance(value, list) else value


def _limit(text: str | None) -> int:
    if text is None:
        return activity.MAX_PAGE
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:6]) <= activity.MAX_PAGE:
        raise ValidationError(f"Must be between 1 and {activity.MAX_PAGE}.", attr="limit")
    return int(text)


def _cursor(text: str | None) -> str | None:
    """Where a page begins; None for the first. Raises ValidationError for what no page has named."""
    if text and not _CURSOR.fullmatch(text):
        raise ValidationError("Invalid cursor.", attr="cursor")
    return text or None


def _next(request: Request, access: Access, cursor: str) -> str:
    url, site = request.url.include_query_params(cursor=cursor), access.services.settings.site_url.rstrip("/")
    return f"{site}{url.path}?{url.query}" if site else str(url)
