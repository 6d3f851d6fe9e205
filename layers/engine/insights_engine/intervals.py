"""The intervals that a time series is cut into, one row each: how SQL names an event's bucket and Python its labels.

A bucket's key is an integer that both sides compute: days since 1970-01-01 for day and coarser, Unix seconds for hour
and minute. Days are the project's; an hour is a length of time, so a day on which the clock is set back has 25.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from insights_engine.errors import ValidationError
from insights_engine.sql import Sql

IntervalName = Literal["minute", "hour", "day", "week", "month", "quarter", "year"]
_EPOCH = date(1970, 1, 1)
_HOUR = timedelta(hours=1)
# More buckets than any chart shows; what would be more is an error that says so.
MAX_BUCKETS = 20_000


@dataclass(frozen=True, slots=True)
class Interval:
    """`sql` takes `{day}` (a Date) or, where `of_day` is false, `{local}` (a DateTime64 in the project's zone)."""

    name: IntervalName
    sql: str
    of_day: bool
    floor: Callable[[datetime, bool], datetime]
    following: Callable[[datetime], datetime]
    days_format: str


def start_of_day(at: datetime) -> datetime:
    return datetime.combine(at.date(), time(), at.tzinfo)


def _hour(at: datetime) -> datetime:
    """Hours run from the day's midnight, as ClickHouse cuts them: some clocks change by half an hour."""
    midnight = start_of_day(at).astimezone(UTC)
    elapsed = at.astimezone(UTC) - midnight
    return (midnight + elapsed // _HOUR * _HOUR).astimezone(at.tzinfo)


def _next_hour(at: datetime) -> datetime:
    following = _after(at, _HOUR)
    return _after(start_of_day(following), timedelta(0)) if following.date() != at.date() else following


def _after(at: datetime, length: timedelta) -> datetime:
    """Minutes and hours are lengths of time, whatever the clock does."""
    return (at.astimezone(UTC) + length).astimezone(at.tzinfo)


def _first(at: datetime, month: int) -> datetime:
    return start_of_day(at.replace(month=month, day=1))


def _months(count: int) -> Callable[[datetime], datetime]:
    def following(at: datetime) -> datetime:
        year, month = divmod(at.year * 12 + at.month - 1 + count, 12)
        return at.replace(year=year, month=month + 1)

    return following


def _week(at: datetime, monday: bool) -> datetime:
    back = at.weekday() if monday else (at.weekday() + 1) % 7
    return start_of_day(at - timedelta(days=back))


INTERVALS = {
    row.name: row
    for row in (
        Interval(
            "minute",
            "toStartOfMinute({local})",
            False,
            lambda at, _: at.replace(second=0, microsecond=0),
            lambda at: _after(at, timedelta(minutes=1)),
            "%Y-%m-%d %H:%M:%S",
        ),
        Interval(
            "hour",
            "toStartOfHour({local})",
            False,
            lambda at, _: _hour(at),
            _next_hour,
            "%Y-%m-%d %H:%M:%S",
        ),
        Interval("day", "{day}", True, lambda at, _: start_of_day(at), lambda at: at + timedelta(days=1), "%Y-%m-%d"),
        Interval("week", "toStartOfWeek({day}, {mode})", True, _week, lambda at: at + timedelta(days=7), "%Y-%m-%d"),
        Interval("month", "toStartOfMonth({day})", True, lambda at, _: _first(at, at.month), _months(1), "%Y-%m-%d"),
        Interval(
            "quarter",
            "toStartOfQuarter({day})",
            True,
            lambda at, _: _first(at, (at.month - 1) // 3 * 3 + 1),
            _months(3),
            "%Y-%m-%d",
        ),
        Interval("year", "toStartOfYear({day})", True, lambda at, _: _first(at, 1), _months(12), "%Y-%m-%d"),
    )
}


def bucket_sql(interval: Interval, day: Sql, local: Sql, monday: bool) -> Sql:
    """The bucket's key of an event as Int64."""
    start = bucket_start_sql(interval, day, local, monday)
    return Sql("toInt64({s})", s=start) if interval.of_day else Sql("toInt64(toUnixTimestamp({s}))", s=start)


def bucket_start_sql(interval: Interval, day: Sql, local: Sql, monday: bool) -> Sql:
    """What a scan is grouped by: events are grouped by a date in a fifth less time than by the number of one."""
    return Sql(interval.sql, day=day, local=local, mode=Sql("1" if monday else "0"))


def bucket_key(interval: Interval, start: datetime) -> int:
    return (start.date() - _EPOCH).days if interval.of_day else int(start.timestamp())


def buckets(interval: Interval, start: datetime, end: datetime, monday: bool) -> list[datetime]:
    """Starts of the buckets from the one that holds `start` through the one that holds `end`."""
    # Instants are compared: two local times of one zone would compare without regard to a clock change.
    at, found, last = interval.floor(start, monday), [], end.timestamp()
    while at.timestamp() <= last:
        found.append(at)
        if len(found) > MAX_BUCKETS:
            raise ValidationError(
                f"The range has more than {MAX_BUCKETS} intervals of one {interval.name}; choose a longer interval",
                attr="interval",
            )
        at = interval.following(at)
    return found


def label(interval: Interval, start: datetime, first_day: date, last_day: date) -> str:
    """What is shown under a bucket. `first_day` and `last_day` of the range clip the weeks at its ends."""
    match interval.name:
        case "hour" | "minute":
            return f"{start.day}-{start:%b %H:%M}"
        case "week":
            return _week_label(start.date(), first_day, last_day)
        case "month":
            return f"{start:%b %Y}"
        case "quarter":
            return f"Q{(start.month - 1) // 3 + 1} {start.year}"
        case "year":
            return f"{start.year}"
        case _:
            return f"{start.day}-{start:%b-%Y}"


def _week_label(start: date, first_day: date, last_day: date) -> str:
    begin, end = max(start, first_day), min(start + timedelta(days=6), last_day)
    if begin > end:
        begin = end = start
    if begin == end:
        return f"{begin.day}-{begin:%b-%Y}"
    if begin.year != end.year:
        return f"{begin.day}-{begin:%b-%Y} – {end.day}-{end:%b-%Y}"
    if begin.month != end.month:
        return f"{begin.day}-{begin:%b} – {end.day}-{end:%b}"
    return f"{begin.day}–{end.day} {begin:%b}"
