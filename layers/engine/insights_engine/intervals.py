"""The intervals that a time series is cut into, one row each: how SQL names an event's bucket and Python its labels.

A bucket's key is an integer that both sides compute: days since 1970-01-01 for day and coarser, Unix seconds for hour
and minute. Days are the project's; an hour is a length of time, so a day on which the clock is set back has 25.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from insights_engine.errors import ValidationError
from insights_engine.sql import Sql

_EPOCH = date(1970, 1, 1)
_HOUR = timedelta(hours=1)
# More buckets than any chart shows; what would be more is an error that says so.
MAX_BUCKETS = 20_000


class Limits(NamedTuple):
    """From its computation on, an answer is fresh for `default`; `lazy`: who asks lazily takes it for so long."""

    default: timedelta
    lazy: timedelta


@dataclass(frozen=True, slots=True)
class Interval:
    """`sql` takes `{day}` (a Date) or, where `of_day` is false, `{local}` (a DateTime64 in the project's zone).

    `label` is shown under a bucket that starts then, in a range of which the first and the last day follow. `months`:
    of how many the interval is, 0 where it is shorter. `limits`: for how long an answer of such buckets is fresh; for
    ever without.
    """

    name: str
    sql: str
    floor: Callable[[datetime, bool], datetime]
    following: Callable[[datetime], datetime]
    label: Callable[[datetime, date, date], str]
    of_day: bool = True
    days_format: str = "%Y-%m-%d"
    months: int = 0
    limits: Limits | None = None


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


def _week(at: datetime, monday: bool) -> datetime:
    back = at.weekday() if monday else (at.weekday() + 1) % 7
    return start_of_day(at - timedelta(days=back))


def _week_label(start: datetime, first_day: date, last_day: date) -> str:
    """The days of the week that are in the range."""
    begin, end = max(start.date(), first_day), min(start.date() + timedelta(days=6), last_day)
    if begin > end:
        begin = end = start.date()
    if begin == end:
        return f"{begin.day}-{begin:%b-%Y}"
    if begin.year != end.year:
        return f"{begin.day}-{begin:%b-%Y} – {end.day}-{end:%b-%Y}"
    if begin.month != end.month:
        return f"{begin.day}-{begin:%b} – {end.day}-{end:%b}"
    return f"{begin.day}–{end.day} {begin:%b}"


def _of_time(
    name: str,
    sql: str,
    floor: Callable[[datetime], datetime],
    following: Callable[[datetime], datetime],
    limits: Limits,
) -> Interval:
    return Interval(
        name,
        sql,
        lambda at, _: floor(at),
        following,
        lambda start, _, __: f"{start.day}-{start:%b %H:%M}",
        of_day=False,
        days_format="%Y-%m-%d %H:%M:%S",
        limits=limits,
    )


def _of_months(
    name: str, sql: str, months: int, label: Callable[[datetime], str], limits: Limits | None = None
) -> Interval:
    """Of so many whole months, counted from January."""

    def floor(at: datetime, _: bool) -> datetime:
        return start_of_day(at.replace(month=(at.month - 1) // months * months + 1, day=1))

    def following(at: datetime) -> datetime:
        year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
        return at.replace(year=year, month=month + 1)

    return Interval(name, sql, floor, following, lambda start, _, __: label(start), months=months, limits=limits)


INTERVALS = {
    row.name: row
    for row in (
        _of_time(
            "minute",
            "toStartOfMinute({local})",
            lambda at: at.replace(second=0, microsecond=0),
            lambda at: _after(at, timedelta(minutes=1)),
            Limits(timedelta(minutes=5), timedelta(minutes=15)),
        ),
        _of_time("hour", "toStartOfHour({local})", _hour, _next_hour, Limits(_HOUR, 2 * _HOUR)),
        Interval(
            "day",
            "{day}",
            lambda at, _: start_of_day(at),
            lambda at: at + timedelta(days=1),
            lambda start, _, __: f"{start.day}-{start:%b-%Y}",
            limits=Limits(6 * _HOUR, 12 * _HOUR),
        ),
        Interval(
            "week",
            "toStartOfWeek({day}, {mode})",
            _week,
            lambda at: at + timedelta(days=7),
            _week_label,
            limits=Limits(timedelta(days=1), timedelta(days=1)),
        ),
        _of_months(
            "month",
            "toStartOfMonth({day})",
            1,
            lambda start: f"{start:%b %Y}",
            Limits(timedelta(days=2), timedelta(days=2)),
        ),
        _of_months(
            "quarter", "toStartOfQuarter({day})", 3, lambda start: f"Q{(start.month - 1) // 3 + 1} {start.year}"
        ),
        _of_months("year", "toStartOfYear({day})", 12, lambda start: f"{start.year}"),
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
