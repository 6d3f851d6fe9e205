"""Who came back: the rules and quirks of retention by hand, and the mean row."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.engine.asking import Asker
from tests.engine.conftest import NewProject
from tests.engine.retention_asking import ask, asker_of

CASES = json.loads((Path(__file__).parents[1] / "cases" / "retention.json").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(new_project: NewProject, case: dict[str, Any]) -> None:
    """A row is its date or breakdown value, its counts, and its values where a property is added up."""
    now = datetime.fromisoformat(case["now"])
    asker = asker_of(new_project, case["events"], now, **case.get("project", {}))
    found = ask(asker, **{form: case[form] for form in ("node", "flat") if form in case}).result
    shown = []
    for row in found:
        value = row.get("breakdown_value") or (row["label"] if "date" not in row else row["date"])
        values = [cell["aggregation_value"] for cell in row["values"] if "aggregation_value" in cell]
        shown.append(
            [value.removesuffix("T00:00:00Z"), [c["count"] for c in row["values"]], *([values] if values else [])]
        )
    assert sorted(shown) == sorted(case["rows"]) if "breakdowns" in case.get("flat", {}) else shown == case["rows"]


def test_a_thousand_intervals_are_answered(new_project: NewProject) -> None:
    asker = asker_of(
        new_project, [["$pageview", "ann", "2024-03-20T10:00:00Z"], ["$pageview", "ann", "2024-03-20T11:00:00Z"]]
    )
    rows = ask(asker, flat={"total_intervals": 1000, "date_to": "2024-03-20"}).result
    assert len(rows) == len(rows[0]["values"]) == len(rows[0]["shares"]) == 1000
    assert rows[-1] == {
        "label": "Day 999",
        "date": "2024-03-20T00:00:00Z",
        "values": [{"count": 1, "people": []}],
        "shares": [1.0],
        "people_url": None,
    }


MEANS = [
    # ann is there on all three days, bob on the first and second; the fourth day is not over.
    ("simple", [1.0, 0.75, 0.5, 0.0]),
    ("weighted", [1.0, 3 / 4, 1 / 2, 0.0]),
    ("none", []),
]


@pytest.mark.parametrize(("mean", "wanted"), MEANS, ids=lambda v: v if isinstance(v, str) else "")
def test_the_mean_row_leaves_out_what_is_not_over(new_project: NewProject, mean: str, wanted: list[float]) -> None:
    days = [("ann", 17), ("ann", 18), ("ann", 19), ("ann", 20), ("bob", 17), ("bob", 18)]
    asker = asker_of(new_project, [["$pageview", who, f"2024-03-{day}T10:00:00Z"] for who, day in days])
    node = {"retentionFilter": {"totalIntervals": 4, "meanRetentionCalculation": mean}}
    assert ask(asker, node=node).mean == pytest.approx(wanted)
    assert ask(asker, flat={"total_intervals": 4, "mean_retention_calculation": mean}).mean == pytest.approx(wanted)


@pytest.mark.parametrize(("microseconds", "last"), [(0, 1.0), (-1, 0.0)])
def test_a_period_is_over_when_the_next_begins(new_project: NewProject, microseconds: int, last: float) -> None:
    now = datetime(2024, 3, 20, tzinfo=UTC) + timedelta(microseconds=microseconds)
    events = [["$pageview", "ann", f"2024-03-{day}T10:00:00Z"] for day in (17, 18, 19)]
    asker = asker_of(new_project, events, now)
    node = {"retentionFilter": {"totalIntervals": 3}, "dateRange": {"date_to": "2024-03-19"}}
    assert ask(asker, node=node).mean == [1.0, 1.0, last]


def test_rows_of_every_value_count_for_the_mean(new_project: NewProject) -> None:
    days = [("ann", 17, "x"), ("ann", 18, "x"), ("bob", 17, "y")]
    asker = asker_of(new_project, [["$pageview", who, f"2024-03-{day}T10:00:00Z", {"b": b}] for who, day, b in days])
    node = {"retentionFilter": {"totalIntervals": 4}, "breakdownFilter": {"breakdown": "b", "breakdown_type": "event"}}
    assert ask(asker, node=node).mean == pytest.approx([1, 1 / 3, 0, 0])


def test_cohorts_of_different_size_weigh_differently(new_project: NewProject) -> None:
    days = [("ann", 17), ("bob", 17), ("cat", 17), ("ann", 18), ("ann", 19)]
    asker = asker_of(new_project, [["$pageview", who, f"2024-03-{day}T10:00:00Z"] for who, day in days])
    shares = {
        mean: ask(asker, node={"retentionFilter": {"totalIntervals": 4, "meanRetentionCalculation": mean}}).mean
        for mean in ("simple", "weighted")
    }
    assert shares == {
        "simple": pytest.approx([1, (1 / 3 + 1) / 2, 1 / 3, 0]),
        "weighted": pytest.approx([1, 2 / 4, 1 / 3, 0]),
    }


@pytest.mark.parametrize("names", [{}, {"custom_name": "Shown as"}])
def test_what_an_event_is_called_does_not_change_what_is_added_up(
    new_project: NewProject, names: dict[str, str]
) -> None:
    """Returning events of another kind count from the first target event on; those of the same were counted once."""
    events = [["buy", "ann", f"2024-03-{day}T1{hour}:00:00Z", {"n": 5}] for day in (18, 19) for hour in (0, 1)]
    asker = asker_of(new_project, events)
    buy = {"id": "buy", "type": "events"}
    about = {"targetEntity": {**buy, **names}, "returningEntity": buy, "totalIntervals": 3}
    about |= {"aggregationType": "sum", "aggregationProperty": "n"}
    first, *_ = ask(asker, node={"retentionFilter": about}).result
    assert [cell["aggregation_value"] for cell in first["values"]] == [10, 10, 0]


SHARES: dict[str, list[list[float]]] = {
    "total": [[1, 1 / 3, 2 / 3], [1, 0, 0], [1, 0, 0]],
    "previous": [[1, 1 / 3, 2], [1, 0, 0], [1, 0, 0]],
}


@pytest.mark.parametrize("reference", SHARES)
def test_a_share_is_of_the_whole_or_of_the_column_before(new_project: NewProject, reference: str) -> None:
    days = [("ann", 18), ("bob", 18), ("cat", 18), ("ann", 19), ("bob", 20), ("cat", 20)]
    asker = asker_of(new_project, [["$pageview", who, f"2024-03-{day}T10:00:00Z"] for who, day in days])
    found = ask(asker, node={"retentionFilter": {"totalIntervals": 3, "retentionReference": reference}})
    assert [row["shares"] for row in found.result] == [pytest.approx(row, abs=1e-6) for row in SHARES[reference]]
    assert found.mean == pytest.approx([1, 1 / 3, 0])  # the third day is not over
    flat: list[dict[str, Any]] = ask(asker, flat={"total_intervals": 3, "retention_reference": reference}).result
    assert [row["shares"] for row in flat] == [
        pytest.approx(row[: 3 - i], abs=1e-6) for i, row in enumerate(SHARES[reference])
    ]


def by_value(asker: Asker, **further: Any) -> list[tuple[str, int]]:
    asked = {"breakdown": "b", "breakdown_type": "event", "breakdown_limit": 2, **further}
    rows = ask(asker, node={"retentionFilter": {"totalIntervals": 1}, "breakdownFilter": asked}).result
    return [(row["breakdown_value"], row["values"][0]["count"]) for row in rows]


def test_what_is_beyond_the_limit_is_other_or_hidden(new_project: NewProject) -> None:
    values = ["x", "x", "x", "y", "y", "z", "w"]
    events = [["$pageview", f"p{i}", "2024-03-20T10:00:00Z", {"b": value}] for i, value in enumerate(values)]
    asker = asker_of(new_project, events)
    assert by_value(asker) == [("x", 3), ("y", 2), ("$$_posthog_breakdown_other_$$", 2)]
    assert by_value(asker, breakdown_hide_other_aggregation=True) == [("x", 3), ("y", 2)]


def test_the_older_form_has_a_row_for_every_value(new_project: NewProject) -> None:
    asker = asker_of(new_project, [["$pageview", "ann", "2024-03-20T10:00:00Z", {"b": f"a::{i}"}] for i in range(40)])
    rows = ask(asker, flat={"total_intervals": 1, "breakdowns": [{"type": "event", "property": "b"}]}).result
    assert sorted(row["label"] for row in rows) == sorted(f"a::{i}" for i in range(40))
    assert all(row["breakdown_values"] == [row["label"]] for row in rows)


def test_of_two_values_at_one_moment_the_older_form_takes_the_first_in_the_alphabet(new_project: NewProject) -> None:
    pairs = [(f"p{i}", value) for i in range(12) for value in (("v", "u") if i % 2 else ("u", "v"))]
    asker = asker_of(new_project, [["$pageview", who, "2024-03-20T10:00:00Z", {"b": value}] for who, value in pairs])
    by = {"breakdowns": [{"type": "event", "property": "b"}], "retention_type": "retention_first_time"}
    rows = ask(asker, flat={"total_intervals": 1, **by}).result
    assert [(row["label"], row["values"][0]["count"]) for row in rows] == [("u", 12)]


def test_sampling_takes_some_people_and_scales_up(new_project: NewProject) -> None:
    asker = asker_of(new_project, [["$pageview", f"p{i}", "2024-03-20T10:00:00Z"] for i in range(200)])
    row = ask(asker, node={"samplingFactor": 0.5, "retentionFilter": {"totalIntervals": 1}}).result[0]
    assert row["values"][0]["count"] % 2 == 0
    assert 120 < row["values"][0]["count"] < 280


LISTED = [
    ([{"property": 1, "type": "cohort"}], [("1", 1)]),
    ([{"property": "2", "type": "cohort"}, {"property": "all", "type": "cohort"}], [("0", 2), ("2", 2)]),
]


@pytest.mark.parametrize(("breakdowns", "wanted"), LISTED, ids=["one", "several"])
def test_cohorts_in_the_list_form(
    new_project: NewProject, breakdowns: list[dict[str, Any]], wanted: list[tuple[str, int]]
) -> None:
    asker = asker_of(new_project, [["$pageview", who, "2024-03-20T10:00:00Z"] for who in ("ann", "bob")])
    for number, names in ((1, ["ann"]), (2, ["ann", "bob"])):
        leaf = {"type": "person", "key": "distinct_id", "value": names, "operator": "exact"}
        asker.define("cohort", number, name="C", filters={"properties": {"type": "AND", "values": [leaf]}})
    node = {"retentionFilter": {"totalIntervals": 1}, "breakdownFilter": {"breakdowns": breakdowns}}
    flat = {"total_intervals": 1, "breakdowns": breakdowns}
    found = [(row["breakdown_value"], row["values"][0]["count"]) for row in ask(asker, node=node).result]
    assert found == wanted
    assert {(row["label"], row["values"][0]["count"]) for row in ask(asker, flat=flat).result} == set(wanted)


def test_the_range_ends_with_the_window_s_last_moment(new_project: NewProject) -> None:
    asker = asker_of(new_project, [])
    for query in ({"flat": {"total_intervals": 2}}, {"node": {"retentionFilter": {"totalIntervals": 2}}}):
        assert ask(asker, **query).resolved_date_range == {
            "date_from": "2024-03-19T00:00:00Z",
            "date_to": "2024-03-20T23:59:59.999999Z",
        }


ONE_DAY: list[dict[str, Any]] = [
    {"flat": {"total_intervals": 1}},
    {"node": {"retentionFilter": {"totalIntervals": 1}}},
]


@pytest.mark.parametrize("query", ONE_DAY)
def test_a_window_ends_with_the_second_of_two_hours(new_project: NewProject, query: dict[str, Any]) -> None:
    """In Santiago the clock goes from midnight back to 23:00: that hour belongs to the window both times."""
    now = datetime(2022, 4, 3, 3, 45, tzinfo=UTC)
    zones = {"timezone": "America/Santiago", "days_timezone": "UTC"}
    asker = asker_of(new_project, [["$pageview", "ann", "2022-04-03T03:30:00Z"]], now, **zones)
    found = ask(asker, **query)
    assert [[cell["count"] for cell in row["values"]] for row in found.result] == [[1]]
    assert found.resolved_date_range["date_to"] == "2022-04-02T23:59:59.999999-04:00"
