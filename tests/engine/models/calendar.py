"""Intervals by the calendar of a zone, in their plainest form."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

Bucket = date | datetime  # a day of the zone, or the instant that an hour or a minute starts at
# In months.
LONG = {"month": 1, "quarter": 3, "year": 12}
SHORT = {"hour": timedelta(hours=1), "minute": timedelta(minutes=1)}


def bucket(at: datetime, interval: str, zone: ZoneInfo, monday: bool) -> Bucket:
    """Hours and minutes are lengths of time from the day's midnight on."""
    day = at.astimezone(zone).date()
    if interval in SHORT:
        start, size = midnight(day, zone), SHORT[interval]
        return start + (at.astimezone(UTC) - start) // size * size
    if interval == "week":
        return day - timedelta(days=day.weekday() if monday else (day.weekday() + 1) % 7)
    if interval in LONG:
        return day.replace(day=1, month=(day.month - 1) // LONG[interval] * LONG[interval] + 1)
    return day


def midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def buckets(first: date, last: date, interval: str, zone: ZoneInfo, monday: bool) -> list[Bucket]:
    """Those that the days from `first` through `last` have a part in."""
    begin, step = midnight(first, zone), timedelta(minutes=1 if interval == "minute" else 30)
    moments = range((midnight(last + timedelta(days=1), zone) - begin) // step)
    return sorted({bucket(begin + step * i, interval, zone, monday) for i in moments})
