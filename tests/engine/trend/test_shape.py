"""The series objects, key by key, as clients read them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from insights_engine.errors import ValidationError
from insights_engine.trend.displays import DISPLAYS

from tests.engine.asking import Asker, data, event, series

DATES: dict[str, Any] = {"date_from": "2021-09-01", "date_to": "2021-09-03"}
DAYS = ["2021-09-01", "2021-09-02", "2021-09-03"]


@pytest.fixture
def pages(asker: Asker) -> Asker:
    times = ["2021-09-01T01:00:00Z", "2021-09-01T02:00:00Z", "2021-09-02T01:00:00Z", "2021-09-03T01:00:00Z"]
    return asker.load([event("$pageview", at=at, browser="Chrome") for at in times])


def test_a_time_series(pages: Asker) -> None:
    (row,) = pages.legacy(events=[{"id": "$pageview", "custom_name": "Views"}], **DATES)
    assert row == {
        "action": {
            "id": "$pageview",
            "type": "events",
            "order": 0,
            "name": "$pageview",
            "custom_name": "Views",
            "math": None,
            "math_property": None,
            "math_hogql": None,
            "math_group_type_index": None,
            "properties": {},
            "days": [f"{day}T00:00:00Z" for day in DAYS],
        },
        "label": "$pageview",
        "count": 4,
        "data": [2, 1, 1],
        "labels": ["1-Sep-2021", "2-Sep-2021", "3-Sep-2021"],
        "days": DAYS,
        "order": 0,
        "filter": {
            "insight": "TRENDS",
            "date_from": "2021-09-01T00:00:00Z",
            "date_to": "2021-09-03T23:59:59.999999Z",
            "entity_type": "events",
            "interval": "day",
            "display": "ActionsLineGraph",
        },
    }
    assert [type(value) for value in row["data"]] == [int, int, int]


def test_a_total(pages: Asker) -> None:
    (row,) = pages.legacy(events=[{"id": "$pageview", "math": "dau"}], display="ActionsPie", **DATES)
    assert {name: row[name] for name in row if name not in ("action", "filter")} == {
        "label": "$pageview",
        "count": 0,
        "aggregated_value": 1,
        "data": [],
        "days": [],
        "order": 0,
    }
    assert (row["action"]["math"], row["action"]["days"]) == ("dau", [])


def test_with_a_breakdown_and_compare(pages: Asker) -> None:
    found = pages.legacy(events=[{"id": "$pageview"}], breakdown="browser", compare=True, **DATES)
    (row,) = found
    assert (row["breakdown_value"], row["label"]) == ("Chrome", "Chrome")
    assert (row["compare"], row["compare_label"]) == (True, "current")


def test_a_formula(pages: Asker) -> None:
    (row,) = pages.legacy(events=[{"id": "$pageview"}], formula="A / 2", breakdown="browser", **DATES)
    assert {name: row[name] for name in row if name != "filter"} == {
        "action": None,
        "label": "Formula (A / 2)",
        "count": 2.0,
        "data": [1.0, 0.5, 0.5],
        "labels": ["1-Sep-2021", "2-Sep-2021", "3-Sep-2021"],
        "days": DAYS,
        "breakdown_value": "Chrome",
        "order": 0,
    }
    assert row["filter"]["formula"] == "A / 2"


@pytest.mark.parametrize(
    ("event_name", "identity", "label"),
    [("$pageview", "$pageview", "$pageview"), (None, None, "All events"), ("All events", "All events", "All events")],
)
def test_who_a_series_is(asker: Asker, event_name: str | None, identity: str | None, label: str) -> None:
    (row,) = asker.node(series=[series(event_name)])
    assert (row["action"]["id"], row["action"]["name"], row["label"]) == (identity, label, label)


def test_an_action_goes_by_its_name(asker: Asker) -> None:
    asker.define("action", 7, name="sign up", steps=[{"event": "e"}])
    asker.load([event()])
    (row,) = asker.node(series=[{"kind": "ActionsNode", "id": 7, "custom_name": "Joined"}])
    assert (row["label"], row["action"]["id"], row["action"]["name"]) == ("sign up", "sign up", "sign up")
    assert (row["action"]["type"], row["action"]["custom_name"], row["count"]) == ("events", "Joined", 1)


def test_an_unknown_action_has_no_series_and_an_unknown_event_zeros(asker: Asker) -> None:
    assert asker.legacy(actions=[{"id": 50_000_000}]) == []
    found = asker.legacy(actions=[{"id": 50_000_000}], events=[{"id": "never seen", "order": 1}])
    assert [(row["label"], row["count"], row["order"]) for row in found] == [("never seen", 0, 1)]
    assert asker.legacy(actions=[{"id": 50_000_000}], formula="A") == []
    assert asker.legacy() == []


@pytest.mark.parametrize("display", DISPLAYS)
def test_each_display(pages: Asker, display: str) -> None:
    (row,) = pages.legacy(events=[{"id": "$pageview"}], display=display, interval="week", **DATES)
    kind = DISPLAYS[display].kind
    assert ("aggregated_value" in row) == (kind != "series")
    assert ("labels" in row) == (kind == "series")
    assert data([row]) == (4 if kind != "series" else [4])
    assert row["filter"]["display"] == display
    json.dumps(row, allow_nan=False)


def test_a_calendar_heatmap(asker: Asker) -> None:
    # a Wednesday and a Sunday
    asker.load(
        [
            event(distinct_id="a", at="2021-09-01T01:00:00Z"),
            event(distinct_id="a", at="2021-09-01T01:59:00Z"),
            event(distinct_id="b", at="2021-09-01T23:00:00Z"),
            event(distinct_id="a", at="2021-09-05T23:00:00Z"),
        ]
    )
    dates = {"date_from": "2021-09-01", "date_to": "2021-09-07"}
    shown = {"display": "CalendarHeatmap"}
    cells = [(3, 1, 2), (3, 23, 1), (7, 23, 1)]
    (row,) = asker.node(series=[series()], dateRange=dates, trendsFilter=shown)
    assert (row["aggregated_value"], row["count"], row["data"]) == (4, 4, [])
    assert row["calendar_heatmap_data"] == {
        "data": [{"row": day, "column": hour, "value": value} for day, hour, value in cells],
        "rowAggregations": [{"row": 3, "value": 3}, {"row": 7, "value": 1}],
        "columnAggregations": [{"column": 1, "value": 2}, {"column": 23, "value": 2}],
        "allAggregations": 4,
    }
    (row,) = asker.node(series=[series(math="dau")], dateRange=dates, trendsFilter=shown)
    persons = row["calendar_heatmap_data"]
    assert persons["rowAggregations"] == [{"row": 3, "value": 2}, {"row": 7, "value": 1}]
    assert persons["columnAggregations"] == [{"column": 1, "value": 1}, {"column": 23, "value": 2}]
    assert persons["allAggregations"] == 2
    compared = asker.node(series=[series()], dateRange=dates, trendsFilter=shown, compareFilter={"compare": True})
    assert [(r["compare_label"], r["count"]) for r in compared] == [("current", 4), ("previous", 0)]


@pytest.mark.parametrize(
    ("further", "attr", "why"),
    [
        ({"series": [series(math="sum", math_property="n")]}, "series__0__math", "known are: total, dau"),
        ({"series": [series(math="weekly_active")]}, "series__0__math", "known are: total, dau"),
        ({"breakdownFilter": {"breakdown": "k"}}, "breakdown", "takes no breakdown"),
        ({"formula": "A"}, "formula", "takes no formula"),
    ],
)
def test_what_a_heatmap_cannot_show_is_refused(asker: Asker, further: dict[str, Any], attr: str, why: str) -> None:
    formula = further.pop("formula", None)
    shown = {"display": "CalendarHeatmap", "formula": formula}
    with pytest.raises(ValidationError, match=why) as caught:
        asker.node(**{"series": [series()], "trendsFilter": shown, **further})
    assert caught.value.attr == attr
