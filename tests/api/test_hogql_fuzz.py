"""Whatever stands in a statement, the answer is one or says what is wrong, and shows nothing of another project.

A few mutations of the statements with known answers, always the same ones; `make fuzz` tries many.
"""

from __future__ import annotations

import asyncio
import json

import pytest
from insights_engine.sql import Sql
from insights_local.stack import Stack

from tests.api.oracle import Oracle
from tests.api.raw import Answer
from tests.api.shop import MARK, Shop
from tests.api.statements import Mutator

EACH = 50
# Where the neighbour's rows are, and what of them has the mark.
_TABLES = {
    "events": "toJSONString(properties)",
    "persons": "toJSONString(properties)",
    "person_distinct_ids": "distinct_id",
    "groups": "key",
}


@pytest.fixture(scope="module")
def shop(stack: Stack) -> Shop:
    return Shop.of(stack)


@pytest.mark.parametrize("seed", range(4))
def test_mutated_statements(shop: Shop, seed: int) -> None:
    mutator = Mutator(seed)
    statuses = set()
    with asyncio.Runner() as runner:
        oracle = Oracle(shop, runner)
        for _ in range(EACH):
            node = mutator.next()
            answer, _ = oracle.ask(node)
            fault = oracle.fault(node, answer)
            assert fault is None, f"{fault}\n{node}"
            statuses.add(answer.status)
    assert statuses == {200, 400}, "mutations that are all refused would show nothing"


def test_the_neighbour_is_there(shop: Shop) -> None:
    """Else there would be nothing to see of it, whatever was let through."""
    assert len(shop.secrets) > len(_TABLES)
    for table, column in _TABLES.items():
        sql = Sql("SELECT count() FROM {t} WHERE {c} LIKE {m:String}", t=Sql(table), c=Sql(column), m=f"%{MARK}%")
        assert shop.api.stack.services.clickhouse.admin_read(sql).rows[0][0] > 0, table


@pytest.mark.parametrize("text", ["x mandolin 7", "NILODNAM", "a bWFuZG9saW4gMQ== b", "1 deadbeef-1", "7654321098765"])
def test_what_would_be_seen_of_it_is_a_fault(shop: Shop, text: str) -> None:
    body = {"columns": ["a"], "results": [[text]]}
    with asyncio.Runner() as runner:
        oracle = Oracle(shop, runner)
        assert "another project" in str(oracle.fault({}, Answer(200, {}, json.dumps(body).encode())))
        assert oracle.fault({}, Answer(200, {}, b'{"columns": ["a"], "results": [["mandarin"]]}')) is None
