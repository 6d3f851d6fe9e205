"""How long a result counts as fresh, by the width of the question's buckets: a column of the table of intervals."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from insights_engine.intervals import INTERVALS

# A person's "again" is heard this often at most; clients grey their button out until then.
NEXT_REFRESH = timedelta(minutes=1)
# Events of a range that ended before the result was computed, less what is on its way, do not come any more.
_SETTLED = timedelta(seconds=10)
# A result from further ahead than this was made by a clock that is wrong.
_AHEAD = timedelta(minutes=5)


LIMITS = {name: interval.limits for name, interval in INTERVALS.items() if interval.limits}
# Without a width of its own a question has days; one without a range is asked about now.
OF_NONE = "day"


class Freshness(NamedTuple):
    """Of one result. `is_lazy`: fresh enough for who asks lazily."""

    is_fresh: bool
    is_lazy: bool


def freshness(interval: str | None, computed_at: datetime, range_end: datetime | None, now: datetime) -> Freshness:
    """Whether a result still stands. `interval` that has no row: for ever.

    `range_end`: of the dates that the question is about, were it asked now; null where they have moved on.
    """
    limits = LIMITS.get(interval or OF_NONE)
    if computed_at - now > _AHEAD:
        return Freshness(False, False)
    if range_end is not None and range_end < computed_at - _SETTLED:
        return Freshness(True, True)
    if limits is None:
        return Freshness(True, True)
    age = now - computed_at
    return Freshness(age <= limits.default, age <= limits.lazy)


def target_age(interval: str | None, computed_at: datetime) -> datetime | None:
    """When the result becomes stale; never where the width has no row."""
    limits = LIMITS.get(interval or OF_NONE)
    return computed_at + limits.default if limits else None
