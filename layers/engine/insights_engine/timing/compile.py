"""A report in one pass: each load counts for the whole, for its insight, its context and its day. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from insights_engine.definitions import Definitions
from insights_engine.project import Project
from insights_engine.scan import Scan, micros
from insights_engine.sql import Sql, both
from insights_engine.timing.model import TimingQuery
from insights_engine.timing.window import MAX_DAYS, Window

# From so many milliseconds on, an interaction frustrates.
FRUSTRATING_MS = 5_000
PERCENTILES = {"p50": 0.5, "p75": 0.75, "p95": 0.95, "p99": 0.99}
_QUANTILES = "quantilesExactInclusiveIf(" + ", ".join(f"{share}" for share in PERCENTILES.values()) + ")"


def compile_timing(query: TimingQuery, project: Project, window: Window, now: datetime) -> Sql:
    """Rows of (part, value, loads, percentiles, fetched, cached, interactions, frustrating, values of the part).

    FINAL, because a message that came twice may not be merged into one row yet. A part has at most as many values as
    the longest range has days, the most frequent ones; how many there are stands in each row.
    """
    scan = Scan(project, Definitions(), now)
    first, last = (at.astimezone(UTC) for at in (window.start, window.end))
    where = both(
        scan.is_mine,
        Sql("day >= {first:Date} AND day <= {last:Date}", first=first.date().isoformat(), last=last.date().isoformat()),
        Sql("timestamp >= fromUnixTimestamp64Micro({at:Int64})", at=micros(first)),
        Sql("timestamp <= fromUnixTimestamp64Micro({at:Int64})", at=micros(last)),
        *(Sql("{column} = {value:String}", column=Sql(column), value=value) for column, value in query.where),
    )
    parts = Sql(
        "SELECT arrayJoin([('total', ''), ('insight', toString(insight)), ('context', toString(context)), "
        "('day', toString(toDate(toTimeZone(timestamp, {zone:String}))))]) AS place, time_to_see_data_ms, has_time, "
        "is_primary_interaction, insights_fetched, insights_fetched_cached "
        "FROM metrics_time_to_see_data FINAL WHERE {where}",
        zone=project.timezone,
        where=where,
    )
    measured = Sql(
        "SELECT place.1 AS part, place.2 AS value, count() AS loads, {percentiles}(time_to_see_data_ms, has_time) "
        "AS percentiles, sum(insights_fetched) AS fetched, sum(least(insights_fetched_cached, insights_fetched)) "
        "AS cached, countIf(is_primary_interaction) AS interactions, countIf(is_primary_interaction "
        "AND time_to_see_data_ms >= {frustrating:UInt64}) AS frustrating FROM ({parts}) GROUP BY place",
        percentiles=Sql(_QUANTILES),
        frustrating=FRUSTRATING_MS,
        parts=parts,
    )
    return Sql(
        "SELECT part, value, loads, percentiles, fetched, cached, interactions, frustrating, "
        "count() OVER (PARTITION BY part) AS many FROM ({measured}) "
        "ORDER BY part, loads DESC, value LIMIT {most:UInt64} BY part",
        measured=measured,
        most=MAX_DAYS + 1,
    )
