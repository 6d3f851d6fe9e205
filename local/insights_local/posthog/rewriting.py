"""Ids inside questions and filters: another project has other numbers for the same cohorts and actions.

A place where an id may stand is a row of `PLACES`. In expressions it is `IN COHORT 12` and `matchesAction(12)`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

Kind = Literal["cohort", "action"]
Node = Mapping[str, Any]


class Missing(Exception):
    """An object that is named and was not moved."""

    def __init__(self, kind: str, number: int) -> None:
        super().__init__(f"it names {kind} {number}, which is not here")
        self.kind, self.number = kind, number


class Ids:
    """The new number of each object that is here, by kind and old number."""

    def __init__(self) -> None:
        self._new: dict[tuple[str, int], int] = {}

    def add(self, kind: str, old: int, new: int) -> None:
        self._new[kind, old] = new

    def get(self, kind: str, old: int) -> int | None:
        return self._new.get((kind, old))

    def new(self, kind: str, old: int) -> int:
        """Raises Missing."""
        found = self.get(kind, old)
        if found is None:
            raise Missing(kind, old)
        return found


class Place(NamedTuple):
    """`field` of a node for which `holds` has a number of that kind, or a list of them."""

    kind: Kind
    field: str
    holds: Callable[[Node], bool]


PLACES = (
    Place("cohort", "value", lambda n: n.get("type") in ("cohort", "static-cohort", "precalculated-cohort")),
    Place("cohort", "breakdown", lambda n: n.get("breakdown_type") == "cohort"),
    Place("cohort", "property", lambda n: n.get("type") == "cohort"),
    Place("action", "id", lambda n: n.get("kind") in ("ActionsNode", "FunnelExclusionActionsNode")),
    Place("action", "id", lambda n: n.get("type") == "actions"),
    Place("action", "key", lambda n: n.get("type") == "behavioral" and n.get("event_type") == "actions"),
)
_IN_TEXT: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("cohort", re.compile(r"(?i)\b(IN\s+COHORT\s+)(\d+)\b")),
    ("action", re.compile(r"(\bmatchesAction\(\s*)(\d+)(?=\s*\))")),
)


def rewritten(value: Any, ids: Ids) -> Any:
    """The same with the new numbers. Raises Missing."""
    if isinstance(value, list):
        return [rewritten(one, ids) for one in value]
    if isinstance(value, str):
        return _in_text(value, ids)
    if not isinstance(value, dict):
        return value
    fields = {place.field: place.kind for place in PLACES if place.field in value and place.holds(value)}
    return {
        name: _number(one, fields[name], ids) if name in fields else rewritten(one, ids) for name, one in value.items()
    }


def _number(value: Any, kind: Kind, ids: Ids) -> Any:
    """As a number or a text, as it was. 0 and "all" stand for everybody."""
    if isinstance(value, list):
        return [_number(one, kind, ids) for one in value]
    if isinstance(value, str):
        return str(_number(int(value), kind, ids)) if value.isascii() and value.isdigit() else value
    if isinstance(value, int) and not isinstance(value, bool) and value != 0:
        return ids.new(kind, value)
    return value


def _in_text(text: str, ids: Ids) -> str:
    for kind, pattern in _IN_TEXT:
        text = pattern.sub(lambda found, kind=kind: found[1] + str(ids.new(kind, int(found[2]))), text)  # type: ignore[misc]
    return text
