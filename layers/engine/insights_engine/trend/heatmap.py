"""The calendar heatmap: events or persons by weekday and hour. Pure."""

from __future__ import annotations

from insights_engine.errors import ValidationError, unknown
from insights_engine.sql import Sql
from insights_engine.trend.ask import Ask, actor_of
from insights_engine.trend.model import TrendQuery

# Whose cells are sums and distinct persons.
HEATMAP_MATHS = ("total", "dau")


def check(query: TrendQuery) -> None:
    """Raises ValidationError for what has no place in a heatmap, rather than leaving it out."""
    for series in query.series:
        if series.math.name not in HEATMAP_MATHS:
            raise unknown(f"{series.field}.math", series.math.name, HEATMAP_MATHS)
    if query.breakdown:
        raise ValidationError("The display CalendarHeatmap takes no breakdown", attr="breakdown")
    if query.formulas:
        raise ValidationError("The display CalendarHeatmap takes no formula", attr="formula")


def heatmap(ask: Ask) -> Sql:
    """Weekday and hour in one pass with their sums: the key is weekday * 100 + hour + 1, 0 where it runs over all."""
    actor, _ = actor_of(ask)
    return Sql(
        "SELECT toInt64(weekday * 100 + hour) AS bucket, {breakdown} AS breakdown, {value} AS value "
        "FROM (SELECT toUInt16(toDayOfWeek({local})) AS weekday, toUInt16(toHour({local}) + 1) AS hour, "
        "{actor} AS actor {source} WHERE {where}) GROUP BY GROUPING SETS ((weekday, hour), (weekday), (hour), ())",
        breakdown=ask.breakdown,
        value=ask.aggregate(Sql("actor")),
        local=ask.scan.local,
        actor=actor,
        source=ask.scan.from_clause(),
        where=ask.where,
    )
