"""One stickiness query, whichever form of the request it came in."""

from __future__ import annotations

from dataclasses import dataclass

from insights_engine.trend.model import TrendQuery

# What qualifies an interval: its number of events compared with the criteria's value.
CRITERIA = {"gte": ">=", "lte": "<=", "exact": "="}
COMPUTED_AS = ("non_cumulative", "cumulative")


@dataclass(frozen=True, slots=True)
class StickinessQuery:
    """`trend` is the query's common part; with `interval_count`, buckets are so many intervals back from the end."""

    trend: TrendQuery
    interval_count: int | None = None
    is_cumulative: bool = False
    criteria: tuple[str, int] | None = None
