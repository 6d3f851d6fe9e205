"""The walk over an expression's tree that prints ClickHouse SQL. Pure.

Every printed piece carries its kind, so that a property, which is stored as text, becomes a number next to a number and
a date next to a date.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from insights_engine.errors import ValidationError, attr_of
from insights_engine.hogql.calls import call
from insights_engine.hogql.checks import is_zero
from insights_engine.hogql.comparisons import compare
from insights_engine.hogql.fields import field_value
from insights_engine.hogql.functions import FUNCTIONS, Function
from insights_engine.hogql.kinds import CASTS, WORDS, Mismatch, Typed, coerce, convert
from insights_engine.hogql.lists import common, member_of
from insights_engine.hogql.names import near
from insights_engine.hogql.operators import arithmetic, between, comparison
from insights_engine.hogql.parse import parse
from insights_engine.hogql.places import start_of, wrong
from insights_engine.scan import Scan
from insights_engine.sql import Sql, Written

MAX_DEPTH = 60
# `CASE x WHEN …` prints x once a branch: this keeps what is nested from growing without end.
MAX_NODES = 2_000


def condition(scan: Scan, text: str, field: str) -> Sql:
    """A boolean expression over one event."""
    return _written(Walk(scan, field).whole(parse(text, field), "b").sql, field)


def text_value(scan: Scan, text: str, field: str) -> Sql:
    """Any expression over one event, as Nullable text; what was cut inside a character is mended."""
    value = Walk(scan, field).whole(parse(text, field), "s")
    return _written(Sql("toValidUTF8(CAST({x}, 'Nullable(String)'))", x=value.sql), field)


def aggregate(scan: Scan, text: str, field: str) -> Sql:
    """An expression over many events, as a finite number: every field stands inside an aggregate.

    As in a formula, n/0 is 0.
    """
    walk = Walk(scan, field, aggregates=True)
    value = walk.whole(parse(text, field), "n")
    if not walk.has_aggregate:
        raise ValidationError(f"{field}: the expression needs an aggregate such as sum(…)", attr=attr_of(field))
    return _written(Sql("ifNotFinite(toFloat64({x}), 0)", x=value.sql), field)


def _written(sql: Sql, field: str) -> Sql:
    return Sql.of((Written(field), *sql.parts))


@dataclass
class Walk:
    """`rules` says what may stand in an expression: node -> the function that prints it, and the parts it knows of."""

    rules: ClassVar[Mapping[str, tuple[Callable[[Any, dict[str, Any]], Typed], frozenset[str]]]]
    functions: ClassVar[Mapping[str, Function]] = FUNCTIONS

    scan: Scan
    field: str
    aggregates: bool = False
    has_aggregate: bool = False
    inside_aggregate: bool = False
    _depth: int = 0
    _nodes: int = 0
    _variables: int = 0

    def __post_init__(self) -> None:
        # The variables of the functions around, by the names that they were given.
        self._lambdas: dict[str, Typed] = {}

    def error(self, node: dict[str, Any], message: str) -> ValidationError:
        return wrong(self.field, message, start_of(node))

    def print(self, node: dict[str, Any]) -> Typed:
        kind = node.get("node", "")
        rule, known = self.rules.get(kind, (None, frozenset()))
        if rule is None:
            raise self.error(node, f"{_NAMES.get(kind, kind)} is not allowed here")
        if known is not ANY_PART and (further := sorted(node.keys() - known - _ANYWHERE)):
            raise self.error(node, f"{further[0]} is not allowed here")
        self._depth += 1
        self._nodes += 1
        if self._depth > MAX_DEPTH or self._nodes > MAX_NODES:
            raise self.error(node, f"the expression is nested more than {MAX_DEPTH} levels deep, or too large")
        try:
            printed = rule(self, node)
        except Mismatch as wrong:
            raise self.error(node, str(wrong)) from None
        self._depth -= 1
        return printed

    def whole(self, node: dict[str, Any], kind: str) -> Typed:
        """The expression itself, which is a value."""
        printed = self.print(node)
        if printed.kind in ("l", "i"):
            raise self.error(node, "the expression has no value of its own")
        return self.coerce(node, printed, kind)

    def coerce(self, node: dict[str, Any], typed: Typed, kind: str) -> Typed:
        try:
            return coerce(typed, kind, self.scan)
        except Mismatch as wrong:
            raise self.error(node, str(wrong)) from None

    def as_(self, node: dict[str, Any], kind: str) -> Typed:
        return self.coerce(node, self.print(node), kind)

    # One method a kind of node

    def constant(self, node: dict[str, Any]) -> Typed:
        value = node.get("value")
        if value is None:
            return Typed(Sql("NULL"), "null")
        if node.get("value_type") == "number":
            value = self._large(node, str(value))
        if isinstance(value, bool):
            return Typed(Sql("true" if value else "false"), "b", value, is_nullable=False)
        if isinstance(value, str):
            return Typed(Sql("{v:String}", v=value), "s", value, is_nullable=False)
        if isinstance(value, int) and -(2**63) <= value < 2**63:
            return Typed(Sql("{v:Int64}", v=value), "n", value, is_nullable=False, is_whole=True)
        return Typed(Sql("{v:Float64}", v=float(value)), "n", value, is_nullable=False)

    def _large(self, node: dict[str, Any], text: str) -> float:
        """A number that JSON does not have: too large, not finite, or not decimal."""
        try:
            return float(text)
        except ValueError:
            pass
        try:
            return float(int(text, 0))
        except (ValueError, OverflowError):
            raise self.error(node, f"{text[:30]} is no number that can be had") from None

    def field_(self, node: dict[str, Any]) -> Typed:
        chain = node["chain"]
        if len(chain) == 1 and chain[0] in self._lambdas:
            return self._lambdas[chain[0]]
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
        array, place = self.as_(node["array"], "a"), self.as_(node["property"], "k")
        if is_zero(place.constant):
            raise self.error(node["property"], "places in a list count from 1")
        held = member_of(array)
        return replace(held, sql=Sql("{a}[{i}]", a=array.sql, i=place.sql), growth=array.growth, order=array.order)

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
        whole, index = self.print(node["tuple"]), int(node["index"])
        if whole.kind not in ("y", "x"):
            raise self.error(node, f"only a tuple has a value number {index}, not {WORDS[whole.kind]}")
        if not 0 < index <= (len(whole.members) or 255):
            raise self.error(node, f"the tuple has no value number {index}, but 1 to {len(whole.members) or 255}")
        one = whole.members[index - 1] if whole.members else Typed(Sql(""), "x")
        sql = Sql("tupleElement({t}, {i:UInt8})", t=whole.sql, i=index)
        return replace(one, sql=sql, constant=None, number=None, growth=whole.growth, order=whole.order)

    def distinct(self, node: dict[str, Any]) -> Typed:
        op = "==" if node.get("negated") else "!="
        return compare(op, self.print(node["left"]), self.print(node["right"]), self.scan)

    def both(self, node: dict[str, Any]) -> Typed:
        return self._joined(node, " AND ")

    def either(self, node: dict[str, Any]) -> Typed:
        return self._joined(node, " OR ")

    def _joined(self, node: dict[str, Any], word: str) -> Typed:
        members = [self.as_(member, "b") for member in node["exprs"]]
        joined = Sql.join(word, (member.sql for member in members))
        return Typed(Sql("({c})", c=joined), "b", is_nullable=any(member.is_nullable for member in members))

    def negated(self, node: dict[str, Any]) -> Typed:
        inner = self.as_(node["expr"], "b")
        return Typed(Sql("(NOT {c})", c=inner.sql), "b", is_nullable=inner.is_nullable)

    def listed(self, node: dict[str, Any]) -> Typed:
        printed = [self.print(member) for member in node["exprs"]]
        held = tuple(printed)
        if node["node"] == "Array":
            printed, one = common(printed, self.scan)
            held = (one,)
        members = Sql.join(", ", (member.sql for member in printed))
        growth, order = sum(m.growth for m in printed) or 1, max((m.order for m in printed), default=0)
        kind, template = ("a", "[{m}]") if node["node"] == "Array" else ("y", "tuple({m})")
        return Typed(Sql(template, m=members), kind, None, False, growth, order, held)

    def cast(self, node: dict[str, Any]) -> Typed:
        target = CASTS.get(str(node["type_name"]).lower())
        if target is None:
            raise self.error(node, f"the type {node['type_name']} is not known{near(node['type_name'], CASTS)}")
        return convert(self.print(node["expr"]), target, self.scan)

    def lambda_(self, node: dict[str, Any]) -> Typed:
        """One that stands where none is taken; those that are taken are read by `lambda_over`."""
        return self.lambda_over(node, [])

    def lambda_over(self, node: dict[str, Any], members: list[Typed]) -> Typed:
        """A function of a list's member, or of several lists'; `members` of the answer is what it gives.

        Within, its own variables are of order 0, as together they are as long as the list; for a function inside it
        they are as long as any value.
        """
        names = node["args"]
        if len(set(names)) < len(names):
            raise self.error(node, "the arguments of a function have names of their own")
        if len(members) == 1 and members[0].kind == "y" and len(names) == len(members[0].members):
            members = list(members[0].members)
        if members and len(names) != len(members):
            raise self.error(node, f"a function of {len(names)} values goes over as many lists, not {len(members)}")
        before, own = self._lambdas, dict[str, Typed]()
        for name, member in zip(names, members or [Typed(Sql(""), "x")] * len(names), strict=True):
            kind = "x" if member.kind == "none" else member.kind
            own[name] = replace(member, sql=Sql(f"x{self._variables}"), kind=kind, constant=None, order=0, growth=1)
            self._variables += 1
        self._lambdas = {n: replace(v, order=int(v.kind not in "ndb")) for n, v in before.items()} | own
        body = self.print(node["expr"])
        self._lambdas = before
        if body.kind == "l":
            raise self.error(node["expr"], "a function gives a value, not a function")
        taken = Sql("({n})", n=Sql.join(", ", (one.sql for one in own.values())))
        made = Sql("{n} -> {b}", n=taken, b=body.sql)
        return Typed(made, "l", None, False, body.growth, body.order, (body,), number=taken)


# Of nodes whose parts are looked at elsewhere.
ANY_PART = frozenset({"*"})
# What may stand in each node besides; a part that is not known would be lost without a word.
_ANYWHERE = frozenset({"node", "start", "end"})
_SIDES = ("left", "right", "op")
Walk.rules = {
    kind: (rule, frozenset(parts))
    for kind, rule, parts in (
        ("Constant", Walk.constant, ("value", "value_type")),
        ("Field", Walk.field_, ("chain", "from_asterisk")),
        ("ArrayAccess", Walk.access, ("array", "property", "nullish")),
        ("TupleAccess", Walk.tuple_access, ("tuple", "index", "nullish")),
        ("ArithmeticOperation", arithmetic, _SIDES),
        ("CompareOperation", comparison, (*_SIDES, "is_null_comparison_style")),
        ("IsDistinctFrom", Walk.distinct, ("left", "right", "negated")),
        ("And", Walk.both, ("exprs",)),
        ("Or", Walk.either, ("exprs",)),
        ("Not", Walk.negated, ("expr",)),
        ("BetweenExpr", between, ("expr", "low", "high", "negated")),
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
    "Alias": "an alias inside an expression",
    "HogQLXTag": "a tag",
    "Dict": "an object",
    "ColumnsExpr": "a list of columns",
    "ExprCall": "a call of what is no function",
    "SpreadExpr": "a list of columns",
}
