"""From which rows a maths takes its aggregate: each source is one SELECT of (bucket, breakdown, value). Pure.

One function a source, in the table SOURCES; a maths names its source. All of them read events once, in one range, but
for the sources that look back (rolling, first), which read what they look back on.
"""

from __future__ import annotations

from collections.abc import Callable

from insights_engine.errors import ValidationError, attr_of
from insights_engine.sql import Sql, both, number
from insights_engine.trend.ask import Ask, actor_of, grouped
from insights_engine.trend.looking_back import first, rolling
from insights_engine.trend.maths import Source
from insights_engine.trend.model import Series


def _events(ask: Ask) -> Sql:
    return grouped(ask, ask.aggregate(Sql("1")))


def _actors(ask: Ask) -> Sql:
    actor, exists = actor_of(ask)
    if not ask.is_cumulative:
        return grouped(ask, ask.aggregate(actor), exists)
    # Cumulated, an actor counts where they first appear, so that the last value is the distinct count.
    return Sql(
        "SELECT bucket, breakdown, count() AS value FROM (SELECT min({bucket}) AS bucket, {breakdown} AS breakdown "
        "{source} WHERE {where} GROUP BY breakdown, {actor}) GROUP BY bucket, breakdown",
        bucket=ask.bucket(),
        breakdown=ask.breakdown,
        source=ask.scan.from_clause(),
        where=both(ask.where, exists),
        actor=actor,
    )


def _property(ask: Ask) -> Sql:
    if not ask.series.math_property:
        return grouped(ask, Sql("count()"))
    if ask.series.math_property == "$session_duration":
        return _session_durations(ask)
    return grouped(ask, ask.aggregate(_number(ask)))


def _number(ask: Ask) -> Sql:
    """The property as a number, NULL where it is none, times the series' multiplier."""
    series = ask.series
    assert series.math_property is not None
    if series.math_property == "$time":
        value = Sql("toFloat64(toUnixTimestamp64Micro(ts)) / 1000000")
    else:
        text = ask.scan.text(
            series.math_property_type, series.math_property, series.math_group_type_index, series.field
        )
        value = number(text)
    return _multiplied(value, series)


def _multiplied(value: Sql, series: Series) -> Sql:
    if series.math_multiplier is None:
        return value
    return Sql("{x} * {m:Float64}", x=value, m=series.math_multiplier)


def _session_durations(ask: Ask) -> Sql:
    """Each session with a matching event in the bucket counts once, with its whole duration in seconds."""
    sessions = Sql(
        "SELECT {bucket} AS bucket, {breakdown} AS breakdown, session {source} WHERE {where} AND session != 0 "
        "GROUP BY {start}, breakdown, session",
        bucket=ask.bucket(),
        start=ask.bucket_start(),
        breakdown=ask.breakdown,
        source=ask.scan.from_clause(),
        where=ask.where,
    )
    durations = Sql(
        "SELECT session AS whole, toFloat64(dateDiff('second', min(ts), max(ts))) AS duration {sessions}",
        sessions=ask.scan.sessions_source(),
    )
    return Sql(
        "SELECT bucket, breakdown, {value} AS value FROM ({sessions}) AS active "
        "LEFT ANY JOIN ({durations}) AS lasting ON session = whole "
        "GROUP BY bucket, breakdown",
        value=ask.aggregate(_multiplied(Sql("duration"), ask.series)),
        sessions=sessions,
        durations=durations,
    )


def _per_actor(ask: Ask) -> Sql:
    return Sql(
        "SELECT bucket, breakdown, {value} AS value FROM (SELECT {bucket} AS bucket, {breakdown} AS breakdown, "
        "count() AS events {source} WHERE {where} GROUP BY {start}, breakdown, {person}) GROUP BY bucket, breakdown",
        value=ask.aggregate(Sql("events")),
        bucket=ask.bucket(),
        start=ask.bucket_start(),
        breakdown=ask.breakdown,
        source=ask.scan.from_clause(),
        where=ask.where,
        person=ask.scan.person,
    )


def _hogql(ask: Ask) -> Sql:
    from insights_engine.hogql import aggregate

    field = f"{ask.series.field}.math_hogql"
    if not ask.series.math_hogql:
        raise ValidationError(f'{field} is required for math "hogql"', attr=attr_of(field))
    return grouped(ask, aggregate(ask.scan, ask.series.math_hogql, field))


SOURCES: dict[Source, Callable[[Ask], Sql]] = {
    "events": _events,
    "actors": _actors,
    "groups": _actors,
    "sessions": _events,
    "property": _property,
    "per_actor": _per_actor,
    "rolling": rolling,
    "first": first,
    "hogql": _hogql,
}
