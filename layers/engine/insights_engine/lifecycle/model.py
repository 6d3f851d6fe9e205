"""A lifecycle's query is a trend's of one series, without what a lifecycle does not look at."""

from __future__ import annotations

from dataclasses import replace

from insights_engine.errors import ValidationError, attr_of
from insights_engine.trend.model import TrendQuery


def of_one_series(query: TrendQuery) -> TrendQuery:
    """Displays, breakdowns, formulas and compare have no meaning here; upstream does not look at them either."""
    if len(query.series) > 1:
        field = query.series[1].field
        raise ValidationError(f"{field}: a lifecycle has one series", attr=attr_of(field))
    plain = TrendQuery(query.series)
    return replace(
        query,
        display=plain.display,
        breakdown=plain.breakdown,
        formulas=plain.formulas,
        compare=plain.compare,
        compare_to=plain.compare_to,
        smoothing=plain.smoothing,
    )
