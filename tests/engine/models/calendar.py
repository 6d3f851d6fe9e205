"""Intervals by the calendar of a zone, in their plainest form."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

Bucket = date | datetime  # a day of the zone, or the instant that an hour starts at


def bucket(at: datetime, interval: str, zone: ZoneInfo, monday: bool) -> Bucket:
    """Of these zones, clocks are set by whole hours, so that local hours start at the same minute all day."""
    local = at.astimezone(zone)
    if interval == "hour":
        return at.astimezone(UTC) - timedelta(
            minutes=local.minute, seconds=local.second, microseconds=local.microsecond
        )
    day = local.date()
    if interval == "week":
        return day - timedelta(days=day.weekday() if monday else (day.weekday() + 1) % 7)
    return day.replace(day=1) if interval == "month" else day


def following(start: Bucket, interval: str) -> Bucket:
    if interval == "month":
        return (start + timedelta(days=31)).replace(day=1)
    return start + {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}[interval]


def midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def buckets(first: date, last: date, interval: str, zone: ZoneInfo, monday: bool) -> list[Bucket]:
    """Those that the days from `first` through `last` have a part in."""
    end = midnight(last + timedelta(days=1), zone) - timedelta(microseconds=1)
    found = [bucket(midnight(first, zone), interval, zone, monday)]
    while found[-1] != bucket(end, interval, zone, monday):
        found.append(following(found[-1], interval))
    return found
