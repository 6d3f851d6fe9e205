"""Who viewed which insight when: one item a person and insight, of which only the last time is kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from insights_acl.access import Access
from insights_acl.models import moment
from insights_engine import keys
from insights_engine.store import Item, Key

MOST_VIEWERS = 3


@dataclass(frozen=True, slots=True)
class Views:
    """`viewers`: the latest ones, as other objects name who made them."""

    count: int
    viewers: list[dict[str, Any]]
    last_viewed_at: str


def note(access: Access, insights: Iterable[Item]) -> None:
    """The caller has viewed these, now."""
    at, viewer = moment(access.now), access.user.as_author()
    items = []
    for insight in insights:
        pk, sk = key_of(access, insight["id"])
        items.append({"pk": pk, "sk": sk, "insight_id": insight["id"], "viewer": viewer, "last_viewed_at": at})
    access.services.policies.put_many(items)


def own(access: Access) -> dict[int, str]:
    """When the caller last viewed what, by the insight's id."""
    pk, sk = keys.insight_view(access.project.id, access.user.uuid, None)
    return {item["insight_id"]: item["last_viewed_at"] for item in access.services.policies.query(pk, sk)}


def key_of(access: Access, insight_id: int) -> Key:
    """Of the caller's own view."""
    return keys.insight_view(access.project.id, access.user.uuid, insight_id)


def own_of(access: Access, insight_id: int) -> Item | None:
    return access.services.policies.get(*key_of(access, insight_id))


def at(view: Item | None) -> str | None:
    return view["last_viewed_at"] if view else None


def since(access: Access, days: int) -> dict[int, Views]:
    """By the insight's id: how many people have viewed it in these days."""
    pk, _ = keys.insight_view(access.project.id, "", None)
    after = moment(access.now - timedelta(days=days))
    found: dict[int, list[Item]] = defaultdict(list)
    for item in access.services.policies.query(pk):
        if item["last_viewed_at"] >= after:
            found[item["insight_id"]].append(item)
    return {number: _views(items) for number, items in found.items()}


def _views(items: list[Item]) -> Views:
    latest = sorted(items, key=lambda item: str(item["last_viewed_at"]), reverse=True)
    return Views(len(items), [item["viewer"] for item in latest[:MOST_VIEWERS]], latest[0]["last_viewed_at"])
