"""Arithmetic over series: `A / B * 100`. Parsed by Python's own grammar, walked by an allow-list.

Division by zero is 0, missing values are 0, nothing is rounded; `%` has the sign of its right side. Letters name series
by position, in either case.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from insights_engine.errors import ValidationError, attr_of

if TYPE_CHECKING:
    from insights_engine.trend.model import TrendQuery

_MAX_LENGTH, _MAX_NODES = 500, 200
# What Python reads in numbers and behind them: comments, 1_000, 0x10.
_NOT_ARITHMETIC = re.compile(r"[#_\\\n]|(?<![\w.])0[xXoObB]")
_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda a, b: a / b if b else 0.0,
    ast.Mod: lambda a, b: a % b if b else 0.0,
    ast.Pow: math.pow,
}
_UNARY: dict[type[ast.unaryop], Callable[[float], float]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}

Evaluate = Callable[[Sequence[float]], float]


def compile_formula(text: str, series_count: int, field: str = "formula") -> Evaluate:
    """A function of one value a series. Raises ValidationError for what is not arithmetic over those series."""
    if len(text) > _MAX_LENGTH:
        raise ValidationError(f"{field} is longer than {_MAX_LENGTH} characters", attr=attr_of(field))
    if found := _NOT_ARITHMETIC.search(text):
        raise ValidationError(f"{field}: {found[0]!r} has no place in a formula", attr=attr_of(field))
    try:
        tree = ast.parse(text.strip().upper(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise ValidationError(f"{field} {text[:100]!r} is not a formula", attr=attr_of(field)) from None
    if sum(1 for _ in ast.walk(tree)) > _MAX_NODES:
        raise ValidationError(f"{field} has more than {_MAX_NODES} parts", attr=attr_of(field))
    evaluate = _node(tree.body, series_count, field)

    def finite(values: Sequence[float]) -> float:
        try:
            value = evaluate(values)
        except (ArithmeticError, ValueError):  # too large, 0 ** -1, the root of a negative number
            return 0.0
        return value + 0.0 if math.isfinite(value) else 0.0  # -0.0 is 0

    return finite


def check_formulas(query: TrendQuery) -> None:
    """Raises ValidationError for one that is not arithmetic over the query's series."""
    for formula in query.formulas:
        compile_formula(formula.text, len(query.series), formula.field)


def _node(node: ast.expr, count: int, field: str) -> Evaluate:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            constant = _constant(number, field)
            return lambda _: constant
        case ast.Name(id=letter) if len(letter) == 1 and "A" <= letter <= "Z":
            return _letter(letter, count, field)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            function, one, two = _OPERATORS[type(op)], _node(left, count, field), _node(right, count, field)
            return lambda values: function(one(values), two(values))
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
            sign, inner = _UNARY[type(op)], _node(operand, count, field)
            return lambda values: sign(inner(values))
        case ast.Call():
            raise ValidationError(
                f"{field}: functions are not supported, only + - * / % ** and parentheses", attr=attr_of(field)
            )
        case _:
            found = ast.unparse(node)[:50]
            raise ValidationError(
                f"{field}: {found!r} is not a series letter, a number or arithmetic", attr=attr_of(field)
            )


def _constant(number: float, field: str) -> float:
    try:
        return float(number)
    except OverflowError:
        raise ValidationError(f"{field} has a number that is too large", attr=attr_of(field)) from None


def _letter(letter: str, count: int, field: str) -> Evaluate:
    index = ord(letter) - ord("A")
    if index >= count:
        letters = ", ".join(chr(ord("A") + i) for i in range(count))
        raise ValidationError(
            f"Formula references series {letter}, but only {count} series are defined ({letters})", attr=attr_of(field)
        )
    return lambda values: values[index]
