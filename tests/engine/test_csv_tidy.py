"""The one form of CSV that every insight has: a line an observation, and columns that its kind alone decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from insights_engine.answer import Answer
from insights_engine.clickhouse import Cost
from insights_engine.lifecycle import answer as lifecycle
from insights_engine.lifecycle import node as lifecycle_node
from insights_engine.retention import answer as retention
from insights_engine.retention import node as retention_node
from insights_engine.retention.legacy import parse_legacy as parse_legacy_retention
from insights_engine.spreadsheets import pieces
from insights_engine.sql import Sql
from insights_engine.stickiness import answer as stickiness
from insights_engine.stickiness import node as stickiness_node
from insights_engine.tidy import FORMS, tidy
from insights_engine.trend import answer as trend
from insights_engine.trend import node as trend_node

from tests.engine.asking import Asker, event
from tests.engine.conftest import NewAsker
from tests.engine.retention_asking import NOW as RETENTION_NOW
from tests.engine.retention_asking import PEOPLE, SUMMED

# Two days; their heatmap is of a Thursday (4) and a Friday (5).
EVENTS = [
    event("a", "p", "2020-01-02T10:00:00Z", b="x", c="1", n=1.5),
    event("a", "p", "2020-01-03T11:00:00Z", b="=x", c="1", n=2.5),
    event("b", "q", "2020-01-03T11:30:00Z"),
]
RANGE = {"dateRange": {"date_from": "2020-01-02", "date_to": "2020-01-03"}}
A, B = {"kind": "EventsNode", "event": "a"}, {"kind": "EventsNode", "event": "b", "custom_name": "Bee"}

ASK: dict[str, Callable[[dict[str, Any], Asker], Answer]] = {
    "TrendsQuery": lambda node, a: trend.answer(trend_node.parse_node(node), a.project, a.services, a.now),
    "LifecycleQuery": lambda node, a: lifecycle.answer(lifecycle_node.parse_node(node), a.project, a.services, a.now),
    "StickinessQuery": lambda node, a: stickiness.answer(
        stickiness_node.parse_node(node), a.project, a.services, a.now
    ),
    "RetentionQuery": lambda node, a: retention.answer(
        retention_node.parse_node(node), a.project, a.services, RETENTION_NOW
    ),
}

CASES: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "series": (
        "TrendsQuery",
        {"series": [A, B]},
        [
            "0,a,,,,2020-01-02,,,1",
            "0,a,,,,2020-01-03,,,1",
            "1,b,Bee,,,2020-01-02,,,0",
            "1,b,Bee,,,2020-01-03,,,1",
        ],
    ),
    "hours": (
        "TrendsQuery",
        {"series": [A], "interval": "hour", "dateRange": {"date_from": "2020-01-02", "date_to": "2020-01-02T23:59:59"}},
        [f"0,a,,,,2020-01-02 {hour:02}:00:00,,,{int(hour == 10)}" for hour in range(24)],
    ),
    "total": (
        "TrendsQuery",
        {
            "series": [{**A, "math": "sum", "math_property": "n"}, B],
            "trendsFilter": {"display": "BoldNumber"},
        },
        ["0,a,,,,,,,4", "1,b,Bee,,,,,,1"],
    ),
    "formula": (
        "TrendsQuery",
        {"series": [A, B], "trendsFilter": {"formula": "A + B / 2"}},
        ["0,Formula (A + B / 2),,,,2020-01-02,,,1", "0,Formula (A + B / 2),,,,2020-01-03,,,1.5"],
    ),
    "breakdown": (
        "TrendsQuery",
        {
            "series": [A],
            "breakdownFilter": {"breakdown": "b", "breakdown_type": "event"},
            "trendsFilter": {"display": "ActionsTable"},
        },
        ["0,a,,'=x,,,,,1", "0,a,,x,,,,,1"],
    ),
    "breakdowns": (
        "TrendsQuery",
        {
            "series": [A, B],
            "breakdownFilter": {"breakdowns": [{"property": "c"}, {"property": "b"}]},
            "trendsFilter": {"display": "ActionsTable"},
        },
        [
            "0,a,,1::=x,,,,,1",
            "0,a,,1::x,,,,,1",
            "1,b,Bee,$$_posthog_breakdown_null_$$::$$_posthog_breakdown_null_$$,,,,,1",
        ],
    ),
    "compare": (
        "TrendsQuery",
        {
            "series": [A],
            "compareFilter": {"compare": True},
            "dateRange": {"date_from": "2020-01-03", "date_to": "2020-01-03"},
        },
        ["0,a,,,current,2020-01-03,,,1", "0,a,,,previous,2020-01-02,,,1"],
    ),
    "heatmap": (
        "TrendsQuery",
        {"series": [A], "trendsFilter": {"display": "CalendarHeatmap"}},
        ["0,a,,,,,4,10,1", "0,a,,,,,5,11,1"],
    ),
    "no series": ("TrendsQuery", {"series": []}, []),
    "lifecycle": (
        "LifecycleQuery",
        {"series": [B]},
        [
            f"b,Bee,{status},2020-01-{day},{int((status, day) == ('new', '03'))}"
            for status in ("new", "returning", "resurrecting", "dormant")
            for day in ("02", "03")
        ],
    ),
    "stickiness": (
        "StickinessQuery",
        {"series": [A, B]},
        ["0,a,,,1,0", "0,a,,,2,1", "1,b,Bee,,1,1", "1,b,Bee,,2,0"],
    ),
    "stickiness compared": (
        "StickinessQuery",
        {
            "series": [A],
            "compareFilter": {"compare": True},
            "dateRange": {"date_from": "2020-01-03", "date_to": "2020-01-03"},
        },
        ["0,a,,current,1,1", "0,a,,previous,1,1"],
    ),
}


@pytest.fixture(scope="module")
def few(new_asker: NewAsker) -> Asker:
    return new_asker().load(EVENTS)


def written(kind: str, found: Answer) -> list[str]:
    """Its header is checked here, and left out."""
    text = b"".join(pieces(tidy(kind, found))).decode()
    assert text.endswith("\r\n")
    header, *lines = text.removesuffix("\r\n").split("\r\n")
    assert header == ",".join(FORMS[kind].columns)
    return lines


@pytest.mark.parametrize("name", CASES)
def test_an_insight(few: Asker, name: str) -> None:
    kind, further, lines = CASES[name]
    assert written(kind, ASK[kind]({"kind": kind, **RANGE, **further}, few)) == lines


def test_a_cohort_is_its_number_and_all_is_all(new_asker: NewAsker) -> None:
    asker = new_asker().load(EVENTS, persons=[{"distinct_ids": ["p"], "properties": {"k": "v"}}])
    filters = {"type": "AND", "values": [{"key": "k", "value": "v", "type": "person"}]}
    asker.define("cohort", 7, name="Cohort", filters={"properties": filters})
    node = {
        "kind": "TrendsQuery",
        "series": [A],
        **RANGE,
        "trendsFilter": {"display": "ActionsTable"},
        "breakdownFilter": {"breakdown": [7, "all"], "breakdown_type": "cohort"},
    }
    assert written("TrendsQuery", ASK["TrendsQuery"](node, asker)) == ["0,a,,7,,,,,2", "0,a,,all,,,,,2"]


RETENTION: dict[str, tuple[dict[str, Any], list[str]]] = {
    "cohorts": (
        {"retentionFilter": {"totalIntervals": 2}},
        [
            "Day 0,2024-03-19T00:00:00Z,,1,Day 0,1,100,",
            "Day 0,2024-03-19T00:00:00Z,,1,Day 1,1,100,",
            "Day 1,2024-03-20T00:00:00Z,,2,Day 0,2,100,",
            "Day 1,2024-03-20T00:00:00Z,,2,Day 1,0,0,",
        ],
    ),
    "brackets": (
        {
            "retentionFilter": {"totalIntervals": 3, "retentionCustomBrackets": [2]},
            "dateRange": {"date_from": "2024-03-18", "date_to": "2024-03-18"},
        },
        ["Day 0,2024-03-18T00:00:00Z,,3,Day 0,3,100,", "Day 0,2024-03-18T00:00:00Z,,3,Day 1-2,0,0,"],
    ),
    "a property added up": (
        {"retentionFilter": {"totalIntervals": 1, **SUMMED}},
        ["Day 0,2024-03-20T00:00:00Z,,2,Day 0,2,100,0"],
    ),
    "breakdown": (
        {
            "retentionFilter": {"totalIntervals": 1},
            "breakdownFilter": {"breakdown": "b", "breakdown_type": "event"},
        },
        ["Day 0,2024-03-20T00:00:00Z,y,2,Day 0,2,100,"],
    ),
}


@pytest.fixture(scope="module")
def people(new_asker: NewAsker) -> Asker:
    rows: list[list[Any]] = [*PEOPLE]
    return new_asker().load(event(name, who, at, **own) for name, who, at, own in rows)


@pytest.mark.parametrize("name", RETENTION)
def test_retention(people: Asker, name: str) -> None:
    further, lines = RETENTION[name]
    found = ASK["RetentionQuery"]({"kind": "RetentionQuery", **further}, people)
    assert written("RetentionQuery", found) == lines


def test_rows_of_retention_that_are_no_cohorts(people: Asker) -> None:
    query = parse_legacy_retention({"total_intervals": 2, "breakdowns": [{"type": "event", "property": "b"}]})
    found = retention.answer(query, people.project, people.services, RETENTION_NOW)
    assert written("RetentionQuery", found) == [
        *(",,y,2,Day 0,2,100,", ",,y,2,Day 1,0,0,"),
        *(",,x,1,Day 0,1,100,", ",,x,1,Day 1,1,100,"),
    ]


def step(order: int, count: int, **further: Any) -> dict[str, Any]:
    times = {"average_conversion_time": None, "median_conversion_time": None}
    return {"order": order, "name": f"step {order}", "custom_name": None, "count": count, **times, **further}


TIMES = {"average_conversion_time": 29540.0, "median_conversion_time": 42.5}
# Of what the API shows, as far as it stands in the file.
RESULTS: dict[str, tuple[str, Any, list[str]]] = {
    "paths": (
        "PathsQuery",
        [{"source": "1_/", "target": "2_/pricing", "value": 2, "average_conversion_time": 420000.0}],
        ["1_/,2_/pricing,2,420000"],
    ),
    "no paths": ("PathsQuery", [], []),
    "steps": (
        "FunnelsQuery",
        [step(0, 3), step(1, 1, custom_name="Bought", **TIMES)],
        [",0,step 0,,,,3,100,,", ",1,step 1,Bought,,,1,33.33,29540,42.5"],
    ),
    "steps that nobody took": ("FunnelsQuery", [step(0, 0), step(1, 0)], [",0,step 0,,,,0,0,,", ",1,step 1,,,,0,0,,"]),
    "steps by a breakdown": (
        "FunnelsQuery",
        [[step(0, 2, breakdown_value=["Safari"])], [step(0, 1, breakdown_value="Chrome", name=None)]],
        ["Safari,0,step 0,,,,2,100,,", "Chrome,0,All events,,,,1,100,,"],
    ),
    "time to convert": (
        "FunnelsQuery",
        {"bins": [[2220, 2], [42510, 0], [82800, 1]], "average_conversion_time": 29540},
        [",,,,,2220,2,,29540,", ",,,,,42510,0,,29540,", ",,,,,82800,1,,29540,"],
    ),
    "a rate a day": (
        "FunnelsQuery",
        [
            {
                **{"count": 2, "data": [33.33, 0.0], "days": ["2021-05-01", "2021-05-02"], "breakdown_value": ["x"]},
                **{"reached_from_step_count": [3, 2], "reached_to_step_count": [1, 0]},
            }
        ],
        ["x,,,,2021-05-01,,3,33.33,,", "x,,,,2021-05-02,,2,0,,"],
    ),
    "no funnel": ("FunnelsQuery", [], []),
}


@pytest.mark.parametrize("name", RESULTS)
def test_what_is_shown_of_a_result(name: str) -> None:
    kind, result, lines = RESULTS[name]
    assert written(kind, Answer(result, False, {}, Sql(""), Cost())) == lines
