"""Options of one retention query that contradict each other, one row each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from insights_engine.errors import ValidationError
from insights_engine.retention.model import RetentionQuery


@dataclass(frozen=True, slots=True)
class _Contradiction:
    holds: Callable[[RetentionQuery], bool]
    detail: str
    attr: str | None = None
    code: str | None = None


# The first row that holds is the error.
_CONTRADICTIONS = (
    _Contradiction(
        lambda q: q.rolling_windows and q.cumulative,
        "Cumulative retention is not supported for 24 hour windows.",
        code="retention_cumulative_24_hour_windows_unsupported",
    ),
    _Contradiction(
        lambda q: q.rolling_windows and q.aggregation is not None,
        "Sum and average aggregation are not supported for 24 hour windows.",
        code="retention_24_hour_windows_property_aggregation_unsupported",
    ),
    _Contradiction(
        lambda q: q.aggregation is not None and not q.aggregation_property,
        "retentionFilter.aggregationProperty is required: the property that is added up",
        "retentionFilter__aggregationProperty",
    ),
    _Contradiction(
        lambda q: any(breakdown.bins is not None for breakdown in q.breakdown.properties),
        "breakdown_histogram_bin_count: retention does not cut values into bins",
        "breakdown_histogram_bin_count",
    ),
    _Contradiction(
        lambda q: q.cumulative and q.aggregation is not None,
        "Cumulative retention is not supported for sums and averages.",
        "retentionFilter__cumulative",
    ),
)


def check(query: RetentionQuery) -> None:
    """Raises ValidationError for options that contradict each other."""
    for row in _CONTRADICTIONS:
        if row.holds(query):
            raise ValidationError(row.detail, attr=row.attr, code=row.code)
