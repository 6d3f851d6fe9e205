"""Buckets and their labels: no event falls between two buckets, whatever the clock does."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from insights_engine.errors import ValidationError
from insights_engine.intervals import INTERVALS, MAX_BUCKETS, bucket_key, bucket_sql, buckets
from insights_engine.services import Services
from insights_engine.sql import Sql

from tests.engine.models import zones
from tests.examples import IS_THOROUGH

# (zone, the day before something happens to its clocks)
CLOCKS = [
    ("UTC", "2022-03-26"),
    ("Europe/Berlin", "2022-03-26"),
    ("Europe/Berlin", "2022-10-29"),
    ("America/New_York", "2022-03-12"),
    ("America/New_York", "2022-11-05"),
    ("America/Sao_Paulo", "2018-11-03"),  # midnight does not exist
    ("America/Havana", "2022-11-05"),  # midnight comes twice
    ("America/St_Johns", "2022-03-12"),
    ("Asia/Kolkata", "2022-01-01"),
    ("Asia/Kathmandu", "2022-01-01"),
    ("Pacific/Chatham", "2022-04-02"),
    ("Australia/Lord_Howe", "2022-04-02"),  # by half an hour
    ("Australia/Lord_Howe", "2022-10-01"),
    ("Asia/Pyongyang", "2018-05-04"),  # for good, by half an hour
    ("Pacific/Apia", "2011-12-29"),  # the next day does not exist
    ("Africa/Casablanca", "2022-03-26"),
]


@pytest.mark.parametrize("monday", [False, True])
@pytest.mark.parametrize("interval", INTERVALS)
@pytest.mark.parametrize(("zone", "day"), CLOCKS)
def test_every_moment_is_in_a_bucket(services: Services, zone: str, day: str, interval: str, monday: bool) -> None:
    """What ClickHouse computes for an event is one of the keys that Python zero-fills."""
    chosen, first = INTERVALS[interval], datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone))
    hours = 6 if interval == "minute" else 96
    last = (first.astimezone(UTC) + timedelta(hours=hours)).astimezone(ZoneInfo(zone))
    local = Sql("toTimeZone(at, {zone:String})", zone=zone)
    key = bucket_sql(chosen, Sql("toDate({l})", l=local), local, monday)
    found = services.clickhouse.admin_read(
        Sql(
            "SELECT DISTINCT {key} FROM (SELECT fromUnixTimestamp64Micro({from:Int64} + number * 300000000) AS at "
            "FROM numbers({n:UInt64})) ORDER BY 1",
            key=key,
            n=hours * 12,
            **{"from": int(first.timestamp()) * 1_000_000},
        )
    )
    keys = [bucket_key(chosen, at) for at in buckets(chosen, first, last, monday)]
    assert keys == sorted(set(keys))
    assert {key for (key,) in found.rows} <= set(keys)


_PARTS = [timedelta(minutes=m) for h in range(-25, 26) for m in (60 * h - 1, 60 * h, 60 * h + 30)]


def test_clickhouse_knows_every_zone_that_a_project_can_be_in(services: Services) -> None:
    known = services.clickhouse.admin_read(Sql("SELECT time_zone FROM system.time_zones")).rows
    assert available_timezones() - {"localtime"} <= {name for (name,) in known}


def _unlike_each_other() -> list[str]:
    """One zone of all that change their clocks at the same moments by as much."""
    found: dict[Any, str] = {}
    for name in zones.changes():
        around = [at + step for at in zones.kinds(name) for step in (timedelta(0), timedelta(microseconds=-1))]
        found.setdefault(tuple((at, at.astimezone(ZoneInfo(name)).utcoffset()) for at in around), name)
    return list(found.values())


def test_clickhouse_and_python_cut_the_days_of_every_zone_alike(services: Services) -> None:
    """Around one clock change of each kind that a zone knows, each moment is in the bucket that Python says."""
    chosen = [*((interval, False) for interval in INTERVALS.values()), (INTERVALS["week"], True)]
    for name in zones.changes() if IS_THOROUGH else _unlike_each_other():
        zone, local = ZoneInfo(name), Sql("toTimeZone(at, {zone:String})", zone=name)
        moments = [at + part for at in zones.kinds(name) for part in _PARTS]
        day = Sql("toDate({l})", l=local)
        found = services.clickhouse.admin_read(
            Sql(
                "SELECT {keys} FROM (SELECT fromUnixTimestamp64Micro(arrayJoin({ats:Array(Int64)})) AS at)",
                keys=Sql.join(", ", (bucket_sql(interval, day, local, monday) for interval, monday in chosen)),
                ats=[int(at.timestamp()) * 1_000_000 for at in moments],
            )
        )
        for at, keys in zip(moments, found.rows, strict=True):
            there = at.astimezone(zone)
            wanted = [bucket_key(interval, interval.floor(there, monday)) for interval, monday in chosen]
            assert list(keys) == wanted, (name, there)


@pytest.mark.parametrize("interval", ["hour", "day", "week"])
def test_buckets_of_every_zone_are_those_of_its_moments(interval: str) -> None:
    """One after another without a gap, and none twice."""
    chosen = INTERVALS[interval]
    for name in zones.changes():
        for at in zones.kinds(name):
            first, last = ((at + days).astimezone(ZoneInfo(name)) for days in (timedelta(-2), timedelta(2)))
            starts = [start.astimezone(UTC) for start in buckets(chosen, first, last, False)]
            moments = (first.astimezone(UTC) + timedelta(minutes=30 * n) for n in range(4 * 48 + 1))
            found = {chosen.floor(m.astimezone(first.tzinfo), False).astimezone(UTC) for m in moments}
            assert starts == sorted(found), (name, at)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [("Europe/Berlin", "2022-03-27", 23), ("Europe/Berlin", "2022-10-30", 25), ("UTC", "2022-03-27", 24)],
)
def test_a_day_has_the_hours_that_it_has(zone: str, day: str, hours: int) -> None:
    first = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone))
    found = buckets(INTERVALS["hour"], first, first.replace(hour=23), False)
    assert len(found) == hours
    assert len({INTERVALS["hour"].label(at, first.date(), first.date()) for at in found}) == min(hours, 24)


@pytest.mark.parametrize(
    ("interval", "start", "first", "last", "text"),
    [
        ("day", "2020-01-01", "2020-01-01", "2020-01-09", "1-Jan-2020"),
        ("day", "2020-11-30", "2020-01-01", "2020-12-09", "30-Nov-2020"),
        ("hour", "2019-12-24 03:00", "2019-12-24", "2019-12-24", "24-Dec 03:00"),
        ("minute", "2019-12-24 03:05", "2019-12-24", "2019-12-24", "24-Dec 03:05"),
        ("month", "2020-11-01", "2020-11-05", "2020-12-09", "Nov 2020"),
        ("quarter", "2020-10-01", "2020-11-05", "2020-12-09", "Q4 2020"),
        ("year", "2020-01-01", "2020-11-05", "2020-12-09", "2020"),
        ("week", "2020-11-08", "2020-10-01", "2020-12-09", "8–14 Nov"),
        ("week", "2020-04-27", "2020-01-01", "2020-12-09", "27-Apr – 3-May"),
        ("week", "2019-12-29", "2019-01-01", "2020-12-09", "29-Dec-2019 – 4-Jan-2020"),
        # clipped to the range
        ("week", "2020-10-25", "2020-10-29", "2020-12-09", "29–31 Oct"),
        ("week", "2020-10-25", "2020-10-31", "2020-12-09", "31-Oct-2020"),
        ("week", "2020-11-08", "2020-10-29", "2020-11-10", "8–10 Nov"),
        ("week", "2020-11-08", "2020-10-29", "2020-11-08", "8-Nov-2020"),
        ("week", "2019-12-29", "2019-12-31", "2020-01-01", "31-Dec-2019 – 1-Jan-2020"),
        # a range that clips it away altogether
        ("week", "2020-11-08", "2020-11-20", "2020-11-25", "8-Nov-2020"),
    ],
)
def test_a_bucket_is_labelled(interval: str, start: str, first: str, last: str, text: str) -> None:
    at = datetime.fromisoformat(start)
    assert INTERVALS[interval].label(at, date.fromisoformat(first), date.fromisoformat(last)) == text


@pytest.mark.parametrize(
    ("monday", "starts"),
    [(False, ["2020-10-25", "2020-11-01", "2020-11-08"]), (True, ["2020-10-26", "2020-11-02"])],
)
def test_weeks_begin_on_the_project_s_day(monday: bool, starts: list[str]) -> None:
    first, last = (datetime(2020, 10, 29, tzinfo=UTC), datetime(2020, 11, 8, 23, tzinfo=UTC))
    assert [f"{at:%Y-%m-%d}" for at in buckets(INTERVALS["week"], first, last, monday)] == starts


def test_a_range_of_too_many_buckets_is_refused() -> None:
    first, last = datetime(2000, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)
    with pytest.raises(ValidationError, match="more than 20000 intervals of one hour; choose a longer interval"):
        buckets(INTERVALS["hour"], first, last, False)


def test_a_range_of_as_many_buckets_as_there_may_be_is_none_of_these() -> None:
    first = datetime(2000, 1, 1, tzinfo=UTC)
    last = first + timedelta(minutes=MAX_BUCKETS - 1)
    assert len(buckets(INTERVALS["minute"], first, last, False)) == MAX_BUCKETS
    with pytest.raises(ValidationError, match="more than 20000 intervals of one minute"):
        buckets(INTERVALS["minute"], first, last + timedelta(minutes=1), False)
