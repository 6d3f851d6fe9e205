"""The window of a retention query: its rows, and the dates they are shown with. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from insights_engine.dates import parse
from insights_engine.definitions import Definitions
from insights_engine.errors import ValidationError
from insights_engine.project import Project
from insights_engine.retention.model import MAX_INTERVALS, RetentionQuery

_MOMENT = timedelta(microseconds=1)
_FIRST = datetime(1970, 1, 3, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Window:
    """`start` and `end` (exclusive) at borders of periods, in the project's zone; a row's date is `dates[row]`.

    Events are read from `reads_from` through `reads_to`: in the older form not all of the first period.
    """

    start: datetime
    end: datetime
    dates: tuple[datetime, ...]
    reads_from: datetime
    reads_to: datetime

    @property
    def rows(self) -> int:
        return len(self.dates)


@dataclass(frozen=True, slots=True)
class Plan:
    query: RetentionQuery
    project: Project
    definitions: Definitions
    now: datetime
    window: Window

    @property
    def cohorts(self) -> int:
        """How many periods, from the first, have a cohort. Where they are pooled, the window's last moment is one."""
        if self.query.first_cohort_only:
            return 1
        return self.window.rows + 2 if self.query.is_pooled else self.window.rows


def make_window(query: RetentionQuery, project: Project, now: datetime) -> Window:
    """The period that holds date_to is complete; without a usable date_from, `total_intervals` periods end with it."""
    moment = parse(query.date_to, now, project.zone, "date_to") if query.date_to else None
    last = moment.at if moment else now.astimezone(project.zone)
    return _legacy(query, last) if query.is_legacy else _node(query, project, now, last)


def _node(query: RetentionQuery, project: Project, now: datetime, last: datetime) -> Window:
    period, zone, monday = query.period, project.zone, project.weeks_start_on_monday
    end = period.step(period.interval.floor(last, monday), 1)
    if query.date_from == "all":
        raise ValidationError('date_from: retention begins at a date, not at "all"', attr="date_from")
    if query.date_from:
        start = period.interval.floor(parse(query.date_from, now, zone, "date_from").at, monday)
        if start.timestamp() >= end.timestamp():
            raise ValidationError("date_from is after date_to", attr="date_from")
    else:
        start = period.step(end, -query.total_intervals)
    _within_calendar(start)
    dates = [start]
    while (following := period.step(start, len(dates))).timestamp() < end.timestamp():
        dates.append(following)
        if len(dates) > MAX_INTERVALS:
            raise ValidationError(
                f"The window has more than {MAX_INTERVALS} periods; choose a longer period", attr="period"
            )
    return Window(start, end, tuple(dates), start, before(end))


def _legacy(query: RetentionQuery, last: datetime) -> Window:
    """From the day of date_to, or from its second: a month's first row may begin, and is dated, inside of the month.

    A breakdown reads the window's last moment as well.
    """
    period = query.period
    stop = period.step(period.older_last(last), 1)
    first = period.step(stop, -query.total_intervals)
    _within_calendar(first)
    first = period.older_first(first)
    start = period.interval.floor(first, False)
    end = period.step(start, query.total_intervals)
    dates = tuple(period.step(first, i) for i in range(query.total_intervals))
    return Window(start, end, dates, first, stop if query.breakdown else before(end))


def before(end: datetime) -> datetime:
    """By elapsed time: of a clock that is set back at the end, the hour before it is the second of its name."""
    return (end.astimezone(UTC) - _MOMENT).astimezone(end.tzinfo)


def _within_calendar(start: datetime) -> None:
    if start.timestamp() < _FIRST.timestamp():
        raise ValidationError("The window begins before 1970; choose fewer intervals", attr="total_intervals")
