"""Rows of a retention answer, of either form of the request, as cohorts with their cells. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from insights_report.charts.text import clean, number

_FIRST = re.compile(r"(\d+)(?:-\d+)?$")


@dataclass(frozen=True, slots=True)
class Cell:
    """`value` is what a property adds up to, where one is added up. `is_ahead`: of a period after the window."""

    share: float | None
    value: float | None = None
    is_ahead: bool = False


@dataclass(frozen=True, slots=True)
class Cohort:
    name: str
    size: float | None
    cells: tuple[Cell, ...]


def cohorts_of(rows: Sequence[dict[str, Any]]) -> list[Cohort]:
    """A row each; with a breakdown its value stands in the name."""
    lengths = Counter(row.get("breakdown_value") for row in rows)
    seen: Counter[Any] = Counter()
    made = []
    for row in rows:
        value = row.get("breakdown_value")
        made.append(_cohort(row, lengths[value] - seen[value]))
        seen[value] += 1
    return made


def column_names(rows: Sequence[dict[str, Any]]) -> list[str]:
    """The columns' own labels; in the older form, which has none, counted from the rows' first word."""
    widest = max((row.get("values") or [] for row in rows), key=len, default=[])
    unit = clean(rows[0].get("label")).rpartition(" ")[0] if rows and "date" in rows[0] else ""
    return [clean(cell.get("label")) or f"{unit} {place}".strip() for place, cell in enumerate(widest)]


def _cohort(row: dict[str, Any], left: int) -> Cohort:
    """`left`: how many periods of the window there are from the cohort's own on."""
    cells = row.get("values") or []
    shares = row.get("shares") or [None] * len(cells)
    made = (
        Cell(number(share), number(cell.get("aggregation_value")), "date" in row and _period(cell, place) >= left)
        for place, (cell, share) in enumerate(zip(cells, shares, strict=False))
    )
    return Cohort(_name(row), number(cells[0].get("count")) if cells else None, tuple(made))


def _period(cell: dict[str, Any], place: int) -> int:
    """How many periods after the cohort's own a column begins: of `Day 5-8`, 5."""
    found = _FIRST.search(clean(cell.get("label")))
    return int(found[1]) if found else place


def _name(row: dict[str, Any]) -> str:
    """The day that a cohort begins with, and the value that it is of."""
    parts = [clean(row.get("breakdown_value"))] if row.get("breakdown_value") is not None else []
    if "date" in row:
        parts.append(_date(str(row["date"]), clean(row.get("label"))))
    return " · ".join([*parts] if parts else [clean(row.get("label"))])


def _date(iso: str, label: str) -> str:
    try:
        at = datetime.fromisoformat(iso)
    except ValueError:
        return label
    return f"{at.day} {at:%b %Y %H:%M}" if label.startswith("Hour") else f"{at.day} {at:%b %Y}"
