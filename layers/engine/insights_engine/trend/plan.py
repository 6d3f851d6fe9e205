"""What a query asks once its dates are resolved: the current period and, with compare, the previous one. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from insights_engine.answer import Preliminary
from insights_engine.dates import END_OF_DAY, Range, parse, resolve
from insights_engine.definitions import Definitions
from insights_engine.errors import ValidationError
from insights_engine.intervals import INTERVALS, Interval, bucket_key, buckets
from insights_engine.project import Project
from insights_engine.trend.model import TrendQuery

# More than a statement should hold in memory at once: series x breakdown values x buckets.
MAX_VALUES = 1_000_000
# What has as many of each weekday as the other.
_WEEKS_OF = re.compile(r"-?(\d{1,4})([my])")
_WEEKS_IN = {"m": 4, "y": 52}
_WEEKS = re.compile(r"^-?(\d+)d(ays?)?$")


class TooManyValues(ValidationError):
    """More than can be held or sent; fewer breakdown values may do."""


@dataclass(frozen=True, slots=True)
class Period:
    """`compare_label` is None without compare; `buckets` is empty for a total value."""

    range: Range
    buckets: tuple[datetime, ...]
    compare_label: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    query: TrendQuery
    project: Project
    definitions: Definitions
    now: datetime
    interval: Interval
    periods: tuple[Period, ...]
    # The statement that found the first event, where the range is all of them.
    before: Preliminary | None = None

    @property
    def is_total(self) -> bool:
        return self.query.display.kind != "series"

    def bucket_index(self, period: Period) -> dict[int, int]:
        return {bucket_key(self.interval, at): index for index, at in enumerate(period.buckets)}


def make_plan(
    query: TrendQuery, project: Project, definitions: Definitions, now: datetime, earliest: datetime | None = None
) -> Plan:
    """`earliest` is the first event's time, needed for `date_from: all` alone."""
    # The interval does not change a total value; days are what its range is resolved by.
    interval = query.interval if query.display.kind == "series" else INTERVALS["day"]
    current = resolve(
        query.date_from,
        query.date_to,
        interval=interval,
        now=now,
        zone=project.zone,
        monday=project.weeks_start_on_monday,
        exact_now=query.display.is_exact,
        explicit=query.explicit_date,
        earliest=earliest,
    )
    ranges: list[tuple[Range, str | None]] = [(current, "current" if query.compare else None)]
    if query.compare:
        ranges.append((_previous(query, interval, current, project), "previous"))
    periods = tuple(
        Period(
            span,
            ()
            if query.display.kind != "series"
            else tuple(buckets(interval, span.start, span.end, project.weeks_start_on_monday)),
            label,
        )
        for span, label in ranges
    )
    _check_size(query, periods)
    return Plan(query, project, definitions, now, interval, periods)


def _check_size(query: TrendQuery, periods: tuple[Period, ...]) -> None:
    """What the statement may have to hold: every series, value and bucket."""
    rows = len(query.series) * ((query.breakdown_limit + 1) if query.breakdown else 1)
    values = rows * sum(len(period.buckets) for period in periods)
    if values > MAX_VALUES:
        raise TooManyValues(
            f"The query asks for up to {values:,} values, more than {MAX_VALUES:,}; choose a longer interval, a "
            "shorter range or a smaller breakdown_limit",
            attr="interval",
        )


def _previous(query: TrendQuery, interval: Interval, current: Range, project: Project) -> Range:
    """The period before: as long, and at the same time of day."""
    span = _shifted(current, _distance(query, interval, current, project))
    if query.explicit_date or query.display.is_exact or not interval.months:
        return span
    return Range(span.start, span.end, interval.floor(span.start, project.weeks_start_on_monday))


def _distance(query: TrendQuery, interval: Interval, current: Range, project: Project) -> timedelta:
    if query.compare_to:
        compare_to = query.compare_to
        friendly = _WEEKS_OF.fullmatch(compare_to) if project.human_friendly_comparison_periods else None
        if friendly:
            compare_to = f"-{int(friendly[1]) * _WEEKS_IN[friendly[2]]}w"
        moved = parse(compare_to, current.start, project.zone, "compare_to")
        if not moved.is_relative:
            raise ValidationError(
                f"compare_to {query.compare_to[:50]!r} must be relative, such as -1w", attr="compare_to"
            )
        return current.start.replace(tzinfo=None) - moved.at.replace(tzinfo=None)
    length = current.end - current.start
    if current.end.time() == END_OF_DAY:  # which belongs to the range
        length += timedelta(microseconds=1)
    if query.display.is_exact or query.explicit_date or interval.name == "minute":
        return length
    if interval.name == "hour":
        start = (current.start - length).date()
        return current.start.date() - start if start < current.start.date() else timedelta(days=1)
    days = (current.end.date() - current.start.date()).days + 1
    return timedelta(days=days - (1 if _is_weeks(query, interval) else 0))


def _is_weeks(query: TrendQuery, interval: Interval) -> bool:
    """`-7d`, `-14d`: the running day is an extra one; the previous period starts a day later, to align weekdays."""
    found = _WEEKS.match(query.date_from or "-7d")
    ends_now = not query.date_to or query.date_to[:4].isdigit()
    return bool(interval.name == "day" and found and ends_now and int(found[1]) and int(found[1]) % 7 == 0)


def _shifted(span: Range, back: timedelta) -> Range:
    return Range(span.start - back, (span.end - back).replace(fold=span.end.fold), span.select_from - back)
