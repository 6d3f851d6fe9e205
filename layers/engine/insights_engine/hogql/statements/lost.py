"""What the parser reads and then forgets: put back where that can be done, refused where not.

A clause that is lost would change the answer without a word. So every clause's word in the text must be in the tree.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from insights_engine.hogql.effort import bare as without_quotes
from insights_engine.hogql.effort import parsed
from insights_engine.hogql.parse import Tree, nodes
from insights_engine.hogql.places import wrong

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
    (r"\bWITH\s+TIES\b", lambda one: bool(one.get("limit_with_ties"))),
    (r"\bARRAY\s+JOIN\b", lambda one: len(one.get("array_join_list") or ())),
)
_WORD = re.compile(r"(?<![\w.])[^\W\d]\w*")
# Words that say how a tree is made, and are not in it; and those of clauses that are refused elsewhere. f is f'…'.
_KEYWORDS = """
all and anti any array as asc between by case cast cohort columns cross cube current date day days desc distinct else
end except exclude f false fill filter final first following from full global group grouping having hour hours ilike in
inf infinity inner intersect interval is join last left like limit materialized minute minutes month months nan natural
not null nulls offset on or order outer over partition preceding qualify quarter quarters range recursive replace right
rollup row rows second seconds select semi sets settings step then ties timestamp to totals true try_cast unbounded
union using week weeks when where window with within year years zone
"""


def found_again(text: str, tree: Tree, field: str) -> None:
    """The tree with what it lost. Raises ValidationError for what it cannot have again."""
    bare = without_quotes(text)
    for pattern, said in _FORGOTTEN:
        if found := re.search(pattern, bare, re.IGNORECASE):
            raise wrong(field, said, found.start())
    _orders(text, bare, tree, field)
    _nulls(bare, tree)
    for pattern, count in _CLAUSES:
        written = list(re.finditer(pattern, bare, re.IGNORECASE))
        if written and len(written) > sum(count(one) for one in nodes(tree)):
            word = " ".join(written[-1][0].upper().rstrip("(").split())
            said = f"{word} cannot be read here; put what is before it in parentheses"
            raise wrong(field, said, written[-1].start())
    _words(bare, tree, field)


def _words(bare: str, tree: Tree, field: str) -> None:
    """Every word is a keyword or in the tree: of `FROM events FORMAT JSON` the parser keeps the last name alone."""
    names = (text for one in nodes(tree) for part in one.items() for text in _texts(part))
    known = {word.lower() for name in names for word in re.findall(r"\w+", name)}
    known.update(_KEYWORDS.split())
    for found in _WORD.finditer(bare):
        if found[0].lower() not in known:
            said = f"{found[0][:50].upper()} cannot be read here"
            raise wrong(field, said, found.start())


def _texts(part: Any) -> list[str]:
    """What a part of a node is called, and holds."""
    return [text for one in part for text in (one if isinstance(one, list) else [one]) if isinstance(text, str)]


def _orders(text: str, bare: str, tree: Tree, field: str) -> None:
    """ORDER BY after a set of SELECTs in parentheses."""
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
        again = parsed("parse_select_json", alone, field)
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
