"""Calls: whether the function is known and allowed in its place, its arguments by kind, and its printed form."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any, Protocol
from zoneinfo import available_timezones

from insights_engine.errors import ValidationError, nearest
from insights_engine.hogql.functions import FUNCTIONS, NEVER_NULL, PARAMETRIC, UNITS, Function
from insights_engine.hogql.kinds import COMPARISONS, Typed, coerce, compare, convert
from insights_engine.scan import Scan
from insights_engine.sql import Sql

# How many times as long as what it is made from a value may become. Calls that lengthen texts and lists can be nested,
# and then a short expression would make gigabytes of one word.
MAX_GROWTH = 1_000_000
_REPLACES = {"replaceAll": 0, "replaceRegexpAll": 1}
_ENCODES = {"encodeURLComponent": 3, "base64Encode": 2}


class Walker(Protocol):
    """The walk that a call is met on: `aggregates` says whether they are allowed, the rest where it stands."""

    scan: Scan
    aggregates: bool
    has_aggregate: bool
    inside_aggregate: bool

    def print(self, node: dict[str, Any]) -> Typed: ...

    def error(self, node: dict[str, Any], message: str) -> ValidationError: ...


def call(walk: Walker, node: dict[str, Any]) -> Typed:
    """A call of a known function with arguments of the kinds that it takes."""
    if node["name"] == "_caseWithExpression":
        return walk.print(_cases(node))
    name, args = _filtered(node)
    function = FUNCTIONS.get(name)
    if function is None:
        raise walk.error(node, f"the function {name} is not known{nearest(name, FUNCTIONS)}")
    if node.get("distinct"):
        if name not in ("count", "countIf"):
            raise walk.error(node, f"DISTINCT is for count alone, not {name}")
        function = FUNCTIONS["uniqExact" if name == "count" else "uniqExactIf"]
    _check_call(walk, node, function, len(args))
    if function.is_aggregate:
        walk.inside_aggregate = True
    kinds = [_kind_at(function, i, len(args)) for i in range(len(args))]
    arguments = [_argument(walk, arg, kind, function) for arg, kind in zip(args, kinds, strict=True)]
    if function.is_aggregate:
        walk.inside_aggregate = False
        walk.has_aggregate = True
    growth = _growth(function, arguments)
    if growth > MAX_GROWTH:
        raise walk.error(node, f"{function.name} would make values more than {MAX_GROWTH} times as long as they are")
    return replace(_called(walk, node, function, arguments), growth=growth)


def _cases(node: dict[str, Any]) -> dict[str, Any]:
    """`CASE x WHEN 1 THEN a ELSE b END` as conditions."""
    subject, *rest = node["args"]
    branches = list(rest[:-1])
    for i in range(0, len(branches), 2):
        place = {key: branches[i][key] for key in ("start", "end") if key in branches[i]}
        branches[i] = {"node": "CompareOperation", "op": "==", "left": subject, "right": branches[i], **place}
    return {**node, "name": "multiIf", "args": [*branches, rest[-1]]}


def _filtered(node: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """Name and arguments; `sum(x) FILTER (WHERE c)` is `sumIf(x, c)`, and `count(*)` counts events."""
    name, args, condition = node["name"], node["args"], node.get("filter_expr")
    if name == "count" and len(args) == 1 and args[0].get("chain") == ["*"]:
        args = []
    if condition is None:
        return name, args
    if name == "count" and args and not node.get("distinct"):
        present = {"node": "CompareOperation", "op": "!=", "left": args[0], "right": {"node": "Constant"}}
        return "countIf", [{"node": "And", "exprs": [condition, present]}]
    return f"{name}If", [*args, condition]


def _growth(function: Function, arguments: list[Typed]) -> int:
    """The parts of a text or list add up; a function over a list does so once a member."""
    if function.gives in ("n", "b", "d", "i"):
        return 1
    body = next((a.growth for a in arguments if a.kind == "l"), 1)
    whole = body * max(1, sum(a.growth for a in arguments if a.kind != "l"))
    if function.target in _REPLACES and len(arguments) == 3:
        sought, put = arguments[1].constant, arguments[2]
        length = len(put.constant) if isinstance(put.constant, str) else put.growth
        shortest = len(sought) if isinstance(sought, str) and function.target == "replaceAll" else 1
        return arguments[0].growth * max(1, -(-length // max(1, shortest)) + _REPLACES[function.target])
    if function.target == "arrayStringConcat" and len(arguments) > 1:
        return whole * (1 + len(str(arguments[1].constant)))
    return whole * _ENCODES.get(function.target, 1)


def _check_call(walk: Walker, node: dict[str, Any], function: Function, count: int) -> None:
    if function.is_aggregate and (not walk.aggregates or walk.inside_aggregate):
        where = "inside another aggregate" if walk.inside_aggregate else "here"
        raise walk.error(node, f"the aggregate {function.name} is not allowed {where}")
    if bool(node.get("params")) != (function.name in PARAMETRIC):
        raise walk.error(node, f"{function.name} takes {'a' if function.name in PARAMETRIC else 'no'} parameter")
    most = function.most
    if count < function.least or (most is not None and count > most):
        wanted = f"{function.least}" if most == function.least else f"{function.least} to {most or 'many'}"
        raise walk.error(node, f"{function.name} takes {wanted} arguments, not {count}")


def _argument(walk: Walker, node: dict[str, Any], kind: str, function: Function) -> Typed:
    if kind == "u":
        unit = str(node.get("value")).lower().removesuffix("s") if node.get("node") == "Constant" else None
        if unit not in UNITS:
            raise walk.error(node, f"{function.name} takes a unit of time{nearest(unit, UNITS) or ', such as day'}")
        return Typed(Sql(f"'{unit}'"), "s")
    if kind == "m":
        mode = node.get("value") if node.get("node") == "Constant" else None
        if not isinstance(mode, int) or not 0 <= mode <= 9:
            raise walk.error(node, f"{function.name} takes a mode of weeks, 0 to 9")
        return Typed(Sql(str(int(mode))), "n", is_nullable=False)
    if kind == "c" and not (node.get("node") == "Constant" and isinstance(node.get("value"), str)):
        raise walk.error(node, f"{function.name} takes a constant text here")
    printed = walk.print(node)
    if (kind == "l") != (printed.kind == "l"):
        raise walk.error(node, f"{function.name} takes {'a function here' if kind == 'l' else 'no function here'}")
    return printed if kind in ("x", "l", "c") else coerce(printed, kind, walk.scan)


def _called(walk: Walker, node: dict[str, Any], function: Function, arguments: list[Typed]) -> Typed:
    rule = function.target.removeprefix("@")
    if rule in COMPARISONS:
        return compare(rule, arguments[0], arguments[1], walk.scan)
    if rule != function.target:
        _check_zone(walk, node, arguments[1:])
        return convert(arguments[0] if arguments else None, function.target, walk.scan, arguments[1:])
    if function.name == "toTimeZone":
        _check_zone(walk, node, arguments[1:])
    if function.gives in ("=", "=first") and not function.is_aggregate:
        arguments = _of_one_kind(walk, function, arguments)
    inside = Sql.join(", ", (argument.sql for argument in arguments))
    sql = Sql(function.target + "{p}({a})", p=_parameter(walk, node, function), a=inside)
    is_nullable = function.name not in NEVER_NULL and (
        function.gives not in ("n", "b", "d") or any(a.is_nullable for a in arguments) or function.is_aggregate
    )
    return Typed(sql, _kind(function, arguments), is_nullable=is_nullable)


def _parameter(walk: Walker, node: dict[str, Any], function: Function) -> Sql:
    if function.name not in PARAMETRIC:
        return Sql("")
    share = node["params"][0].get("value") if len(node["params"]) == 1 else None
    if not isinstance(share, int | float) or isinstance(share, bool) or not 0 <= share <= 1:
        raise walk.error(node, f"{function.name} takes a share from 0 to 1 as its parameter")
    return Sql(f"({float(share)!r})")


def _check_zone(walk: Walker, node: dict[str, Any], further: list[Typed]) -> None:
    for argument in further:
        if isinstance(argument.constant, str) and argument.constant not in zones():
            raise walk.error(node, f'the time zone "{argument.constant[:50]}" is not known')


@cache
def zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _kind_at(function: Function, index: int, count: int) -> str:
    """multiIf has a condition at every other place but the last."""
    if function.name == "multiIf" and not _is_value(function, index, count):
        return "b"
    return function.kind_of(index)


def _of_one_kind(walk: Walker, function: Function, arguments: list[Typed]) -> list[Typed]:
    """The values that a function chooses from: a property is what the others are; what is mixed otherwise is text."""
    chooses = [_is_value(function, i, len(arguments)) for i in range(len(arguments))]
    kinds = {a.kind for a, chosen in zip(arguments, chooses, strict=True) if chosen} - {"null"}
    if len(kinds) < 2 or "x" in kinds or "a" in kinds:
        return arguments
    kind = next((kind for kind in ("n", "d", "b") if kinds == {kind, "p"}), "s")
    return [coerce(a, kind, walk.scan) if chosen else a for a, chosen in zip(arguments, chooses, strict=True)]


def _kind(function: Function, arguments: list[Typed]) -> str:
    if function.gives == "=first":
        return arguments[0].kind
    if function.gives != "=":
        return function.gives
    chosen = [a for i, a in enumerate(arguments) if _is_value(function, i, len(arguments))]
    kinds = {a.kind for a in chosen} - {"null"}
    if kinds <= {"p", "s"}:
        return "s" if "s" in kinds else "p"
    return kinds.pop() if len(kinds) == 1 else "x"


def _is_value(function: Function, index: int, count: int) -> bool:
    """Whether the argument is one that the function may answer with; multiIf has conditions between its values."""
    if function.name == "multiIf":
        return index % 2 == 1 or index == count - 1
    return function.kind_of(index) != "b"
