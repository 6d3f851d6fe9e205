"""Who is counted in a point of a trend: the conditions of its number, by actor instead of counted. Pure.

For maths that count persons or groups these are as many as the number says; for all others they are the persons with
an event that the number is made of. In a cumulated trend they are those of all buckets so far.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from insights_engine.actors import MAX_DISTINCT_IDS, Wanted, distinct_ids
from insights_engine.dates import END_OF_DAY, Range, earlier
from insights_engine.errors import ValidationError
from insights_engine.intervals import bucket_key, start_of_day
from insights_engine.sql import TRUE, Sql, both
from insights_engine.trend.ask import Ask, counted_group
from insights_engine.trend.breakdowns import NULL, OTHER, as_list
from insights_engine.trend.compile import Branch, ask_of, branches, shown_values
from insights_engine.trend.heatmap import check
from insights_engine.trend.looking_back import active_since, first_events, is_as_long, looked_back
from insights_engine.trend.maths import Source
from insights_engine.trend.model import ALL_USERS, BreakdownBy, Series, TrendQuery
from insights_engine.trend.plan import Plan

_LEAST = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A point of the answer: a bucket by a moment in it or by its number, none where the display has one value.

    `value` is the breakdown's, one text a property; None for all values.
    """

    day: str | None = None
    interval: int | None = None
    series: int = 0
    value: tuple[str, ...] | None = None
    compare: Literal["current", "previous"] | None = None


@dataclass(frozen=True, slots=True)
class _Point:
    """One number of the answer: `key` is its bucket's, None for a total value."""

    ask: Ask
    wanted: Wanted
    key: int | None

    @property
    def who(self) -> tuple[Sql, Sql]:
        """Persons, also where the project counts distinct ids; or groups, and the condition that there is one."""
        index = counted_group(self.ask.series)
        if index is None:
            return self.ask.scan.person, TRUE
        key = self.ask.scan.group_key(index)
        return key, Sql("{k} != ''", k=key)

    def holds(self, bucket: Sql) -> Sql:
        """Whether an event of the bucket is of the point."""
        if self.key is None:
            return TRUE
        compared = "{b} <= {k:Int64}" if self.ask.is_cumulative else "{b} = {k:Int64}"
        return Sql(compared, b=bucket, k=self.key)


def series_at(query: TrendQuery, number: int) -> Series:
    """Raises ValidationError for one that there is not."""
    if not 0 <= number < len(query.series):
        last = len(query.series) - 1
        known = f": there are 0 to {last}" if last >= 0 else ""
        raise ValidationError(f"There is no series {number}{known}", attr="series")
    return query.series[number]


def group_listed(query: TrendQuery, chosen: Chosen) -> int | None:
    """The type of the groups that are listed; None for persons."""
    return counted_group(series_at(query, chosen.series))


def compile_people(plan: Plan, chosen: Chosen, wanted: Wanted) -> Sql | None:
    """Rows (who, event_count, event_distinct_ids); None for a series of an action that there is not.

    Raises ValidationError for a point that the answer does not have.
    """
    series_at(plan.query, chosen.series)
    if plan.query.display.kind == "heatmap":
        check(plan.query)
    at = _bucket(plan, chosen)
    if chosen.value is None:  # then the breakdown says nothing of who is counted
        plan = replace(plan, query=replace(plan.query, breakdown=BreakdownBy()))
    branch = _branch(plan, chosen)
    if branch is None:
        return None
    ask, names = ask_of(plan, branch)
    point = _Point(ask, wanted, None)
    if at is not None:
        point = _Point(replace(ask, span=_around(ask, at)), wanted, bucket_key(plan.interval, at))
    return Sql(
        "SELECT who, sum(events) AS event_count, groupUniqArrayArray({n:UInt32})(ids) AS event_distinct_ids "
        "FROM ({rows}){of_value} GROUP BY who",
        n=MAX_DISTINCT_IDS,
        rows=_ROWS.get(ask.math.source, _rows)(point),
        of_value=_of_value(plan, branch, chosen, names),
    )


def _period(chosen: Chosen) -> int:
    return int(chosen.compare == "previous")


def _bucket(plan: Plan, chosen: Chosen) -> datetime | None:
    """The bucket's start; None for the range as a whole."""
    if _period(chosen) >= len(plan.periods):
        raise ValidationError("compare: the query compares with no earlier period", attr="compare")
    if not plan.is_total:
        return plan.periods[_period(chosen)].buckets[place_of(plan, chosen)]
    given = next((name for name in ("day", "interval") if getattr(chosen, name) is not None), None)
    if given:
        display = plan.query.display.name
        raise ValidationError(f"{given}: the display {display} has one value, of the whole range", attr=given)
    return None


def place_of(plan: Plan, chosen: Chosen) -> int:
    """The number of the chosen bucket, from 0. Raises ValidationError for one that there is not.

    A bucket of a previous period is named by its own day or by the current one that it is compared with; where a day is
    both it is the latter, as these are what the answer's `action.days` are.
    """
    place, field, shown = chosen.interval, "interval", plan.periods[_period(chosen)]
    if chosen.day is not None:
        if place is not None:
            raise ValidationError("day and interval both say which point; send one of them", attr="interval")
        key, field = _key_of(plan, chosen.day), "day"
        places = [plan.bucket_index(period) for period in (plan.periods[0], shown)]
        place = next((of_period[key] for of_period in places if key in of_period), -1)
    elif place is None:
        raise ValidationError("day is required: the date of a point of the answer", attr="day", code="required")
    if not 0 <= place < len(shown.buckets):
        raise ValidationError(f"{field} is not in the range of dates", attr=field)
    return place


def _key_of(plan: Plan, day: str) -> int:
    zone = plan.project.zone
    try:
        at = datetime.fromisoformat(day.strip())
        at = at.replace(tzinfo=zone) if at.tzinfo is None else at.astimezone(zone)
        return bucket_key(plan.interval, plan.interval.floor(at, plan.project.weeks_start_on_monday))
    except (ValueError, OverflowError):
        raise ValidationError(f"day {day[:50]!r} is not a date", attr="day") from None


def _branch(plan: Plan, chosen: Chosen) -> Branch | None:
    """The part of the answer that has the point; with `all`, each cohort is a part of its own."""
    by, value = plan.query.breakdown, chosen.value
    if value is not None:
        wanted = max(1, len(by.properties))
        if not by:
            raise ValidationError("breakdown: the query has none", attr="breakdown")
        if len(value) != wanted:
            raise ValidationError(f"breakdown must have {wanted} value{'s' if wanted > 1 else ''}", attr="breakdown")
        if by.cohorts and value != (OTHER,) and value[0] not in map(str, by.cohorts):
            raise ValidationError(f"breakdown {value[0][:100]!r} is not a cohort of the query", attr="breakdown")
    for branch in branches(plan):
        is_it = not branch.is_cohort_run or value == (str(branch.cohort.id) if branch.cohort else ALL_USERS,)
        if (branch.series_index, branch.period_index) == (chosen.series, _period(chosen)) and is_it:
            return branch
    return None


def _around(ask: Ask, bucket: datetime) -> Range:
    """Of the range, the days of the bucket; cumulated, all days until then. What is read is as much as is needed."""
    last = earlier(ask.interval.following(bucket), _LEAST)
    end = min(ask.span.end, datetime.combine(last.date(), END_OF_DAY, last.tzinfo), key=datetime.timestamp)
    if ask.is_cumulative:
        return Range(ask.span.start, end, ask.span.select_from)
    return Range(bucket, end, max(ask.span.select_from, start_of_day(bucket), key=datetime.timestamp))


def _of_value(plan: Plan, branch: Branch, chosen: Chosen, names: Sql | None) -> Sql:
    """Keeps the rows of the breakdown's value; of Other, those of no value that the answer has a row for."""
    by, value = plan.query.breakdown, chosen.value
    if value is None or branch.is_cohort_run:
        return Sql("")
    key = as_list(by.properties, Sql("breakdown"), names)
    if set(value) == {OTHER}:
        shown = shown_values(plan, branch)
        return Sql(" WHERE NOT has((SELECT groupArray(breakdown) FROM ({shown})), {k})", shown=shown, k=key)
    texts = ["" if text == NULL else text for text in value]
    return Sql(" WHERE arrayMap(v -> ifNull(v, ''), {k}) = {v:Array(String)}", k=key, v=texts)


def _rows(point: _Point, lower: datetime | None = None, at: Sql | None = None) -> Sql:
    """Rows (who, breakdown, events, ids) of the events that match in the point's bucket, or by `lower` and `at`."""
    ask, (who, exists) = point.ask, point.who
    is_one = TRUE
    if ask.math.source == "property" and ask.series.math_property == "$session_duration":
        is_one = Sql("session != 0")
    return Sql(
        "SELECT {who} AS who, {breakdown} AS breakdown, count() AS events, {ids} AS ids {source} WHERE {where} "
        "GROUP BY who, breakdown",
        who=who,
        breakdown=ask.breakdown,
        ids=distinct_ids(point.wanted),
        source=ask.scan.from_clause(),
        where=both(
            ask.where if lower is None else ask.where_within(lower),
            point.holds(ask.bucket()) if at is None else at,
            exists,
            is_one,
        ),
    )


def _rolling(point: _Point) -> Sql:
    """Active in the bucket or in the days before it; at the end of the range for a total value."""
    ask, key = point.ask, point.key
    if key is None:
        return _rows(point, active_since(ask))
    if is_as_long(ask):
        return _rows(point)
    back = looked_back(ask)
    since = TRUE if ask.is_cumulative else Sql("{b} > {k:Int64}", b=back.bucket, k=key - back.length)
    return _rows(point, back.lower, both(Sql("{b} <= {k:Int64}", b=back.bucket, k=key), since))


def _first(point: _Point) -> Sql:
    """One event each."""

    def further(passing: Sql) -> Sql:
        ids = distinct_ids(point.wanted)
        if point.wanted.has_distinct_ids:
            ids = Sql("[argMinIf(distinct_id, ts, {p})]", p=passing)
        return Sql(", {who} AS who, toUInt64(1) AS events, {ids} AS ids", who=point.ask.scan.person, ids=ids)

    bucket, firsts = first_events(point.ask, further)
    return Sql("SELECT who, breakdown, events, ids FROM ({f}) WHERE {at}", f=firsts, at=point.holds(bucket))


# Of all other sources it is who has an event that matches.
_ROWS: dict[Source, Callable[[_Point], Sql]] = {"rolling": _rolling, "first": _first}
