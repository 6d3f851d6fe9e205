"""The lists of docs/access.md and docs/identity.md: kinds of objects with their levels, and what scopes are of."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable

from insights_acl.levels import ANSWERED, ORGANIZATION, PROJECT, RESOURCES, kind_of
from insights_acl.scopes import OBJECTS

_WIDTH = 130


def _levels() -> str:
    lines = ["| kind | levels, low to high | without rules | lowest that can be set | highest |", "| --- " * 5 + "|"]
    for name in (PROJECT, ORGANIZATION, *(kind.name for kind in ANSWERED), "activity_log"):
        kind = kind_of(name)
        lines.append(f"| `{name}` | {', '.join(kind.ladder)} | {kind.default} | {kind.minimum} | {kind.maximum} |")
    return "\n".join(lines)


def _names(names: Iterable[str], end: str) -> str:
    return textwrap.fill(", ".join(f"`{name}`" for name in names) + end, _WIDTH)


LISTS: dict[str, Callable[[], str]] = {
    "levels": _levels,
    "kinds": lambda: _names(RESOURCES, ","),
    "scopes": lambda: _names(OBJECTS, "."),
}
