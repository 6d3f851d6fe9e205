"""What paths answer, case by case: `tests/cases/path.json`; and what takes more than a row there to say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from insights_engine.path import window as path_window

from tests.engine.asking import Asker
from tests.engine.conftest import NewProject
from tests.engine.path_asking import NOTHING, ask, edges, world

CASES = json.loads((Path(__file__).parents[1] / "cases" / "path.json").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_case(new_project: NewProject, case: dict[str, Any]) -> None:
    asker = world(new_project, case["events"], **case.get("project", {}))
    found = ask(asker, **{form: case[form] for form in ("flat", "node") if form in case})
    if "rows" in case:
        assert edges(found) == case["rows"]
    else:
        assert len(found.result) == case["length"]
    if "hidden" in case:
        assert found.hidden == case["hidden"]


def test_more_items_than_short_numbers_hold_are_told_apart(new_project: NewProject) -> None:
    """Five years leave 16 bits for an item: too few, so a statement with longer numbers follows the first."""
    place = new_project(days_timezone="UTC")
    asker = Asker(place.services, place.id)
    visits = range(70_000)
    asker.load(
        {
            "event": "$pageview",
            "distinct_id": f"p{i % 700}",
            "timestamp": f"2020-01-02T{i // 7000:02}:{i // 700 % 10 * 2:02}:00Z",
            "properties": {"$current_url": f"/{i}"},
        }
        for i in visits
    )
    for since in ("2020-01-02", "all"):
        found = ask(asker, flat={"date_from": since, "edge_limit": 100_000, "step_limit": 10})
        assert len(found.result) == 63_000
        assert all(int(r["target"].partition("/")[2]) - int(r["source"].partition("/")[2]) == 700 for r in found.result)
        assert found.hidden == NOTHING
        assert (found.before is None) == (since != "all")


@pytest.mark.parametrize(("last", "fits"), [(2, True), (3, False)])
def test_one_number_is_of_no_item(
    new_project: NewProject, monkeypatch: pytest.MonkeyPatch, last: int, fits: bool
) -> None:
    """Two bits are enough for the empty name and two others, and not for one more."""
    visits = [["$pageview", "ann", f"2024-03-18T10:0{i}:00Z", {"$current_url": f"/{i}"}] for i in range(1, last + 1)]
    asker = world(new_project, visits)
    monkeypatch.setattr(path_window, "_MOST_ITEM_BITS", 2)
    found = ask(asker, flat={"date_from": "2024-03-18"})
    assert edges(found) == [[f"{i}_/{i}", f"{i + 1}_/{i + 1}", 1, 60_000] for i in range(1, last)]
    assert (found.before is None) == fits


@pytest.mark.parametrize(
    ("bounds", "values"),
    [
        ({}, [3, 2, 1]),
        ({"min_edge_weight": 2}, [3, 2]),
        ({"max_edge_weight": 2}, [2, 1]),
        ({"min_edge_weight": 2, "max_edge_weight": 2}, [2]),
    ],
)
def test_each_bound_of_weight_holds_by_itself(
    new_project: NewProject, bounds: dict[str, int], values: list[int]
) -> None:
    went = [(f"{end}{i}", f"/{end}") for end in (1, 2, 3) for i in range(end)]
    visits = [
        ["$pageview", who, f"2024-03-18T10:0{minute}:00Z", {"$current_url": url}]
        for who, end in went
        for minute, url in enumerate(("/", end))
    ]
    found = ask(world(new_project, visits), flat={"date_from": "2024-03-18", **bounds})
    assert [row["value"] for row in found.result] == values


def test_sampling_takes_some_people_and_scales_up(new_project: NewProject) -> None:
    visits = [
        ["$pageview", f"p{i}", f"2024-03-18T10:{minute:02}:00Z", {"$current_url": f"/{minute}"}]
        for i in range(200)
        for minute in (0, 2, 3)
    ]
    asker = world(new_project, visits)
    found = ask(asker, flat={"sampling_factor": "0.5", "edge_limit": 1})
    (row,) = found.result
    assert (row["source"], row["target"], row["average_conversion_time"]) == ("1_/0", "2_/2", 120_000.0)
    assert row["value"] % 2 == 0
    assert 120 < row["value"] < 280
    assert found.hidden == {"edges": 1, "sessions": row["value"], "people": row["value"]}
    assert ask(asker, node={"samplingFactor": 1}).result[0]["value"] == 200


def test_people_are_told_apart_by_person_not_by_distinct_id(new_project: NewProject) -> None:
    place = new_project(days_timezone="UTC")
    asker = Asker(place.services, place.id)
    asker.load(
        [
            {"event": name, "distinct_id": who, "timestamp": f"2020-01-02T10:0{minute}:00Z"}
            for minute, (name, who) in enumerate([("a", "phone"), ("b", "laptop"), ("c", "phone")])
        ],
        persons=[{"distinct_ids": ["phone", "laptop"]}],
    )
    assert edges(ask(asker, flat={})) == [["1_a", "2_b", 1, 60000], ["2_b", "3_c", 1, 60000]]


def test_test_accounts_are_left_out_where_asked(new_project: NewProject) -> None:
    rows = [
        ["$pageview", who, f"2024-03-18T10:0{i}:00Z", {"$current_url": f"/{i}", "$host": who}]
        for who in ("ann", "localhost")
        for i in (0, 1)
    ]
    kept = [{"key": "$host", "value": "localhost", "operator": "is_not", "type": "event"}]
    asker = world(new_project, rows, test_account_filters=kept)
    assert edges(ask(asker, flat={"filter_test_accounts": "true"})) == [["1_/0", "2_/1", 1, 60000]]
    assert edges(ask(asker, node={"filterTestAccounts": False})) == [["1_/0", "2_/1", 2, 60000]]


@pytest.mark.parametrize("cohort", ["1", "'Pro'"])
def test_an_expression_may_name_a_cohort(new_project: NewProject, cohort: str) -> None:
    asker = world(new_project, [])
    asker.load(
        [
            {"event": name, "distinct_id": who, "timestamp": f"2024-03-18T10:0{minute}:00Z"}
            for who in "pq"
            for minute, name in enumerate("ab")
        ],
        persons=[{"distinct_ids": ["p"], "properties": {"plan": "pro"}}, {"distinct_ids": ["q"]}],
    )
    leaf = {"type": "person", "key": "plan", "value": ["pro"], "operator": "exact"}
    asker.define("cohort", 1, name="Pro", filters={"properties": {"type": "AND", "values": [leaf]}})
    named = f"concat(event, if(person_id IN COHORT {cohort}, ' in', ' out'))"
    expected = [["1_a in", "2_b in", 1, 60_000.0], ["1_a out", "2_b out", 1, 60_000.0]]
    assert edges(ask(asker, flat={"paths_hogql_expression": named})) == expected
    assert edges(ask(asker, node={"pathsFilter": {"pathsHogQLExpression": named}})) == expected


def test_a_person_s_property_may_name_events(new_project: NewProject) -> None:
    place = new_project(days_timezone="UTC")
    asker = Asker(place.services, place.id)
    asker.load(
        [
            {"event": "e", "distinct_id": "p", "timestamp": f"2020-01-02T10:0{i}:00Z", "properties": {"n": i}}
            for i in (0, 1)
        ],
        persons=[{"distinct_ids": ["p"], "properties": {"plan": "free"}}],
    )
    expression = "concat(person.properties.plan, ' ', toString(properties.n))"
    assert edges(ask(asker, node={"pathsFilter": {"pathsHogQLExpression": expression}})) == [
        ["1_free 0", "2_free 1", 1, 60000]
    ]
