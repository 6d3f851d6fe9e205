"""The previous period: which days it has, and what stands in its rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from insights_engine.errors import ValidationError

from tests.engine.asking import Asker, event, series
from tests.engine.conftest import NewAsker

CASES: list[tuple[str, str, dict[str, Any], tuple[str, str, int], tuple[str, str, int]]] = [
    # weekdays align: the previous period begins a day later
    ("-7d", "day", {}, ("2019-12-28", "2020-01-04", 8), ("2019-12-21", "2019-12-28", 8)),
    ("7d", "day", {}, ("2019-12-28", "2020-01-04", 8), ("2019-12-21", "2019-12-28", 8)),
    ("-14d", "day", {}, ("2019-12-21", "2020-01-04", 15), ("2019-12-07", "2019-12-21", 15)),
    ("-7d", "day", {"date_to": "-0d"}, ("2019-12-28", "2020-01-04", 8), ("2019-12-20", "2019-12-27", 8)),
    ("-6d", "day", {}, ("2019-12-29", "2020-01-04", 7), ("2019-12-22", "2019-12-28", 7)),
    ("-1d", "day", {}, ("2020-01-03", "2020-01-04", 2), ("2020-01-01", "2020-01-02", 2)),
    ("dStart", "day", {}, ("2020-01-04", "2020-01-04", 1), ("2020-01-03", "2020-01-03", 1)),
    # whole weeks to a day that is written out share their ends too, but not to one that is told from now
    ("-7d", "day", {"date_to": "2020-01-04"}, ("2019-12-28", "2020-01-04", 8), ("2019-12-21", "2019-12-28", 8)),
    ("-7d", "day", {"date_to": "-1d"}, ("2019-12-28", "2020-01-03", 7), ("2019-12-21", "2019-12-27", 7)),
    # absolute
    (
        "2020-01-15",
        "day",
        {"date_to": "2020-01-19"},
        ("2020-01-15", "2020-01-19", 5),
        ("2020-01-10", "2020-01-14", 5),
    ),
    ("2020-01-15", "day", {"date_to": "2020-01-15"}, ("2020-01-15", "2020-01-15", 1), ("2020-01-14", "2020-01-14", 1)),
    # hours: the same time of day
    (
        "dStart",
        "hour",
        {},
        ("2020-01-04 00:00:00", "2020-01-04 13:00:00", 14),
        ("2020-01-03 00:00:00", "2020-01-03 13:00:00", 14),
    ),
    (
        "-24h",
        "hour",
        {},
        ("2020-01-03 13:00:00", "2020-01-04 13:00:00", 25),
        ("2020-01-02 13:00:00", "2020-01-03 13:00:00", 25),
    ),
    ("-48h", "day", {}, ("2020-01-02", "2020-01-04", 3), ("2019-12-30", "2020-01-01", 3)),
    # weeks and months
    ("-14d", "week", {}, ("2019-12-15", "2019-12-29", 3), ("2019-12-01", "2019-12-15", 3)),
    (
        "2020-03-10",
        "month",
        {"date_to": "2020-03-20"},
        ("2020-03-01", "2020-03-01", 1),
        ("2020-02-01", "2020-03-01", 2),
    ),
    # told
    ("-3d", "day", {"compare_to": "-1w"}, ("2020-01-01", "2020-01-04", 4), ("2019-12-25", "2019-12-28", 4)),
    ("-3d", "day", {"compare_to": "-2d"}, ("2020-01-01", "2020-01-04", 4), ("2019-12-30", "2020-01-02", 4)),
    ("-3d", "day", {"compare_to": "-1m"}, ("2020-01-01", "2020-01-04", 4), ("2019-12-01", "2019-12-04", 4)),
    ("-3d", "day", {"compare_to": "-1y"}, ("2020-01-01", "2020-01-04", 4), ("2019-01-01", "2019-01-04", 4)),
    ("-7d", "day", {"compare_to": "-1w"}, ("2019-12-28", "2020-01-04", 8), ("2019-12-21", "2019-12-28", 8)),
]


@pytest.mark.parametrize(("date_from", "interval", "further", "current", "previous"), CASES)
def test_the_days_of_both_periods(
    asker: Asker,
    date_from: str,
    interval: str,
    further: dict[str, Any],
    current: tuple[str, str, int],
    previous: tuple[str, str, int],
) -> None:
    found = asker.legacy(events=[{"id": "e"}], date_from=date_from, interval=interval, compare=True, **further)
    assert [(row["days"][0], row["days"][-1], len(row["days"])) for row in found] == [current, previous]
    assert [(row["compare"], row["compare_label"], row["label"]) for row in found] == [
        (True, "current", "e"),
        (True, "previous", "e"),
    ]
    assert found[1]["action"]["days"] == found[0]["action"]["days"]


def test_labels_are_of_the_period_itself(asker: Asker) -> None:
    found = asker.legacy(events=[{"id": "e"}], date_from="-1d", compare=True)
    assert [row["labels"] for row in found] == [["3-Jan-2020", "4-Jan-2020"], ["1-Jan-2020", "2-Jan-2020"]]


@pytest.mark.parametrize(
    ("events", "current", "previous"),
    [
        (["2020-01-02", "2019-12-28"], 2, 1),  # the first current day is in both
        (["2019-12-21"], 0, 1),
        (["2019-12-20"], 0, 0),
    ],
)
def test_what_is_counted(asker: Asker, events: list[str], current: int, previous: int) -> None:
    asker.load([event(at=f"{day}T12:00:00Z") for day in events])
    found = asker.legacy(events=[{"id": "e"}], date_from="-7d", compare=True)
    assert [row["count"] for row in found] == [current, previous]


def test_a_bold_number_compares_windows_to_the_second(asker: Asker) -> None:
    # now is 13:00:01 on 4 January
    moments = ["2020-01-04T13:00:01Z", "2020-01-03T13:00:02Z", "2020-01-03T13:00:00Z", "2020-01-02T13:00:01Z"]
    asker.load([event(at=at) for at in [*moments, "2020-01-02T13:00:00Z", "2020-01-04T13:00:02Z"]])
    found = asker.legacy(events=[{"id": "e"}], date_from="-24h", display="BoldNumber", compare=True)
    assert [row["aggregated_value"] for row in found] == [2, 2]


def test_a_bold_number_of_whole_days_shares_none(asker: Asker) -> None:
    asker.load([event(at=at) for at in ("2020-01-03T00:00:00Z", "2020-01-02T23:59:59.999999Z", "2020-01-02T00:00:00Z")])
    dates: dict[str, Any] = {"date_from": "2020-01-03", "date_to": "2020-01-03"}
    found = asker.legacy(events=[{"id": "e"}], display="BoldNumber", compare=True, **dates)
    assert [row["aggregated_value"] for row in found] == [1, 2]


def test_the_first_month_of_the_previous_period_is_whole(asker: Asker) -> None:
    asker.load([event(at="2020-01-02T00:00:00Z")])
    dates: dict[str, Any] = {"date_from": "2020-03-01", "date_to": "2020-04-09"}
    found = asker.legacy(events=[{"id": "e"}], interval="month", compare=True, **dates)
    assert (found[1]["days"], found[1]["data"]) == (["2020-01-01", "2020-02-01"], [1, 0])


def test_explicit_dates_are_compared_to_the_second(asker: Asker) -> None:
    asker.load([event(at=at) for at in ("2020-01-01T22:00:00Z", "2020-01-01T17:59:59Z", "2020-01-02T10:00:00Z")])
    dates: dict[str, Any] = {
        "date_from": "2020-01-02T00:00:00",
        "date_to": "2020-01-02T06:00:00",
        "explicit_date": True,
    }
    found = asker.legacy(events=[{"id": "e"}], compare=True, **dates)
    assert [row["count"] for row in found] == [0, 1]


@pytest.mark.parametrize(("value", "compared"), [(True, 2), ("true", 2), ("false", 1), (False, 1), (None, 1)])
def test_compare_may_be_text(asker: Asker, value: Any, compared: int) -> None:
    found = asker.legacy(events=[{"id": "e"}], compare=value, compare_to="-1w")
    assert len(found) == compared


def test_all_current_rows_come_first(asker: Asker) -> None:
    asker.load([event("a"), event("b")])
    found = asker.node(series=[series("a"), series("b")], compareFilter={"compare": True})
    assert [(row["label"], row["compare_label"]) for row in found] == [
        ("a", "current"),
        ("b", "current"),
        ("a", "previous"),
        ("b", "previous"),
    ]


def test_a_clock_change_between_the_periods_moves_no_day(new_asker: NewAsker) -> None:
    asker = new_asker(timezone="Europe/Berlin").load(
        [event(at=at) for at in ("2022-03-28T22:30:00Z", "2022-03-21T23:30:00Z")]  # half past midnight, both
    )
    now = datetime.fromisoformat("2022-03-30T12:00:00Z")
    dates: dict[str, Any] = {"date_from": "2022-03-29", "date_to": "2022-03-29", "compare_to": "-1w"}
    found = asker.legacy(events=[{"id": "e"}], compare=True, now=now, **dates)
    assert [row["data"] for row in found] == [[1], [1]]


@pytest.mark.parametrize(
    ("compare_to", "why"),
    [
        ("banana", "must be relative, such as -1w"),
        ("2020-01-01", "must be relative, such as -1w"),
        ("-999y", "is not between 1970 and 2148|is not a date"),
    ],
)
def test_what_to_compare_to_is_checked(asker: Asker, compare_to: str, why: str) -> None:
    with pytest.raises(ValidationError, match=why) as caught:
        asker.legacy(events=[{"id": "e"}], compare=True, compare_to=compare_to)
    assert caught.value.attr == "compare_to"


@pytest.mark.parametrize("interval", ["hour", "day", "month"])
@pytest.mark.parametrize("name", ["total", "weekly_active", "monthly_active", "first_time_for_user"])
@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo"])
def test_the_beginning_of_all_days_may_be_passed(new_asker: NewAsker, name: str, zone: str, interval: str) -> None:
    """A Date begins in 1970: what comes before is empty, and nothing wraps around."""
    asker = new_asker(timezone=zone, days_timezone="UTC").load([event(at="2020-01-02T10:00:00Z")])
    dates: dict[str, Any] = {"date_from": "1970-01-05", "date_to": "1970-01-20"}
    found = asker.legacy(events=[{"id": "e", "math": name}], compare=True, interval=interval, **dates)
    assert [row["count"] for row in found] == [0, 0]


@pytest.mark.parametrize(
    ("compare_to", "friendly", "first_day"),
    [
        ("-1m", False, "2019-12-01"),
        ("-1m", True, "2019-12-04"),
        ("-1y", True, "2019-01-02"),
        ("-2m", True, "2019-11-06"),
        ("-1w", True, "2019-12-25"),
    ],
)
def test_months_and_years_of_whole_weeks(new_asker: NewAsker, compare_to: str, friendly: bool, first_day: str) -> None:
    """The same weekdays are compared where the project wants it so."""
    asker = new_asker(human_friendly_comparison_periods=friendly)
    found = asker.legacy(events=[{"id": "e"}], date_from="-3d", compare=True, compare_to=compare_to)
    assert found[1]["days"][0] == first_day


def test_whole_weeks_do_not_leave_the_calendar(new_asker: NewAsker) -> None:
    asker = new_asker(human_friendly_comparison_periods=True)
    with pytest.raises(ValidationError, match=r"is not between 1970 and 2148|is not a date"):
        asker.legacy(events=[{"id": "e"}], compare=True, compare_to="-9999y")
