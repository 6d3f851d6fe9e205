"""Calls: whether the function is known and allowed in its place, its arguments by kind, and its printed form."""

from __future__ import annotations

from typing import Any, Protocol

from insights_engine.errors import ValidationError, nearest
from insights_engine.hogql.functions import FUNCTIONS, PARAMETRIC, UNITS, Function
from insights_engine.hogql.kinds import Typed, coerce, convert
from insights_engine.scan import Scan
from insights_engine.sql import Sql


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
    name, args = node["name"], node["args"]
    function = FUNCTIONS.get(name)
    if function is None:
        raise walk.error(node, f"the function {name} is not known{nearest(name, FUNCTIONS)}")
    if node.get("distinct"):
        if name != "count":
            raise walk.error(node, f"DISTINCT is for count alone, not {name}")
        function = FUNCTIONS["uniqExact"]
    _check_call(walk, node, function, len(args))
    if function.is_aggregate:
        walk.inside_aggregate = True
    arguments = [_argument(walk, arg, function.kind_of(i), function) for i, arg in enumerate(args)]
    if function.is_aggregate:
        walk.inside_aggregate = False
        walk.has_aggregate = True
    return _called(walk, node, function, arguments)


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
    if kind == "c" and not (node.get("node") == "Constant" and isinstance(node.get("value"), str)):
        raise walk.error(node, f"{function.name} takes a constant text here")
    printed = walk.print(node)
    if (kind == "l") != (printed.kind == "l"):
        raise walk.error(node, f"{function.name} takes {'a function here' if kind == 'l' else 'no function here'}")
    return printed if kind in ("x", "l", "c") else coerce(printed, kind, walk.scan)


def _called(walk: Walker, node: dict[str, Any], function: Function, arguments: list[Typed]) -> Typed:
    if function.target.startswith("@"):
        return convert(arguments[0] if arguments else None, function.target, walk.scan, arguments[1:])
    if function.gives == "=" and not function.is_aggregate:
        arguments = _of_one_kind(walk, function, arguments)
    inside = Sql.join(", ", (argument.sql for argument in arguments))
    parameter = Sql("")
    if function.name in PARAMETRIC:
        share = node["params"][0].get("value") if len(node["params"]) == 1 else None
        if not isinstance(share, int | float) or isinstance(share, bool) or not 0 <= share <= 1:
            raise walk.error(node, f"{function.name} takes a share from 0 to 1 as its parameter")
        parameter = Sql(f"({float(share)!r})")
    sql = Sql(function.target + "{p}({a})", p=parameter, a=inside)
    return Typed(sql, _kind(function, arguments))


def _of_one_kind(walk: Walker, function: Function, arguments: list[Typed]) -> list[Typed]:
    """The values that a function chooses from: numbers and properties are numbers, else what is mixed is text."""
    chooses = [_is_value(function, i, len(arguments)) for i in range(len(arguments))]
    kinds = {a.kind for a, chosen in zip(arguments, chooses, strict=True) if chosen} - {"null"}
    if len(kinds) < 2 or "x" in kinds or "a" in kinds:
        return arguments
    kind = "n" if kinds == {"n", "p"} else "d" if kinds <= {"d", "p"} else "s"
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
