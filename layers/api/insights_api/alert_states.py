"""How an alert goes on: its state after a check, whether people are told, and when it is checked again. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

State = Literal["Firing", "Not firing", "Errored", "Snoozed"]
Found = Literal["crossed", "within", "failed"]
_SATURDAY = 5
_SECOND = timedelta(seconds=1)
# Longer than from one first of a month to the next, and than a clock change takes.
_MOST_DAYS = 34


class Standing(NamedTuple):
    """`is_crossed`: what the last check that came to a value found. A failure in between changes nothing about it."""

    state: State
    is_crossed: bool


AT_REST = Standing("Not firing", False)


def after(before: Standing, found: Found) -> tuple[Standing, bool]:
    """The standing after a check, and whether people are told: once a crossing, and once when checks begin to fail."""
    if found == "failed":
        return Standing("Errored", before.is_crossed), before.state != "Errored"
    if found == "within":
        return AT_REST, False
    return Standing("Firing", True), not before.is_crossed


class Every(NamedTuple):
    """A row of CALCULATION_INTERVALS. `hour`: of the project's day; without one each hour.

    `keeps_weekends`: that weekends are skipped means nothing, as there is one check a week or less.
    """

    name: str
    hour: int | None
    is_on: Callable[[date], bool]
    keeps_weekends: bool = False


CALCULATION_INTERVALS = {
    row.name: row
    for row in (
        Every("hourly", None, lambda day: True),
        Every("daily", 1, lambda day: True),
        Every("weekly", 3, lambda day: day.weekday() == 0, keeps_weekends=True),
        Every("monthly", 4, lambda day: day.day == 1, keeps_weekends=True),
    )
}


def is_skipped(every: str, at: datetime, zone: ZoneInfo, *, skip_weekend: bool) -> bool:
    """Whether no check is made at that time, because it is a weekend where the project is."""
    is_weekend = at.astimezone(zone).weekday() >= _SATURDAY
    return skip_weekend and is_weekend and not CALCULATION_INTERVALS[every].keeps_weekends


def next_check(
    alert_id: str,
    every: str,
    now: datetime,
    zone: ZoneInfo,
    *,
    skip_weekend: bool = False,
    not_before: datetime | None = None,
) -> datetime:
    """The first time after `now`, and not before the end of a snooze. UTC, in whole seconds.

    The minute follows from the alert's id, so that those of a project do not all come at once.
    """
    at = now if not_before is None else max(now, not_before - _SECOND)
    row, minute = CALCULATION_INTERVALS[every], UUID(alert_id).int % 60
    while True:
        at = _next_hour(at, minute) if row.hour is None else _next_day(row, row.hour, at, zone, minute)
        if not is_skipped(every, at, zone, skip_weekend=skip_weekend):
            return at


def _next_hour(after: datetime, minute: int) -> datetime:
    at = after.astimezone(UTC).replace(minute=minute, second=0, microsecond=0)
    return at if at > after else at + timedelta(hours=1)


def _next_day(row: Every, hour: int, after: datetime, zone: ZoneInfo, minute: int) -> datetime:
    today = after.astimezone(zone).date()
    days = (today + timedelta(days=n) for n in range(_MOST_DAYS))
    times = (datetime.combine(day, time(hour, minute), zone).astimezone(UTC) for day in days if row.is_on(day))
    return next(at for at in times if at > after)
