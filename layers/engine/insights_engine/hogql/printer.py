"""The walk over an expression's tree that prints ClickHouse SQL. Pure.

Every printed piece carries its kind, so that a property, which is stored as text, becomes a number next to a number and
a date next to a date.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from insights_engine.errors import ValidationError, attr_of, nearest
from insights_engine.hogql.calls import call
from insights_engine.hogql.fields import field_value
from insights_engine.hogql.kinds import CASTS, Typed, coerce, convert
from insights_engine.scan import Scan
from insights_engine.sql import Sql

# The parser's time grows faster than the text: these keep one expression well under a second.
MAX_LENGTH, MAX_TOKENS, MAX_DEPTH = 5_000, 400, 60
_TOKEN = re.compile(r"\w+|\S")

_COMPARISONS = {"==": "=", "!=": "!=", "<": "<", ">": ">", "<=": "<=", ">=": ">="}
_PATTERNS = {"like": "LIKE", "ilike": "ILIKE", "not like": "NOT LIKE", "not ilike": "NOT ILIKE"}
_REGEXES = {
    "=~": "match({x}, {p})",
    "!~": "NOT match({x}, {p})",
    "=~*": "match({x}, concat('(?i)', {p}))",
    "!~*": "NOT match({x}, concat('(?i)', {p}))",
}
_ARITHMETIC = {"+": "{a} + {b}", "-": "{a} - {b}", "*": "{a} * {b}", "/": "{a} / {b}", "%": "{a} % {b}"}


def condition(scan: Scan, text: str, field: str) -> Sql:
    """A boolean expression over one event."""
    return coerce(Walk(scan, field).whole(_parse(text, field)), "b", scan).sql


def text_value(scan: Scan, text: str, field: str) -> Sql:
    """Any expression over one event, as Nullable text."""
    return Sql("CAST({x}, 'Nullable(String)')", x=coerce(Walk(scan, field).whole(_parse(text, field)), "s", scan).sql)


def aggregate(scan: Scan, text: str, field: str) -> Sql:
    """An expression over many events, as a number: every field stands inside an aggregate."""
    walk = Walk(scan, field, aggregates=True)
    tree = _parse(text, field)
    printed = walk.whole(tree)
    if not walk.has_aggregate:
        raise ValidationError(f"{field}: the expression needs an aggregate such as sum(…)", attr=attr_of(field))
    return coerce(printed, "n", scan).sql


def count_tokens(text: str) -> int:
    return sum(1 for _ in _TOKEN.finditer(text))


def _parse(text: str, field: str) -> dict[str, Any]:
    if len(text) > MAX_LENGTH or count_tokens(text) > MAX_TOKENS:
        raise ValidationError(
            f"{field}: the expression is longer than {MAX_LENGTH} characters or {MAX_TOKENS} words and signs",
            attr=attr_of(field),
        )
    from hogql_parser_rs import parse_expr_json

    try:
        tree = orjson.loads(parse_expr_json(text))
    except (ValueError, UnicodeError):
        raise ValidationError(f"{field}: the expression cannot be read", attr=attr_of(field)) from None
    if tree.get("error"):
        at = (tree.get("start") or {}).get("offset", 0)
        raise ValidationError(f"{field}: {tree.get('message')} (at character {at})", attr=attr_of(field))
    return tree  # type: ignore[no-any-return]


@dataclass
class Walk:
    scan: Scan
    field: str
    aggregates: bool = False
    has_aggregate: bool = False
    inside_aggregate: bool = False
    _depth: int = 0

    def __post_init__(self) -> None:
        self._lambdas: dict[str, str] = {}

    def error(self, node: dict[str, Any], message: str) -> ValidationError:
        at = (node.get("start") or {}).get("offset", 0)
        return ValidationError(f"{self.field}: {message} (at character {at})", attr=attr_of(self.field))

    def print(self, node: dict[str, Any]) -> Typed:
        rule = _RULES.get(node.get("node", ""))
        if rule is None:
            raise self.error(node, f"{_NAMES.get(node.get('node', ''), node.get('node'))} is not allowed here")
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self.error(node, f"the expression is nested more than {MAX_DEPTH} levels deep")
        printed = rule(self, node)
        self._depth -= 1
        return printed

    def whole(self, node: dict[str, Any]) -> Typed:
        """The expression itself, which is a value."""
        printed = self.print(node)
        if printed.kind in ("l", "i"):
            raise self.error(node, "the expression has no value of its own")
        return printed

    def as_(self, node: dict[str, Any], kind: str) -> Sql:
        return coerce(self.print(node), kind, self.scan).sql

    # One method a kind of node

    def constant(self, node: dict[str, Any]) -> Typed:
        value = node.get("value")
        if value is None:
            return Typed(Sql("NULL"), "null")
        if isinstance(value, bool):
            return Typed(Sql("true" if value else "false"), "b", constant=value)
        if isinstance(value, str):
            return Typed(Sql("{v:String}", v=value), "s", constant=value)
        if isinstance(value, int) and -(2**63) <= value < 2**63:
            return Typed(Sql("{v:Int64}", v=value), "n", constant=value)
        return Typed(Sql("{v:Float64}", v=float(value)), "n", constant=value)

    def field_(self, node: dict[str, Any]) -> Typed:
        chain = node["chain"]
        if len(chain) == 1 and chain[0] in self._lambdas:
            return Typed(Sql(self._lambdas[chain[0]]), "x")
        if self.aggregates and not self.inside_aggregate:
            raise self.error(node, f"{'.'.join(map(str, chain))} must stand inside an aggregate")
        found = field_value(self.scan, chain, self.field)
        if isinstance(found, str):
            raise self.error(node, found)
        return found

    def access(self, node: dict[str, Any]) -> Typed:
        array, key = node["array"], node["property"]
        if array.get("node") == "Field" and array["chain"][0] not in self._lambdas and key.get("node") == "Constant":
            return self.field_({**array, "chain": [*array["chain"], str(key.get("value"))]})
        return Typed(Sql("{a}[{i}]", a=self.as_(array, "a"), i=self.as_(key, "n")), "x")

    def tuple_access(self, node: dict[str, Any]) -> Typed:
        return Typed(
            Sql("tupleElement({t}, {i:UInt8})", t=self.print(node["tuple"]).sql, i=int(node["index"]) % 256), "x"
        )

    def arithmetic(self, node: dict[str, Any]) -> Typed:
        if node["op"] not in _ARITHMETIC:
            raise self.error(node, f"the operator {node['op']} is not allowed")
        left, right = self.print(node["left"]), self.print(node["right"])
        kind = "d" if "d" in (left.kind, right.kind) and "i" in (left.kind, right.kind) else "n"
        if kind == "n":
            keep = "d" if left.kind == right.kind == "d" else "n"
            left, right = coerce(left, keep, self.scan), coerce(right, keep, self.scan)
        return Typed(Sql("(" + _ARITHMETIC[node["op"]] + ")", a=left.sql, b=right.sql), kind)

    def compare(self, node: dict[str, Any]) -> Typed:
        op, left = node["op"], self.print(node["left"])
        if op in ("in", "not in"):
            return self._in(node, left, op)
        right = self.print(node["right"])
        if op in _PATTERNS:
            a, b = coerce(left, "s", self.scan), coerce(right, "s", self.scan)
            return Typed(Sql("({a} " + _PATTERNS[op] + " {b})", a=a.sql, b=b.sql), "b")
        if op in _REGEXES:
            x, p = coerce(left, "s", self.scan), coerce(right, "s", self.scan)
            return Typed(Sql("(" + _REGEXES[op] + ")", x=x.sql, p=p.sql), "b")
        if op not in _COMPARISONS:
            raise self.error(node, f"the comparison {op} is not allowed")
        if "null" in (left.kind, right.kind) and op in ("==", "!="):
            other = right if left.kind == "null" else left
            return Typed(Sql(("isNull" if op == "==" else "isNotNull") + "({x})", x=other.sql), "b")
        a, b = self._alike(left, right)
        if op == "!=" and "p" in (left.kind, right.kind):
            # A missing property differs from every value.
            return Typed(Sql("ifNull({a} != {b}, true)", a=a.sql, b=b.sql), "b")
        return Typed(Sql("({a} " + _COMPARISONS[op] + " {b})", a=a.sql, b=b.sql), "b")

    def _alike(self, left: Typed, right: Typed) -> tuple[Typed, Typed]:
        """Both sides of one kind: a property, or text, takes the kind of what it is compared with."""
        for one, other in ((left, right), (right, left)):
            if one.kind in ("n", "d") and other.kind in ("p", "s"):
                changed = coerce(other, one.kind, self.scan)
                return (left, changed) if other is right else (changed, right)
            if one.kind == "b" and isinstance(one.constant, bool) and other.kind == "p":
                text = Typed(Sql("{v:String}", v="true" if one.constant else "false"), "s")
                return (text, other) if one is left else (other, text)
        return left, right

    def _in(self, node: dict[str, Any], left: Typed, op: str) -> Typed:
        members = node["right"]
        if members.get("node") == "Constant":
            members = {"node": "Tuple", "exprs": [members]}  # (5) is read as 5
        if members.get("node") not in ("Tuple", "Array"):
            raise self.error(members, "IN takes a list in parentheses")
        printed = [self.print(member) for member in members["exprs"]]
        if left.kind == "p" and any(member.kind == "n" for member in printed):
            left = coerce(left, "n", self.scan)
        if left.kind in ("n", "d", "s"):
            printed = [coerce(member, left.kind, self.scan) for member in printed]
        listed = Sql.join(", ", (member.sql for member in printed)) if printed else Sql("NULL")
        return Typed(Sql("({x} " + op.upper() + " ({l}))", x=left.sql, l=listed), "b")

    def both(self, node: dict[str, Any]) -> Typed:
        joined = Sql.join(" AND ", (self.as_(member, "b") for member in node["exprs"]))
        return Typed(Sql("({c})", c=joined), "b")

    def either(self, node: dict[str, Any]) -> Typed:
        joined = Sql.join(" OR ", (self.as_(member, "b") for member in node["exprs"]))
        return Typed(Sql("({c})", c=joined), "b")

    def negated(self, node: dict[str, Any]) -> Typed:
        return Typed(Sql("(NOT {c})", c=self.as_(node["expr"], "b")), "b")

    def between(self, node: dict[str, Any]) -> Typed:
        x, low, high = self.print(node["expr"]), self.print(node["low"]), self.print(node["high"])
        kind = next((t.kind for t in (low, high, x) if t.kind in ("n", "d")), "s")
        word = "NOT BETWEEN" if node.get("negated") else "BETWEEN"
        x, low, high = (coerce(t, kind, self.scan) for t in (x, low, high))
        return Typed(Sql("({x} " + word + " {l} AND {h})", x=x.sql, l=low.sql, h=high.sql), "b")

    def listed(self, node: dict[str, Any]) -> Typed:
        members = Sql.join(", ", (self.print(member).sql for member in node["exprs"]))
        return Typed(Sql("[{m}]", m=members) if node["node"] == "Array" else Sql("tuple({m})", m=members), "a")

    def cast(self, node: dict[str, Any]) -> Typed:
        target = CASTS.get(str(node["type_name"]).lower())
        if target is None:
            raise self.error(node, f"the type {node['type_name']} is not known{nearest(node['type_name'], CASTS)}")
        return convert(self.print(node["expr"]), target, self.scan)

    def lambda_(self, node: dict[str, Any]) -> Typed:
        before = dict(self._lambdas)
        for name in node["args"]:
            self._lambdas[name] = f"x{len(self._lambdas)}"
        names = ", ".join(self._lambdas[name] for name in node["args"])
        body = self.print(node["expr"])
        self._lambdas = before
        return Typed(Sql("({n}) -> {b}", n=Sql(names), b=body.sql), "l")


_RULES: dict[str, Callable[[Walk, dict[str, Any]], Typed]] = {
    "Constant": Walk.constant,
    "Field": Walk.field_,
    "ArrayAccess": Walk.access,
    "TupleAccess": Walk.tuple_access,
    "ArithmeticOperation": Walk.arithmetic,
    "CompareOperation": Walk.compare,
    "And": Walk.both,
    "Or": Walk.either,
    "Not": Walk.negated,
    "BetweenExpr": Walk.between,
    "Array": Walk.listed,
    "Tuple": Walk.listed,
    "TypeCast": Walk.cast,
    "Lambda": Walk.lambda_,
    "Call": call,
}
# What is refused, in the words of who wrote it.
_NAMES = {
    "SelectQuery": "a SELECT",
    "SelectSetQuery": "a SELECT",
    "WindowFunction": "a window function",
    "Placeholder": "a placeholder",
    "Alias": "an alias",
    "HogQLXTag": "a tag",
}
