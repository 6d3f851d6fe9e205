"""Every zone of the tz database whose clocks change, and when: what worlds are made around."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

# Until 2022, as no release of the tz database tells these years otherwise: ClickHouse's need not be Python's.
# From 2012, as before it clocks were set back over a midnight that had struck, which no date of ClickHouse can say.
_FIRST, _END = datetime(2012, 1, 1, tzinfo=UTC), datetime(2022, 1, 1, tzinfo=UTC)
_WEEK, _SECOND = timedelta(days=7), timedelta(seconds=1)


@cache
def changes() -> dict[str, list[datetime]]:
    """Zone -> the instants at which its clocks are set."""
    names = sorted(zoneinfo.available_timezones() - {"localtime"})
    return {name: found for name in names if (found := _changes(ZoneInfo(name)))}


def _changes(zone: ZoneInfo) -> list[datetime]:
    found, at, offset = [], _FIRST, _FIRST.astimezone(zone).utcoffset()
    while at < _END:
        following = (at + _WEEK).astimezone(zone).utcoffset()
        if following != offset:
            found.append(_first_of(zone, at, at + _WEEK))
        at, offset = at + _WEEK, following
    return found


def _first_of(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """The first moment with the offset that `high` has."""
    while high - low > _SECOND:
        middle = low + (high - low) // _SECOND // 2 * _SECOND
        low, high = (low, middle) if middle.astimezone(zone).utcoffset() != _offset(low, zone) else (middle, high)
    return high


def _offset(at: datetime, zone: ZoneInfo) -> timedelta | None:
    return at.astimezone(zone).utcoffset()


@cache
def kinds(name: str) -> list[datetime]:
    """One change of each kind that the zone knows: the last one by that much and at that time of day."""
    zone, found = ZoneInfo(name), {}
    for at in changes()[name]:
        before = (at - _SECOND).astimezone(zone)
        found[before.utcoffset(), _offset(at, zone), before.time()] = at
    return list(found.values())


@st.composite
def near_a_change(draw: st.DrawFn, days: int) -> tuple[str, date]:
    """A zone and a day of it whose next `days` have a clock change; now and then a zone whose clocks never change."""
    steady = [("UTC", date(2022, 3, 20)), ("Asia/Kolkata", date(2022, 2, 20)), ("Asia/Kathmandu", date(2020, 2, 20))]
    if draw(st.integers(0, 7)) == 0:
        return draw(st.sampled_from(steady))
    name = draw(st.sampled_from(sorted(changes())))
    at = draw(st.sampled_from(changes()[name])).astimezone(ZoneInfo(name))
    return name, at.date() - timedelta(days=draw(st.integers(0, days - 2)))
