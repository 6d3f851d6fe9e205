"""Calls: whether the function is known and allowed in its place, what it is made into, and of which kind that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from insights_engine.hogql import checks, lists
from insights_engine.hogql.arguments import arguments_of, is_value
from insights_engine.hogql.comparisons import COMPARISONS, compare
from insights_engine.hogql.functions import (
    COUNTED,
    NEVER_NULL,
    PARAMETRIC,
    REFUSED,
    SEVERAL,
    WHOLE,
    Function,
    known_name,
)
from insights_engine.hogql.growth import measured
from insights_engine.hogql.kinds import WORDS, Mismatch, Typed, as_one_type, coerce, convert
from insights_engine.hogql.names import near
from insights_engine.hogql.walker import Walker
from insights_engine.sql import Sql, number

# Of these the number of a property is compared, where a number is wanted of them.
_ORDERED = frozenset({"min", "max", "minIf", "maxIf", "least", "greatest"})
_MOST_VALUES, _MOST_SHARES, _LONGEST_RANGE = 1_000, 20, 10_000


def call(walk: Walker, node: dict[str, Any]) -> Typed:
    """A call of a known function with arguments of the kinds that it takes."""
    if node["name"] == "_caseWithExpression":
        return walk.print(_cases(node))
    name, args = _filtered(node, walk.functions)
    function = walk.functions.get(name)
    if function is None:
        reason = f": {REFUSED[name]}" if name in REFUSED else near(name, walk.functions)
        raise walk.error(node, f"the function {name} is not known{reason}")
    if node.get("distinct"):
        if name not in ("count", "countIf"):
            raise walk.error(node, f"DISTINCT is for count alone, not {name}")
        function = walk.functions["uniqExact" if name == "count" else "uniqExactIf"]
    if node.get("is_window"):  # which may be of aggregates
        function = replace(function, is_aggregate=False)
    _check_call(walk, node, function, len(args))
    if function.is_aggregate:
        walk.inside_aggregate = True
    arguments = arguments_of(walk, function, args)
    if function.is_aggregate:
        walk.inside_aggregate = False
        walk.has_aggregate = True
    if said := checks.fault(function.name, [a.constant for a in arguments]):
        raise walk.error(node, said)
    size = measured(function, arguments)
    if isinstance(size, str):
        raise walk.error(node, size)
    called = _called(walk, node, function, arguments)
    kind, members, is_nullable = lists.given(function, arguments, called.kind, size[1])
    return replace(
        called,
        kind=kind,
        members=members or called.members,
        is_nullable=called.is_nullable if is_nullable is None else called.is_nullable or is_nullable,
        growth=size[0],
        order=size[1],
        is_whole=function.name in WHOLE,
    )


def _cases(node: dict[str, Any]) -> dict[str, Any]:
    """`CASE x WHEN 1 THEN a ELSE b END` as conditions."""
    subject, *rest = node["args"]
    branches = list(rest[:-1])
    for i in range(0, len(branches), 2):
        place = {key: branches[i][key] for key in ("start", "end") if key in branches[i]}
        branches[i] = {"node": "CompareOperation", "op": "==", "left": subject, "right": branches[i], **place}
    return {**node, "name": "multiIf", "args": [*branches, rest[-1]]}


def _filtered(node: dict[str, Any], known: Mapping[str, Function]) -> tuple[str, list[dict[str, Any]]]:
    """Name and arguments; `sum(x) FILTER (WHERE c)` is `sumIf(x, c)`, and `count(*)` counts events."""
    name, args, condition = known_name(node["name"], known), node["args"], node.get("filter_expr")
    if name == "count" and len(args) == 1 and args[0].get("chain") == ["*"]:
        args = []
    if condition is None:
        return name, args
    if name == "count" and args and not node.get("distinct"):
        present = {"node": "CompareOperation", "op": "!=", "left": args[0], "right": {"node": "Constant"}}
        return "countIf", [{"node": "And", "exprs": [condition, present]}]
    return f"{name}If", [*args, condition]


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
    if function.name == "multiIf" and count % 2 == 0:
        raise walk.error(node, "multiIf takes pairs of a condition and a value, and a last value")


def _called(walk: Walker, node: dict[str, Any], function: Function, arguments: list[Typed]) -> Typed:
    rule = function.target.removeprefix("@")
    if rule in COMPARISONS:
        return compare(rule, arguments[0], arguments[1], walk.scan)
    arguments = lists.prepare(function, arguments, walk.scan)
    if function.target in ("@sum", "@avg"):
        return lists.summed(function, arguments[0])
    if function.target == "@json":
        return lists.extracted(arguments)
    if function.target in ("@dateAdd", "@dateSub"):
        unit = arguments[0].sql.text.strip("'").title()
        moved = ("add" if function.target == "@dateAdd" else "subtract") + unit + "s"
        is_nullable = arguments[1].is_nullable or arguments[2].is_nullable
        return Typed(Sql(moved + "({d}, {n})", d=arguments[2].sql, n=arguments[1].sql), "d", is_nullable=is_nullable)
    if function.target == "@range":
        return _numbers(walk, node, arguments)
    if rule != function.target:
        return convert(arguments[0] if arguments else None, function.target, walk.scan, arguments[1:])
    if function.name == "toStartOfWeek" and len(arguments) == 1:
        monday = "1" if walk.scan.project.weeks_start_on_monday else "0"
        arguments = [*arguments, Typed(Sql(monday), "n", is_nullable=False)]
    if function.name == "array":
        arguments, held = lists.common(arguments, walk.scan)
    if function.gives in ("=", "=first") and not function.is_aggregate:
        arguments = _of_one_kind(walk, function, arguments)
    parameter = _parameter(walk, node, function)
    is_nullable = function.name not in NEVER_NULL and (
        function.gives not in ("n", "b", "d") or any(a.is_nullable for a in arguments) or function.is_aggregate
    )
    return Typed(
        _printed(function, parameter, arguments),
        _kind(function, arguments),
        arguments[0].constant if function.gives == "i" else None,
        is_nullable,
        members=(held,) if function.name == "array" else _members(function, arguments),
        number=_by_number(walk, function, parameter, arguments),
    )


def _numbers(walk: Walker, node: dict[str, Any], arguments: list[Typed]) -> Typed:
    """`range(5)`, `range(1, 5)`, `range(1, 9, 2)`: of constants, so that it is known how many there will be."""
    ends = [a.constant for a in arguments]
    if not all(isinstance(end, int) and not isinstance(end, bool) and abs(end) < 2**31 for end in ends):
        raise walk.error(node, "range takes constant whole numbers")
    if len(range(*ends) if 0 not in ends[2:] else ()) > _LONGEST_RANGE or 0 in ends[2:]:
        raise walk.error(node, f"range makes 1 to {_LONGEST_RANGE} numbers")
    inside = Sql.join(", ", (Sql(f"toInt64({end})") for end in ends))
    held = Typed(Sql(""), "n", is_nullable=False)
    return Typed(Sql("range({a})", a=inside), "a", is_nullable=False, members=(held,))


def _printed(function: Function, parameter: Sql, arguments: list[Typed]) -> Sql:
    inside = Sql.join(", ", (argument.sql for argument in arguments))
    return Sql(function.target + "{p}({a})", p=parameter, a=inside)


def _by_number(walk: Walker, function: Function, parameter: Sql, arguments: list[Typed]) -> Sql | None:
    """The largest of texts is not the largest number: where that is wanted, numbers are compared."""
    if function.name not in _ORDERED or _kind(function, arguments) != "p":
        return None
    as_numbers = [
        a if a.kind != "p" else Typed(a.number or number(a.sql), "n") if function.is_aggregate
        else coerce(a, "n", walk.scan)
        for a in arguments
    ]  # fmt: skip
    return _printed(function, parameter, as_numbers)


def _members(function: Function, arguments: list[Typed]) -> tuple[Typed, ...]:
    """Of the list or tuple that a function chooses; of those of several lists, nothing is known."""
    if function.gives not in ("=", "=first"):
        return ()
    chosen = [a for i, a in enumerate(arguments) if is_value(function, i, len(arguments)) and a.kind in ("a", "y")]
    return chosen[0].members if len(chosen) == 1 or (function.gives == "=first" and chosen) else ()


def _parameter(walk: Walker, node: dict[str, Any], function: Function) -> Sql:
    if function.name not in PARAMETRIC:
        return Sql("")
    given = [one.get("value") for one in node["params"]]
    plain = [one for one in given if isinstance(one, int | float) and not isinstance(one, bool)]
    if function.name in COUNTED:
        if len(given) != 1 or not plain or not isinstance(plain[0], int) or not 1 <= plain[0] <= _MOST_VALUES:
            raise walk.error(node, f"{function.name} takes a number from 1 to {_MOST_VALUES} as its parameter")
        return Sql(f"({plain[0]})")
    is_few = 1 <= len(given) <= (_MOST_SHARES if function.name in SEVERAL else 1)
    if not is_few or len(plain) < len(given) or not all(0 <= share <= 1 for share in plain):
        raise walk.error(node, f"{function.name} takes a share from 0 to 1 as its parameter")
    return Sql(f"({', '.join(repr(float(share)) for share in plain)})")


def _of_one_kind(walk: Walker, function: Function, arguments: list[Typed]) -> list[Typed]:
    """The values that a function chooses from: a property is what the others are; what is mixed otherwise is text."""
    chooses = [is_value(function, i, len(arguments)) for i in range(len(arguments))]
    kinds = {a.kind for a, chosen in zip(arguments, chooses, strict=True) if chosen} - {"null"}
    if kinds == {"n"}:
        return as_one_type(arguments, chooses)
    if kinds == {"p", "a"}:
        kind = "a"
    elif len(kinds) < 2 or "x" in kinds:
        return arguments
    elif kinds & {"a", "y", "i"}:
        first, second = (WORDS[kind] for kind in sorted(kinds)[:2])
        raise Mismatch(f"{function.name} chooses between values of one kind, not {first} and {second}")
    else:
        kind = next((kind for kind in ("n", "d", "b") if kinds == {kind, "p"}), "s")
    arguments = [coerce(a, kind, walk.scan) if chosen else a for a, chosen in zip(arguments, chooses, strict=True)]
    return as_one_type(arguments, chooses) if kind == "n" else arguments


def _kind(function: Function, arguments: list[Typed]) -> str:
    if function.gives == "=first":
        return arguments[0].kind
    if function.gives != "=":
        return function.gives
    chosen = [a for i, a in enumerate(arguments) if is_value(function, i, len(arguments))]
    kinds = {a.kind for a in chosen} - {"null"}
    if kinds <= {"p", "s"}:
        return "s" if "s" in kinds else "p"
    return kinds.pop() if len(kinds) == 1 else "x"
