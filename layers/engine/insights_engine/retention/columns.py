"""Which column of a cohort's row a returning event fills, by its distance in periods. Pure."""

from __future__ import annotations

from itertools import accumulate

from insights_engine.retention.model import RetentionQuery
from insights_engine.sql import Sql


def column(query: RetentionQuery, distance: Sql) -> Sql:
    """An Int64: the distance itself or the number of its bracket; 0 or less for what fills no column after 0."""
    if not query.brackets:
        return Sql("if({d} < {n:Int64}, toInt64({d}), toInt64(0))", d=distance, n=query.columns)
    return Sql(
        "if({d} > 0, toInt64(arrayFirstIndex(bound -> {d} <= bound, {bounds:Array(Int64)})), toInt64(0))",
        d=distance,
        bounds=list(accumulate(query.brackets)),
    )


def distance(query: RetentionQuery, place: Sql, start: Sql, starts: Sql) -> Sql:
    """From the cohort's period to that of the returning event; brackets measure from the actor's first cohort."""
    return Sql("({p} - {s})", p=place, s=Sql("arrayMin({s})", s=starts) if query.brackets else start)


def filled(query: RetentionQuery, columns: Sql) -> Sql:
    """The columns after 0 of one actor in one row, from an array that `column` made."""
    found = Sql("arrayFilter(c -> c > 0, {c})", c=columns)
    if query.brackets:
        found = Sql("arrayDistinct({f})", f=found)
    if not query.cumulative:
        return found
    # Every column up to the highest that they came back in.
    return Sql("arrayMap(c -> toInt64(c) + 1, range(toUInt64(arrayMax(arrayConcat([toInt64(0)], {f})))))", f=found)
