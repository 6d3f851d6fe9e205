"""When an event happened, from what its sender says.

1. `offset` (ms before now) beats everything.
2. A `timestamp` with a `sent_at` is corrected by the clock difference, unless `$ignore_sent_at` is set.
3. A `timestamp` alone is taken as it is; without one, or when it cannot be read, it is now.
4. More than 23 hours in the future is now; a year outside of 0 to 9999 is 1970-01-01.
5. A historical migration tells when things were: neither its clock nor its future is corrected.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FUTURE = timedelta(hours=23)
_NUMBER = re.compile(r"^-?\d{9,16}(\.\d+)?$")
# ISO 8601 beyond year 9999, as JavaScript writes it.
_FAR = re.compile(r"^[+-]\d{6}-\d\d-\d\d")
_FRACTION = re.compile(r"(\.\d{6})\d+")
_SLASHES = (
    *("%Y/%m/%d %H:%M:%S.%f", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d"),
    *("%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y"),
)
# Epoch seconds are below this until the year 5138; milliseconds are above it since 1973.
_MILLISECONDS = 1e11


def parse_timestamp(value: Any) -> datetime | None:
    """ISO 8601, RFC 2822, dates with slashes, epoch seconds or milliseconds; UTC where no zone is given."""
    if isinstance(value, datetime):
        at = value
    elif isinstance(value, str):
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            return _unusual(value.strip())
    else:
        return _epoch(float(value)) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    if at.tzinfo is UTC:
        return at
    if at.tzinfo is None:
        return at.replace(tzinfo=UTC)
    try:
        return at.astimezone(UTC)
    except OverflowError:
        return _EPOCH


def event_time(
    timestamp: Any,
    *,
    offset: int | None,
    sent_at: datetime | None,
    ignore_sent_at: bool,
    now: datetime,
    historical: bool,
) -> datetime:
    try:
        at = _claimed(timestamp, offset, None if ignore_sent_at or historical else sent_at, now)
    except OverflowError:
        return _EPOCH
    return now if at - now > _FUTURE and not historical else at


def _claimed(timestamp: Any, offset: int | None, sent_at: datetime | None, now: datetime) -> datetime:
    if offset is not None:
        return now - timedelta(milliseconds=offset)
    at = parse_timestamp(timestamp)
    if at is None:
        return now
    return at - (sent_at - now) if sent_at else at


def _unusual(text: str) -> datetime | None:
    if _FAR.match(text):
        return _EPOCH
    if _NUMBER.match(text):
        return _epoch(float(text))
    if _FRACTION.search(text):
        return parse_timestamp(_FRACTION.sub(r"\1", text))
    for form in _SLASHES if "/" in text else ():
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return _rfc2822(text)


def _rfc2822(text: str) -> datetime | None:
    from email.utils import parsedate_to_datetime

    try:
        at = parsedate_to_datetime(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _epoch(number: float) -> datetime | None:
    try:
        return _EPOCH + timedelta(milliseconds=number if abs(number) >= _MILLISECONDS else number * 1000)
    except (OverflowError, ValueError):
        return None
