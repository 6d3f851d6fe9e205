"""The tables of refresh modes and of freshness, row by row, and the names of results."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from insights_api.questions import question_of_flat
from insights_engine.answer import Answer
from insights_engine.clickhouse import Cost
from insights_engine.intervals import INTERVALS
from insights_engine.kinds import kind_of_flat
from insights_engine.project import Project
from insights_engine.results.entry import Entry
from insights_engine.results.freshness import Freshness, freshness, target_age
from insights_engine.results.modes import MODES, Then, never_without, refresh_of, without_background
from insights_engine.results.naming import canonical, result_key
from insights_engine.retention.model import AGGREGATIONS
from insights_engine.sql import Sql

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
END_OF_TODAY = datetime(2026, 3, 10, 23, 59, 59, 999999, tzinfo=UTC)

# Name: on a fresh result, on a stale one, on none.
TABLE = {
    "force_cache": (Then.SERVE, Then.SERVE, Then.NOTHING),
    "blocking": (Then.SERVE, Then.COMPUTE, Then.COMPUTE),
    "async": (Then.SERVE, Then.QUEUE, Then.QUEUE),
    "lazy_async": (Then.SERVE, Then.QUEUE_IF_LAZY, Then.QUEUE),
    "async_except_on_cache_miss": (Then.SERVE, Then.QUEUE, Then.COMPUTE),
    "force_blocking": (Then.COMPUTE, Then.COMPUTE, Then.COMPUTE),
    "force_async": (Then.QUEUE, Then.QUEUE, Then.QUEUE),
}


def test_every_mode_has_its_row() -> None:
    assert {name: (mode.fresh, mode.stale, mode.miss) for name, mode in MODES.items()} == TABLE


@pytest.mark.parametrize(
    ("value", "name"),
    [
        *((name, name) for name in TABLE),
        *((value, "force_blocking") for value in (True, "true", "True", "1", 1, "yes", "", "force", "FORCE")),
        *((value, "blocking") for value in (None, False, "false", "0", "no", "banana", 2, 1.5, ["async"], {})),
    ],
)
def test_refresh_is_read_as_the_api_reads_it(value: Any, name: str) -> None:
    assert refresh_of(value, "blocking").name == name


@pytest.mark.parametrize("mode", MODES.values(), ids=lambda mode: mode.name)
def test_without_a_queue_nothing_is_left_to_the_background(mode: Any) -> None:
    assert {Then.QUEUE, Then.QUEUE_IF_LAZY}.isdisjoint(without_background(mode))
    assert Then.NOTHING not in never_without(mode)


HOURS = {"minute": (1 / 12, 1 / 4), "hour": (1, 2), "day": (6, 12), None: (6, 12), "week": (24, 24), "month": (48, 48)}


@pytest.mark.parametrize(("interval", "hours"), HOURS.items())
def test_a_result_is_fresh_for_as_long_as_its_interval_says(interval: str | None, hours: tuple[float, float]) -> None:
    fresh, lazy = (timedelta(hours=number) for number in hours)
    second = timedelta(seconds=1)
    assert freshness(interval, NOW - fresh, END_OF_TODAY, NOW).is_fresh
    assert not freshness(interval, NOW - fresh - second, END_OF_TODAY, NOW).is_fresh
    assert freshness(interval, NOW - lazy, END_OF_TODAY, NOW).is_lazy
    assert not freshness(interval, NOW - lazy - second, END_OF_TODAY, NOW).is_lazy
    assert target_age(interval, NOW) == NOW + fresh


def test_a_quarter_is_fresh_for_ever() -> None:
    assert freshness("quarter", NOW - timedelta(days=900), END_OF_TODAY, NOW) == Freshness(True, True)
    assert target_age("quarter", NOW) is None


@pytest.mark.parametrize(("seconds", "is_fresh"), [(10.5, True), (9.5, False), (-3600, False)])
def test_a_range_that_was_over_stays_as_it_was(seconds: float, is_fresh: bool) -> None:
    computed_at = NOW - timedelta(days=30)
    ended = computed_at - timedelta(seconds=seconds)
    assert freshness("day", computed_at, ended, NOW).is_fresh is is_fresh


@pytest.mark.parametrize(("ahead", "is_fresh"), [(4, True), (6, False)])
def test_a_result_of_a_clock_that_is_ahead_by_minutes_is_computed_again(ahead: int, is_fresh: bool) -> None:
    at = NOW + timedelta(minutes=ahead)
    assert freshness("day", at, END_OF_TODAY, NOW).is_fresh is is_fresh


@pytest.mark.parametrize(
    ("zone", "moves", "computed", "asked", "is_fresh"),
    [
        # The range is over, so the result stands for ever, unless the question is about other days by now.
        ("UTC", "never", "03-10T01:00", "03-20T01:00", True),
        ("UTC", "always", "03-10T01:00", "03-10T08:00", False),
        ("UTC", "daily", "03-10T01:00", "03-10T23:00", True),
        ("UTC", "daily", "03-10T16:00", "03-11T00:00", False),
        # Midnight is that of the project: 15:00 of UTC in Tokyo, 04:00 in New York.
        ("Asia/Tokyo", "daily", "03-10T08:00", "03-10T15:00", False),
        ("Asia/Tokyo", "daily", "03-10T16:00", "03-11T14:00", True),
        ("America/New_York", "daily", "03-10T05:00", "03-11T03:00", True),
        ("America/New_York", "daily", "03-10T05:00", "03-11T04:00", False),
    ],
)
def test_dates_move_on_at_the_project_s_midnight(
    zone: str, moves: Any, computed: str, asked: str, is_fresh: bool
) -> None:
    end = datetime(2026, 3, 8, 23, 59, 59, 999999, tzinfo=ZoneInfo(zone))
    answer = Answer([], False, {"date_to": end.isoformat().replace("+00:00", "Z")}, Sql(""), Cost())
    computed_at, now = (datetime.fromisoformat(f"2026-{text}:00Z") for text in (computed, asked))
    made = Entry.of(answer, interval="day", started_at=computed_at, computed_at=computed_at, definitions=0, moves=moves)
    assert made.freshness(now).is_fresh is is_fresh


@dataclass(frozen=True)
class Or:
    values: tuple[Any, ...]
    field: str = ""


@dataclass(frozen=True)
class And:
    values: tuple[Any, ...]
    field: str = ""


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.datetimes() | st.dates(),
    lambda inner: (
        st.tuples(inner, inner)
        | st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        | st.builds(And, st.tuples(inner))
        | st.builds(Or, st.tuples(inner))
    ),
    max_leaves=8,
)


P = Project(1, name="a", timezone="UTC")


def key(query: Any, project: Project | None = None, **other: Any) -> str:
    return result_key("TrendsQuery", query, project or P, **other)


def is_same(one: Any, other: Any) -> bool:
    """Of one type and equal, all the way down; the order of a mapping's names does not count."""
    if type(one) is not type(other):
        return False
    match one:
        case dict():
            return one.keys() == other.keys() and all(is_same(one[name], other[name]) for name in one)
        case list() | tuple():
            return len(one) == len(other) and all(map(is_same, one, other))
        case And() | Or():
            return is_same(one.values, other.values)
    return repr(one) == repr(other)


@given(PLAIN, PLAIN)
def test_two_questions_share_a_name_only_if_they_are_the_same(one: Any, other: Any) -> None:
    assert (key(one) == key(other)) == is_same(one, other)
    assert key(And((one,))) != key(Or((one,)))
    assert key(one) == key(one)


def test_the_order_of_names_and_of_members_does_not_count() -> None:
    assert key({"a": 1, "b": 2}) == key({"b": 2, "a": 1})
    assert key(frozenset("xyz")) == key(frozenset("zyx"))
    assert key([1, 2]) != key([2, 1])
    assert key(1) != key("1") != key(True) != key(1.0)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"b": 1}),
        ({"a": {"b": 1}}, {"a": {"b": 2}}),
        ({"a": 1, "b": 2}, {"a": 2, "b": 1}),
        ([1], (1,)),
        ([[1], 2], [[1, 2]]),
        (2**53, 2**53 + 1),
        (2**60, str(2**60)),
        (0.0, -0.0),
        (frozenset("x"), ["x"]),
        (date(2020, 1, 1), datetime(2020, 1, 1)),
        (date(2020, 1, 1), "2020-01-01"),
        (NOW, NOW.astimezone(ZoneInfo("Asia/Tokyo"))),
        (Then.SERVE, Then.COMPUTE),
        (And(({"key": "plan", "value": "pro"},)), And(({"key": "plan", "value": "free"},))),
    ],
    ids=repr,
)
def test_what_is_nearly_the_same_has_a_name_of_its_own(one: Any, other: Any) -> None:
    assert key(one) != key(other)


def test_where_a_value_stood_does_not_count() -> None:
    assert key(And((1,), "events[0]")) == key(And((1,), "series[0]"))


SAME = [
    replace(P, name="b"),
    replace(P, api_token="phc_2"),
    replace(P, week_start_day=0),
    replace(P, days_timezone="X"),
]
OTHER = [
    replace(P, id=2),
    replace(P, timezone="Europe/Berlin"),
    replace(P, week_start_day=1),
    replace(P, test_account_filters=({"key": "email", "value": "@x", "operator": "icontains"},)),
    replace(P, path_cleaning_filters=({"regex": "a", "alias": "b"},)),
    replace(P, aggregate_users_by_distinct_id=True),
    replace(P, human_friendly_comparison_periods=True),
    replace(P, group_types=("company",)),
]


@pytest.mark.parametrize("project", SAME, ids=str)
def test_what_changes_no_answer_is_not_in_the_name(project: Project) -> None:
    assert key("q", project) == key("q", P)


@pytest.mark.parametrize("project", OTHER, ids=str)
def test_what_changes_answers_is(project: Project) -> None:
    assert key("q", project) != key("q", P)


def test_what_the_caller_sees_and_what_the_answer_repeats_are_in_the_name() -> None:
    assert len({key("q"), key("q", sight="insight"), key("q", shown="insight"), key("r")}) == 4


LEGACY = json.loads((Path(__file__).parent.parent / "cases" / "legacy_insights.json").read_text())


@pytest.mark.parametrize("values", [v for rows in LEGACY.values() for v in rows if "insight" in v], ids=str)
def test_a_real_question_has_a_name_that_every_process_gives_it(values: dict[str, Any]) -> None:
    """None of its parts is named by where it lies in memory."""
    question = question_of_flat(values, kind_of_flat(values))
    assert " at 0x" not in json.dumps(canonical(question.query))
    assert question.interval in {*HOURS, "quarter", "year"}


def test_functions_of_tables_are_told_apart() -> None:
    """Two questions that differ in what is done with the numbers alone."""
    made = [canonical(function) for function in AGGREGATIONS.values()]
    assert len({json.dumps(one) for one in made}) == len(AGGREGATIONS)

    def adding(amount: int) -> Any:
        return lambda x: x + amount

    assert canonical(adding(1)) == canonical(adding(1)) != canonical(adding(2))
    assert json.dumps(canonical(INTERVALS["month"])) != json.dumps(canonical(INTERVALS["quarter"]))
