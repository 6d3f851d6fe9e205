"""What the definitions of events and of properties have in common: how lists are asked for, and one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from fastapi import Request
from insights_acl.access import Access
from insights_engine.errors import NotFound, ValidationError, unknown
from insights_engine.flat import flag, json_value, text

from insights_api import definition_notes as notes
from insights_api.definition_reads import Learned

MAX_LIMIT = MAX_NAMES = 1000
_ORDERS: dict[str, Callable[[Learned], Any]] = {
    "name": lambda one: one.name,
    "created_at": lambda one: (one.first_seen or "", one.name),
    "last_seen_at": lambda one: (one.last_seen or "", one.name),
}
ORDERINGS = tuple(sign + name for name in _ORDERS for sign in ("", "-"))


class Entry(NamedTuple):
    """One of a list, with what people said of it."""

    learned: Learned
    said: dict[str, Any]


def entries(access: Access, kind: str, found: Iterable[Learned]) -> list[Entry]:
    """Where nothing was said of any, no ids are made to look for it: a list may be long."""
    said = notes.all_notes(access, kind)
    return [Entry(one, notes.shown(said.get(one.id_in(access.project.id)) if said else None)) for one in found]


@dataclass(frozen=True, slots=True)
class DefinitionKind:
    """Of one kind, by the name that their notes are kept under: what was learned, and how answers show it."""

    kind: str
    learned: Callable[[Access], list[Learned]]
    shown: Callable[[Access, list[Entry]], list[dict[str, Any]]]

    def one(self, access: Access, named: str) -> dict[str, Any]:
        """The one that has the id. Raises NotFound."""
        return self._shown(access, entries(access, self.kind, [self._found(access, named)]))

    def changed(
        self, access: Access, named: str, body: dict[str, Any], check: Callable[[Learned], None] = lambda one: None
    ) -> dict[str, Any]:
        """What people say of it; only what the body names changes. `check` raises for what does not fit it."""
        found = self._found(access, named)
        check(found)
        said = notes.write(access, self.kind, found.id_in(access.project.id), body)
        return self._shown(access, [Entry(found, notes.shown(said))])

    def _found(self, access: Access, named: str) -> Learned:
        for one in self.learned(access):
            if one.id_in(access.project.id) == named.lower():
                return one
        raise NotFound

    def _shown(self, access: Access, found: list[Entry]) -> dict[str, Any]:
        (shown,) = self.shown(access, found)
        return shown


def chosen(request: Request, found: Iterable[Entry]) -> list[Entry]:
    """By `search`, `tags`, `verified` and `exclude_hidden`. Raises ValidationError."""
    values = request.query_params
    words = (text(values, "search") or "").lower().split()
    tags = names(values, "tags")
    verified = flag(values, "verified") if values.get("verified") else None
    no_hidden = flag(values, "exclude_hidden")
    return [
        one
        for one in found
        if all(word in one.learned.name.lower() for word in words)
        and not (tags and not tags & set(one.said["tags"]))
        and verified in (None, one.said["verified"])
        and not (no_hidden and one.said["hidden"])
    ]


def in_order(request: Request, found: Iterable[Entry]) -> list[Entry]:
    """By `ordering`; as they come without it."""
    asked = request.query_params.get("ordering")
    if not asked:
        return list(found)
    key = _ORDERS.get(asked.removeprefix("-"))
    if key is None or asked not in ORDERINGS:
        raise unknown("ordering", asked, ORDERINGS)
    return sorted(found, key=lambda one: key(one.learned), reverse=asked.startswith("-"))


def names(values: Mapping[str, Any], field: str) -> set[str]:
    """A list of names: as JSON, or with commas between. Raises ValidationError."""
    value = json_value(values, field)
    if isinstance(value, str):
        value = value.split(",") if value else []
    if value is None:
        return set()
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValidationError(f"{field} must be a list of names", attr=field)
    if len(value) > MAX_NAMES:
        raise ValidationError(f"{field} must have at most {MAX_NAMES} names", attr=field)
    return set(value)


def at(day: str | None) -> str | None:
    """A day as the API's moment: it is learned which day it was, not when on that day."""
    return f"{day}T00:00:00Z" if day else None
