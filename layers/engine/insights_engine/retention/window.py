"""The window of a retention query: its rows, and the dates they are shown with. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from insights_engine.dates import END_OF_DAY, parse
from insights_engine.definitions import Definitions
from insights_engine.errors import ValidationError
from insights_engine.project import Project
from insights_engine.retention.model import MAX_INTERVALS, RetentionQuery


@dataclass(frozen=True, slots=True)
class Window:
    """`start` and `end` (exclusive) at borders of periods, in the project's zone; a row's date is `dates[row]`."""

    start: datetime
    end: datetime
    dates: tuple[datetime, ...]

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


def make_window(query: RetentionQuery, project: Project, now: datetime) -> Window:
    """The period that holds date_to is complete; without a usable date_from, `total_intervals` periods end with it."""
    period, zone = query.period, project.zone
    monday = project.weeks_start_on_monday and not query.is_legacy
    moment = parse(query.date_to, now, zone, "date_to") if query.date_to else None
    last = moment.at if moment else now.astimezone(zone)
    if period.name != "Hour":
        last = datetime.combine(last.date(), END_OF_DAY, zone)
    # The exclusive end: from the period that holds date_to, one on.
    end = period.step(period.interval.floor(last, monday), 1)
    if query.date_from and not query.is_legacy:
        start = period.interval.floor(parse(query.date_from, now, zone, "date_from").at, monday)
        if start >= end:
            raise ValidationError("date_from is after date_to", attr="date_from")
    else:
        start = period.step(end, -query.total_intervals)
    dates = [start]
    while (following := period.step(start, len(dates))).timestamp() < end.timestamp():
        dates.append(following)
        if len(dates) > MAX_INTERVALS:
            raise ValidationError(
                f"The window has more than {MAX_INTERVALS} periods; choose a longer period", attr="period"
            )
    if query.is_legacy:
        dates = _legacy_dates(query, dates, last)
    return Window(start, end, tuple(dates))


def _legacy_dates(query: RetentionQuery, dates: list[datetime], last: datetime) -> list[datetime]:
    """The older form shows months with date_to's day of the month, and hours with its minutes."""
    if query.period.name == "Month":
        first = query.period.step(datetime.combine(last.date(), time(), last.tzinfo), 1 - len(dates))
        return [query.period.step(first, i) for i in range(len(dates))]
    if query.period.name == "Hour":
        return [at + timedelta(minutes=last.minute, seconds=last.second) for at in dates]
    return dates
