"""How long the values may become that a call makes: short expressions that would make gigabytes are refused."""

from __future__ import annotations

from collections.abc import Sequence

from insights_engine.hogql.functions import Function
from insights_engine.hogql.kinds import Typed

# How many times as long as what it is made from a value may become. Calls that lengthen texts and lists can be nested,
# and then a short expression would make gigabytes of one word.
MAX_GROWTH = 1_000
_REPLACES = {"replaceAll": 0, "replaceRegexpAll": 1}
_ENCODES = {"encodeURLComponent": 3, "base64Encode": 2, "toString": 2}
_COLLECTS = ("groupArray", "groupUniqArray")
_SMALL = ("n", "b", "d", "i")


def measured(function: Function, arguments: Sequence[Typed]) -> tuple[int, int] | str:
    """Growth and order of what the call makes, or what is wrong with it."""
    growth, order = _growth(function, arguments), _order(function, arguments)
    if order > 1 and function.target in _REPLACES:
        return f"{function.name} takes a constant text as its replacement: a long one at every place would make much"
    if order > 1:
        return f"{function.name} would make a value as long as two others multiplied"
    if growth > MAX_GROWTH:
        return f"{function.name} would make values more than {MAX_GROWTH} times as long as they are"
    return growth, order


def _growth(function: Function, arguments: Sequence[Typed]) -> int:
    """The parts of a text or list add up; a function over a list does so once a member."""
    if function.gives in _SMALL:
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


def _order(function: Function, arguments: Sequence[Typed]) -> int:
    """What a replacement, or a function over a list, takes from outside is made once a place, or once a member."""
    if function.gives in _SMALL:
        return 0
    if function.target in _REPLACES and len(arguments) == 3:
        return arguments[0].order + arguments[2].order
    body = next((a.order for a in arguments if a.kind == "l"), 0) if function.name == "arrayMap" else 0
    longest = max((a.order for a in arguments if a.kind != "l"), default=0)
    return max(1, longest) if function.name.startswith(_COLLECTS) else longest + body
