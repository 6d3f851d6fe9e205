"""The people behind a row of retention."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from insights_engine.errors import ApiError
from insights_engine.retention.answer import Chosen, actors
from insights_engine.sql import Sql

from tests.engine.asking import Asker
from tests.engine.conftest import NewProject
from tests.engine.retention_asking import NOW, PEOPLE, asker_of, query_of

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


@pytest.mark.parametrize(("row", "wanted"), [(1, [0, 1]), (2, [0])])
def test_hours_that_come_twice_give_no_more_columns_than_a_row_has(
    new_project: NewProject, row: int, wanted: list[int]
) -> None:
    """In Santiago the clock goes from midnight back to 23:00, within the window."""
    now = datetime(2022, 4, 3, 2, 30, tzinfo=UTC)
    views = [["$pageview", "ann", f"2022-04-{hour}:15:00Z"] for hour in ("03T00", "03T01", "03T02", "03T03")]
    asker = asker_of(new_project, views, now, timezone="America/Santiago")
    query = query_of(flat={"period": "Hour", "total_intervals": 3})
    page = actors(query, asker.project, asker.services, now, Chosen(row), limit=1, offset=0)
    assert [columns for _, columns in page.found] == [wanted]


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
