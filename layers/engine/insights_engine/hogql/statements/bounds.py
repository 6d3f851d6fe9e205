"""Which days a SELECT can need of its events, from the conditions of WHERE on `timestamp`.

Events are stored by day, and a condition on the time itself leaves nothing out that is stored. So what must hold of
the time (`timestamp >= x`, also of its day, hour, week …) is said of the day once more. The days are those of the zone
that they were stored in, hence the room.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from insights_engine.errors import ValidationError
from insights_engine.hogql.kinds import Typed
from insights_engine.hogql.statements.scope import Scope
from insights_engine.hogql.statements.sources import View
from insights_engine.sql import Sql

Node = dict[str, Any]
_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "=="}
_NAMES = {"less": "<", "greater": ">", "lessOrEquals": "<=", "greaterOrEquals": ">=", "equals": "=="}
# What is never after the time that it is made of, so that a lower bound of it is one of the time.
_BEGINS = frozenset({"toDate", "toStartOfDay", "toStartOfHour", "toStartOfMinute", "toStartOfWeek", "toMonday"})
_BEGINS |= {"toStartOfMonth", "toStartOfQuarter", "toStartOfYear", "dateTrunc", "date_trunc", "toStartOfInterval"}
# Of these an upper bound is one of the time too, but for a day.
_DAYS = frozenset({"toDate", "toStartOfDay", "toStartOfHour", "toStartOfMinute"})
# Whose time is their second argument.
_SECOND = frozenset({"dateTrunc", "date_trunc"})
# What ClickHouse's Date can hold, the room around included: a day before its first would be the last.
_FIRST, _LAST = "1970-01-08 00:00:00", "2149-01-01 00:00:00"
_ROOM = 2


def add(scope: Scope, where: Node, printed: Callable[[Node], Typed]) -> None:
    """The conditions on days, with their sources. `printed` prints a constant as a date, or raises."""
    for node in _all_hold(where):
        for op, subject, value in _bounds(node):
            for side in ("<", ">"):
                source = _events(scope, subject, side) if op[0] == side or op == "==" else None
                if source is None or not _is_constant(value):
                    continue
                try:
                    source.where.append(_of_day(side, printed(value).sql))
                except ValidationError:  # which is said when the condition itself is printed
                    continue


def _of_day(side: str, at: Sql) -> Sql:
    clamped = Sql(
        "toDate(least(greatest(toDateTime64({at}, 6, 'UTC'), toDateTime64('" + _FIRST + "', 6, 'UTC')), "
        "toDateTime64('" + _LAST + "', 6, 'UTC')))",
        at=at,
    )
    shift = f" - {_ROOM}" if side == ">" else f" + {_ROOM}"
    return Sql("day " + side + "= {at}" + shift, at=clamped)


def _all_hold(node: Node) -> Iterator[Node]:
    members = node["exprs"] if node.get("node") == "And" else node["args"] if node.get("name") == "and" else None
    if members is None:
        yield node
        return
    for member in members:
        yield from _all_hold(member)


def _bounds(node: Node) -> Iterator[tuple[str, Node, Node]]:
    """(operator, time, bound) of a comparison, either way round."""
    kind = node.get("node")
    if kind == "BetweenExpr" and not node.get("negated"):
        yield ">=", node["expr"], node["low"]
        yield "<=", node["expr"], node["high"]
        return
    sides = [node["left"], node["right"]] if kind == "CompareOperation" else node.get("args") or []
    op = node.get("op") if kind == "CompareOperation" else _NAMES.get(str(node.get("name")))
    if op in _TURNED and len(sides) == 2:
        yield op, sides[0], sides[1]
        yield _TURNED[op], sides[1], sides[0]


def _events(scope: Scope, subject: Node, side: str) -> View | None:
    """The source whose rows cannot count where the bound does not hold."""
    known = _DAYS if side == "<" else _BEGINS
    while subject.get("node") == "Call" and subject.get("args") and subject["name"] in known:
        subject = subject["args"][1 if str(subject["name"]) in _SECOND and len(subject["args"]) > 1 else 0]
    chain = subject.get("chain") if subject.get("node") == "Field" else None
    if not chain or chain[-1] != "timestamp" or (len(chain) == 1 and "timestamp" in scope.aliases):
        return None
    found = scope.found(chain, subject)
    source = found[0] if found is not None else None
    is_events = isinstance(source, View) and source.table == "events" and not source.is_optional
    return source if is_events and isinstance(source, View) else None


def _is_constant(node: Any) -> bool:
    """Without fields, placeholders and sub-selects, so that it is the same for every row."""
    if isinstance(node, list):
        return all(map(_is_constant, node))
    if not isinstance(node, dict):
        return True
    if node.get("node") in ("Field", "SelectQuery", "SelectSetQuery", "Placeholder", "WindowFunction"):
        return False
    return all(map(_is_constant, node.values()))
