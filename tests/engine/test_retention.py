"""Who came back: the rules and quirks of retention by hand, and the mean row."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

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
    assert len(rows) == len(rows[0]["values"]) == 1000
    assert rows[-1] == {
        "label": "Day 999",
        "date": "2024-03-20T00:00:00Z",
        "values": [{"count": 1, "people": []}],
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


def test_sampling_takes_some_people_and_scales_up(new_project: NewProject) -> None:
    asker = asker_of(new_project, [["$pageview", f"p{i}", "2024-03-20T10:00:00Z"] for i in range(200)])
    row = ask(asker, node={"samplingFactor": 0.5, "retentionFilter": {"totalIntervals": 1}}).result[0]
    assert row["values"][0]["count"] % 2 == 0
    assert 120 < row["values"][0]["count"] < 280
