"""Date ranges as the API writes them, resolved in the project's time zone.

`parse` reads one date; `resolve` makes the range of a query: where it starts and ends, and from when events are
selected, which is not always the start of the first bucket (`select_from`).
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from insights_engine.errors import ValidationError, attr_of
from insights_engine.intervals import Interval, start_of_day

# Nothing was tracked before; `all` over a project without events starts here.
EARLIEST = date(2015, 1, 1)
# The days that ClickHouse's Date can hold, with room for the shifts of compared and rolling periods.
_FIRST, _LAST = datetime(1970, 1, 2, tzinfo=UTC), datetime(2148, 12, 31, tzinfo=UTC)

# A year of five digits is meant as a date, though it is not one.
_FAR = re.compile(r"^[+-]?\d{5,}-\d{1,2}-\d{1,2}")
_ISO = re.compile(r"^\d{4}-\d{2}-\d{2}[T ]")
# Unpadded too; of a month or a year alone, its first day.
_DATE = re.compile(r"^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?$")
# Searched for, not matched in full, as upstream does: any text with such a letter is a relative date.
_RELATIVE = re.compile(r"-?(?P<number>\d{1,9})?(?P<kind>[hdwmqysHDWMQYS])(?P<position>Start|End)?")

# Where clocks are set back at midnight the last minute comes twice, and the day ends with the second one.
END_OF_DAY = time(23, 59, 59, 999999, fold=1)


@dataclass(frozen=True, slots=True)
class Moment:
    """A date of the request: the instant in the project's zone, and how it was written."""

    at: datetime
    # The letter of a relative date, None for an absolute one.
    kind: str | None = None
    has_position: bool = False

    @property
    def is_relative(self) -> bool:
        return self.kind is not None


@dataclass(frozen=True, slots=True)
class Range:
    """`start` and `end` (inclusive) in the project's zone; events count from `select_from`."""

    start: datetime
    end: datetime
    select_from: datetime


def parse(text: str, now: datetime, zone: ZoneInfo, field: str, *, is_end: bool = False) -> Moment:
    """Absolute or relative; `now` when nothing in the text can be read. Raises ValidationError beyond 1970 to 2148.

    A local time that the clock shows twice is the first of the two, and as an end the second.
    """
    local_now = now.astimezone(zone)
    try:
        moment = _absolute(text.strip(), zone, int(is_end)) or _relative(text, local_now) or Moment(local_now)
    except (OverflowError, ValueError):
        raise ValidationError(f"{field} {text[:50]!r} is not a date", attr=attr_of(field)) from None
    if not _FIRST <= moment.at <= _LAST:
        raise ValidationError(f"{field} {text[:50]!r} is not between 1970 and 2148", attr=attr_of(field))
    return moment


def _absolute(text: str, zone: ZoneInfo, fold: int) -> Moment | None:
    if _FAR.match(text):
        raise ValueError(text)
    if found := _DATE.match(text):
        year, month, day = (int(part or 1) for part in found.groups())
        return Moment(datetime(year, month, day, tzinfo=zone))
    if not _ISO.match(text):
        return None
    at = datetime.fromisoformat(text)
    return Moment(at.replace(tzinfo=zone, fold=fold) if at.tzinfo is None else at.astimezone(zone))


def _relative(text: str, now: datetime) -> Moment | None:
    found = _RELATIVE.search(text)
    if found is None:
        return None
    number, kind, position = int(found["number"] or 0), found["kind"], found["position"]
    return Moment(_moved(now, number, kind, position), kind, position is not None)


def _moved(now: datetime, n: int, kind: str, position: str | None) -> datetime:
    """`now` less n units; the sign is not looked at. Of the upper-case letters only `M` (minutes) means something."""
    match kind:
        case "h":
            at = earlier(now, timedelta(hours=n))
            return _clock(at, position, time(at.hour, fold=at.fold), time(at.hour, 59, 59, 999999, fold=at.fold))
        case "d":
            return _clock(now - timedelta(days=n), position, time(), END_OF_DAY)
        case "w":
            return now - timedelta(weeks=n)
        case "m":
            at = add_months(now, -n)
            last = calendar.monthrange(at.year, at.month)[1]
            return at.replace(day={"Start": 1, "End": last}.get(position or "", at.day))
        case "q":
            return now - timedelta(weeks=13 * n)
        case "y":
            at = add_months(now, -12 * n)
            if position == "Start":
                return at.replace(month=1, day=1)
            return at.replace(day=min(31, calendar.monthrange(at.year, at.month)[1])) if position else at
        case "M":
            return earlier(now, timedelta(minutes=n))
        case "s":
            return earlier(now, timedelta(seconds=n))
        case _:
            return now


def earlier(at: datetime, length: timedelta) -> datetime:
    """The instant that is so much earlier. Between local times, clocks may have been set."""
    return (at.astimezone(UTC) - length).astimezone(at.tzinfo)


def _clock(at: datetime, position: str | None, start: time, end: time) -> datetime:
    if position is None:
        return at
    chosen = start if position == "Start" else end
    return datetime.combine(at.date(), chosen, at.tzinfo)


def add_months(at: datetime, months: int) -> datetime:
    """Calendar months; the day is clamped to the month's last."""
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    return at.replace(year=year, month=month + 1, day=min(at.day, calendar.monthrange(year, month + 1)[1]))


def resolve(
    date_from: str | None,
    date_to: str | None,
    *,
    interval: Interval,
    now: datetime,
    zone: ZoneInfo,
    monday: bool,
    exact_now: bool = False,
    explicit: bool = False,
    earliest: datetime | None = None,
) -> Range:
    """The range of a query. `exact_now` is the window of a BoldNumber; `earliest` is what `all` stands for."""
    end = _end(date_to, interval, now, zone, exact=exact_now, explicit=explicit)
    if date_from == "all":
        begin = _first_day(earliest, end, zone)
    else:
        begin = _begin(date_from, interval, now, zone, exact=exact_now, explicit=explicit)
    if begin.at.timestamp() > end.timestamp():  # of one zone, two local times compare without regard to a clock change
        raise ValidationError("date_from is after date_to", attr="date_from")
    return Range(begin.at, end, _select_from(begin, interval, monday, exact_now or explicit))


def _first_day(earliest: datetime | None, end: datetime, zone: ZoneInfo) -> Moment:
    """What `all` stands for: the day of the first event, or the range's last where everything came later."""
    floor = datetime.combine(EARLIEST, time(), zone)
    first = max(earliest.astimezone(zone), floor) if earliest else floor
    return Moment(start_of_day(min(first, end)))


def _begin(
    text: str | None, interval: Interval, now: datetime, zone: ZoneInfo, *, exact: bool, explicit: bool
) -> Moment:
    moment = parse(text or "-7d", now, zone, "date_from")
    if not moment.is_relative or exact or explicit or interval.name == "minute":
        return moment
    if moment.kind == "h":
        return Moment(moment.at.replace(minute=0, second=0, microsecond=0), moment.kind)
    return Moment(start_of_day(moment.at), moment.kind)


def _end(
    text: str | None, interval: Interval, now: datetime, zone: ZoneInfo, *, exact: bool, explicit: bool
) -> datetime:
    """Stretched to the end of its bucket's smallest unit, except where the time of day was asked for."""
    moment = parse(text, now, zone, "date_to", is_end=True) if text else Moment(now.astimezone(zone))
    at = moment.at
    if explicit or (exact and not text):
        return at
    absolute = text is not None and not moment.is_relative
    if interval.name == "hour":
        return at if absolute else at.replace(minute=59, second=59, microsecond=999999)
    if interval.name == "minute":
        return at if absolute else at.replace(second=59, microsecond=999999)
    return datetime.combine(at.date(), END_OF_DAY, zone)


def _select_from(begin: Moment, interval: Interval, monday: bool, exact: bool) -> datetime:
    if exact:
        return begin.at
    if not interval.of_day:
        return begin.at if begin.is_relative else interval.floor(begin.at, monday)
    if interval.months:
        return interval.floor(begin.at, monday)
    return begin.at if interval.name == "day" and begin.kind == "h" else start_of_day(begin.at)
