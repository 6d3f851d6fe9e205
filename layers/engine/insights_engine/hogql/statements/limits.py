"""LIMIT, OFFSET and WITH TIES: how many rows, and after how many."""

from __future__ import annotations

from insights_engine.hogql.statements.scope import Node, Statement
from insights_engine.sql import Sql

_MOST_ROWS = 2**31


def limits(statement: Statement, node: Node) -> list[Sql]:
    rows = f"LIMIT {whole(statement, node['limit'], 'LIMIT')}" if node.get("limit") else ""
    skipped = f"OFFSET {whole(statement, node['offset'], 'OFFSET')}" if node.get("offset") else ""
    if rows and skipped and node.get("limit_with_ties"):
        raise statement.error(node["offset"], "OFFSET is not allowed before WITH TIES")
    if node.get("limit_with_ties") and not node.get("order_by"):
        raise statement.error(node["limit"], "WITH TIES needs ORDER BY")
    ties = "WITH TIES" if rows and node.get("limit_with_ties") else ""
    return [Sql(part) for part in (rows, skipped, ties) if part]


def whole(statement: Statement, node: Node, word: str) -> int:
    """The constant number of rows that a limit is."""
    value = node.get("value") if node.get("node") == "Constant" else None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _MOST_ROWS:
        raise statement.error(node, f"{word} takes a whole number, from 0")
    return value
