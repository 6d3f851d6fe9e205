"""What counts as a time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from insights_engine.capture.timestamps import event_time, parse_timestamp

NOON = "2024-03-01T12:00:00+00:00"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-03-01T12:00:00Z", NOON),
        ("2024-03-01T12:00:00", NOON),
        ("2024-03-01 12:00:00", NOON),
        ("2024-03-01T15:00:00+03:00", NOON),
        ("2024-03-01T15:00:00+03", NOON),
        ("2024-03-01T15:00:00+0300", NOON),
        ("2024-03-01T12:00:00.123456789Z", "2024-03-01T12:00:00.123456+00:00"),
        ("2024-03-01T12:00:00.5Z", "2024-03-01T12:00:00.500000+00:00"),
        ("2024-03-01", "2024-03-01T00:00:00+00:00"),
        ("2024/03/01 12:00:00", NOON),
        ("03/01/2024", "2024-03-01T00:00:00+00:00"),
        ("Fri, 01 Mar 2024 12:00:00 GMT", NOON),
        ("Fri, 01 Mar 2024 14:00:00 +0200", NOON),
        ("1709294400", NOON),
        ("1709294400000", NOON),
        (1709294400, NOON),
        (1709294400000, NOON),
        (1709294400.5, "2024-03-01T12:00:00.500000+00:00"),
        (datetime(2024, 3, 1, 12), NOON),
        ("+012345-01-01T00:00:00Z", "1970-01-01T00:00:00+00:00"),
        ("0001-01-01T00:00:00+05:00", "1970-01-01T00:00:00+00:00"),
        ("tomorrow", None),
        ("", None),
        (None, None),
        (True, None),
        ({}, None),
        (float("inf"), None),
    ],
)
def test_a_time_is_read(value: Any, expected: str | None) -> None:
    at = parse_timestamp(value)
    assert (at.isoformat() if at else None) == expected


ANY = st.none() | st.text() | st.floats() | st.integers() | st.datetimes() | st.from_regex(r"[0-9+:/TZ. -]{1,30}")


@given(ANY, st.none() | st.integers(), st.none() | st.datetimes(timezones=st.just(UTC)), st.booleans(), st.booleans())
def test_every_event_has_a_time(
    value: Any, offset: int | None, sent_at: datetime | None, ignore: bool, historical: bool
) -> None:
    now = datetime(2024, 1, 1, tzinfo=UTC)
    at = event_time(value, offset=offset, sent_at=sent_at, ignore_sent_at=ignore, now=now, historical=historical)
    assert at.tzinfo is UTC
    assert historical or at.timestamp() - now.timestamp() <= 23 * 3600
