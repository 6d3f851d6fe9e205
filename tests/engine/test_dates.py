"""Dates as requests write them: the grammar, and the range that a pair of them means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from insights_engine.dates import parse, resolve
from insights_engine.errors import ValidationError
from insights_engine.intervals import INTERVALS

from tests.engine.models import zones

# A Wednesday in March of a leap year, 20:17 in Berlin.
NOW = datetime(2020, 3, 18, 19, 17, 5, 250_000, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        # absolute: local without an offset, converted with one
        ("2020-01-05", "2020-01-05 00:00:00"),
        ("2020-6-01", "2020-06-01 00:00:00"),
        ("2020-6-1", "2020-06-01 00:00:00"),
        ("2020-01", "2020-01-01 00:00:00"),
        ("2020", "2020-01-01 00:00:00"),
        ("2020-01-05T06:00:00", "2020-01-05 06:00:00"),
        ("2020-01-05 06:00:00", "2020-01-05 06:00:00"),
        ("2020-01-05 06:00", "2020-01-05 06:00:00"),
        ("2020-01-05T06:00:00.5", "2020-01-05 06:00:00.500000"),
        ("2020-01-05T06:00:00Z", "2020-01-05 07:00:00"),
        ("2020-07-05T06:00:00Z", "2020-07-05 08:00:00"),
        ("2020-01-05T06:00:00+05:30", "2020-01-05 01:30:00"),
        ("2020-01-05T00:30:00-11:00", "2020-01-05 12:30:00"),
        (" 2020-01-05 ", "2020-01-05 00:00:00"),
        # hours
        ("-1h", "2020-03-18 19:17:05.250000"),
        ("-24h", "2020-03-17 20:17:05.250000"),
        ("-1hStart", "2020-03-18 19:00:00"),
        ("-1hEnd", "2020-03-18 19:59:59.999999"),
        # days
        ("-7d", "2020-03-11 20:17:05.250000"),
        ("7d", "2020-03-11 20:17:05.250000"),
        ("-14days", "2020-03-04 20:17:05.250000"),
        ("dStart", "2020-03-18 00:00:00"),
        ("-0d", "2020-03-18 20:17:05.250000"),
        ("-1dStart", "2020-03-17 00:00:00"),
        ("-1dEnd", "2020-03-17 23:59:59.999999"),
        # weeks know neither start nor end
        ("-2w", "2020-03-04 20:17:05.250000"),
        ("-1wStart", "2020-03-11 20:17:05.250000"),
        # months, clamped
        ("-1m", "2020-02-18 20:17:05.250000"),
        ("mStart", "2020-03-01 20:17:05.250000"),
        ("-1mStart", "2020-02-01 20:17:05.250000"),
        ("-1mEnd", "2020-02-29 20:17:05.250000"),
        ("-13m", "2019-02-18 20:17:05.250000"),
        # a quarter is 13 weeks
        ("-1q", "2019-12-18 20:17:05.250000"),
        ("-1y", "2019-03-18 20:17:05.250000"),
        ("yStart", "2020-01-01 20:17:05.250000"),
        ("-1yStart", "2019-01-01 20:17:05.250000"),
        ("yEnd", "2020-03-31 20:17:05.250000"),
        # M is minutes; the other upper-case letters mean nothing
        ("-30M", "2020-03-18 19:47:05.250000"),
        ("-90s", "2020-03-18 20:15:35.250000"),
        ("-7D", "2020-03-18 20:17:05.250000"),
        ("-7H", "2020-03-18 20:17:05.250000"),
        # searched for, not matched: the first letter decides, here the s of no seconds
        ("last 7 days", "2020-03-18 20:17:05.250000"),
        # nothing that can be read is now
        ("", "2020-03-18 20:17:05.250000"),
        ("banana", "2020-03-18 20:17:05.250000"),
        ("7", "2020-03-18 20:17:05.250000"),
    ],
)
def test_a_date_means(text: str, meant: str) -> None:
    at = parse(text, NOW, BERLIN, "date_from").at
    assert at.replace(tzinfo=None) == datetime.fromisoformat(meant)
    assert at.tzinfo is BERLIN


@pytest.mark.parametrize(
    ("now", "text", "meant"),
    [
        ("2020-03-31", "-1m", "2020-02-29"),
        ("2019-03-31", "-1m", "2019-02-28"),
        ("2020-02-29", "-1y", "2019-02-28"),
        ("2020-02-29", "-4y", "2016-02-29"),
        ("2020-02-10", "yEnd", "2020-02-29"),
        ("2020-04-30", "-1mEnd", "2020-03-31"),
        ("2020-01-31", "-2q", "2019-08-02"),
    ],
)
def test_months_and_years_are_clamped(now: str, text: str, meant: str) -> None:
    at = parse(text, datetime.fromisoformat(now).replace(tzinfo=UTC), ZoneInfo("UTC"), "date_from").at
    assert at.date().isoformat() == meant


@pytest.mark.parametrize(
    ("text", "hours_before_now"),
    [("-24h", 24), ("-1d", 23), ("-48h", 48), ("-120M", 2)],
)
def test_hours_are_lengths_of_time_and_days_are_of_the_calendar(text: str, hours_before_now: float) -> None:
    """On the Sunday on which the clock goes forward a day is 23 hours."""
    now = datetime(2020, 3, 29, 12, tzinfo=UTC)
    at = parse(text, now, BERLIN, "date_from").at
    assert (now - at.astimezone(UTC)).total_seconds() == hours_before_now * 3600


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0001-01-01", "not between 1970 and 2148"),
        ("9999-12-31", "not between 1970 and 2148"),
        ("1969-12-31", "not between 1970 and 2148"),
        ("2149-01-01", "not between 1970 and 2148"),
        ("0000-01-01", "not a date"),
        ("2020-13-45", "not a date"),
        ("2020-02-30", "not a date"),
        ("2020-01-05T25:00:00", "not a date"),
        ("2020-01-05Tnoon", "not a date"),
        ("0001-01-01T00:00:00+14:00", "not a date"),
        ("-99999d", "not between 1970 and 2148"),
        ("-999999999y", "not a date"),
        ("-999999999h", "not a date"),
    ],
)
def test_what_is_no_date_names_the_field(text: str, why: str) -> None:
    with pytest.raises(ValidationError, match=why) as caught:
        parse(text, NOW, BERLIN, "properties[0].value")
    assert caught.value.attr == "properties__0__value"
    assert text[:20] in caught.value.detail


def range_of(date_from: str | None, date_to: str | None, interval: str, **options: bool) -> list[str]:
    span = resolve(
        date_from,
        date_to,
        interval=INTERVALS[interval],  # type: ignore[index]
        now=NOW,
        zone=BERLIN,
        monday=False,
        exact_now=options.get("exact", False),
        explicit=options.get("explicit", False),
    )
    return [f"{at:%m-%d %H:%M:%S}" for at in (span.start, span.end, span.select_from)]


TONIGHT, THIS_HOUR = "03-18 23:59:59", "03-18 20:59:59"


@pytest.mark.parametrize(
    ("interval", "date_from", "date_to", "start", "end", "select_from"),
    [
        # absent: eight days, the running one to its end
        ("day", None, None, "03-11 00:00:00", TONIGHT, "03-11 00:00:00"),
        ("hour", None, None, "03-11 00:00:00", THIS_HOUR, "03-11 00:00:00"),
        ("week", None, None, "03-11 00:00:00", TONIGHT, "03-11 00:00:00"),
        ("month", None, None, "03-11 00:00:00", TONIGHT, "03-01 00:00:00"),
        # relative
        ("day", "-1d", None, "03-17 00:00:00", TONIGHT, "03-17 00:00:00"),
        ("hour", "-1d", None, "03-17 00:00:00", THIS_HOUR, "03-17 00:00:00"),
        ("hour", "-24h", None, "03-17 20:00:00", THIS_HOUR, "03-17 20:00:00"),
        ("hour", "dStart", None, "03-18 00:00:00", THIS_HOUR, "03-18 00:00:00"),
        ("hour", "-1dStart", "-1dEnd", "03-17 00:00:00", "03-17 23:59:59", "03-17 00:00:00"),
        ("minute", "-30M", None, "03-18 19:47:05", "03-18 20:17:59", "03-18 19:47:05"),
        ("day", "-14d", "-7d", "03-04 00:00:00", "03-11 23:59:59", "03-04 00:00:00"),
        # a partial first day
        ("day", "-24h", None, "03-17 20:00:00", TONIGHT, "03-17 20:00:00"),
        ("day", "-48h", None, "03-16 20:00:00", TONIGHT, "03-16 20:00:00"),
        # absolute dates: days are stretched, hours are not
        ("day", "2020-03-01", "2020-03-09", "03-01 00:00:00", "03-09 23:59:59", "03-01 00:00:00"),
        ("day", "2020-03-01T10:00:00", "2020-03-09T11:00:00", "03-01 10:00:00", "03-09 23:59:59", "03-01 00:00:00"),
        ("hour", "2020-03-09", "2020-03-09", "03-09 00:00:00", "03-09 00:00:00", "03-09 00:00:00"),
        ("hour", "2020-03-09 10:30:00", "2020-03-09 23:59:59", "03-09 10:30:00", "03-09 23:59:59", "03-09 10:00:00"),
        # a week is cut, a month is whole
        ("week", "2020-03-11", "2020-03-12", "03-11 00:00:00", "03-12 23:59:59", "03-11 00:00:00"),
        ("week", "-24h", None, "03-17 20:00:00", TONIGHT, "03-17 00:00:00"),
        ("month", "2020-02-11", "2020-03-12", "02-11 00:00:00", "03-12 23:59:59", "02-01 00:00:00"),
    ],
)
def test_a_range_is(
    interval: str, date_from: str | None, date_to: str | None, start: str, end: str, select_from: str
) -> None:
    assert range_of(date_from, date_to, interval) == [start, end, select_from]


@pytest.mark.parametrize("interval", ["hour", "day", "week", "month"])
@pytest.mark.parametrize(
    ("date_from", "date_to", "start", "end"),
    [
        ("2020-03-01T10:11:12", "2020-03-09T11:12:13", "03-01 10:11:12", "03-09 11:12:13"),
        ("2020-03-01", "2020-03-09", "03-01 00:00:00", "03-09 00:00:00"),
        ("-7d", None, "03-11 20:17:05", "03-18 20:17:05"),
    ],
)
def test_explicit_dates_are_used_to_the_second(
    interval: str, date_from: str, date_to: str | None, start: str, end: str
) -> None:
    assert range_of(date_from, date_to, interval, explicit=True) == [start, end, start]


@pytest.mark.parametrize(
    ("date_from", "date_to", "start", "end"),
    [
        (None, None, "03-11 20:17:05", "03-18 20:17:05"),
        ("-7d", None, "03-11 20:17:05", "03-18 20:17:05"),
        ("-1h", None, "03-18 19:17:05", "03-18 20:17:05"),
        ("2020-03-01", "2020-03-09", "03-01 00:00:00", "03-09 23:59:59"),
    ],
)
def test_a_bold_number_looks_at_whole_lengths_of_time(
    date_from: str | None, date_to: str | None, start: str, end: str
) -> None:
    assert range_of(date_from, date_to, "day", exact=True) == [start, end, start]


@pytest.mark.parametrize(
    ("first", "date_to", "start"),
    [
        ("2019-11-05T23:30:00Z", None, "2019-11-06"),  # half past midnight in Berlin
        (None, None, "2015-01-01"),
        ("1999-01-01T00:00:00Z", None, "2015-01-01"),
        ("2019-11-05T12:00:00Z", "2019-06-01", "2019-06-01"),  # everything came later
        ("2031-01-01T00:00:00Z", None, "2020-03-18"),
    ],
)
def test_all_begins_on_the_day_of_the_first_event(first: str | None, date_to: str | None, start: str) -> None:
    span = resolve(
        "all",
        date_to,
        interval=INTERVALS["day"],
        now=NOW,
        zone=BERLIN,
        monday=False,
        earliest=datetime.fromisoformat(first) if first else None,
    )
    assert f"{span.start:%Y-%m-%d %H}" == f"{start} 00"


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValidationError, match="date_from is after date_to") as caught:
        range_of("2020-03-09", "2020-03-01", "day")
    assert caught.value.attr == "date_from"


@pytest.mark.parametrize(("interval", "last"), [("day", ""), ("hour", " 23:59:59.999999")])
def test_a_day_of_any_zone_is_all_of_its_moments(interval: str, last: str) -> None:
    """The days of, before and after one clock change of each kind that a zone knows."""
    for name in zones.changes():
        zone = ZoneInfo(name)
        for at in zones.kinds(name):
            for there in (at + timedelta(hours=h) for h in (-24, -1, 0, 24)):
                day = there.astimezone(zone).date()
                span = resolve(f"{day}", f"{day}{last}", interval=INTERVALS[interval], now=NOW, zone=zone, monday=False)
                ends = [span.start.timestamp() - 1e-3, span.start.timestamp(), span.end.timestamp()]
                days = [datetime.fromtimestamp(moment, zone).date() for moment in [*ends, ends[-1] + 1e-3]]
                assert days == [day - timedelta(days=1), day, day, day + timedelta(days=1)], (name, there)


@pytest.mark.parametrize(
    ("zone", "now", "date_from", "date_to", "start", "end"),
    [
        # 23:00 comes twice on the 2nd of April in Santiago, 0:00 on the 6th of November in Havana, 2:00 in Berlin
        ("America/Santiago", "2022-04-02T12:00Z", "2022-04-02", "2022-04-02 23:59:59", "02T03:00:00", "03T03:59:59"),
        ("America/Santiago", "2022-04-03T12:00Z", "-1dStart", "-1dEnd", "02T03:00:00", "03T03:59:59"),
        ("America/Havana", "2022-11-06T05:30Z", "dStart", None, "06T04:00:00", "06T05:59:59"),
        ("Europe/Berlin", "2022-10-30T01:10Z", "-30M", None, "30T00:40:00", "30T01:10:59"),
        ("Europe/Berlin", "2022-10-30T12:00Z", "2022-10-30T02:30", "2022-10-30T02:30", "30T00:30:00", "30T01:30:00"),
    ],
)
def test_a_time_that_comes_twice(
    zone: str, now: str, date_from: str, date_to: str | None, start: str, end: str
) -> None:
    span = resolve(
        date_from,
        date_to,
        interval=INTERVALS["minute" if date_from == "-30M" else "hour"],
        now=datetime.fromisoformat(now),
        zone=ZoneInfo(zone),
        monday=False,
    )
    assert [f"{at.astimezone(UTC):%dT%H:%M:%S}" for at in (span.start, span.end)] == [start, end]
