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
from insights_engine.hogql.kinds import CASTS, COMPARISONS, Typed, coerce, compare, convert
from insights_engine.scan import Scan
from insights_engine.sql import Sql

# The parser's time grows faster than the text: these keep one expression well under a second.
MAX_LENGTH, MAX_TOKENS, MAX_DEPTH = 5_000, 400, 60
# `CASE x WHEN …` prints x once a branch: this keeps what is nested from growing without end.
MAX_NODES = 2_000
_TOKEN = re.compile(r"\w+|\S")

_ARITHMETIC = {"+": "{a} + {b}", "-": "{a} - {b}", "*": "{a} * {b}", "/": "{a} / {b}", "%": "{a} % {b}"}


def condition(scan: Scan, text: str, field: str) -> Sql:
    """A boolean expression over one event."""
    return coerce(Walk(scan, field).whole(_parse(text, field)), "b", scan).sql


def text_value(scan: Scan, text: str, field: str) -> Sql:
    """Any expression over one event, as Nullable text; what was cut inside a character is mended."""
    value = coerce(Walk(scan, field).whole(_parse(text, field)), "s", scan)
    return Sql("toValidUTF8(CAST({x}, 'Nullable(String)'))", x=value.sql)


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
    _nodes: int = 0
    _variables: int = 0

    def __post_init__(self) -> None:
        self._lambdas: dict[str, str] = {}

    def error(self, node: dict[str, Any], message: str) -> ValidationError:
        at = (node.get("start") or {}).get("offset", 0)
        return ValidationError(f"{self.field}: {message} (at character {at})", attr=attr_of(self.field))

    def print(self, node: dict[str, Any]) -> Typed:
        kind = node.get("node", "")
        rule, known = _RULES.get(kind, (None, frozenset()))
        if rule is None:
            raise self.error(node, f"{_NAMES.get(kind, kind)} is not allowed here")
        if further := sorted(node.keys() - known - _ANYWHERE):
            raise self.error(node, f"{further[0]} is not allowed here")
        self._depth += 1
        self._nodes += 1
        if self._depth > MAX_DEPTH or self._nodes > MAX_NODES:
            raise self.error(node, f"the expression is nested more than {MAX_DEPTH} levels deep, or too large")
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
        if node.get("value_type") == "number":
            value = float(value)  # too large for JSON, or not finite
        if isinstance(value, bool):
            return Typed(Sql("true" if value else "false"), "b", value, is_nullable=False)
        if isinstance(value, str):
            return Typed(Sql("{v:String}", v=value), "s", value, is_nullable=False)
        if isinstance(value, int) and -(2**63) <= value < 2**63:
            return Typed(Sql("{v:Int64}", v=value), "n", value, is_nullable=False)
        return Typed(Sql("{v:Float64}", v=float(value)), "n", value, is_nullable=False)

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
        chain = self._chain(node)
        if chain is not None:
            return self.field_({**node, "chain": chain})
        array = coerce(self.print(node["array"]), "a", self.scan)
        return Typed(Sql("{a}[{i}]", a=array.sql, i=self.as_(node["property"], "n")), "x", growth=array.growth)

    def _chain(self, node: dict[str, Any]) -> list[str | int] | None:
        """`properties['a b'].c[1]` as the names and places that lead to it; None for what is no field."""
        if node.get("node") == "Field":
            return None if node["chain"][0] in self._lambdas else node["chain"]
        if node.get("node") != "ArrayAccess" or node["property"].get("node") != "Constant":
            return None
        before, last = self._chain(node["array"]), node["property"].get("value")
        is_place = isinstance(last, str | int) and not isinstance(last, bool)
        return [*before, last] if before is not None and is_place else None

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
        if op not in COMPARISONS:
            raise self.error(node, f"the comparison {op} is not allowed")
        return compare(op, left, self.print(node["right"]), self.scan)

    def distinct(self, node: dict[str, Any]) -> Typed:
        op = "==" if node.get("negated") else "!="
        return compare(op, self.print(node["left"]), self.print(node["right"]), self.scan)

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
        return self._joined(node, " AND ")

    def either(self, node: dict[str, Any]) -> Typed:
        return self._joined(node, " OR ")

    def _joined(self, node: dict[str, Any], word: str) -> Typed:
        members = [coerce(self.print(member), "b", self.scan) for member in node["exprs"]]
        joined = Sql.join(word, (member.sql for member in members))
        return Typed(Sql("({c})", c=joined), "b", is_nullable=any(member.is_nullable for member in members))

    def negated(self, node: dict[str, Any]) -> Typed:
        inner = coerce(self.print(node["expr"]), "b", self.scan)
        return Typed(Sql("(NOT {c})", c=inner.sql), "b", is_nullable=inner.is_nullable)

    def between(self, node: dict[str, Any]) -> Typed:
        x, low, high = self.print(node["expr"]), self.print(node["low"]), self.print(node["high"])
        kind = next((t.kind for t in (low, high, x) if t.kind in ("n", "d")), "s")
        word = "NOT BETWEEN" if node.get("negated") else "BETWEEN"
        x, low, high = (coerce(t, kind, self.scan) for t in (x, low, high))
        return Typed(Sql("({x} " + word + " {l} AND {h})", x=x.sql, l=low.sql, h=high.sql), "b")

    def listed(self, node: dict[str, Any]) -> Typed:
        printed = [self.print(member) for member in node["exprs"]]
        members = Sql.join(", ", (member.sql for member in printed))
        sql = Sql("[{m}]", m=members) if node["node"] == "Array" else Sql("tuple({m})", m=members)
        return Typed(sql, "a", growth=sum(member.growth for member in printed) or 1)

    def cast(self, node: dict[str, Any]) -> Typed:
        target = CASTS.get(str(node["type_name"]).lower())
        if target is None:
            raise self.error(node, f"the type {node['type_name']} is not known{nearest(node['type_name'], CASTS)}")
        return convert(self.print(node["expr"]), target, self.scan)

    def lambda_(self, node: dict[str, Any]) -> Typed:
        if len(set(node["args"])) < len(node["args"]):
            raise self.error(node, "the arguments of a function have names of their own")
        before, names = self._lambdas, dict[str, str]()
        for name in node["args"]:
            names[name] = f"x{self._variables}"
            self._variables += 1
        self._lambdas = before | names
        body = self.print(node["expr"])
        self._lambdas = before
        return Typed(Sql("({n}) -> {b}", n=Sql(", ".join(names.values())), b=body.sql), "l", growth=body.growth)


# What may stand in each node besides; a part that is not known would be lost without a word.
_ANYWHERE = frozenset({"node", "start", "end"})
_SIDES = ("left", "right", "op")
_RULES: dict[str, tuple[Callable[[Walk, dict[str, Any]], Typed], frozenset[str]]] = {
    kind: (rule, frozenset(parts))
    for kind, rule, parts in (
        ("Constant", Walk.constant, ("value", "value_type")),
        ("Field", Walk.field_, ("chain", "from_asterisk")),
        ("ArrayAccess", Walk.access, ("array", "property", "nullish")),
        ("TupleAccess", Walk.tuple_access, ("tuple", "index", "nullish")),
        ("ArithmeticOperation", Walk.arithmetic, _SIDES),
        ("CompareOperation", Walk.compare, (*_SIDES, "is_null_comparison_style")),
        ("IsDistinctFrom", Walk.distinct, ("left", "right", "negated")),
        ("And", Walk.both, ("exprs",)),
        ("Or", Walk.either, ("exprs",)),
        ("Not", Walk.negated, ("expr",)),
        ("BetweenExpr", Walk.between, ("expr", "low", "high", "negated")),
        ("Array", Walk.listed, ("exprs",)),
        ("Tuple", Walk.listed, ("exprs",)),
        ("TypeCast", Walk.cast, ("expr", "type_name")),
        ("TryCast", Walk.cast, ("expr", "type_name")),
        ("Lambda", Walk.lambda_, ("args", "expr")),
        ("Call", call, ("args", "name", "params", "distinct", "filter_expr")),
    )
}
# What is refused, in the words of who wrote it.
_NAMES = {
    "SelectQuery": "a SELECT",
    "SelectSetQuery": "a SELECT",
    "WindowFunction": "a window function",
    "Placeholder": "a placeholder",
    "Alias": "an alias",
    "HogQLXTag": "a tag",
    "Dict": "an object",
    "ColumnsExpr": "a list of columns",
    "ExprCall": "a call of what is no function",
    "SpreadExpr": "a list of columns",
}
