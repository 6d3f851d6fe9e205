"""When a subscription is due: an iCalendar recurrence rule (RFC 5545) in UTC, and the same in words.

One library makes create, preview and the scheduler agree. Pure: the time is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from insights_engine.store import Item

if TYPE_CHECKING:
    from dateutil.rrule import rrule

FREQUENCIES = {"daily": "day", "weekly": "week", "monthly": "month", "yearly": "year"}
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ORDINALS = {1: "first", 2: "second", 3: "third", 4: "fourth", -1: "last"}
# What of a subscription its dates depend on.
RULE_FIELDS = ("frequency", "interval", "byweekday", "bysetpos", "count", "start_date", "until_date")
# A delivery that was just made is not made again because its date is still close.
BUFFER = timedelta(minutes=15)
_WORKDAYS = frozenset(WEEKDAYS[:5])
UNKNOWN = "sent on a schedule"


@dataclass(frozen=True, slots=True)
class Schedule:
    """`bysetpos` picks among the weekdays of a month, and counts nowhere else."""

    frequency: str
    interval: int
    start: datetime
    until: datetime | None = None
    count: int | None = None
    byweekday: tuple[str, ...] = ()
    bysetpos: int | None = None

    @classmethod
    def of(cls, item: Item) -> Schedule:
        until = item["until_date"]
        return cls(
            item["frequency"],
            item["interval"],
            datetime.fromisoformat(item["start_date"]),
            datetime.fromisoformat(until) if until else None,
            item["count"],
            tuple(item["byweekday"] or ()),
            item["bysetpos"],
        )

    def following(self, now: datetime, after: datetime | None = None) -> datetime | None:
        """The first date later than both `after` and a quarter of an hour from now; null when there is none left."""
        found = self.dates(now, 1, after)
        return found[0] if found else None

    def dates(self, now: datetime, most: int, after: datetime | None = None) -> list[datetime]:
        """The next ones, `most` of them at most."""
        if self._never_meets_its_weekday:
            return []
        earliest = _naive(max(now + BUFFER, after or now))
        found = (date.replace(tzinfo=UTC) for date in self._rule.xafter(earliest, count=most))
        # The rule has its count; RFC 5545 lets it have but one end, so the other is held here.
        return [date for date in found if self.until is None or date <= self.until]

    @property
    def summary(self) -> str:
        """`sent every 2 weeks on Monday and Friday`."""
        period = FREQUENCIES.get(self.frequency)
        if period is None:
            return UNKNOWN
        every = f"sent every {period}" if self.interval == 1 else f"sent every {self.interval} {period}s"
        if not self.byweekday or (self.frequency == "daily" and len(set(self.byweekday)) == 7):
            return every
        if self.frequency == "monthly" and self.bysetpos is not None:
            ordinal = ORDINALS.get(self.bysetpos)
            return f"{every} on the {ordinal} {_one_of(self.byweekday)}" if ordinal else UNKNOWN
        return f"{every} on {_each_of(self.byweekday)}"

    @property
    def _never_meets_its_weekday(self) -> bool:
        """Rules that would be walked to the end of the calendar: every seventh day is always the same weekday, and a
        month has five of each weekday at most.
        """
        days = frozenset(self.byweekday)
        if self.frequency == "daily" and self.interval % 7 == 0 and days:
            return WEEKDAYS[self.start.weekday()] not in days
        return self.frequency == "monthly" and bool(days) and abs(self.bysetpos or 0) > 5 * len(days)

    @property
    def _rule(self) -> rrule:
        from dateutil import rrule

        frequency: Any = getattr(rrule, self.frequency.upper())
        has_position = self.frequency == "monthly" and bool(self.byweekday)
        return rrule.rrule(
            frequency,
            dtstart=_naive(self.start),
            interval=self.interval,
            count=self.count,
            until=None if self.count is not None or self.until is None else _naive(self.until),
            byweekday=[WEEKDAYS.index(day) for day in self.byweekday] or None,
            bysetpos=self.bysetpos if has_position else None,
        )


def _naive(at: datetime) -> datetime:
    """In UTC and whole seconds, as the rule counts."""
    return at.astimezone(UTC).replace(tzinfo=None, microsecond=0)


def _each_of(days: Sequence[str]) -> str:
    named = [day.capitalize() for day in WEEKDAYS if day in days]
    if frozenset(days) == _WORKDAYS:
        return "weekdays"
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"


def _one_of(days: Sequence[str]) -> str:
    if len(set(days)) == 1:
        return days[0].capitalize()
    return "weekday" if frozenset(days) == _WORKDAYS else "day"
