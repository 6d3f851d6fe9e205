"""Retention as CSV, a column a period."""

from __future__ import annotations

from typing import Any

import pytest
from insights_engine.retention.answer import Retention
from insights_engine.retention.csv import retention_csv
from insights_engine.spreadsheets import pieces

from tests.engine.conftest import NewProject
from tests.engine.retention_asking import PEOPLE, SUMMED, ask, asker_of

CSVS: list[tuple[dict[str, Any], str]] = [
    (
        {"flat": {"total_intervals": 2}},
        "cohort,date,size,Day 0,Day 1\nDay 0,2024-03-19T00:00:00Z,1,1,1\nDay 1,2024-03-20T00:00:00Z,2,2,\n",
    ),
    (
        {"flat": {"total_intervals": 2, "breakdowns": [{"type": "event", "property": "b"}]}},
        "breakdown_value,size,Day 0,Day 1\ny,2,2,0\nx,1,1,1\n",
    ),
    (
        {
            "node": {
                "retentionFilter": {"totalIntervals": 3, "retentionCustomBrackets": [2]},
                "dateRange": {"date_from": "2024-03-18", "date_to": "2024-03-18"},
            }
        },
        "cohort,date,size,Day 0,Day 1-2\nDay 0,2024-03-18T00:00:00Z,3,3,0\n",
    ),
    (
        {"node": {"retentionFilter": {"totalIntervals": 1, **SUMMED}}},
        "cohort,date,size,Day 0\nDay 0,2024-03-20T00:00:00Z,2,0\n",
    ),
    (
        {
            "node": {
                "retentionFilter": {"totalIntervals": 1},
                "breakdownFilter": {"breakdown": "=b", "breakdown_type": "event"},
            }
        },
        "breakdown_value,cohort,date,size,Day 0\n,Day 0,2024-03-20T00:00:00Z,2,2\n",
    ),
]


def written(found: Retention) -> str:
    return b"".join(pieces(retention_csv(found.result, found.labels))).decode()


@pytest.mark.parametrize(("query", "text"), CSVS)
def test_csv(new_project: NewProject, query: dict[str, Any], text: str) -> None:
    found = ask(asker_of(new_project, PEOPLE), **query)
    assert written(found) == text.replace("\n", "\r\n")


def test_a_value_that_a_spreadsheet_would_run_is_text(new_project: NewProject) -> None:
    asker = asker_of(new_project, [["$pageview", "ann", "2024-03-20T10:00:00Z", {"b": "=1+1"}]])
    found = ask(asker, node={"retentionFilter": {"totalIntervals": 1}, "breakdownFilter": {"breakdown": "b"}})
    assert "\r\n'=1+1,Day 0," in written(found)
