"""The plain counts by bitmaps of persons: one a period and side, and the sizes of their intersections. Pure.

Persons' numbers are dense, so that a bitmap is small; nothing is kept an actor. It knows no more of an actor than the
periods it was there in, so it is exact for some questions only; `is_exact` says for which.
"""

from __future__ import annotations

from insights_engine.retention.model import CELL
from insights_engine.retention.parts import Parts, place_of
from insights_engine.retention.window import Plan
from insights_engine.sql import Sql

_BYTE = 256


def is_exact(plan: Plan) -> bool:
    query = plan.query
    special = query.breakdown or query.brackets or query.cumulative or query.rolling_windows
    if special or query.minimum_occurrences > 1 or query.group_index is not None or query.aggregation:
        return False
    if not query.retention_type.enters_once:
        return True
    # The first period's persons are those of the first event only where the whole of that period is looked at.
    return not query.retention_type.own_filters_later and plan.window.reads_from == plan.window.start


def compile_bitmaps(plan: Plan, parts: Parts) -> Sql:
    """One row, as the ranked form has it."""
    return Sql(
        "SELECT '' AS breakdown, false AS is_other, (arrayFlatten(arrayMap(s -> arrayConcat([(s.1 * {cell:Int64}, "
        "toFloat64(bitmapCardinality(s.2)))], arrayMap(r -> (s.1 * {cell:Int64} + r.1 - s.1, "
        "toFloat64(bitmapAndCardinality(s.2, r.2))), arrayFilter(r -> r.1 > s.1 AND r.1 - s.1 < {n:Int64}, returns))), "
        "arrayFilter(s -> s.1 >= 0 AND s.1 < {rows:Int64}, starts))) AS found).1 AS cells, found.2 AS actors, "
        "arrayMap(x -> toFloat64(0), cells) AS amounts FROM (SELECT groupArray((toInt64(place), start)) AS starts, "
        "groupArray((toInt64(place), back)) AS returns FROM ({periods}))",
        cell=CELL,
        n=plan.query.columns,
        rows=plan.cohorts,
        periods=_periods(plan, parts),
    )


def _place(plan: Plan, parts: Parts) -> Sql:
    """What is grouped by: of recurring retention nothing before the window is read; a byte is grouped by fastest."""
    if plan.query.retention_type.enters_once:
        return Sql("toInt16(greatest({i}, -1))", i=parts.place)
    small = place_of(plan, parts.scan, plan.query.period.within)
    return Sql("toUInt8({i})" if plan.window.rows <= _BYTE else "toUInt16({i})", i=small)


def _periods(plan: Plan, parts: Parts) -> Sql:
    """Rows (place, start, back); all that is before the window has the place -1."""
    same = parts.target == parts.returning
    template = (
        "SELECT {place} AS place, groupBitmapState({actor}) AS hit, hit AS back {source} WHERE {where} GROUP BY place"
        if same
        else "SELECT {place} AS place, groupBitmapStateIf({actor}, {target}) AS hit, "
        "groupBitmapStateIf({actor}, {returning}) AS back {source} WHERE {where} GROUP BY place"
    )
    periods = Sql(
        template,
        place=_place(plan, parts),
        actor=parts.actor,
        target=parts.target,
        returning=parts.returning,
        source=parts.source,
        where=parts.where,
    )
    if not plan.query.retention_type.enters_once:
        return Sql("SELECT place, hit AS start, back FROM ({p})", p=periods)
    # Who was there in an earlier period is not new.
    return Sql(
        "SELECT place, bitmapAndnot(hit, groupBitmapMergeState(hit) OVER "
        "(ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS start, back FROM ({p})",
        p=periods,
    )
