"""What the parser reads and then forgets: put back where that can be done, refused where not.

A clause that is lost would change the answer without a word. So every clause's word in the text must be in the tree.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import orjson

from insights_engine.errors import ValidationError, attr_of
from insights_engine.hogql.effort import bare as without_quotes
from insights_engine.hogql.parse import Tree, nodes

_NULLS = re.compile(r"\bNULLS\s+(FIRST|LAST)\b", re.IGNORECASE)
_ORDER_AFTER = re.compile(r"[\s)]*(ORDER\s+BY)\s+", re.IGNORECASE)
_FORGOTTEN = (
    (r"\bWITH\s+(?:TOTALS|ROLLUP|CUBE)\b", "WITH TOTALS, ROLLUP and CUBE are not allowed"),
    (r"\b(?:IGNORE|RESPECT)\s+NULLS\b", "IGNORE NULLS is not allowed"),
    (r"\bCOLLATE\b", "COLLATE is not allowed"),
    (
        r"\bFILTER\s*\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\s*OVER\b",
        "FILTER is not allowed before OVER; write sumIf(x, condition) OVER (…)",
    ),
)
# Words of clauses -> how often a node of the tree has one.
_CLAUSES: tuple[tuple[str, Callable[[Tree], int]], ...] = (
    (r"\bORDER\s+BY\b", lambda one: bool(one.get("order_by"))),
    (r"\bGROUP\s+BY\b", lambda one: bool(one.get("group_by") or one.get("group_by_mode"))),
    (r"\bWHERE\b", lambda one: bool(one.get("where")) + bool(one.get("filter_expr"))),
    (r"\bHAVING\b", lambda one: bool(one.get("having"))),
    (r"\bQUALIFY\b", lambda one: bool(one.get("qualify"))),
    (r"\bLIMIT\b", lambda one: bool(one.get("limit")) + bool(one.get("limit_by"))),
    (r"\bFILTER\s*\(", lambda one: bool(one.get("filter_expr"))),
    (r"\bOVER\s*\(", lambda one: bool(one.get("over_expr"))),
    (r"\bARRAY\s+JOIN\b", lambda one: len(one.get("array_join_list") or ())),
)


def found_again(text: str, tree: Tree, field: str) -> None:
    """The tree with what it lost. Raises ValidationError for what it cannot have again."""
    bare = without_quotes(text)
    for pattern, said in _FORGOTTEN:
        if found := re.search(pattern, bare, re.IGNORECASE):
            raise ValidationError(f"{field}: {said} (at character {found.start()})", attr=attr_of(field))
    _orders(text, bare, tree)
    _nulls(bare, tree)
    for pattern, count in _CLAUSES:
        written = list(re.finditer(pattern, bare, re.IGNORECASE))
        if written and len(written) > sum(count(one) for one in nodes(tree)):
            word = " ".join(written[-1][0].upper().rstrip("(").split())
            said = f"{word} cannot be read here; put what is before it in parentheses"
            raise ValidationError(f"{field}: {said} (at character {written[-1].start()})", attr=attr_of(field))


def _orders(text: str, bare: str, tree: Tree) -> None:
    """ORDER BY after a set of SELECTs in parentheses."""
    from hogql_parser_rs import parse_select_json

    known = {one["start"]["offset"] for one in nodes(tree) if one.get("node") == "OrderExpr"}
    for one in nodes(tree):
        if one.get("node") != "SelectSetQuery" or one.get("order_by"):
            continue
        last = one["subsequent_select_queries"][-1]["select_query"]
        found = _ORDER_AFTER.match(bare, last["end"]["offset"])
        if found is None or found.end() in known:
            continue
        begin, end = found.start(1), _closes(bare, found.start(1))
        alone = "".join(("SELECT 1".ljust(begin), text[begin:end]))
        again: dict[str, Any] = orjson.loads(parse_select_json(alone))
        if not again.get("error"):
            one["order_by"] = again.get("order_by")


def _closes(bare: str, begin: int) -> int:
    """Where the parentheses around the place end."""
    depth = 0
    for at in range(begin, len(bare)):
        depth += {"(": 1, ")": -1}.get(bare[at], 0)
        if depth < 0:
            return at
    return len(bare)


def _nulls(bare: str, tree: Tree) -> None:
    """NULLS FIRST and LAST, of the member of ORDER BY that ends before."""
    wanted = [(found.start(), found[1].upper()) for found in _NULLS.finditer(bare)]
    members = [one for one in nodes(tree) if one.get("node") == "OrderExpr"] if wanted else []
    for at, word in wanted:
        before = [one for one in members if one["expr"]["end"]["offset"] <= at]
        if before:
            max(before, key=lambda one: (one["expr"]["end"]["offset"], -one["expr"]["start"]["offset"]))["nulls"] = word
