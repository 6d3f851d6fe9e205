"""The people behind a row of retention, and the answer as CSV."""

from __future__ import annotations

from typing import Any

import pytest
from insights_engine.errors import ApiError
from insights_engine.retention.answer import Chosen, actors
from insights_engine.retention.csv import retention_csv
from insights_engine.sql import Sql

from tests.engine.asking import Asker
from tests.engine.conftest import NewProject
from tests.engine.retention_asking import NOW, PEOPLE, SUMMED, ask, asker_of, query_of

CHOSEN: list[tuple[dict[str, Any], Chosen, list[tuple[str, list[int]]]]] = [
    ({"flat": {"total_intervals": 3}}, Chosen(0), [("ann", [0, 1, 2]), ("cat", [0, 2]), ("bob", [0])]),
    ({"flat": {"total_intervals": 3}}, Chosen(1), [("ann", [0, 1])]),
    ({"flat": {"total_intervals": 3}}, Chosen(0, column=2), [("ann", [0, 1, 2]), ("cat", [0, 2])]),
    (
        {"node": {"retentionFilter": {"totalIntervals": 3, "cumulative": True}}},
        Chosen(0),
        [("ann", [0, 1, 2]), ("cat", [0, 1, 2]), ("bob", [0])],
    ),
    (
        {"node": {"retentionFilter": {"totalIntervals": 3, "timeWindowMode": "24_hour_windows"}}},
        Chosen(0),
        [("ann", [0, 1, 2]), ("cat", [0, 2]), ("bob", [0])],
    ),
    (
        {
            "node": {
                "retentionFilter": {"totalIntervals": 3},
                "breakdownFilter": {"breakdown": "b", "breakdown_type": "event"},
            }
        },
        Chosen(0, "x"),
        [("ann", [0, 1]), ("bob", [0])],
    ),
    (
        {"flat": {"total_intervals": 3, "breakdowns": [{"type": "event", "property": "b"}]}},
        Chosen(0, "y"),
        [("cat", [0, 2]), ("ann", [0])],
    ),
]


@pytest.mark.parametrize(("query", "chosen", "wanted"), CHOSEN)
def test_the_people_behind_a_row(
    new_project: NewProject, query: dict[str, Any], chosen: Chosen, wanted: list[tuple[str, list[int]]]
) -> None:
    asker = asker_of(new_project, PEOPLE)
    found = []
    for offset in range(4):  # pages of one
        page = actors(query_of(**query), asker.project, asker.services, NOW, chosen, limit=1, offset=offset)
        assert page.has_more == (offset + 1 < len(wanted))
        found += page.found
    assert [(who_is(asker, int(number)), columns) for number, columns in found] == wanted


def who_is(asker: Asker, number: int) -> str:
    sql = Sql(
        "SELECT distinct_id FROM person_distinct_ids WHERE project = {p:UInt32} AND person = {n:UInt32}",
        p=asker.id,
        n=number,
    )
    return str(asker.services.clickhouse.admin_read(sql).rows[0][0])


NOBODY = [
    ({"flat": {}}, Chosen(11), "There is no interval 11: there are 0 to 10"),
    ({"flat": {}}, Chosen(0, "x"), "breakdown: the query has none"),
    (
        {"node": {"breakdownFilter": {"breakdown": "b"}}},
        Chosen(0),
        "breakdown is required: the query has rows of several values",
    ),
    (
        {"node": {"breakdownFilter": {"breakdown": "b"}}},
        Chosen(0, "$$_posthog_breakdown_other_$$"),
        "breakdown: people behind the sum of other values are not listed",
    ),
]


@pytest.mark.parametrize(("query", "chosen", "text"), NOBODY, ids=[text for *_, text in NOBODY])
def test_rows_that_there_are_not(new_project: NewProject, query: dict[str, Any], chosen: Chosen, text: str) -> None:
    asker = asker_of(new_project, [])
    with pytest.raises(ApiError) as caught:
        actors(query_of(**query), asker.project, asker.services, NOW, chosen, limit=1, offset=0)
    assert (caught.value.status, caught.value.detail) == (400, text)


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
        "cohort,date,size,Day 0\nDay 0,2024-03-20T00:00:00Z,2,0.0\n",
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


@pytest.mark.parametrize(("query", "text"), CSVS)
def test_csv(new_project: NewProject, query: dict[str, Any], text: str) -> None:
    found = ask(asker_of(new_project, PEOPLE), **query)
    assert retention_csv(found.result, found.labels) == text.replace("\n", "\r\n")


def test_a_value_that_a_spreadsheet_would_run_is_text(new_project: NewProject) -> None:
    asker = asker_of(new_project, [["$pageview", "ann", "2024-03-20T10:00:00Z", {"b": "=1+1"}]])
    found = ask(asker, node={"retentionFilter": {"totalIntervals": 1}, "breakdownFilter": {"breakdown": "b"}})
    assert "\r\n'=1+1,Day 0," in retention_csv(found.result, found.labels)
