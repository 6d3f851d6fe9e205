"""A funnel's answer, of either form of the request, as groups of steps: one, or one a value of the breakdown. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from insights_report.charts.text import clean, number


@dataclass(frozen=True, slots=True)
class Step:
    """`share` is of those who entered, `of_last` of those who came as far as the step before; times are in seconds."""

    name: str
    count: float | None
    share: float | None
    of_last: float | None
    average: float | None
    median: float | None


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    steps: tuple[Step, ...]

    @property
    def conversion(self) -> float | None:
        return self.steps[-1].share


def is_histogram(result: Any) -> bool:
    return isinstance(result, dict) and "bins" in result


def is_trend(result: Any) -> bool:
    return isinstance(result, list) and bool(result) and isinstance(result[0], dict) and "data" in result[0]


def groups_of(result: Any) -> list[Group]:
    """Empty where there are no steps."""
    if not isinstance(result, list) or not result:
        return []
    lists = result if isinstance(result[0], list) else [result]
    return [Group(value_of(steps[0]), _steps(steps)) for steps in lists if steps]


def value_of(row: dict[str, Any]) -> str:
    """The breakdown's value in words; several are one text, and none of them has a name too."""
    shown = row.get("breakdown", row.get("breakdown_value"))
    if shown is None:
        return "(none)" if "breakdown_value" in row else ""
    texts = shown if isinstance(shown, list) else [shown]
    return ", ".join(clean(text) or "(none)" for text in texts) or "(none)"


def _steps(rows: Sequence[dict[str, Any]]) -> tuple[Step, ...]:
    counts = [number(row.get("count")) for row in rows]
    return tuple(
        Step(
            clean(row.get("custom_name") or row.get("name")) or "All events",
            count,
            _share(count, counts[0]),
            _share(count, counts[max(place - 1, 0)]),
            number(row.get("average_conversion_time")),
            number(row.get("median_conversion_time")),
        )
        for place, (row, count) in enumerate(zip(rows, counts, strict=True))
    )


def _share(count: float | None, whole: float | None) -> float | None:
    """Nothing of nothing is no share."""
    return count / whole if count is not None and whole else None
