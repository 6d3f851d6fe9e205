"""Each maths on one small set of events, and what it does at its edges."""

from __future__ import annotations

from typing import Any

import pytest
from insights_engine.errors import ValidationError
from insights_engine.trend.maths import MATHS

from tests.engine.asking import Asker, data, event, rows, series
from tests.engine.conftest import NewAsker

# Two persons on the first day, one on the second, nobody on the third. `bob` came before the range.
EVENTS = [
    event(distinct_id="bob", at="2019-12-31T10:00:00Z", n=50, k="old"),
    event(distinct_id="ann", at="2020-01-01T10:00:00Z", n=1, k="a", **{"$session_id": "s1"}),
    event(distinct_id="ann-phone", at="2020-01-01T11:00:00Z", n="3", k="b", **{"$session_id": "s1"}),
    event(distinct_id="bob", at="2020-01-01T12:00:00Z", n=8, k="b", **{"$session_id": "s2"}),
    event(distinct_id="bob", at="2020-01-01T13:00:00Z", n="none", k="b"),
    event(distinct_id="ann", at="2020-01-02T10:00:00Z", n=-2.5, k="b", **{"$session_id": "s3"}),
    event(distinct_id="ann", at="2020-01-02T10:00:10Z", k="b"),
    event("other", distinct_id="cyd", at="2020-01-01T10:00:00Z", n=1000),
]
RANGE = {"date_from": "2020-01-01", "date_to": "2020-01-03"}

# name -> (by day, over the range)
EXPECTED: dict[str, tuple[list[float], float]] = {
    "total": ([4, 2, 0], 6),
    "dau": ([2, 1, 0], 2),
    "weekly_active": ([2, 2, 2], 2),
    "monthly_active": ([2, 2, 2], 2),
    "unique_session": ([3, 2, 0], 4),  # events without one are one more
    "unique_group": ([2, 0, 0], 2),
    "first_time_for_user": ([1, 0, 0], 1),
    "first_matching_event_for_user": ([1, 0, 0], 1),
    "sum": ([12, -2.5, 0], 9.5),
    "avg": ([4, -2.5, 0], 2.375),
    "min": ([1, -2.5, 0], -2.5),
    "max": ([8, -2.5, 0], 8),
    "median": ([3, -2.5, 0], 2),
    "p75": ([5.5, -2.5, 0], 4.25),
    "p90": ([7, -2.5, 0], 6.5),
    "p95": ([7.5, -2.5, 0], 7.25),
    "p99": ([7.9, -2.5, 0], 7.85),
    "p99.9": ([7.99, -2.5, 0], 7.985),
    "avg_count_per_actor": ([2, 2, 0], 3),
    "min_count_per_actor": ([2, 2, 0], 2),
    "max_count_per_actor": ([2, 2, 0], 4),
    "median_count_per_actor": ([2, 2, 0], 3),
    "p75_count_per_actor": ([2, 2, 0], 3.5),
    "p90_count_per_actor": ([2, 2, 0], 3.8),
    "p95_count_per_actor": ([2, 2, 0], 3.9),
    "p99_count_per_actor": ([2, 2, 0], 3.98),
    "p99.9_count_per_actor": ([2, 2, 0], 3.998),
    "hogql": ([8, -2.5, 0], 8),
}


@pytest.fixture(scope="module")
def asked(new_asker: NewAsker) -> Asker:
    found = [dict(row) for row in EVENTS]
    found[1]["groups"], found[3]["groups"] = {"organization": "o1"}, {"organization": "o2"}
    people = [{"distinct_ids": ["ann", "ann-phone"], "properties": {"age": 20}}]
    return new_asker().load(found, persons=people)


def measured(name: str, **further: Any) -> dict[str, Any]:
    more = {"math_property": "n", "math_group_type_index": 0 if name == "unique_group" else None}
    if name == "hogql":
        more["math_hogql"] = "max(toFloat(properties.n))"
    return series(math=name, **{**more, **further})


@pytest.mark.parametrize("name", MATHS)
def test_a_maths_by_day_and_over_the_range(asked: Asker, name: str) -> None:
    by_day, total = EXPECTED[name]
    assert data(asked.node(series=[measured(name)], dateRange=RANGE)) == pytest.approx(by_day)
    table = {"display": "ActionsTable"}
    assert data(asked.node(series=[measured(name)], dateRange=RANGE, trendsFilter=table)) == pytest.approx(total)


@pytest.mark.parametrize("name", MATHS)
def test_a_maths_over_nothing_is_zero(asked: Asker, name: str) -> None:
    nothing = {**measured(name), "event": "nothing of the kind"}
    assert data(asked.node(series=[nothing], dateRange=RANGE)) == [0, 0, 0]
    assert data(asked.node(series=[nothing], dateRange=RANGE, trendsFilter={"display": "BoldNumber"})) == 0
    assert asked.node(series=[nothing], dateRange=RANGE, breakdownFilter={"breakdown": "k"}) == []


@pytest.mark.parametrize("name", ["sum", "avg", "min", "max", "median", "p99"])
def test_a_property_that_is_never_a_number_is_zero(asked: Asker, name: str) -> None:
    assert data(asked.node(series=[measured(name, math_property="k")], dateRange=RANGE)) == [0, 0, 0]


def test_without_a_property_events_are_counted(asked: Asker) -> None:
    assert data(asked.node(series=[series(math="sum")], dateRange=RANGE)) == [4, 2, 0]


def test_the_property_may_be_the_person_s(asked: Asker) -> None:
    ages = measured("sum", math_property="age", math_property_type="person_properties")
    assert data(asked.node(series=[ages], dateRange=RANGE)) == [40, 40, 0]


def test_values_are_multiplied_first(asked: Asker) -> None:
    assert data(asked.node(series=[measured("max", math_multiplier=-2)], dateRange=RANGE)) == [-2, 5, 0]


def test_time_is_a_property(asked: Asker) -> None:
    first = data(asked.node(series=[measured("min", math_property="$time")], dateRange=RANGE))[0]
    assert first == 1577872800


@pytest.mark.parametrize(
    ("name", "values"), [("sum", [5, 3]), ("avg", [2.5, 3]), ("max", [3, 3]), ("median", [2.5, 3])]
)
def test_a_session_counts_once_with_its_whole_duration(asker: Asker, name: str, values: list[float]) -> None:
    asker.load(
        [
            event(at="2020-01-01T10:00:00Z", **{"$session_id": "two"}),
            event(at="2020-01-01T10:00:01Z", **{"$session_id": "two"}),
            event("other", at="2020-01-01T10:00:02Z", **{"$session_id": "two"}),
            event(at="2020-01-01T23:59:59Z", **{"$session_id": "three"}),
            event(at="2020-01-02T00:00:02Z", **{"$session_id": "three"}),
            event(at="2020-01-02T00:00:02Z"),
        ]
    )
    durations = series(math=name, math_property="$session_duration")
    dates = {"date_from": "2020-01-01", "date_to": "2020-01-02"}
    assert data(asker.node(series=[durations], dateRange=dates)) == values
    doubled = [2 * value for value in values]
    assert data(asker.node(series=[{**durations, "math_multiplier": 2}], dateRange=dates)) == doubled


@pytest.mark.parametrize(("name", "index", "why"), [("unique_group", None, "math_group_type_index is required")])
def test_groups_need_their_index(asked: Asker, name: str, index: int | None, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        asked.node(series=[measured(name, math_group_type_index=index)], dateRange=RANGE)


# First times


def test_who_came_before_the_range_never_comes_for_the_first_time(asked: Asker) -> None:
    for display in ("ActionsLineGraph", "ActionsLineGraphCumulative"):
        shown = {"display": display}
        found = data(asked.node(series=[series(math="first_time_for_user")], dateRange=RANGE, trendsFilter=shown))
        assert found == ([1, 0, 0] if display == "ActionsLineGraph" else [1, 1, 1])


@pytest.mark.parametrize(
    ("name", "value", "days"),
    [
        ("first_time_for_user", "a", [1, 0, 0]),
        ("first_time_for_user", "b", [0, 0, 0]),  # ann's first event is another
        ("first_matching_event_for_user", "a", [1, 0, 0]),
        ("first_matching_event_for_user", "b", [2, 0, 0]),
    ],
)
def test_the_first_event_must_pass_the_filters(asked: Asker, name: str, value: str, days: list[int]) -> None:
    only = [{"key": "k", "value": value, "operator": "exact", "type": "event"}]
    assert data(asked.node(series=[series(math=name, properties=only)], dateRange=RANGE)) == days
    assert data(asked.node(series=[series(math=name)], properties=only, dateRange=RANGE)) == days


def test_of_two_events_at_one_moment_either_may_pass(asker: Asker) -> None:
    at = "2020-01-02T10:00:00.000001Z"
    asker.load([event(at=at, k="a"), event(at=at, k="b"), event(at="2020-01-02T10:00:00.000002Z", k="c")])
    for value, count in (("a", 1), ("b", 1), ("c", 0)):
        only = [{"key": "k", "value": value, "operator": "exact", "type": "event"}]
        first = series(math="first_time_for_user", properties=only)
        assert sum(data(asker.node(series=[first]))) == count
    by = asker.node(series=[series(math="first_time_for_user")], breakdownFilter={"breakdown": "k"})
    assert [(value in "ab", sum(days)) for value, days in rows(by)] == [(True, 1)]


def test_a_first_time_is_of_any_step_of_an_action(asker: Asker) -> None:
    asker.define("action", 1, name="act", steps=[{"event": "x"}, {"event": "y"}])
    asker.load([event("x", "p", "2020-01-01T10:00:00Z"), event("y", "p", "2020-01-02T10:00:00Z")])
    node = {"kind": "ActionsNode", "id": 1, "math": "first_time_for_user"}
    assert data(asker.node(series=[node], dateRange={"date_from": "2020-01-01"})) == [1, 0, 0, 0]
    assert data(asker.node(series=[node], dateRange={"date_from": "2020-01-02"})) == [0, 0, 0]


# Active users


def active(asker: Asker, name: str, interval: str, date_from: str, date_to: str, **further: Any) -> Any:
    dates = {"date_from": date_from, "date_to": date_to}
    return data(asker.node(series=[series(math=name, **further)], interval=interval, dateRange=dates))


def test_a_week_is_seven_days_ending_with_the_bucket(new_asker: NewAsker) -> None:
    asker = new_asker(timezone="America/New_York").load(
        # The clocks go forward on the 13th.
        [event(at=at) for at in ("2022-03-10T05:00:00Z", "2022-03-13T03:30:00Z")]
    )
    days = active(asker, "weekly_active", "day", "2022-03-09", "2022-03-20")
    assert days == [0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0]  # the second event is on the 12th there


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
def test_an_hour_looks_back_on_168_hours(new_asker: NewAsker, zone: str) -> None:
    """Whatever the clocks did in between; the events before the range count."""
    asker = new_asker(timezone=zone).load([event(at="2022-03-10T12:40:00Z")])
    found = active(asker, "weekly_active", "hour", "2022-03-16", "2022-03-18 23:59:59")
    start = {"UTC": 0, "America/New_York": 4, "Asia/Kolkata": 18.5 - 24}[zone]  # of the first bucket, UTC
    opened = {"UTC": 12, "America/New_York": 12, "Asia/Kolkata": 12.5}[zone]  # of the event's hour
    last = int(6 * 24 + opened - 144 - start + 24 - 1)
    assert found == [1] * (last + 1) + [0] * (len(found) - last - 1)


@pytest.mark.parametrize(
    ("name", "interval", "values"),
    [
        ("weekly_active", "week", [1, 0, 0, 0, 0, 0]),  # as long as the week: who was active in it
        ("weekly_active", "month", [1, 0]),
        ("monthly_active", "month", [1, 0]),
        ("monthly_active", "quarter", [1, 0]),
        ("monthly_active", "year", [1, 0]),
        ("monthly_active", "week", [0, 1, 1, 1, 1, 0]),  # thirty days, ending with the week's first
    ],
)
def test_longer_intervals(asker: Asker, name: str, interval: str, values: list[int]) -> None:
    asker.load([event(at="2019-12-31T10:00:00Z")])
    end = "2020-02-08" if interval == "week" else "2020-01-31"
    assert active(asker, name, interval, "2019-12-29", end) == values


@pytest.mark.parametrize(
    ("name", "date_from", "people"),
    [
        ("weekly_active", "2020-01-10", 1),
        ("weekly_active", "2019-12-01", 1),  # date_from is not looked at
        ("monthly_active", "2020-01-10", 2),
    ],
)
def test_a_total_is_of_the_last_days(asker: Asker, name: str, date_from: str, people: int) -> None:
    ends = (("a", "2020-01-03T23:59:59.999999Z"), ("b", "2020-01-04T00:00:00Z"))
    asker.load([event(distinct_id=name, at=at) for name, at in ends])
    dates = {"date_from": date_from, "date_to": "2020-01-10"}
    shown = {"display": "ActionsTable"}
    assert data(asker.node(series=[series(math=name)], dateRange=dates, trendsFilter=shown)) == people


def test_groups_are_active_too(asker: Asker) -> None:
    asker.load(
        [{**event(at="2020-01-02T10:00:00Z"), "groups": {"organization": "o"}}, event(at="2020-01-02T10:00:00Z")]
    )
    found = active(asker, "weekly_active", "day", "2020-01-01", "2020-01-03", math_group_type_index=0)
    assert found == [0, 1, 1]


@pytest.mark.parametrize(
    ("display", "values"), [("ActionsLineGraph", [0, 1, 1]), ("ActionsLineGraphCumulative", [0, 1, 2])]
)
def test_events_without_a_group_are_of_none(asker: Asker, display: str, values: list[int]) -> None:
    asker.load([event(at="2020-01-01T10:00:00Z")])
    asker.load([{**event(at=f"2020-01-0{day}T10:00:00Z"), "groups": {"company": f"c{day}"}} for day in (2, 3)])
    counted = series(math="unique_group", math_group_type_index=0)
    dates = {"date_from": "2020-01-01", "date_to": "2020-01-03"}
    assert data(asker.node(series=[counted], dateRange=dates, trendsFilter={"display": display})) == values


# What is too large for a number


@pytest.mark.parametrize(
    ("values", "answer"),
    [
        ([1e308, 1e308], 1.7976931348623157e308),
        ([-1e308, -1e308], -1.7976931348623157e308),
        (["nan", "inf", "-inf", 5], 5),
    ],
)
@pytest.mark.parametrize("display", ["ActionsLineGraph", "ActionsTable", "ActionsLineGraphCumulative"])
def test_answers_are_numbers_whatever_is_summed(asker: Asker, values: list[Any], answer: float, display: str) -> None:
    asker.load([event(n=value) for value in values])
    dates = {"date_from": "2020-01-02", "date_to": "2020-01-02"}
    (row,) = asker.node(series=[measured("sum")], dateRange=dates, trendsFilter={"display": display})
    assert row.get("aggregated_value", row["data"][:1] and row["data"][0]) == answer
    found = asker.node(series=[measured("sum")], trendsFilter={"display": display, "formula": "A * A"})
    assert isinstance(found[0]["count"], float | int)


def test_sampling_scales_counts_alone(new_asker: NewAsker) -> None:
    people = [event(distinct_id=f"p{i}", n=7) for i in range(400)]
    asker = new_asker().load(people)
    dates = {"date_from": "2020-01-02", "date_to": "2020-01-02"}

    def sampled(name: str, share: float | None) -> float:
        return float(data(asker.node(series=[measured(name)], dateRange=dates, samplingFactor=share))[0])

    assert sampled("total", 1) == 400
    assert sampled("total", None) == 400
    assert 100 < sampled("total", 0.5) < 700
    assert sampled("total", 0.5) == sampled("dau", 0.5)  # the same persons
    assert sampled("sum", 0.5) == 7 * sampled("total", 0.5)
    assert sampled("avg", 0.5) == sampled("max", 0.5) == sampled("median", 0.5) == 7
    assert sampled("avg_count_per_actor", 0.5) == 1
