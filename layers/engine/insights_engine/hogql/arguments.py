"""The arguments of a call, each as what its function takes there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from insights_engine.errors import nearest
from insights_engine.hogql import lists
from insights_engine.hogql.functions import UNITS, Function
from insights_engine.hogql.kinds import WORDS, Typed
from insights_engine.hogql.walker import Walker
from insights_engine.sql import Sql, number

# More digits than a number has.
_MAX_DIGITS = 30
_SIZED = ("length", "empty", "notEmpty")


def arguments_of(walk: Walker, function: Function, args: list[dict[str, Any]]) -> list[Typed]:
    """In the order of the call; a function over lists is read after them, as it has to know what they hold."""
    kinds = [_kind_at(function, i, len(args)) for i in range(len(args))]
    has_lambda = "l" in kinds
    if has_lambda and args[0].get("node") != "Lambda":
        raise walk.error(args[0], f"{function.name} takes a function here, such as x -> x != ''")
    found = [_argument(walk, a, k, function) for a, k in zip(args[has_lambda:], kinds[has_lambda:], strict=True)]
    if not has_lambda:
        return found
    body = walk.lambda_over(args[0], [_held(one) for one in found])
    if function.name in lists.CHOOSES:
        body = _as_condition(walk, args[0], body)
    return [body, *found]


def _held(listed: Typed) -> Typed:
    return listed.members[0] if listed.members else Typed(Sql(""), "x", order=listed.order)


def _as_condition(walk: Walker, node: dict[str, Any], function: Typed) -> Typed:
    """What chooses members is true or false, never NULL."""
    body = walk.coerce(node["expr"], function.members[0], "b")
    chosen = Sql("ifNull({c}, false)", c=body.sql) if body.is_nullable else body.sql
    return replace(function, sql=Sql("{n} -> {c}", n=function.number, c=chosen))


def _argument(walk: Walker, node: dict[str, Any], kind: str, function: Function) -> Typed:
    constant = node.get("value") if node.get("node") == "Constant" else None
    match kind:
        case "u":
            if len(node.get("chain") or ()) == 1:  # dateAdd(day, 1, x)
                constant = node["chain"][0]
            unit = str(constant).lower().removesuffix("s")
            if constant is None or unit not in UNITS:
                raise walk.error(node, f"{function.name} takes a unit of time{nearest(unit, UNITS) or ', such as day'}")
            return Typed(Sql(f"'{unit}'"), "s")
        case "m":
            if not isinstance(constant, int) or not 0 <= constant <= 9:
                raise walk.error(node, f"{function.name} takes a mode of weeks, 0 to 9")
            return Typed(Sql(str(int(constant))), "n", is_nullable=False)
        case "c" if not isinstance(constant, str):
            raise walk.error(node, f"{function.name} takes a constant text here")
    printed = walk.print(node)
    if kind == "r":
        digits = printed.constant
        if not isinstance(digits, int) or isinstance(digits, bool) or abs(digits) > _MAX_DIGITS:
            raise walk.error(node, f"{function.name} takes a number of digits, from -{_MAX_DIGITS} to {_MAX_DIGITS}")
    if printed.kind == "l":
        raise walk.error(node, f"{function.name} takes no function here")
    if function.name in _SIZED and printed.kind not in ("p", "s", "a", "x", "null"):
        raise walk.error(node, f"{function.name} is of a text or a list, not of {WORDS[printed.kind]}")
    return printed if kind in ("x", "c", "r") else _as_kind(walk, node, printed, kind, function)


def _as_kind(walk: Walker, node: dict[str, Any], printed: Typed, kind: str, function: Function) -> Typed:
    if kind == "n" and printed.kind == "p" and function.is_aggregate:
        # As the maths of properties have it: one `inf` or `nan` would be the sum of everything.
        return Typed(number(printed.sql), "n")
    return walk.coerce(node, printed, kind)


def _kind_at(function: Function, index: int, count: int) -> str:
    """multiIf has a condition at every other place but the last."""
    if function.name == "multiIf" and not is_value(function, index, count):
        return "b"
    return function.kind_of(index)


def is_value(function: Function, index: int, count: int) -> bool:
    """Whether the argument is one that the function may answer with; multiIf has conditions between its values."""
    if function.name == "multiIf":
        return index % 2 == 1 or index == count - 1
    return function.kind_of(index) not in ("b", "k")
