"""Statements over a small shop, beside one that must stay unseen: their answers, and what is refused and why.

What is expected was worked out without the engine, from `shop.py`.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from insights_engine.hogql.functions import FUNCTIONS, IN_STATEMENTS, WINDOWS
from insights_engine.hogql.statements.tables import TABLES
from insights_local.stack import Stack

from tests.api.shop import Shop
from tests.api.statements import cases

ANSWERED = [case for case in cases() if case["file"] != "refused"]
REFUSED = [case for case in cases() if case["file"] == "refused"]


@pytest.fixture(scope="module")
def shop(stack: Stack) -> Shop:
    return Shop.of(stack)


def name_of(case: dict[str, Any]) -> str:
    return f"{case['file']}-{case['place']}"


def ask(shop: Shop, case: dict[str, Any]) -> Any:
    node: dict[str, Any] = {"kind": "HogQLQuery"}
    node |= {key: case[key] for key in ("query", "values", "filters") if key in case}
    return shop.api("POST", "query/", json={"query": shop.filled(node)})


@pytest.mark.parametrize("case", ANSWERED, ids=name_of)
def test_answered(shop: Shop, case: dict[str, Any]) -> None:
    """`rows` are all in their order, or in `any_order`; of a statement without one, `count` says how many."""
    answer = ask(shop, case)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    found, columns = body["results"], body["columns"]
    if "count" in case:
        assert len(found) == case["count"]
    else:
        expected = [[_near(value) for value in row] for row in shop.filled(case["rows"])]
        assert (sorted(found) if case.get("any_order") else found) == expected
    assert columns == case.get("columns", columns)
    assert [name for name, _ in body["types"]] == columns
    assert all(len(row) == len(columns) for row in found)
    assert {key: body[key] for key in case.get("answer", {})} == case.get("answer", {})


def _near(value: Any) -> Any:
    return pytest.approx(value, rel=1e-12) if isinstance(value, float) else value


@pytest.mark.parametrize("case", REFUSED, ids=name_of)
def test_refused(shop: Shop, case: dict[str, Any]) -> None:
    answer = ask(shop, case)
    assert answer.status_code == 400, answer.text
    body = answer.json()
    assert (body["detail"], body["attr"]) == (case["detail"], case.get("attr", "query"))


def test_every_function_has_an_answer_that_is_known() -> None:
    asked = {name for case in ANSWERED for name in re.findall(r"(\w+)\(", case["query"])}
    assert sorted((FUNCTIONS | IN_STATEMENTS | WINDOWS).keys() - asked) == []


def test_every_field_of_every_table_does() -> None:
    """As it is documented: `properties.x` stands for any, and what is `$group_0` has other numbers too."""
    texts = [case["query"] for case in ANSWERED]
    for table, row in TABLES.items():
        over = [text for text in texts if re.search(rf"\b{table}\b", text)]
        names = [name.removesuffix(".x").removesuffix(".properties") for name in row.fields]
        assert [name for name in names if not any(name in text for text in over)] == [], table


def test_there_are_enough() -> None:
    assert (len(ANSWERED) >= 240, len(REFUSED) >= 60) == (True, True)
