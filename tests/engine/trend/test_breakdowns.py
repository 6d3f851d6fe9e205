"""Breakdowns: which values are shown, in which order, under which labels."""

from __future__ import annotations

from typing import Any

import pytest
from insights_engine.errors import ValidationError

from tests.engine.asking import Asker, event, rows, series
from tests.engine.conftest import NewAsker

NULL, OTHER = "$$_posthog_breakdown_null_$$", "$$_posthog_breakdown_other_$$"
DAY = {"date_from": "2020-01-02", "date_to": "2020-01-02"}


def by(name: str = "k", kind: str = "event", **further: Any) -> dict[str, Any]:
    return {"breakdown": name, "breakdown_type": kind, **further}


def several(*properties: str | dict[str, Any], **further: Any) -> dict[str, Any]:
    return {"breakdowns": [p if isinstance(p, dict) else {"property": p} for p in properties], **further}


def counts(**values: int) -> list[dict[str, Any]]:
    return [event(k=name) for name, count in values.items() for _ in range(count)]


def asked(asker: Asker, filters: dict[str, Any], **further: Any) -> list[tuple[Any, Any]]:
    return rows(asker.node(**{"series": [series()], "dateRange": DAY, "breakdownFilter": filters, **further}))


def test_missing_null_and_empty_are_no_value(asker: Asker) -> None:
    asker.load([event(), event(k=None), event(k=""), event(k="x")])
    assert asked(asker, by()) == [("x", [1]), (NULL, [3])]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *[(10, "10"), (2.5, "2.5"), (True, "true"), (False, "false"), ("False", "False"), (" ", " ")],
        *[(1e21, "1e21"), (2**53 + 1, "9007199254740993"), ("2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z")],
        *[([1, "a"], '[1,"a"]'), ({"a": {"b": 1}}, '{"a":{"b":1}}'), ([], "[]"), ("日本", "日本")],
    ],
)
@pytest.mark.parametrize("kind", ["event", "person"])
def test_every_value_is_text(asker: Asker, kind: str, value: Any, text: str) -> None:
    asker.load([event(k=value)], persons=[{"distinct_ids": ["p"], "properties": {"k": value}}])
    assert asked(asker, by(kind=kind)) == [(text, [1])]


def test_a_person_s_value_is_that_of_now(asker: Asker) -> None:
    people = [{"distinct_ids": ["p", "phone"], "properties": {"k": "now"}}]
    asker.load([event(k="then"), event(distinct_id="phone"), event(distinct_id="q")], persons=people)
    assert asked(asker, by(kind="person")) == [("now", [2]), (NULL, [1])]


def test_groups_sessions_columns_and_expressions(asker: Asker) -> None:
    asker.load(
        [
            {**event(**{"$session_id": "s"}), "groups": {"organization": "o"}},
            event(at="2020-01-02T10:00:05Z", **{"$session_id": "s"}),
        ],
        groups=[{"type": "organization", "key": "o", "properties": {"k": "big"}}],
    )
    assert asked(asker, by(kind="group", breakdown_group_type_index=0)) == [("big", [1]), (NULL, [1])]
    assert asked(asker, by("$session_duration", "session")) == [("5", [2])]
    assert asked(asker, by("distinct_id", "event_metadata")) == [("p", [2])]
    assert asked(asker, by("$session_id", "event_metadata")) == [("s", [2])]
    assert asked(asker, by("$group_0", "event_metadata")) == [("o", [1]), (NULL, [1])]
    assert asked(asker, by("concat('<', event, '>')", "hogql")) == [("<e>", [2])]


# Which values, in which order


def test_by_total_then_as_text_then_no_value_then_the_rest(asker: Asker) -> None:
    asker.load([*counts(b=2, a=2, **{"16": 1, "128": 1}), event(), event(), event()])
    assert asked(asker, by()) == [("a", [2]), ("b", [2]), ("128", [1]), ("16", [1]), (NULL, [3])]
    assert asked(asker, by(breakdown_limit=3)) == [("a", [2]), ("b", [2]), ("128", [1]), (OTHER, [4])]
    assert asked(asker, by(breakdown_limit=4)) == [("a", [2]), ("b", [2]), ("128", [1]), ("16", [1]), (OTHER, [3])]
    assert asked(asker, by(breakdown_limit=5))[-1] == (NULL, [3])


def test_for_a_total_no_value_competes(asker: Asker) -> None:
    asker.load([*counts(a=2, b=1), event(), event(), event()])
    table = {"trendsFilter": {"display": "ActionsTable"}}
    assert asked(asker, by(breakdown_limit=2), **table) == [("a", 2), (NULL, 3), (OTHER, 1)]
    assert asked(asker, by(breakdown_limit=1), **table) == [(NULL, 3), (OTHER, 3)]


@pytest.mark.parametrize(("values", "shown"), [(24, 24), (25, 25), (26, 26), (30, 26)])
def test_twenty_five_are_shown_unless_it_is_a_map(asker: Asker, values: int, shown: int) -> None:
    asker.load([event(k=f"{i:02}") for i in range(values)])
    found = asked(asker, by())
    assert len(found) == shown
    assert (found[-1][0] == OTHER) == (values > 25)
    assert len(asked(asker, by(), trendsFilter={"display": "WorldMap"})) == values


@pytest.mark.parametrize(("hidden", "shown"), [(False, 11), (True, 10)])
def test_the_rest_may_be_left_out(asker: Asker, hidden: bool, shown: int) -> None:
    asker.load([event(k=f"{i:02}") for i in range(30)])
    filters = by(breakdown_limit=10, breakdown_hide_other_aggregation=hidden)
    answer = asker.trend(series=[series()], dateRange=DAY, breakdownFilter=filters)
    assert len(answer.result) == shown
    assert answer.has_more


def test_the_rest_is_added_bucket_by_bucket(asker: Asker) -> None:
    """Added, not counted again: one person in two values of the rest is two."""
    days = ("2020-01-02T10:00:00Z", "2020-01-02T10:00:00Z", "2020-01-03T10:00:00Z")
    asker.load([event(k=k, at=at) for k in ("x", "y", "z") for at in days])
    found = asked(
        asker,
        by(breakdown_limit=1),
        series=[series(math="dau")],
        dateRange={"date_from": "2020-01-02", "date_to": "2020-01-03"},
    )
    assert found == [("x", [1, 1]), (OTHER, [2, 2])]


def test_values_are_ranked_for_each_series_and_period(asker: Asker) -> None:
    asker.load(
        [
            *[event("a", k="x") for _ in range(2)],
            event("a", k="y"),
            *[event("b", k="y") for _ in range(2)],
            event("b", k="x"),
            event("a", at="2020-01-01T10:00:00Z", k="z"),
        ]
    )
    found = asker.node(
        series=[series("a"), series("b")],
        dateRange=DAY,
        breakdownFilter=by(breakdown_limit=1),
        compareFilter={"compare": True},
    )
    assert [(r["compare_label"], r["label"], r["data"]) for r in found] == [
        ("current", "a - x", [2]),
        ("current", f"a - {OTHER}", [1]),
        ("current", "b - y", [2]),
        ("current", f"b - {OTHER}", [1]),
        ("previous", "a - z", [1]),
    ]


def test_rows_stand_by_what_they_show(asker: Asker) -> None:
    """Cumulated, the early one is larger in sum."""
    late = [event(k="late", at="2020-01-03T10:00:00Z") for _ in range(3)]
    asker.load([*late, *counts(early=2)])
    dates = {"date_from": "2020-01-02", "date_to": "2020-01-03"}
    shown = {"display": "ActionsLineGraphCumulative"}
    assert asked(asker, by(), dateRange=dates) == [("late", [0, 3]), ("early", [2, 0])]
    assert asked(asker, by(), dateRange=dates, trendsFilter=shown) == [("early", [2, 2]), ("late", [0, 3])]


# Labels


def test_labels(asker: Asker) -> None:
    asker.load([event(k="x", n=1), event("other", k=None)])
    one = asker.node(series=[series()], dateRange=DAY, breakdownFilter=by())
    assert [row["label"] for row in one] == ["x"]
    two = asker.node(series=[series(), series("other")], dateRange=DAY, breakdownFilter=by())
    assert [row["label"] for row in two] == ["e - x", f"other - {NULL}"]
    listed = asker.node(series=[series()], dateRange=DAY, breakdownFilter=several("k", "n"))
    assert [(row["label"], row["breakdown_value"]) for row in listed] == [("x::1", ["x", "1"])]


# Several at once


def test_a_list_makes_lists_even_of_one(asker: Asker) -> None:
    asker.load(counts(x=1))
    assert asked(asker, several("k")) == [(["x"], [1])]
    assert asked(asker, {"breakdown": ["k"], "breakdown_type": "event"}) == [(["x"], [1])]


def test_a_list_with_no_value_in_it_stands_with_those_without(asker: Asker) -> None:
    asker.load([event(k="a", n=1), *[event(n=1) for _ in range(3)], event()])
    found = asked(asker, several("k", "n"))
    assert found == [(["a", "1"], [1]), ([NULL, "1"], [3]), ([NULL, NULL], [1])]
    assert asked(asker, several("k", "n", breakdown_limit=1))[-1] == ([OTHER, OTHER], [4])


def test_up_to_three(asker: Asker) -> None:
    asker.load([event(a="1", b="2", c="3", d="4")])
    assert asked(asker, several("a", "b", {"property": "distinct_id", "type": "person"})) == [(["1", "2", "p"], [1])]
    listed = [{"property": name} for name in "abcd"]
    kept = asker.legacy(events=[{"id": "e"}], breakdowns=listed, date_from="2020-01-02", date_to="2020-01-02")
    assert rows(kept) == [(["1", "2", "3"], [1])]


# Cohorts


@pytest.fixture(scope="module")
def crowd(new_asker: NewAsker) -> Asker:
    """`ann` is in both cohorts, `bob` in the second, `cyd` in none."""
    people = [
        {"distinct_ids": ["ann"], "properties": {"mac": 1, "pro": 1}},
        {"distinct_ids": ["bob"], "properties": {"pro": 1}},
        {"distinct_ids": ["cyd"], "properties": {}},
    ]
    asker = new_asker().load([event(distinct_id=name) for name in ("ann", "ann", "bob", "cyd")], persons=people)
    for number, key in ((1, "mac"), (2, "pro"), (3, "none")):
        leaf = {"key": key, "operator": "is_set", "type": "person"}
        asker.define("cohort", number, name=key, filters={"properties": {"type": "AND", "values": [leaf]}})
    return asker


def of_cohorts(asker: Asker, cohorts: Any, maths: str = "total", **further: Any) -> list[tuple[Any, Any, Any]]:
    found = asker.node(
        series=[series(math=maths)],
        dateRange=DAY,
        breakdownFilter={"breakdown": cohorts, "breakdown_type": "cohort", **further.pop("filters", {})},
        **further,
    )
    return [(row["breakdown_value"], row["label"], row.get("aggregated_value", row["data"])) for row in found]


def test_an_event_counts_once_a_cohort(crowd: Asker) -> None:
    assert of_cohorts(crowd, [1, 2, 3]) == [(2, "pro", [3]), (1, "mac", [2])]
    assert of_cohorts(crowd, 1) == [(1, "mac", [2])]
    assert of_cohorts(crowd, ["1"]) == [(1, "mac", [2])]
    assert of_cohorts(crowd, 3) == []


def test_listed_cohorts_have_values_in_lists(crowd: Asker) -> None:
    listed = several(*({"property": one, "type": "cohort"} for one in (1, "2", 3)))
    assert asked(crowd, listed) == [([2], [3]), ([1], [2])]
    with pytest.raises(ValidationError, match="not mixed"):
        asked(crowd, several({"property": 1, "type": "cohort"}, "k"))


def test_with_all_each_is_a_run_of_its_own(crowd: Asker) -> None:
    assert of_cohorts(crowd, [1, 2, 3, "all"]) == [
        (1, "e - mac", [2]),
        (2, "e - pro", [3]),
        ("all", "e - all users", [4]),
    ]
    assert of_cohorts(crowd, ["all"]) == [("all", "all users", [4])]


@pytest.mark.parametrize("name", ["dau", "weekly_active", "first_time_for_user", "first_matching_event_for_user"])
@pytest.mark.parametrize("display", ["ActionsLineGraph", "ActionsTable", "ActionsLineGraphCumulative"])
def test_a_person_counts_in_each_of_their_cohorts(crowd: Asker, name: str, display: str) -> None:
    found = of_cohorts(crowd, [1, 2], name, trendsFilter={"display": display})
    assert [(cohort, value if display == "ActionsTable" else value[0]) for cohort, _, value in found] == [
        (2, 2),
        (1, 1),
    ]


def test_cohorts_have_a_limit_too(crowd: Asker) -> None:
    found = of_cohorts(crowd, [1, 2], filters={"breakdown_limit": 1})
    assert [(value, data) for value, _, data in found] == [(2, [3]), (OTHER, [2])]


def test_a_formula_over_cohorts(crowd: Asker) -> None:
    found = of_cohorts(crowd, [1, 2, "all"], trendsFilter={"formula": "A * 2"})
    assert [(value, data) for value, _, data in found] == [("all", [8]), (2, [6]), (1, [4])]


def test_a_cohort_that_is_not_there(crowd: Asker) -> None:
    for cohorts in ([1, 9], [9, "all"]):
        with pytest.raises(ValidationError, match="Cohort 9 does not exist") as caught:
            of_cohorts(crowd, cohorts)
        assert caught.value.attr == "breakdown"


# A maths with a breakdown


def test_a_rolling_value_is_that_of_the_event_at_hand(asker: Asker) -> None:
    asker.load([event(k="x", at="2020-01-01T10:00:00Z"), event(k="y", at="2020-01-03T10:00:00Z")])
    found = asked(
        asker,
        by(),
        series=[series(math="weekly_active")],
        dateRange={"date_from": "2020-01-02", "date_to": "2020-01-09"},
    )
    assert found == [("y", [0, 1, 1, 1, 1, 1, 1, 1]), ("x", [1, 1, 1, 1, 1, 1, 0, 0])]


def test_events_are_counted_per_person_and_value(asker: Asker) -> None:
    asker.load([event(k="x"), event(k="x"), event(k="y"), event(k="x", distinct_id="q")])
    found = asked(asker, by(), series=[series(math="avg_count_per_actor")])
    assert found == [("x", [1.5]), ("y", [1])]
