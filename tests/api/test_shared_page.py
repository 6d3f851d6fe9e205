"""The page of a shared insight: any result is a table, and none breaks it."""

from __future__ import annotations

from typing import Any

import pytest
from insights_api.shared_page import MAX_ROWS, page, table_of


@pytest.mark.parametrize(
    ("result", "head", "rows"),
    [
        ([{"label": "a", "labels": ["1", "2"], "data": [3, 4]}], ["Series", "1", "2"], [["a", 3, 4]]),
        ([{"label": "a", "labels": [], "data": [], "aggregated_value": 7}], ["Series", "Value"], [["a", 7]]),
        ([{"label": "Day 0", "values": [{"count": 2}, {"count": 1}]}], ["Cohort", "0", "1"], [["Day 0", 2, 1]]),
        ([{"source": "1_a", "target": "2_b", "value": 3}], ["source", "target", "value"], [["1_a", "2_b", 3]]),
        ([[{"name": "a", "count": 1}], [{"name": "b", "count": 2}]], ["name", "count"], [["a", 1], ["b", 2]]),
        ({"bins": [[0, 1], [60, 2]], "average": 3.5}, [], [[0, 1], [60, 2]]),
        ({"average": 3.5}, ["average"], [[3.5]]),
    ],
)
def test_any_result_is_a_table(result: Any, head: list[str], rows: list[Any]) -> None:
    table = table_of(result)
    assert table is not None
    assert [*table.head] == head
    assert [[*row] for row in table.rows] == rows


def test_rows_of_a_statement_stand_under_its_columns() -> None:
    found = {"name": "x", "result": [["<b>", 3, None, [1]]], "columns": ["a", "count()", "c", "d"]}
    text = page({"insight": found, "settings": {}})
    assert "<th>a</th><th>count()</th><th>c</th><th>d</th>" in text
    assert "behind the LIMIT" not in text
    assert "behind the LIMIT" in page({"insight": found | {"hasMore": True}, "settings": {}})
    assert '<td>&lt;b&gt;</td><td class="n">3</td><td></td><td>[1]</td>' in text


@pytest.mark.parametrize("result", [None, [], {}, 1, "x", [1], [[]], [{}], [{"data": None}], {"a": [{"b": []}]}])
def test_no_result_breaks_the_page(result: Any) -> None:
    assert page({"insight": {"name": "x", "result": result}, "settings": {}}).endswith("</html>")


def test_a_long_table_is_cut_and_says_so() -> None:
    text = page({"insight": {"name": "x", "result": [{"n": n} for n in range(MAX_ROWS + 1)]}, "settings": {}})
    assert text.count("<tr>") == MAX_ROWS + 1
    assert f"The first {MAX_ROWS} rows" in text
