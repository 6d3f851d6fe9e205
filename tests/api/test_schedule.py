"""When subscriptions are due, and how that is said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from insights_api.schedule import BUFFER, FREQUENCIES, ORDINALS, WEEKDAYS, Schedule

# A Saturday.
NOW = datetime(2022, 1, 1, tzinfo=UTC)


def at(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


def schedule(frequency: str, start: str, until: str | None = None, **rule: Any) -> Schedule:
    begin = at(start)
    assert begin is not None
    return Schedule(frequency, rule.pop("interval", 1), begin, at(until), **rule)


DATES: tuple[tuple[str, Schedule, list[str]], ...] = (
    ("today's time is past", schedule("daily", "2022-01-01T00:00"), ["2022-01-02T00:00"]),
    ("within a quarter of an hour", schedule("daily", "2022-01-01T00:10"), ["2022-01-02T00:10"]),
    ("exactly a quarter of an hour", schedule("daily", "2022-01-01T00:15"), ["2022-01-02T00:15"]),
    ("after a quarter of an hour", schedule("daily", "2022-01-01T00:20"), ["2022-01-01T00:20"]),
    (
        "weekdays",
        schedule("weekly", "2022-01-01T09:00", byweekday=("monday", "friday")),
        ["2022-01-03T09:00", "2022-01-07T09:00"],
    ),
    (
        "every second week",
        schedule("weekly", "2022-01-03T09:00", interval=2, byweekday=("monday",)),
        ["2022-01-03T09:00", "2022-01-17T09:00"],
    ),
    (
        "the first Monday",
        schedule("monthly", "2022-01-01T09:00", byweekday=("monday",), bysetpos=1),
        ["2022-01-03T09:00", "2022-02-07T09:00"],
    ),
    (
        "the last Friday",
        schedule("monthly", "2022-01-01T09:00", byweekday=("friday",), bysetpos=-1),
        ["2022-01-28T09:00", "2022-02-25T09:00"],
    ),
    ("short months", schedule("monthly", "2022-01-31T09:00"), ["2022-01-31T09:00", "2022-03-31T09:00"]),
    ("leap days", schedule("yearly", "2020-02-29T09:00"), ["2024-02-29T09:00", "2028-02-29T09:00"]),
    ("used up", schedule("daily", "2021-12-01T00:00", count=1), []),
    ("over", schedule("daily", "2021-12-01T00:00", "2021-12-31T00:00"), []),
    (
        "the earlier end",
        schedule("daily", "2021-12-31T09:00", "2022-01-02T09:00", count=50),
        ["2022-01-01T09:00", "2022-01-02T09:00"],
    ),
    (
        "a position counts in months alone",
        schedule("weekly", "2022-01-01T09:00", byweekday=("monday",), bysetpos=2),
        ["2022-01-03T09:00"],
    ),
    ("a position needs weekdays", schedule("monthly", "2022-01-05T09:00", bysetpos=2), ["2022-01-05T09:00"]),
    (
        "some months have a fifth Monday",
        schedule("monthly", "2022-01-01T09:00", byweekday=("monday",), bysetpos=5),
        ["2022-01-31T09:00", "2022-05-30T09:00", "2022-08-29T09:00"],
    ),
    (
        "and a fifth one from the end",
        schedule("monthly", "2022-01-01T09:00", byweekday=("monday",), bysetpos=-5),
        ["2022-01-03T09:00", "2022-05-02T09:00", "2022-08-01T09:00"],
    ),
    (
        "a month has no sixth Monday",
        schedule("monthly", "2022-01-01T09:00", byweekday=("monday",), bysetpos=6),
        [],
    ),
    ("never its weekday", schedule("daily", "2022-01-01T09:00", interval=14, byweekday=("monday",)), []),
    (
        "always its weekday",
        schedule("daily", "2022-01-01T09:00", interval=7, byweekday=("saturday",)),
        ["2022-01-01T09:00", "2022-01-08T09:00"],
    ),
)


@pytest.mark.parametrize(("rule", "expected"), [case[1:] for case in DATES], ids=[case[0] for case in DATES])
def test_the_next_dates(rule: Schedule, expected: list[str]) -> None:
    found = rule.dates(NOW, max(len(expected), 1))
    assert found == [at(text) for text in expected]
    assert rule.following(NOW) == (found[0] if found else None)


def test_a_date_that_was_just_delivered_is_not_delivered_again() -> None:
    rule = schedule("daily", "2022-01-01T09:00")
    due = at("2022-01-01T09:00")
    assert due
    assert rule.following(due + timedelta(seconds=30), due) == at("2022-01-02T09:00")
    # The scheduler was early, or clocks differ.
    assert rule.following(due - timedelta(minutes=20), due) == at("2022-01-02T09:00")


def test_days_that_were_missed_are_one_delivery() -> None:
    assert schedule("daily", "2022-01-01T09:00").following(NOW + timedelta(days=5), NOW) == at("2022-01-06T09:00")


SUMMARIES: tuple[tuple[dict[str, Any], str], ...] = (
    ({"frequency": "daily"}, "sent every day"),
    ({"frequency": "weekly", "interval": 2}, "sent every 2 weeks"),
    ({"frequency": "yearly"}, "sent every year"),
    ({"frequency": "weekly", "byweekday": ("monday",)}, "sent every week on Monday"),
    ({"frequency": "weekly", "byweekday": ("friday", "monday")}, "sent every week on Monday and Friday"),
    (
        {"frequency": "weekly", "byweekday": ("monday", "tuesday", "friday")},
        "sent every week on Monday, Tuesday and Friday",
    ),
    ({"frequency": "weekly", "byweekday": WEEKDAYS[:5]}, "sent every week on weekdays"),
    ({"frequency": "daily", "byweekday": WEEKDAYS}, "sent every day"),
    ({"frequency": "monthly", "byweekday": ("monday",), "bysetpos": 1}, "sent every month on the first Monday"),
    ({"frequency": "monthly", "byweekday": ("monday",), "bysetpos": -1}, "sent every month on the last Monday"),
    ({"frequency": "monthly", "byweekday": WEEKDAYS[:5], "bysetpos": -1}, "sent every month on the last weekday"),
    ({"frequency": "monthly", "byweekday": WEEKDAYS, "bysetpos": 2}, "sent every month on the second day"),
    ({"frequency": "monthly", "byweekday": ("monday",), "bysetpos": 5}, "sent on a schedule"),
    ({"frequency": "hourly"}, "sent on a schedule"),
)


@pytest.mark.parametrize(("rule", "expected"), SUMMARIES)
def test_the_schedule_in_words(rule: dict[str, Any], expected: str) -> None:
    assert Schedule(**{"interval": 1, "start": NOW, **rule}).summary == expected


RULES = st.builds(
    Schedule,
    st.sampled_from([*FREQUENCIES]),
    st.integers(1, 30),
    st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1)).map(lambda at: at.replace(tzinfo=UTC, microsecond=0)),
    st.none(),
    st.none() | st.integers(1, 5000),
    st.lists(st.sampled_from(WEEKDAYS), unique=True).map(tuple),
    st.none() | st.sampled_from([*ORDINALS]),
)


@settings(max_examples=150, deadline=None)
@given(RULES, st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1)).map(lambda at: at.replace(tzinfo=UTC)))
def test_dates_come_in_order_and_each_leads_to_the_next(rule: Schedule, now: datetime) -> None:
    dates = rule.dates(now, 4)
    assert dates == sorted(set(dates))
    assert all(date > now + BUFFER - timedelta(seconds=1) and date >= rule.start for date in dates)
    assert [rule.following(now, date) for date in dates[:-1]] == dates[1:]
    for date in dates:
        assert (date.hour, date.minute) == (rule.start.hour, rule.start.minute)
        assert not rule.byweekday or WEEKDAYS[date.weekday()] in rule.byweekday
