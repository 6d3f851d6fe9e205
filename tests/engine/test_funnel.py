"""Funnels over small worlds: what each option does, in both forms of the request."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.asking import Asker
from tests.engine.conftest import NewAsker, NewProject
from tests.engine.funnel_asking import NOW, ask, at, counts, series, steps

DAY = 86400.0


@pytest.fixture
def shop(new_project: NewProject) -> Asker:
    place = new_project()
    return Asker(place.services, place.id, NOW)


def plain(*days: float) -> list[dict[str, Any]]:
    """One person, `a` on the first of the days, `b` on the next, and so on."""
    return [at(name, "p", day) for name, day in zip("abcdefgh", days, strict=False)]


def test_both_forms_give_the_same_steps(shop: Asker) -> None:
    shop.load([at("a", "p", 1), at("b", "p", 1.5), at("a", "q", 2)])
    flat, node = ask(shop, flat={}).result, ask(shop, node={}).result
    assert flat == node
    assert node == [
        {
            "action_id": "a",
            "name": "a",
            "custom_name": None,
            "type": "events",
            "order": 0,
            "people": [],
            "count": 2,
            "average_conversion_time": None,
            "median_conversion_time": None,
        },
        {
            "action_id": "b",
            "name": "b",
            "custom_name": None,
            "type": "events",
            "order": 1,
            "people": [],
            "count": 1,
            "average_conversion_time": DAY / 2,
            "median_conversion_time": DAY / 2,
        },
    ]


def test_nobody_came(shop: Asker) -> None:
    assert counts(ask(shop, node={})) == [0, 0]
    assert ask(shop, node={"breakdownFilter": {"breakdown": "k"}}).result == []
    (row,) = ask(shop, node={"funnelsFilter": {"funnelVizType": "trends"}}).result
    assert row["data"] == [0.0] * 10
    histogram = ask(shop, node={"funnelsFilter": {"funnelVizType": "time_to_convert"}}).result
    assert histogram == {"bins": [[0, 0], [1, 0]], "average_conversion_time": None}


def test_no_steps_and_one_step_of_the_flat_form(shop: Asker) -> None:
    shop.load(plain(1, 2))
    assert ask(shop, flat={"events": []}).result == []
    assert counts(ask(shop, flat={"events": steps("a")})) == [1]
    (row,) = ask(shop, flat={"events": steps("a"), "funnel_viz_type": "trends"}).result
    assert row["data"][:2] == [100.0, 0.0]


def test_steps_are_sorted_and_gaps_closed(shop: Asker) -> None:
    shop.load(plain(1, 2))
    found = ask(shop, flat={"events": [{"id": "b", "order": 7, "custom_name": "Second"}, {"id": "a", "order": 2}]})
    assert [(s["name"], s["custom_name"], s["order"], s["count"]) for s in found.result] == [
        ("a", None, 0, 1),
        ("b", "Second", 1, 1),
    ]


WINDOWS: list[tuple[dict[str, Any], float]] = [
    *(
        ({"funnel_window_interval": 2, "funnel_window_interval_unit": unit}, length)
        for unit, length in (("second", 2), ("minute", 120), ("hour", 7200), ("day", 2 * DAY), ("week", 14 * DAY))
    ),
    ({"funnel_window_interval": 2}, 2 * DAY),
    ({}, 14 * DAY),
    ({"funnel_window_interval": 1, "funnel_window_interval_unit": "month"}, 31 * DAY),
    ({"funnel_window_days": 1, "funnel_window_interval": 5}, DAY),
]


@pytest.mark.parametrize(("window", "seconds"), WINDOWS, ids=[str(window) for window, _ in WINDOWS])
def test_the_window_includes_its_last_moment(shop: Asker, window: dict[str, Any], seconds: float) -> None:
    end = 1 + seconds / DAY
    shop.load([at("a", "p", 1), at("b", "p", end), at("a", "q", 1), at("b", "q", end + 1e-3 / DAY)])
    found = ask(shop, flat={"date_to": "2024-04-20", **window})
    assert counts(found) == [2, 1]
    assert found.result[1]["average_conversion_time"] == seconds


def test_the_window_counts_from_the_first_step(shop: Asker) -> None:
    shop.load(plain(1, 2, 3.5))
    asked = {"events": steps("a", "b", "c"), "funnel_window_interval": 2}
    assert counts(ask(shop, flat=asked)) == [1, 1, 0]


ORDERS = {"ordered": [3, 3, 2], "strict": [3, 2, 1], "unordered": [3, 3, 3]}


@pytest.mark.parametrize("order", ORDERS)
def test_orders(shop: Asker, order: str) -> None:
    """One in order, one with something else between the first two steps, one whose last step came first."""
    shop.load(plain(1, 2, 3))
    shop.load([at("a", "q", 1), at("x", "q", 1.1), at("b", "q", 2), at("c", "q", 3)])
    shop.load([at("c", "r", 1), at("a", "r", 2), at("b", "r", 2.5)])
    found = ask(shop, node={"series": series("a", "b", "c"), "funnelsFilter": {"funnelOrderType": order}})
    assert counts(found) == ORDERS[order]


def test_strict_looks_at_events_that_pass_the_query_s_filters_only(shop: Asker) -> None:
    shop.load([at("a", "p", 1, k="u"), at("x", "p", 1.5, k="v"), at("b", "p", 2, k="u")])
    strict = {"funnelsFilter": {"funnelOrderType": "strict"}}
    assert counts(ask(shop, node=strict)) == [1, 0]
    assert counts(ask(shop, node={**strict, "properties": [{"key": "k", "value": "u"}]})) == [1, 1]


def test_repeated_steps_need_as_many_events(shop: Asker) -> None:
    shop.load([at("a", "one", 1), at("a", "two", 1), at("a", "two", 2)])
    for order in ("ordered", "strict", "unordered"):
        asked = {"series": series("a", "a"), "funnelsFilter": {"funnelOrderType": order}}
        assert counts(ask(shop, node=asked)) == [2, 1], order


def test_two_steps_at_one_moment(shop: Asker) -> None:
    shop.load([at("b", "p", 1), at("a", "p", 1), at("a", "q", 1), at("a", "q", 1)])
    for order in ("ordered", "strict", "unordered"):
        found = ask(shop, node={"funnelsFilter": {"funnelOrderType": order}})
        assert counts(found) == [2, 1], order
        assert found.result[1]["average_conversion_time"] == 0


def test_an_event_that_could_be_two_steps_is_one(shop: Asker) -> None:
    shop.load([at("a", "one", 1), at("a", "two", 1), at("x", "two", 2)])
    for order in ("ordered", "unordered"):
        asked = {"series": series("a", None), "funnelsFilter": {"funnelOrderType": order}}
        assert counts(ask(shop, node=asked)) == [2, 1], order


def test_the_best_run_is_the_one_that_gets_furthest_first(shop: Asker) -> None:
    """Begun on the 1st it took b; begun on the 3rd it took b and c; what came later is no faster way to c."""
    shop.load(
        [at("a", "p", 1), at("b", "p", 2), at("a", "p", 3), at("b", "p", 3.5), at("b", "p", 3.75), at("c", "p", 4)]
    )
    asked = {"series": series("a", "b", "c"), "funnelsFilter": {"funnelWindowInterval": 2}}
    found = ask(shop, node=asked).result
    assert [step["average_conversion_time"] for step in found] == [None, DAY / 2, DAY / 2]


def test_every_step_has_filters_of_its_own(shop: Asker) -> None:
    shop.define("action", 1, name="One", steps=[{"event": "x", "properties": [{"key": "k", "value": "u"}]}])
    shop.define("action", 2, name="One", steps=[{"event": "x", "properties": [{"key": "k", "value": "v"}]}])
    shop.load([at("a", "p", 1), at("x", "p", 2, k="u")])
    asked = {"events": steps("a"), "actions": [{"id": 1, "order": 1}, {"id": 2, "order": 2}]}
    found = ask(shop, flat=asked)
    assert counts(found) == [1, 1, 0]
    assert [(s["action_id"], s["name"], s["type"]) for s in found.result[1:]] == [
        (1, "One", "actions"),
        (2, "One", "actions"),
    ]


def test_maths_do_not_matter_but_for_first_times(shop: Asker) -> None:
    shop.load([at("a", "p", 1), at("a", "p", 3), at("b", "p", 4)])
    weekly = [{"kind": "EventsNode", "event": "a", "math": "weekly_active"}, *series("b")]
    assert counts(ask(shop, node={"series": weekly})) == [1, 1]
    first = [{"kind": "EventsNode", "event": "a", "math": "first_time_for_user"}, *series("b")]
    assert counts(ask(shop, node={"series": first})) == [1, 1]
    assert counts(
        ask(shop, node={"series": first, "dateRange": {"date_from": "2024-03-02", "date_to": "2024-03-10"}})
    ) == [
        0,
        0,
    ]


def test_several_events_as_one_step(shop: Asker) -> None:
    group = {"kind": "GroupNode", "operator": "OR", "nodes": series("a", "x")}
    shop.load([at("x", "p", 1), at("b", "p", 2), at("a", "q", 1)])
    found = ask(shop, node={"series": [group, *series("b")]})
    assert counts(found) == [2, 1]
    assert (found.result[0]["name"], found.result[0]["action_id"]) == ("a, x", None)


def test_who_counts(shop: Asker) -> None:
    shop.change(
        test_account_filters=[{"key": "email", "value": "@us.test", "operator": "not_icontains", "type": "person"}]
    )
    persons = [{"distinct_ids": ["p", "p-phone"], "properties": {"email": "p@us.test"}}, {"distinct_ids": ["q"]}]
    shop.load([at("a", "p", 1), at("b", "p-phone", 2), at("a", "q", 1)], persons=persons)
    assert counts(ask(shop, flat={})) == [2, 1]
    assert counts(ask(shop, flat={"filter_test_accounts": True})) == [1, 0]
    assert counts(ask(shop, flat={"date_from": "2024-03-02"})) == [0, 0]
    assert counts(ask(shop, flat={"date_to": "2024-03-01"})) == [2, 0]
    assert counts(ask(shop, flat={"properties": [{"key": "email", "value": "p@us.test", "type": "person"}]})) == [1, 1]


def test_a_sample_is_scaled_up(shop: Asker) -> None:
    shop.load([at("a", f"p{i}", 1) for i in range(200)])
    (first, _) = counts(ask(shop, flat={"sampling_factor": 0.5}))
    assert first % 2 == 0
    assert 120 < first < 280


def test_groups_and_expressions_take_steps(shop: Asker) -> None:
    events = [at("a", "p", 1, room="r"), at("b", "q", 2, room="r"), at("a", "q", 1)]
    shop.load([{**events[0], "groups": {"company": "acme"}}, {**events[1], "groups": {"company": "acme"}}, events[2]])
    assert counts(ask(shop, node={})) == [2, 1]
    assert counts(ask(shop, node={"aggregation_group_type_index": 0})) == [1, 1]
    assert counts(ask(shop, node={"funnelsFilter": {"funnelAggregateByHogQL": "properties.room"}})) == [1, 1]
    assert counts(ask(shop, flat={"funnel_aggregate_by_hogql": "properties.room"})) == [1, 1]


EXCLUDED = [
    ([at("a", "p", 1), at("x", "p", 1.5), at("b", "p", 2)], (0, 1), [0, 0, 0]),
    ([at("a", "p", 1), at("b", "p", 2), at("x", "p", 2.5), at("c", "p", 3)], (0, 1), [1, 1, 1]),
    ([at("a", "p", 1), at("b", "p", 2), at("x", "p", 2.5), at("c", "p", 3)], (1, 2), [0, 0, 0]),
    ([at("a", "p", 1), at("b", "p", 2), at("x", "p", 2), at("c", "p", 3)], (0, 2), [0, 0, 0]),
    ([at("a", "p", 1), at("b", "p", 2), at("x", "p", 2), at("c", "p", 3)], (0, 1), [1, 1, 1]),
    ([at("a", "p", 1), at("x", "p", 5)], (0, 1), [0, 0, 0]),
    ([at("a", "p", 1), at("x", "p", 9)], (0, 1), [1, 0, 0]),
    # the window's last moment belongs to it
    ([at("a", "p", 1), at("x", "p", 8)], (0, 1), [0, 0, 0]),
    ([at("a", "p", 1), at("x", "p", 8 + 1e-3 / DAY)], (0, 1), [1, 0, 0]),
    ([at("a", "p", 1), at("x", "p", 2), at("a", "p", 3), at("b", "p", 4)], (0, 1), [1, 1, 0]),
]


@pytest.mark.parametrize(("events", "between", "expected"), EXCLUDED)
def test_exclusions(shop: Asker, events: list[Any], between: tuple[int, int], expected: list[int]) -> None:
    shop.load(events)
    exclusion = {"id": "x", "type": "events", "funnel_from_step": between[0], "funnel_to_step": between[1]}
    asked = {"events": steps("a", "b", "c"), "exclusions": [exclusion], "funnel_window_interval": 7}
    assert counts(ask(shop, flat=asked)) == expected
    node = {"kind": "EventsNode", "event": "x", "funnelFromStep": between[0], "funnelToStep": between[1]}
    chosen = {"exclusions": [node], "funnelWindowInterval": 7}
    assert counts(ask(shop, node={"series": series("a", "b", "c"), "funnelsFilter": chosen})) == expected


BY_K = {"breakdownFilter": {"breakdown": "k", "breakdown_type": "event"}}
ATTRIBUTED: list[tuple[dict[str, Any], dict[Any, list[int]]]] = [
    ({}, {("u",): [2, 2], ("w",): [1, 0]}),
    ({"breakdownAttributionType": "last_touch"}, {("v",): [1, 1], ("u",): [1, 1], ("w",): [1, 0]}),
    ({"breakdownAttributionType": "all_events"}, {("u",): [2, 1], ("w",): [1, 0]}),
    ({"breakdownAttributionType": "step", "breakdownAttributionValue": 0}, {("u",): [2, 2], ("w",): [1, 0]}),
    ({"breakdownAttributionType": "step", "breakdownAttributionValue": 1}, {("u",): [1, 1], ("v",): [1, 1]}),
]


@pytest.mark.parametrize(("chosen", "expected"), ATTRIBUTED, ids=[str(chosen) for chosen, _ in ATTRIBUTED])
def test_attribution(shop: Asker, chosen: dict[str, Any], expected: dict[Any, list[int]]) -> None:
    shop.load([at("a", "p", 1, k="u"), at("b", "p", 2, k="v"), at("a", "q", 1, k="u"), at("b", "q", 2, k="u")])
    shop.load([at("a", "r", 1, k="w")])
    assert counts(ask(shop, node={"funnelsFilter": chosen, **BY_K})) == expected


def test_kinds_of_breakdowns(shop: Asker) -> None:
    persons = [{"distinct_ids": ["p"], "properties": {"plan": "pro"}}, {"distinct_ids": ["q"]}]
    shop.load(
        [{**at("a", "p", 1, k="u"), "groups": {"company": "acme"}}, at("b", "p", 2), at("a", "q", 1)], persons=persons
    )
    leaf = {"type": "person", "key": "plan", "value": ["pro"], "operator": "exact"}
    shop.define("cohort", 1, name="Pro", filters={"properties": {"type": "AND", "values": [leaf]}})

    def by(**chosen: Any) -> Any:
        return counts(ask(shop, node={"breakdownFilter": chosen}))

    assert by(breakdown="plan", breakdown_type="person") == {("pro",): [1, 1], ("",): [1, 0]}
    assert by(breakdown="k") == {("u",): [1, 1], ("",): [1, 0]}
    assert by(breakdown="properties.k", breakdown_type="hogql") == {"u": [1, 1], "": [1, 0]}
    assert by(breakdown="event", breakdown_type="event_metadata") == {"a": [2, 1]}
    assert by(breakdowns=[{"property": "k"}, {"property": "plan", "type": "person"}]) == {
        ("u", "pro"): [1, 1],
        ("", ""): [1, 0],
    }
    assert by(breakdown=[1, "all"], breakdown_type="cohort") == {1: [1, 1], "all": [2, 1]}
    found = ask(shop, node={"breakdownFilter": {"breakdown": [1, "all"], "breakdown_type": "cohort"}}).result
    assert [rows[0]["breakdown"] for rows in found] == ["all users", "Pro"]
    assert counts(ask(shop, flat={"breakdown": "plan", "breakdown_type": "person"})) == {
        ("pro",): [1, 1],
        ("",): [1, 0],
    }


def test_values_beyond_the_limit_are_one(shop: Asker) -> None:
    """Those that converted come first, then the larger ones; Other has the times of all of its runs."""
    events = [at("a", f"{k}{i}", 1, k=k) for k, n in (("x", 1), ("y", 3), ("z", 2)) for i in range(n)]
    shop.load([*events, at("b", "x0", 2), at("b", "z0", 3), at("b", "z1", 5)])
    limited = {"breakdown": "k", "breakdown_limit": 1}
    found = ask(shop, node={"breakdownFilter": limited})
    assert counts(found) == {("z",): [2, 2], ("Other",): [4, 1]}
    assert found.has_more
    assert found.shows_other
    assert [rows[1]["median_conversion_time"] for rows in found.result] == [3 * DAY, DAY]
    hidden = ask(shop, node={"breakdownFilter": limited | {"breakdown_hide_other_aggregation": True}})
    assert counts(hidden) == {("z",): [2, 2]}
    assert list(counts(ask(shop, node=BY_K))) == [("z",), ("x",), ("y",)]


HISTOGRAMS: list[tuple[dict[str, Any], list[list[int]]]] = [
    ({}, [[60, 2], [150, 0], [240, 1]]),
    ({"binCount": 3}, [[60, 2], [120, 0], [180, 0], [240, 1]]),
    ({"binCount": 1}, [[60, 2], [240, 1]]),
    ({"funnelFromStep": 1}, [[0, 1], [60, 0]]),
    ({"funnelToStep": 1}, [[60, 2], [150, 0], [240, 1]]),
]


@pytest.mark.parametrize(("chosen", "bins"), HISTOGRAMS, ids=[str(chosen) for chosen, _ in HISTOGRAMS])
def test_time_to_convert(shop: Asker, chosen: dict[str, Any], bins: list[list[int]]) -> None:
    minute = 60 / DAY
    shop.load([at("a", who, 1) for who in "pqr"])
    shop.load(
        [at("b", "p", 1 + minute), at("b", "q", 1 + minute), at("b", "r", 1 + 4 * minute), at("c", "r", 1 + 4 * minute)]
    )
    asked = {"funnelVizType": "time_to_convert", **chosen}
    names = ("a", "b", "c") if "funnelFromStep" in chosen or "funnelToStep" in chosen else ("a", "b")
    assert ask(shop, node={"series": series(*names), "funnelsFilter": asked}).result["bins"] == bins


def test_a_breakdown_does_not_change_a_histogram(shop: Asker) -> None:
    shop.load([at("a", "p", 1, k="u"), at("b", "p", 2, k="v")])
    chosen = {"funnelVizType": "time_to_convert", "breakdownAttributionType": "all_events"}
    assert ask(shop, node={"funnelsFilter": chosen, **BY_K}).result["bins"] == [[86400, 1], [86460, 0]]


TRENDS: list[tuple[dict[str, Any], list[str], list[float]]] = [
    ({}, ["2024-03-01", "2024-03-02", "2024-03-03", "2024-03-04"], [50.0, 0.0, 100.0, 0.0]),
    ({"interval": "week"}, ["2024-02-25", "2024-03-03"], [50.0, 100.0]),
    ({"interval": "month"}, ["2024-03-01"], [66.67]),
]


@pytest.mark.parametrize(("further", "days", "shares"), TRENDS, ids=[str(further) for further, *_ in TRENDS])
def test_trends(shop: Asker, further: dict[str, Any], days: list[str], shares: list[float]) -> None:
    shop.load([at("a", "p", 1), at("b", "p", 1.5), at("a", "q", 1.25), at("a", "r", 3), at("b", "r", 4)])
    dates = {"date_from": "2024-03-01", "date_to": "2024-03-04"}
    (row,) = ask(shop, node={"funnelsFilter": {"funnelVizType": "trends"}, "dateRange": dates, **further}).result
    assert (row["days"], row["data"], row["count"]) == (days, shares, len(days))


def test_a_trend_in_hours_and_its_labels(shop: Asker) -> None:
    shop.load([at("a", "p", 1), at("b", "p", 1.5)])
    asked = {"display": "ActionsLineGraph", "interval": "hour", "date_to": "2024-03-06 23:59:59"}
    (row,) = ask(shop, flat=asked).result
    assert (row["count"], row["data"][:2], row["days"][1], row["labels"][1]) == (
        144,
        [100.0, 0.0],
        "2024-03-01 01:00:00",
        "1-Mar-2024 01:00",
    )


def test_entries_are_dated_in_the_project_s_zone(new_asker: NewAsker) -> None:
    asker = new_asker(timezone="US/Pacific")
    asker.load([at("a", "p", 2.1), at("b", "p", 2.2)])
    asked = {"display": "ActionsLineGraph", "date_to": "2024-03-02"}
    assert ask(asker, flat=asked).result[0]["data"] == [100.0, 0.0]


def test_all_time_begins_with_the_first_step(shop: Asker) -> None:
    shop.load([at("b", "p", 1), at("a", "p", 2), at("b", "p", 3)])
    found = ask(shop, flat={"date_from": "all", "date_to": "2024-03-04", "display": "ActionsLineGraph"})
    assert found.result[0]["days"] == ["2024-03-02", "2024-03-03", "2024-03-04"]
    assert found.before is not None
    assert counts(ask(shop, flat={"date_from": "all"})) == [1, 1]


def test_a_trend_counts_those_who_got_to_the_first_step_asked_for(shop: Asker) -> None:
    shop.load(plain(1, 2, 3))
    shop.load([at("a", "q", 1), at("b", "q", 2), at("a", "r", 1)])
    asked = {"funnelVizType": "trends", "funnelFromStep": 1}
    (row,) = ask(shop, node={"series": series("a", "b", "c"), "funnelsFilter": asked}).result
    assert row["data"][:2] == [50.0, 0.0]


def test_as_many_steps_as_there_may_be(shop: Asker) -> None:
    names = "abcdefghijklmnopqrstuvwxyz"
    shop.load([at(name, "p", 1 + i / 10) for i, name in enumerate(names)])
    for order in ("ordered", "strict", "unordered"):
        asked = {"series": series(*names), "dateRange": {"date_from": "all", "date_to": "2024-03-10"}}
        assert counts(ask(shop, node={**asked, "funnelsFilter": {"funnelOrderType": order}})) == [1] * 26, order
