"""A paths answer, of either form of the request, as edges between named nodes. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from insights_report.charts.text import clean, number

_ADDRESS = re.compile(r"https?://([^/?#]*)(.*)", re.DOTALL)
_STEP = re.compile(r"(\d+)_(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Edge:
    """From `source` to `target`, each a step and a name. `milliseconds`: how long it took on average."""

    source: tuple[int, str]
    target: tuple[int, str]
    value: float
    milliseconds: float | None

    @property
    def step(self) -> int:
        return self.source[0]


def edges_of(rows: Sequence[dict[str, Any]]) -> list[Edge]:
    """In the order of the answer, the weightiest first; what has no weight is no edge."""
    made = []
    for row in rows:
        value = number(row.get("value"))
        if value is not None and value > 0:
            source, target = (_place(str(row.get(end))) for end in ("source", "target"))
            made.append(Edge(source, target, value, number(row.get("average_conversion_time"))))
    return made


def _place(text: str) -> tuple[int, str]:
    """Of `2_/home`: the second step, and the name."""
    found = _STEP.fullmatch(text)
    return (int(found[1]), clean(found[2]) or "(none)") if found else (0, clean(text))


def short_names(edges: Sequence[Edge]) -> dict[str, str]:
    """Addresses without their scheme, and without their host where all have the same: what differs comes first."""
    names = dict.fromkeys(name for edge in edges for _, name in (edge.source, edge.target))
    parts = {name: found for name in names if (found := _ADDRESS.fullmatch(name))}
    is_one = len({found[1] for found in parts.values()}) == 1
    return {
        name: name if name not in parts else parts[name][2] or "/" if is_one else parts[name][1] + parts[name][2]
        for name in names
    }
