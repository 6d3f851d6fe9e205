"""The periods that retention is cut into, one row each: Hour, Day, Week, Month."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from insights_engine.dates import add_months
from insights_engine.intervals import INTERVALS, Interval, bucket_key, start_of_day


@dataclass(frozen=True, slots=True)
class Unit:
    """What is crossed in 24-hour windows: the SQL of how many came before an event, and the same of the window."""

    sql: str
    number: Callable[[datetime], int]


_HOURS = Unit(
    "intDiv(toInt64(toUnixTimestamp(toStartOfHour({local}))), 3600)", lambda start: int(start.timestamp()) // 3600
)
_MIDNIGHTS = Unit("toInt64({day})", lambda start: bucket_key(INTERVALS["day"], start))


@dataclass(frozen=True, slots=True)
class Period:
    """`index` is the SQL of an event's place in the window, from `{day}`, `{ts}` and `{start}` (the first period).

    intDiv rounds towards 0, so that what it divides is lifted above 0 whatever the event's date.

    `within` is the same of events that are not before it, in the smallest numbers that hold it: a fifth faster.
    `origin` is `{start}`, `step` moves a local time by whole periods. In 24-hour windows a period is `per` crossed
    boundaries of `unit`. `older_last` and `older_first` are what the older form makes of date_to and of the first
    period's beginning: its weeks alone go back to their first day, a Sunday.
    """

    name: str
    interval: Interval
    index: str
    within: str
    step: Callable[[datetime, int], datetime]
    unit: Unit
    per: int
    origin: Callable[[datetime], int] = lambda start: bucket_key(INTERVALS["day"], start)
    older_last: Callable[[datetime], datetime] = start_of_day
    older_first: Callable[[datetime], datetime] = lambda first: first


def _hours(at: datetime, n: int) -> datetime:
    return (at.astimezone(UTC) + timedelta(hours=n)).astimezone(at.tzinfo)


PERIODS = {
    row.name: row
    for row in (
        Period(
            "Hour",
            INTERVALS["hour"],
            "intDiv(toInt64(toUnixTimestamp({ts})) - {start:Int64} + 36000000000, 3600) - 10000000",
            "intDiv(toInt64(toUnixTimestamp({ts})) - {start:Int64}, 3600)",
            _hours,
            _HOURS,
            1,
            origin=lambda start: bucket_key(INTERVALS["hour"], start),
            older_last=lambda at: at.replace(microsecond=0),
        ),
        Period(
            "Day",
            INTERVALS["day"],
            "toInt64({day}) - {start:Int64}",
            "toUInt16({day}) - {start:UInt16}",
            lambda at, n: at + timedelta(days=n),
            _HOURS,
            24,
        ),
        Period(
            "Week",
            INTERVALS["week"],
            "intDiv(toInt64({day}) - {start:Int64} + 70000, 7) - 10000",
            "intDiv(toUInt16({day}) - {start:UInt16}, 7)",
            lambda at, n: at + timedelta(weeks=n),
            _MIDNIGHTS,
            7,
            older_first=lambda first: INTERVALS["week"].floor(first, False),
        ),
        Period(
            "Month",
            INTERVALS["month"],
            "toInt64(toRelativeMonthNum({day})) - {start:Int64}",
            "toRelativeMonthNum({day}) - {start:UInt32}",
            add_months,
            _MIDNIGHTS,
            30,
            origin=lambda start: start.year * 12 + start.month,
        ),
    )
}
