"""A report, counted in Python the long way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

SHARES = {"p50": 50, "p75": 75, "p95": 95, "p99": 99}


@dataclass(frozen=True)
class Load:
    at: datetime
    said: Mapping[str, Any]


def percentile(values: list[int], percent: int) -> float | None:
    """Between the two neighbours of the place, by its distance to each."""
    if not values:
        return None
    ordered = sorted(values)
    whole, rest = divmod((len(ordered) - 1) * percent, 100)
    return ordered[whole] + (rest and (ordered[whole + 1] - ordered[whole]) * rest / 100)


def measures(loads: list[Load]) -> dict[str, Any]:
    times = [load.said["time_to_see_data_ms"] for load in loads if "time_to_see_data_ms" in load.said]
    fetched = sum(load.said.get("insights_fetched", 0) for load in loads)
    cached = sum(
        min(load.said.get("insights_fetched_cached", 0), load.said.get("insights_fetched", 0)) for load in loads
    )
    primary = [load for load in loads if load.said.get("is_primary_interaction")]
    return {
        "count": len(loads),
        **{name: percentile(times, percent) for name, percent in SHARES.items()},
        "insights_fetched": fetched,
        "insights_fetched_cached": cached,
        "cached_share": cached / fetched if fetched else None,
        "interactions": len(primary),
        "frustrating_interactions": sum(load.said.get("time_to_see_data_ms", 0) >= 5000 for load in primary),
    }


def by(loads: Iterable[Load], name: str) -> list[dict[str, Any]]:
    """The most frequent value first, of equals the first by name."""
    groups: dict[str, list[Load]] = {}
    for load in loads:
        groups.setdefault(load.said.get(name, ""), []).append(load)
    ordered = sorted(groups, key=lambda value: (-len(groups[value]), value.encode()))
    return [{name: value or None, **measures(groups[value])} for value in ordered]


def report(loads: Iterable[Load], first: date, last: date, zone: ZoneInfo) -> dict[str, Any]:
    inside = [load for load in loads if first <= load.at.astimezone(zone).date() <= last]
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return {
        "total": measures(inside),
        "by_insight": by(inside, "insight"),
        "by_context": by(inside, "context"),
        "by_day": [
            {"day": f"{day}", **measures([load for load in inside if load.at.astimezone(zone).date() == day])}
            for day in days
        ],
        "hidden": {"by_insight": 0, "by_context": 0},
    }
