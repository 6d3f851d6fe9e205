"""How long the parser may take for a text, told before it is asked.

What some brackets hold is read twice when it cannot be what was thought first, so brackets within brackets double the
time with each level; and the time of what is innermost grows with the square of its length. The parser cannot be
stopped, so texts that may take it longer than a second or two are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

TOKEN = re.compile(r"\w+|\S")
QUOTED = re.compile(r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.)*\"|`(?:[^`\\]|\\.)*`|--[^\n]*|/\*.*?\*/", re.DOTALL)
# What a bracket stands behind, or begins with, where it is read twice.
_BEFORE = frozenset({"CAST", "TRY_CAST", "INTERVAL", "COLUMNS", "REPLACE", "EXCLUDE", "FILTER"})
_BEFORE |= {"CASE", "WHEN", "THEN", "ELSE"}
_FIRST = frozenset({"SELECT", "WITH"})
_CLOSES = {"(": ")", "[": "]", "{": "}"}
# Of 2 to the number of such brackets around, times the square of the words and signs within.
MAX_EFFORT = 4_000_000
MAX_BRACKETS = 100


@dataclass
class _Open:
    sign: str
    at: int
    is_doubling: bool


def bare(text: str) -> str:
    """The text with blanks for what is quoted and for comments, so that places stay."""
    return QUOTED.sub(lambda found: " " * len(found[0]), text)


def is_too_much(text: str) -> str | None:
    """What is wrong with it, or None."""
    tokens = [found[0].upper() for found in TOKEN.finditer(QUOTED.sub(" x ", text))]
    called = _closed_and_called(tokens)
    around: list[_Open] = []
    doublings = deepest = 0
    worst = 0
    for at, token in enumerate(tokens):
        if token in _CLOSES:
            doubles = token == "(" and (at in called or _is_read_twice(tokens, at))  # noqa: S105
            doublings += doubles
            around.append(_Open(token, at, doubles))
            deepest = max(deepest, len(around))
        elif around and token == _CLOSES[around[-1].sign]:
            within = around.pop()
            worst = max(worst, 2**doublings * (at - within.at) ** 2)
            doublings -= within.is_doubling
    for within in reversed(around):
        worst = max(worst, 2**doublings * (len(tokens) - within.at) ** 2)
        doublings -= within.is_doubling
    if deepest > MAX_BRACKETS:
        return f"brackets are nested more than {MAX_BRACKETS} deep"
    return "brackets are nested too deep for how much they hold" if worst > MAX_EFFORT else None


def _is_read_twice(tokens: list[str], at: int) -> bool:
    before = tokens[at - 1] if at else ""
    after = at + 1
    while tokens[after : after + 1] == ["("]:
        after += 1
    return before in _BEFORE or before == ">" or bool(_FIRST.intersection(tokens[after : after + 1]))


def _closed_and_called(tokens: list[str]) -> set[int]:
    """Where the brackets open that are followed by another pair, as in `quantile(0.9)(x)`."""
    found, around = set[int](), list[int]()
    for at, token in enumerate(tokens):
        if token == "(":  # noqa: S105  # a bracket
            around.append(at)
        elif token == ")" and around:  # noqa: S105
            opened = around.pop()
            if tokens[at + 1 : at + 2] == ["("]:
                found.add(opened)
    return found
