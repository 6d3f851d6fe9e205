"""Each of the two guards keeps a statement within its project without the other: the views, and the connection's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from insights_engine import keys
from insights_engine.hogql.statements import compile_statement
from insights_engine.hogql.statements.answer import known_to
from insights_engine.hogql.statements.node import parse_node
from insights_engine.project import Project
from insights_engine.sql import Sql
from insights_local.stack import Stack

from tests.api.shop import Shop
from tests.api.statements import cases

FILES = ("clauses", "joins", "limits", "tables", "windows")


@pytest.fixture(scope="module")
def shop(stack: Stack) -> Shop:
    return Shop.of(stack)


def statements(shop: Shop, file: str, project_id: int) -> Iterator[tuple[str, Sql]]:
    """Those with known answers, compiled for the project."""
    services = shop.api.stack.services
    item = services.policies.get(*keys.project(shop.api.project_id))
    assert item is not None
    mine = Project.from_item(item)
    for case in cases():
        if case["file"] != file or "values" in case:
            continue
        query = parse_node({"kind": "HogQLQuery", "query": shop.filled(case["query"])}, "query")
        known, _ = known_to(query.tree, query.filters, mine, services)
        project = replace(mine, id=project_id)
        yield query.text, compile_statement(query.tree, query.text, project, known, services.now()).sql


def shows(shop: Shop, rows: Any) -> list[str]:
    return [secret for secret in shop.secrets if secret in str(rows)]


@pytest.mark.parametrize("file", FILES)
def test_the_views_do(shop: Shop, file: str) -> None:
    for text, sql in statements(shop, file, shop.api.project_id):
        assert shows(shop, shop.api.stack.services.clickhouse.admin_read(sql).rows) == [], text


@pytest.mark.parametrize("file", FILES)
def test_the_connection_does(shop: Shop, file: str) -> None:
    read = shop.api.stack.services.clickhouse.read
    for text, sql in statements(shop, file, shop.names["other"]):
        assert shows(shop, read(sql, project_id=shop.api.project_id).rows) == [], text


def test_without_either_something_would_be_seen(shop: Shop) -> None:
    read = shop.api.stack.services.clickhouse.admin_read
    seen = [text for text, sql in statements(shop, "tables", shop.names["other"]) if shows(shop, read(sql).rows)]
    assert len(seen) >= 10
