"""Which subscriptions a list has, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from insights_acl import fields
from insights_engine.errors import ValidationError
from insights_engine.store import Item

from insights_api.targets import TARGET_TYPES

RESOURCE_TYPES = ("insight", "dashboard", "ai_prompt")
# What is asked for, and the field that says it.
ORDERS = {
    "created_at": "created_at",
    "next_delivery_date": "next_delivery_date",
    "title": "title",
    "created_by__email": "email",
}


@dataclass(frozen=True, slots=True)
class Listing:
    """What a request asks for, checked. `name_of`: what a subscription is about is called so."""

    asked: Mapping[str, str]
    name_of: Callable[[Item], str | None]
    author: str | None

    @classmethod
    def of(cls, asked: Mapping[str, str], name_of: Callable[[Item], str | None]) -> Self:
        """Raises ValidationError for a value that is not known."""
        for name, known in (("resource_type", RESOURCE_TYPES), ("target_type", tuple(TARGET_TYPES))):
            if asked.get(name):
                fields.choice(asked[name], name, known)
        return cls(asked, name_of, _uuid(asked["created_by"]) if asked.get("created_by") else None)

    def matches(self, item: Item) -> bool:
        asked = self.asked
        for name in ("insight", "dashboard"):
            if asked.get(name) and str(item[name]) != asked[name]:
                return False
        kind, target = asked.get("resource_type"), asked.get("target_type")
        is_of_kind = not kind or (kind in ("insight", "dashboard") and item[kind] is not None)
        is_by = self.author is None or _author(item).get("uuid") == self.author
        return is_of_kind and is_by and (not target or item["target_type"] == target) and self._fits(item)

    def ordered(self, items: Iterable[Item]) -> list[Item]:
        """By `ordering`, the newest first where nothing else is asked for; what has no value comes last."""
        order = self.asked.get("ordering") or "-created_at"
        name = ORDERS[fields.choice(order.removeprefix("-"), "ordering", tuple(ORDERS))]
        found = [{**item, "email": _author(item).get("email")} for item in items]
        with_value = [item for item in found if item[name] is not None]
        with_value.sort(key=lambda item: (item[name], item["id"]), reverse=order.startswith("-"))
        return [*with_value, *(item for item in found if item[name] is None)]

    def _fits(self, item: Item) -> bool:
        wanted = self.asked.get("search", "").strip().lower()
        names = (item["title"], self.name_of(item)) if wanted else ()
        return not wanted or any(wanted in name.lower() for name in names if name)


def _author(item: Item) -> Mapping[str, str]:
    return item["created_by"] or {}


def _uuid(value: str) -> str:
    try:
        return str(UUID(value))
    except ValueError:
        raise ValidationError("Not a valid UUID.", attr="created_by") from None
