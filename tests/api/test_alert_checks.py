"""What an alert makes of a trend's rows, how its state goes on, and when it is checked again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from insights_api.alert_checks import Rule, check_fits, judged, narrowed
from insights_api.alert_states import AT_REST, CALCULATION_INTERVALS, Found, Standing, after, is_skipped, next_check
from insights_engine.errors import ValidationError
from insights_engine.kinds import parse_node
from insights_engine.project import Project

# A Wednesday.
NOW = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)
PROJECT = Project(7)


def rule(condition: str = "absolute_value", **values: Any) -> Rule:
    bounds = {"lower": values.get("lower"), "upper": values.get("upper")}
    kind = "percentage" if values.get("is_share") else "absolute"
    config = {"series_index": values.get("series", 0), "check_ongoing_interval": values.get("ongoing", False)}
    threshold = {"configuration": {"type": kind, "bounds": bounds}}
    return Rule.of({"condition": {"type": condition}, "threshold": threshold, "config": config})


def trend(count: int = 1, **node: Any) -> Any:
    events = [{"kind": "EventsNode", "event": f"event {index}"} for index in range(count)]
    return parse_node("TrendsQuery", {"kind": "TrendsQuery", "series": events, **node})


def row(label: str, *values: float, order: int = 0, **fields: Any) -> dict[str, Any]:
    return {"label": label, "data": [*values], "order": order, **fields}


def days(first: str, last: str, zone: str = "+00:00") -> dict[str, str]:
    return {"date_from": f"{first}T00:00:00{zone}", "date_to": f"{last}T23:59:59.999999{zone}"}


SPAN = days("2026-03-02", "2026-03-04")
ROWS = [row("visits", 10, 15, 6), row("signups", 4, 0, 8, order=1)]
_OVER = "is above the upper bound"
_UNDER = "is below the lower bound"
OUTCOMES: list[tuple[str, Rule, float, str | None]] = [
    (
        "the last interval that is over",
        rule(upper=14),
        15,
        f"The value of visits for the previous day (15) {_OVER} (14).",
    ),
    ("a bound is not beyond itself", rule(upper=15, lower=15), 15, None),
    (
        "the running interval",
        rule(lower=7, ongoing=True),
        6,
        f"The value of visits for the current day (6) {_UNDER} (7).",
    ),
    ("another series", rule(lower=1, series=1), 0, f"The value of signups for the previous day (0) {_UNDER} (1)."),
    (
        "an increase",
        rule("relative_increase", upper=4.5),
        5,
        f"The increase of visits for the previous day (5, from 10 to 15) {_OVER} (4.5).",
    ),
    (
        "an increase as a share",
        rule("relative_increase", upper=0.2, is_share=True),
        0.5,
        f"The increase of visits for the previous day (50%, from 10 to 15) {_OVER} (20%).",
    ),
    (
        "a decrease of the running interval",
        rule("relative_decrease", upper=0.5, is_share=True, ongoing=True),
        0.6,
        f"The decrease of visits for the current day (60%, from 15 to 6) {_OVER} (50%).",
    ),
    ("a decrease that is none", rule("relative_decrease", upper=0), -5, None),
    ("to nothing", rule("relative_decrease", upper=0.9, is_share=True, series=1), 1.0, "100%, from 4 to 0"),
]


@pytest.mark.parametrize(("asked", "value", "said"), [o[1:] for o in OUTCOMES], ids=[o[0] for o in OUTCOMES])
def test_the_value_that_is_looked_at(asked: Rule, value: float, said: str | None) -> None:
    found = judged(asked, trend(2), PROJECT, NOW, (ROWS, SPAN))
    assert found.value == pytest.approx(value)
    assert len(found.breaches) == (said is not None)
    assert said is None or said in found.breaches[0]


def test_a_share_of_nothing_is_beyond_every_bound_but_has_no_number() -> None:
    from_nothing = [row("visits", 0, 5, 0)]
    found = judged(rule("relative_increase", upper=100, is_share=True), trend(), PROJECT, NOW, (from_nothing, SPAN))
    assert found.value is None
    assert found.breaches == (
        "The increase of visits for the previous day (from 0 to 5) is above the upper bound (10,000%).",
    )
    still = [row("visits", 0, 0, 0)]
    assert judged(rule("relative_increase", upper=0, is_share=True), trend(), PROJECT, NOW, (still, SPAN)) == (0.0, ())


def test_a_share_of_less_than_nothing_grows_upwards_too() -> None:
    rows = [row("balance", -10, -5, 0)]
    found = judged(rule("relative_increase", upper=0.2, is_share=True), trend(), PROJECT, NOW, (rows, SPAN))
    assert found.value == 0.5
    assert "(50%, from -10 to -5)" in found.breaches[0]
    assert (
        judged(rule("relative_decrease", upper=0.2, is_share=True), trend(), PROJECT, NOW, (rows, SPAN)).value == -0.5
    )


@pytest.mark.parametrize(
    ("now", "value"),
    [("2026-03-04T00:00:00", 15), ("2026-03-03T23:59:59.999999", 10), ("2026-03-04T23:59:59", 15), ("2026-03-05", 6)],
)
def test_an_interval_is_over_from_its_end_on(now: str, value: float) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert judged(rule(), trend(2), PROJECT, at, (ROWS, SPAN)).value == value


def test_each_value_of_a_breakdown_counts_and_those_that_cross_are_named() -> None:
    by_browser = [row("Chrome", 1, 20, 0), row("Safari", 1, 3, 0), row("Firefox", 1, 12, 0)]
    found = judged(rule(upper=10), trend(), PROJECT, NOW, (by_browser, SPAN))
    assert found.value == 20
    assert [said.split(" for ")[0] for said in found.breaches] == ["The value of Chrome", "The value of Firefox"]
    assert judged(rule(upper=30), trend(), PROJECT, NOW, (by_browser, SPAN)) == (None, ())


def test_many_values_that_cross_are_counted() -> None:
    rows = [row(f"value {n}", 0, 20, 0) for n in range(13)]
    found = judged(rule(upper=10), trend(), PROJECT, NOW, (rows, SPAN))
    assert (len(found.breaches), found.breaches[-1]) == (11, "And 3 more.")


def test_what_events_say_is_one_line_that_can_be_read() -> None:
    """Whoever can send an event has no say in how a message goes on."""
    rows = [row("x\n\nYour password has expired:\r\nhttps://evil.test " + "y" * 5000, 10, 15, 6)]
    (said,) = judged(rule(upper=14), trend(), PROJECT, NOW, (rows, SPAN)).breaches
    assert said.startswith("The value of x Your password has expired: https://evil.test yyy")
    assert ("\n" in said, "\r" in said, len(said) < 300) == (False, False, True)


def test_a_breakdown_of_no_events_is_a_zero() -> None:
    found = judged(rule(lower=1), trend(), PROJECT, NOW, ([], SPAN))
    assert (found.value, len(found.breaches)) == (0.0, 1)


def test_the_period_before_is_not_looked_at() -> None:
    rows = [row("visits", 1, 1, 1, compare_label="current"), row("visits", 99, 99, 99, compare_label="previous")]
    assert judged(rule(upper=10), trend(), PROJECT, NOW, (rows, SPAN)) == (1.0, ())


@pytest.mark.parametrize("display", ["BoldNumber", "ActionsPie", "ActionsTable"])
def test_a_total_is_held_against_the_bounds_itself(display: str) -> None:
    query = trend(trendsFilter={"display": display})
    rows = [{"label": "visits", "aggregated_value": 12, "data": [], "order": 0}]
    found = judged(rule(upper=10), query, PROJECT, NOW, (rows, SPAN))
    assert found == (12.0, ("The value of visits (12) is above the upper bound (10).",))
    assert narrowed(rule(upper=10), query, PROJECT, NOW).date_from == query.date_from
    with pytest.raises(ValidationError, match="total"):
        check_fits(rule("relative_increase", upper=1), query)


def test_intervals_that_an_insight_does_not_have_are_an_error() -> None:
    with pytest.raises(ValidationError, match="1 intervals that are over of a day; it takes 2"):
        judged(rule("relative_increase", upper=1), trend(), PROJECT, NOW, (ROWS, days("2026-03-03", "2026-03-04")))


UNFIT = [
    (rule(upper=1, series=2), {}, "config__series_index"),
    (rule(upper=1, series=1), {"trendsFilter": {"formula": "A+B"}}, "config__series_index"),
    (rule(upper=1, is_share=True), {}, "threshold__configuration__type"),
    (rule("relative_decrease", upper=1), {"trendsFilter": {"display": "BoldNumber"}}, "condition__type"),
]


@pytest.mark.parametrize(("asked", "node", "attr"), UNFIT, ids=[case[2] for case in UNFIT])
def test_what_can_never_be_answered_is_refused(asked: Rule, node: dict[str, Any], attr: str) -> None:
    with pytest.raises(ValidationError) as error:
        check_fits(asked, trend(2, **node))
    assert error.value.attr == attr


# The question is about as many intervals as are looked at, counted back from the running one, where the project is.
RANGES = [
    ("day", rule(upper=1, ongoing=True), "UTC", "2026-03-04"),
    ("day", rule(upper=1), "UTC", "2026-03-03"),
    ("day", rule("relative_increase", upper=1), "UTC", "2026-03-02"),
    ("day", rule(upper=1), "Pacific/Kiritimati", "2026-03-04"),
    ("week", rule(upper=1), "UTC", "2026-02-22"),
    ("month", rule("relative_decrease", upper=1), "UTC", "2026-01-01"),
    ("quarter", rule(upper=1), "UTC", "2025-10-01"),
    ("year", rule(upper=1), "UTC", "2025-01-01"),
    ("hour", rule("relative_increase", upper=1), "UTC", "2026-03-04T10:00:00+00:00"),
    ("hour", rule(upper=1), "Asia/Kathmandu", "2026-03-04T17:00:00+05:45"),
    ("minute", rule(upper=1), "UTC", "2026-03-04T12:29:00+00:00"),
]


@pytest.mark.parametrize(("interval", "asked", "zone", "start"), RANGES)
def test_a_check_reads_the_intervals_that_it_looks_at(interval: str, asked: Rule, zone: str, start: str) -> None:
    dates = {"date_from": "2024-01-01", "date_to": "2024-02-01"}
    query = trend(interval=interval, dateRange=dates, compareFilter={"compare": True})
    found = narrowed(asked, query, Project(7, timezone=zone), NOW)
    assert (found.date_from, found.date_to, found.compare) == (start, None, False)


@pytest.mark.parametrize("shown", [{"display": "ActionsLineGraphCumulative"}, {"smoothingIntervals": 3}])
def test_what_adds_up_over_intervals_keeps_its_range(shown: dict[str, Any]) -> None:
    query = trend(trendsFilter=shown, dateRange={"date_from": "-30d"})
    assert narrowed(rule(upper=1), query, PROJECT, NOW).date_from == "-30d"


def test_the_sum_of_the_values_that_are_not_shown_is_no_value() -> None:
    by = {"breakdown": "$browser", "breakdown_type": "event", "breakdown_limit": 1}
    query = trend(breakdownFilter=by)
    assert query.breakdown.hide_other is False
    assert narrowed(rule(lower=1), query, PROJECT, NOW).breakdown.hide_other is True


def test_an_hour_that_comes_twice_is_two_intervals() -> None:
    """In Berlin clocks go back from 3 to 2 o'clock: at half past the second 2 o'clock, the first is the one over."""
    project = Project(7, timezone="Europe/Berlin")
    now = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    query = narrowed(rule(upper=1), trend(interval="hour"), project, now)
    assert query.date_from == "2026-10-25T02:00:00+02:00"
    span = {"date_from": "2026-10-25T02:00:00+02:00", "date_to": "2026-10-25T02:59:59.999999+01:00"}
    assert judged(rule(upper=10), query, project, now, ([row("visits", 5, 50)], span)).value == 5


# How the state goes on.


@pytest.mark.parametrize(
    ("before", "found", "standing", "is_told"),
    [
        (AT_REST, "within", AT_REST, False),
        (AT_REST, "crossed", Standing("Firing", True), True),
        (Standing("Firing", True), "crossed", Standing("Firing", True), False),
        (Standing("Firing", True), "within", AT_REST, False),
        (AT_REST, "failed", Standing("Errored", False), True),
        (Standing("Errored", False), "failed", Standing("Errored", False), False),
        (Standing("Firing", True), "failed", Standing("Errored", True), True),
        (Standing("Errored", True), "crossed", Standing("Firing", True), False),
        (Standing("Errored", False), "crossed", Standing("Firing", True), True),
        (Standing("Snoozed", False), "crossed", Standing("Firing", True), True),
    ],
)
def test_the_state_after_a_check(before: Standing, found: Found, standing: Standing, is_told: bool) -> None:
    assert after(before, found) == (standing, is_told)


def edges(history: list[Found]) -> Iterator[bool]:
    """The model: a crossing is told where the last value before was none, a failure where the last check was none."""
    for place, found in enumerate(history):
        values = [one for one in history[:place] if one != "failed"]
        if found == "crossed":
            yield not values or values[-1] == "within"
        elif found == "failed":
            yield place == 0 or history[place - 1] != "failed"
        else:
            yield False


@given(st.lists(st.sampled_from(["crossed", "within", "failed"]), max_size=30))
def test_people_are_told_once_a_crossing_and_once_a_row_of_failures(history: list[Found]) -> None:
    standing, told = AT_REST, []
    for found in history:
        standing, is_told = after(standing, found)
        told.append(is_told)
    assert told == list(edges(history))
    shown = {"crossed": "Firing", "within": "Not firing", "failed": "Errored"}
    assert not history or standing.state == shown[history[-1]]


# When it is checked again. The minute is the id's: 17.

ID = "00000000-0000-0000-0000-000000000011"
TIMES = [
    ("hourly", "2026-03-04T12:30:00", "UTC", "2026-03-04T13:17:00"),
    ("hourly", "2026-03-04T12:16:59", "UTC", "2026-03-04T12:17:00"),
    ("hourly", "2026-03-04T12:17:00", "UTC", "2026-03-04T13:17:00"),
    ("daily", "2026-03-04T12:30:00", "UTC", "2026-03-05T01:17:00"),
    ("daily", "2026-03-04T00:30:00", "UTC", "2026-03-04T01:17:00"),
    ("daily", "2026-03-04T12:30:00", "America/New_York", "2026-03-05T06:17:00"),
    ("daily", "2026-03-28T12:30:00", "Europe/Berlin", "2026-03-29T00:17:00"),  # at two o'clock clocks go forward
    ("weekly", "2026-03-04T12:30:00", "UTC", "2026-03-09T03:17:00"),
    ("monthly", "2026-01-31T12:30:00", "Asia/Tokyo", "2026-01-31T19:17:00"),
    ("monthly", "2026-12-01T04:17:00", "UTC", "2027-01-01T04:17:00"),
]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(("every", "now", "zone", "then"), TIMES)
def test_the_next_check_is_at_a_time_of_the_project(every: str, now: str, zone: str, then: str) -> None:
    assert next_check(ID, every, at(now), ZoneInfo(zone)) == at(then)


SATURDAY = "2026-03-07T12:30:00"
WEEKENDS = [("hourly", "2026-03-09T00:17:00"), ("daily", "2026-03-09T01:17:00"), ("weekly", "2026-03-09T03:17:00")]


@pytest.mark.parametrize(("every", "then"), WEEKENDS)
def test_a_weekend_can_be_skipped(every: str, then: str) -> None:
    assert next_check(ID, every, at(SATURDAY), ZoneInfo("UTC"), skip_weekend=True) == at(then)
    assert is_skipped(every, at(SATURDAY), ZoneInfo("UTC"), skip_weekend=True) == (every != "weekly")
    assert not is_skipped(every, at(SATURDAY), ZoneInfo("UTC"), skip_weekend=False)
    assert not is_skipped(every, at("2026-03-08T12:00:00"), ZoneInfo("Pacific/Kiritimati"), skip_weekend=True)


def test_nothing_is_checked_before_a_snooze_is_over() -> None:
    until = at("2026-03-06T01:17:00")
    assert next_check(ID, "daily", NOW, ZoneInfo("UTC"), not_before=until) == until
    assert next_check(ID, "hourly", NOW, ZoneInfo("UTC"), not_before=until) == until
    assert next_check(ID, "hourly", NOW, ZoneInfo("UTC"), not_before=at("2026-03-01T00:00:00")) == at(
        "2026-03-04T13:17:00"
    )


@given(
    st.uuids(),
    st.sampled_from(sorted(CALCULATION_INTERVALS)),
    st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1)),
    st.sampled_from(["UTC", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Africa/Casablanca"]),
    st.booleans(),
)
def test_the_next_check_is_later_and_not_too_late(id_: Any, every: str, now: datetime, zone: str, skips: bool) -> None:
    now = now.replace(tzinfo=UTC)
    found = next_check(str(id_), every, now, ZoneInfo(zone), skip_weekend=skips)
    most = {"hourly": timedelta(hours=1), "daily": timedelta(hours=26), "weekly": timedelta(days=7, hours=2)}
    assert now < found <= now + most.get(every, timedelta(days=32)) + (timedelta(days=3) if skips else timedelta())
    assert not is_skipped(every, found, ZoneInfo(zone), skip_weekend=skips)
    assert (found.second, found.microsecond) == (0, 0)
