"""Statements over properties whose type is known: of groups of several types, and in bounds of time."""

from __future__ import annotations

from typing import Any

import pytest
from insights_engine.hogql.statements.answer import answer
from insights_engine.hogql.statements.node import parse_node

from tests.engine.asking import Asker, event
from tests.engine.conftest import NewAsker


def rows(asker: Asker, text: str) -> list[list[Any]]:
    found = answer(parse_node({"kind": "HogQLQuery", "query": text}), asker.project, asker.services, asker.now)
    return [list(row) for row in found.result]


@pytest.fixture(scope="module")
def companies(new_asker: NewAsker) -> Asker:
    groups = [("company", "a", 5, 1), ("company", "b", 40, 2), ("team", "c", "large", True)]
    return new_asker().load(
        [],
        groups=[
            {"type": kind, "key": key, "properties": {"size": size, "paid": paid, "seats": 3, f"{kind} only": 7}}
            for kind, key, size, paid in groups
        ],
    )


def test_a_property_of_all_groups_is_of_a_type_where_it_is_in_each(companies: Asker) -> None:
    """As numbers, 5 would come before 40, and what is none would be missing."""
    assert rows(companies, "SELECT properties.size FROM groups ORDER BY properties.size") == [["40"], ["5"], ["large"]]
    assert rows(companies, "SELECT properties.paid FROM groups ORDER BY key") == [["1"], ["2"], ["true"]]
    assert rows(companies, "SELECT sum(properties.seats), sum(properties.`company only`) FROM groups") == [[9, 14]]
    assert rows(companies, "SELECT count() FROM groups WHERE properties.seats + 1 = 4") == [[3]]


@pytest.fixture(scope="module", params=["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def late(request: pytest.FixtureRequest, new_asker: NewAsker) -> Asker:
    """An event at the end of a month, as New York has it; its day is stored by another zone."""
    asker = new_asker(timezone=request.param).load([event(at="2020-02-01T04:30:00Z")])
    asker.change(timezone="America/New_York")
    return asker


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("timestamp > '2020-01-31 23:29:59'", True),
        ("timestamp > '2020-01-31 23:30:00'", False),
        ("timestamp <= '2020-01-31 23:30:00'", True),
        ("timestamp < '2020-01-31 23:30:00'", False),
        ("timestamp BETWEEN '2020-01-31 23:30:00' AND '2020-01-31 23:30:00'", True),
        ("toDate(timestamp) = '2020-01-31'", True),
        ("toDate(timestamp) >= '2020-02-01'", False),
        ("toDate(timestamp) <= '2020-01-31'", True),
        ("'2020-01-31' >= toDate(timestamp)", True),
        # the time itself is up to a month after what it is made of
        ("toStartOfMonth(timestamp) = '2020-01-01'", True),
        ("toStartOfMonth(timestamp) <= '2020-01-01'", True),
        ("dateTrunc('month', timestamp) <= '2020-01-01'", True),
        ("dateTrunc('month', timestamp) >= '2020-02-01'", False),
        ("toStartOfYear(timestamp) = '2020-01-01'", True),
        ("toStartOfInterval(timestamp, INTERVAL 3 MONTH) < '2020-01-02'", True),
        ("toMonday(timestamp) <= '2020-01-27' AND toMonday(timestamp) >= '2020-01-27'", True),
        ("NOT timestamp > '2020-01-01'", False),
        ("timestamp > '2021-01-01' OR event = 'e'", True),
    ],
)
def test_bounds_of_time_leave_out_no_stored_day_too_many(late: Asker, condition: str, holds: bool) -> None:
    assert rows(late, f"SELECT count() FROM events WHERE {condition}") == [[int(holds)]]


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [("1.5", "1", 0), ("1.5", "1.5", 1), ("1", "1.0", 1), ("-1", "-1", 1), ("9007199254740993", "9007199254740992", 0)],
)
def test_numbers_are_joined_by_what_they_are(asker: Asker, one: str, other: str, meet: int) -> None:
    sides = f"(SELECT {one} AS x) AS a JOIN (SELECT {other} AS x) AS b"
    assert rows(asker, f"SELECT count() FROM {sides} ON a.x = b.x") == [[meet]]
    assert rows(asker, f"SELECT count() FROM {sides} USING x") == [[meet]]


def test_a_column_that_is_called_timestamp_bounds_no_event(late: Asker) -> None:
    text = "SELECT toDateTime('2030-01-01 00:00:00') AS timestamp FROM events WHERE timestamp > '2029-01-01'"
    assert len(rows(late, text)) == 1


def test_the_time_of_a_side_that_may_have_no_row_bounds_nothing(late: Asker) -> None:
    text = (
        "SELECT count() FROM persons AS p LEFT JOIN events AS e ON p.id = e.person_id AND e.event = 'nothing' "
        "WHERE e.timestamp IS NULL"
    )
    assert rows(late, text) == [[1]]
