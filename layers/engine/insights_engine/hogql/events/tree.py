"""The expressions of an EventsQuery as the tree of one SELECT. Pure.

Each expression is parsed by itself, so that none can become a clause. `*`, `person` and `person_display_name` are one
cell each: a tuple, of which an answer makes an object.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from insights_engine.errors import ValidationError, attr_of
from insights_engine.hogql.effort import QUOTED
from insights_engine.hogql.functions import FUNCTIONS, IN_STATEMENTS
from insights_engine.hogql.parse import Tree, count_tokens, nodes, parse, parse_named
from insights_engine.hogql.statements.lost import found_again
from insights_engine.hogql.statements.parse import MAX_TOKENS

# What is in the cell of `*`, in its order.
ALL_FIELDS = ("uuid", "event", "properties", "timestamp", "distinct_id", "elements_chain")
# Best first: the first that a person has is its name.
_NAMING = ("email", "name", "username")
_DIRECTION = re.compile(r"\s(?P<way>ASC|DESC)(?:\s+NULLS\s+(?P<nulls>FIRST|LAST))?\s*$", re.IGNORECASE)
_AGGREGATES = {name for name, one in (FUNCTIONS | IN_STATEMENTS).items() if one.is_aggregate}


def _event(*chain: str) -> Tree:
    """A field of the event, whatever is called so in the query."""
    return {"node": "Field", "chain": ["events", *chain]}


def _display_name() -> Tree:
    texts = ({"node": "Call", "name": "toString", "args": [_event("person", "properties", key)]} for key in _NAMING)
    empty = {"node": "Constant", "value": ""}
    named = [{"node": "Call", "name": "nullIf", "args": [text, empty]} for text in texts]
    return {"node": "Call", "name": "coalesce", "args": [*named, _event("distinct_id")]}


# Columns that are one cell of several values.
CELLS: dict[str, Tree] = {
    "*": {"node": "Tuple", "exprs": [_event(name) for name in ALL_FIELDS]},
    "person": {"node": "Tuple", "exprs": [{"node": "PersonNumber"}, _event("distinct_id")]},
    "person_display_name": {"node": "Tuple", "exprs": [_display_name(), _event("person_id"), _event("distinct_id")]},
}


@dataclass(frozen=True, slots=True)
class Columns:
    """`names` are what answers call them: the alias, or all of what was asked for. `cells`: which of CELLS each is."""

    names: tuple[str, ...]
    exprs: tuple[Tree, ...]
    cells: tuple[str | None, ...]
    texts: tuple[str, ...]


def columns_of(select: Sequence[str]) -> Columns:
    """Raises ValidationError with the place, `select[1]`."""
    _refuse_too_long(select, "select")
    names, exprs, cells, texts = [], [], [], []
    for index, text in enumerate(select):
        cell = text.split("--")[0].strip()
        is_cell = cell in CELLS
        tree = CELLS[cell] if is_cell else _column(text, f"select[{index}]")
        names.append(str(tree["alias"]) if tree["node"] == "Alias" else text)
        exprs.append(tree)
        cells.append(cell if is_cell else None)
        texts.append(cell if is_cell else without_comments(text))
    return Columns(tuple(names), tuple(exprs), tuple(cells), tuple(texts))


def _column(text: str, place: str) -> Tree:
    """One value: `events.*`, or a quoted star, would be several columns."""
    tree = parsed(text, place, is_named=True)
    if tree["node"] == "Field" and tree["chain"][-1] == "*":
        raise ValidationError(f"{place}: write * alone; it is one cell with the event", attr=attr_of(place))
    return tree


def tree_of(columns: Columns, where: Sequence[str], order_by: Sequence[str] | None, limit: int, offset: int) -> Tree:
    """With an aggregate, the columns that have none are grouped by; conditions on aggregates are of the groups."""
    _refuse_too_long([*where, *(order_by or ())], "where" if where else "orderBy")
    conditions = [parsed(text, f"where[{index}]") for index, text in enumerate(where)]
    aggregates = [has_aggregate(one) for one in columns.exprs]
    tree: Tree = {
        "node": "SelectQuery",
        "select": list(columns.exprs),
        "select_from": {"node": "JoinExpr", "table": {"node": "Field", "chain": ["events"]}},
        "limit": {"node": "Constant", "value": limit},
    }
    counted = {one["alias"] for one in columns.exprs if one["node"] == "Alias" and has_aggregate(one)}
    of_groups = [has_aggregate(one) or _names_any(one, counted) for one in conditions]
    for clause, wanted in (("where", False), ("having", True)):
        if held := [one for one, is_of_group in zip(conditions, of_groups, strict=True) if is_of_group is wanted]:
            tree[clause] = held[0] if len(held) == 1 else {"node": "And", "exprs": held}
    if offset:
        tree["offset"] = {"node": "Constant", "value": offset}
    is_grouped = any(aggregates) or "having" in tree
    if is_grouped and not all(aggregates):
        tree["group_by_mode"] = "all"
    ordered = [_ordered(text, f"orderBy[{i}]") for i, text in enumerate(order_by)] if order_by is not None else None
    if order := _default(columns, aggregates) if ordered is None else ordered:
        # Events of one moment are always in one order, so that pages have each of them once.
        tree["order_by"] = order if is_grouped else [*order, _way(_event("uuid"), "DESC")]
    return tree


def way_of_time(columns: Columns, where: Sequence[str], order_by: Sequence[str] | None) -> str | None:
    """ASC or DESC where it is whole events in the order of time, with no condition that only the statement has."""
    has_further = bool(where) or any(expr["node"] == "Alias" or has_aggregate(expr) for expr in columns.exprs)
    if has_further or "*" not in columns.cells:
        return None
    words = ["timestamp", "desc"] if order_by is None else ",".join(order_by).lower().split()
    return {"timestamp": "ASC", "timestamp asc": "ASC", "timestamp desc": "DESC"}.get(" ".join(words))


def _default(columns: Columns, aggregates: Sequence[bool]) -> list[Tree]:
    """The largest count first, or the latest event, or the columns' own order."""
    texts = [text.lower() for text in columns.texts]
    if "count()" in texts:
        return [_way(columns.exprs[texts.index("count()")], "DESC")]
    if any(aggregates):
        return [_way(columns.exprs[list(aggregates).index(True)], "DESC")]
    if "timestamp" in texts or "*" in columns.cells:
        return [_way(_event("timestamp"), "DESC")]
    plain = [expr for expr, cell in zip(columns.exprs, columns.cells, strict=True) if cell is None]
    return [_way(plain[0], "ASC") if plain else _way(_event("timestamp"), "DESC")]


def _way(expr: Tree, way: str) -> Tree:
    while expr["node"] == "Alias":
        expr = expr["expr"]
    return {"node": "OrderExpr", "expr": expr, "order": way}


def _ordered(text: str, place: str) -> Tree:
    text = _blanked(text)
    found = _DIRECTION.search(text)
    tree = _way(parsed(text[: found.start()] if found else text, place), found["way"].upper() if found else "ASC")
    return tree | ({"nulls": found["nulls"].upper()} if found and found["nulls"] else {})


def parsed(text: str, place: str, *, is_named: bool = False) -> Tree:
    """One expression, whose nodes say where they stand."""
    tree = parse_named(text, place) if is_named else parse(text, place)
    found_again(text, tree, place)
    for one in nodes(tree):
        if one.get("node") == "Placeholder":
            said = f"a placeholder is not allowed here (at character {one['start']['offset']})"
            raise ValidationError(f"{place}: {said}", attr=attr_of(place))
        if "node" in one:
            one["start"] = {**(one.get("start") or {}), "place": place}
    return tree


def has_aggregate(tree: Any) -> bool:
    """Whether it is one value of many events; what a SELECT or a window inside makes of its own is not looked at."""
    if isinstance(tree, list):
        return any(map(has_aggregate, tree))
    if not isinstance(tree, dict) or tree.get("node") in ("SelectQuery", "SelectSetQuery", "WindowFunction"):
        return False
    is_one = tree.get("node") == "Call" and str(tree.get("name")) in _AGGREGATES
    return is_one or any(map(has_aggregate, tree.values()))


def without_comments(text: str) -> str:
    """A comment names a column for people; in the middle of a statement it would hide what follows."""
    return _blanked(text).strip()


def _blanked(text: str) -> str:
    """Blanks for comments, so that places stay."""
    return QUOTED.sub(lambda found: " " * len(found[0]) if found[0].startswith(("--", "/*")) else found[0], text)


def _names_any(tree: Tree, names: set[str]) -> bool:
    return any(one.get("node") == "Field" and one["chain"][0] in names for one in nodes(tree))


def _refuse_too_long(texts: Sequence[str], place: str) -> None:
    if sum(map(count_tokens, texts)) > MAX_TOKENS:
        raise ValidationError(f"{place}: all expressions have more than {MAX_TOKENS} words and signs", attr=place)
