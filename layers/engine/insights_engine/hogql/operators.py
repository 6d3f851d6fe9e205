"""Operators: arithmetic, comparisons, membership of lists and cohorts, and ranges."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from insights_engine.errors import ValidationError
from insights_engine.hogql.checks import is_zero
from insights_engine.hogql.cohorts import in_cohort
from insights_engine.hogql.comparisons import COMPARISONS, compare, compared_as, truth
from insights_engine.hogql.kinds import Typed, coerce
from insights_engine.hogql.parse import COHORT_OPERATORS, cohort_of
from insights_engine.hogql.walker import Walker
from insights_engine.sql import Sql

_ARITHMETIC = {
    "+": "({a} + {b})",
    "-": "({a} - {b})",
    "*": "({a} * {b})",
    "/": "({a} / {b})",
    "%": "moduloOrZero({a}, {b})",
}
# What stands after IN alone, in parentheses, which the tree has not.
_ONE = frozenset({"Constant", "Call", "ArithmeticOperation", "TypeCast"})


def arithmetic(walk: Walker, node: dict[str, Any]) -> Typed:
    if node["op"] not in _ARITHMETIC:
        raise walk.error(node, f"the operator {node['op']} is not allowed")
    left, right = walk.print(node["left"]), walk.print(node["right"])
    if node["op"] == "%" and is_zero(right.constant):
        raise walk.error(node, "a division by zero")
    takes, gives = _sides(node["op"], left.kind, right.kind)
    left = walk.coerce(node["left"], left, takes[0])
    right = walk.coerce(node["right"], right, takes[1])
    is_nullable = left.is_nullable or right.is_nullable or node["op"] in "/%"
    if takes == ("d", "d"):  # between times to the microsecond ClickHouse has a decimal
        return Typed(Sql("toFloat64({a} - {b})", a=left.sql, b=right.sql), gives, is_nullable=is_nullable)
    return Typed(Sql(_ARITHMETIC[node["op"]], a=left.sql, b=right.sql), gives, is_nullable=is_nullable)


def _sides(op: str, left: str, right: str) -> tuple[tuple[str, str], str]:
    """The kinds that both sides are taken as, and the kind of what comes out."""
    if "i" in (left, right) and op in "+-":
        return (("i", "d"), "d") if left == "i" and op == "+" else (("d", "i"), "d")
    if op == "-" and {left, right} in ({"d"}, {"d", "p"}):
        return ("d", "d"), "n"
    if op in "+-" and left == "d":
        return ("d", "n"), "d"
    if op == "+" and right == "d":
        return ("n", "d"), "d"
    return ("n", "n"), "n"


def comparison(walk: Walker, node: dict[str, Any]) -> Typed:
    op, left = node["op"], walk.print(node["left"])
    if op in ("in", "not in"):
        return _in(walk, node, left, op)
    if op in COHORT_OPERATORS:
        return _in_cohort(walk, node, op)
    if op not in COMPARISONS:
        raise walk.error(node, f"the comparison {op} is not allowed")
    return compare(op, left, walk.print(node["right"]), walk.scan)


def _in(walk: Walker, node: dict[str, Any], left: Typed, op: str) -> Typed:
    members = node["right"]
    if members.get("node") in _ONE:
        members = {"node": "Tuple", "exprs": [members]}  # (5) is read as 5
    if members.get("node") not in ("Tuple", "Array"):
        raise walk.error(members, "IN takes a list in parentheses")
    printed = [walk.print(member) for member in members["exprs"]]
    if left.kind != "a" and any(member.kind == "a" for member in printed):
        raise walk.error(node["right"], "IN takes a list in parentheses")
    if left.kind == "p" and any(member.kind == "n" for member in printed):
        left = coerce(left, "n", walk.scan)
    if left.kind in ("n", "d", "s"):
        printed = [compared_as(member, left.kind, walk.scan) for member in printed]
    if left.kind == "b":
        printed = [truth(member, walk.scan) if member.kind in ("p", "s") else member for member in printed]
    if left.kind == "d":  # a date and a time are of types that IN does not mix
        left, *printed = (_moment(one, walk) for one in (left, *printed))
    listed = Sql.join(", ", (member.sql for member in printed)) if printed else Sql("NULL")
    return Typed(Sql("({x} " + op.upper() + " ({l}))", x=left.sql, l=listed), "b")


def _moment(typed: Typed, walk: Walker) -> Typed:
    zone = walk.scan.project.timezone
    return replace(typed, sql=Sql("toDateTime64({x}, 6, {zone:String})", x=typed.sql, zone=zone))


def _in_cohort(walk: Walker, node: dict[str, Any], op: str) -> Typed:
    person, wanted = node["left"], cohort_of(node)
    if person.get("chain", [])[-2:] not in (["person_id"], ["person", "id"], ["events", "person_id"]):
        raise walk.error(person, "only person_id is in a cohort")
    walk.print(person)
    if wanted is None:
        raise walk.error(node["right"], "IN COHORT takes the id of a cohort, or its name in quotes")
    try:
        inside = in_cohort(walk.scan, wanted)
    except ValidationError as error:
        raise walk.error(node["right"], error.detail) from None
    return Typed(Sql("(NOT {c})" if op == "not in cohort" else "{c}", c=inside), "b", is_nullable=False)


def between(walk: Walker, node: dict[str, Any]) -> Typed:
    x, low, high = walk.print(node["expr"]), walk.print(node["low"]), walk.print(node["high"])
    kind = next((t.kind for t in (low, high, x) if t.kind in ("n", "d")), "s")
    word = "NOT BETWEEN" if node.get("negated") else "BETWEEN"
    x, low, high = (compared_as(t, kind, walk.scan) for t in (x, low, high))
    return Typed(Sql("({x} " + word + " {l} AND {h})", x=x.sql, l=low.sql, h=high.sql), "b")
