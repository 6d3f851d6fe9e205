"""Rows of trends and their kin -> lines of numbers with names that are told apart. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from insights_report.charts.text import clean, cut, number, unique
from insights_report.charts.theme import MOST_SERIES

# What a picture has points for.
MOST_POINTS = 500
# A longer one is cut where it is drawn, which takes its time.
_LONGEST_NAME = 80

Values = tuple[float | None, ...]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Series:
    """`of` is the same of a series and of what it is compared with: they share a colour."""

    name: str
    of: str
    values: Values
    is_previous: bool = False

    @property
    def weight(self) -> float:
        """How much there is to see of it."""
        return sum(abs(value) / len(self.values) for value in self.values if value is not None)


def named(rows: Sequence[Row]) -> list[tuple[str, str, bool]]:
    """(name, what it is of, whether it is what is compared with) per row."""
    previous = [row.get("compare_label") == "previous" for row in rows]
    own = _with_maths(rows, [_label(row) for row in rows])
    # The same name in both periods is one thing; twice in one period it is two.
    for is_previous in (False, True):
        places = [i for i, found in enumerate(previous) if found is is_previous]
        for place, name in zip(places, unique(own[i] for i in places), strict=True):
            own[place] = name
    shown = unique(f"{name} (previous)" if was else name for name, was in zip(own, previous, strict=True))
    return list(zip(shown, own, previous, strict=True))


def _label(row: Row) -> str:
    custom = (row.get("action") or {}).get("custom_name")
    label = row.get("label")
    return cut(custom if custom and "breakdown_value" not in row else label, _LONGEST_NAME) or "(no name)"


def _with_maths(rows: Sequence[Row], names: Sequence[str]) -> list[str]:
    """Where one event is counted in several ways, the ways are said."""
    maths: dict[str, set[str]] = {}
    ways = [str((row.get("action") or {}).get("math") or "total") for row in rows]
    for name, way in zip(names, ways, strict=True):
        maths.setdefault(name, set()).add(way)
    return [f"{n} ({clean(way)})" if len(maths[n]) > 1 else n for n, way in zip(names, ways, strict=True)]


def series_of(rows: Sequence[Row]) -> list[Series]:
    """Over time: the values of each row."""
    return [
        Series(name, of, tuple(number(value) for value in row.get("data") or []), was)
        for (name, of, was), row in zip(named(rows), rows, strict=True)
    ]


def totals_of(rows: Sequence[Row]) -> list[Series]:
    """One value each; rows over time are taken by their sum."""
    return [
        Series(name, of, (number(row.get("aggregated_value", row.get("count"))),), was)
        for (name, of, was), row in zip(named(rows), rows, strict=True)
    ]


def largest(found: Sequence[Series], most: int = MOST_SERIES) -> tuple[list[Series], int]:
    """Those with most to see, in the order of the answer, and how many others there are."""
    weights: dict[str, float] = {}
    for one in found:
        weights[one.of] = max(weights.get(one.of, 0.0), one.weight)
    kept = {of for of, _ in sorted(weights.items(), key=lambda item: -item[1])[:most]}
    return [one for one in found if one.of in kept], len(weights) - len(kept)


def labels_of(rows: Iterable[Row]) -> list[Any]:
    """What stands under the values of the longest row; of compared periods the current one's."""
    found = [row.get("labels") or row.get("days") or [] for row in rows if row.get("compare_label") != "previous"]
    return list(max(found, key=len, default=[]))


def thinned(found: Sequence[Series], labels: Sequence[str]) -> tuple[list[Series], list[str], int]:
    """No more points than can be seen: of each stretch the highest, for all series the same; and a stretch's length."""
    size = -(-max(len(labels), 1) // MOST_POINTS)
    if size == 1:
        return list(found), list(labels), 1
    places = [
        max(range(start, min(start + size, len(labels))), key=lambda i: sum(abs(_at(one, i) or 0) for one in found))
        for start in range(0, len(labels), size)
    ]
    return (
        [replace(one, values=tuple(_at(one, place) for place in places)) for one in found],
        [labels[place] for place in places],
        size,
    )


def _at(one: Series, place: int) -> float | None:
    return one.values[place] if place < len(one.values) else None
