"""Regular expressions that are stored now and run by ClickHouse later: what RE2 would refuse is refused at once.

Python has no RE2, so an expression is read piece by piece. A piece that RE2 does not know is an error by its name; one
that RE2 knows and Python does not is replaced by something alike, and Python then judges the structure of the whole.
"""

from __future__ import annotations

import re
import warnings

from insights_engine.errors import ValidationError

# RE2's limit for one repetition.
_MAX_REPEAT = 1000
_PIECE = re.compile(
    r"""
      (?P<quoted>\\Q(?P<verbatim>.*?)(?:\\E|\Z))
    | \\(?P<octal>0[0-7]{0,2}|[1-7][0-7]{1,2})
    | \\x(?P<braces>\{)?(?P<hex>(?(braces)[0-9a-fA-F]{1,6}|[0-9a-fA-F]{2}))(?(braces)\})
    | (?P<property>\\[pP](?:\{\^?\w+\}|[A-Z]))
    | (?P<escape>\\.)
    | (?P<flags>\(\?(?:[imsU]+(?:-[imsU]+)?|-[imsU]+)[:)])
    | (?P<group>\((?:\?(?:P?<(?![=!])|:|(?P<unknown>P[=>]|<[=!]|.)))?)
    | (?P<repeat>[*+?]|\{(?P<least>\d+)(?:,(?P<most>\d*))?\})(?P<after>[+]?)
    | (?P<set>\[\^?\]?)
    """,
    re.VERBOSE | re.DOTALL,
)
_NAMED_SET = re.compile(r"\[:\^?\w+:\]")
_UNKNOWN_GROUPS = {
    "=": "look-ahead",
    "!": "look-ahead",
    "<=": "look-behind",
    "<!": "look-behind",
    "P=": "a backreference",
    ">": "an atomic group",
    "(": "a conditional group",
    "#": "a comment",
}
_ESCAPES = frozenset("AbBCdDsSwWzaftnrv")
_SET_ESCAPES = frozenset("dDsSwWaftnrv")
_ALIKE = {"z": r"\Z", "C": "."}


class _Refused(ValueError):
    pass


def check_re2(pattern: str, attr: str) -> int:
    """How many groups it has. Raises ValidationError, which names `attr`, for what ClickHouse would not run."""
    try:
        alike = _as_python(pattern)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of sets as in `[[:alpha:]]`, which mean something in RE2
            return re.compile(alike).groups
    except (_Refused, re.error, OverflowError, RecursionError) as error:
        raise ValidationError(f"Not a regular expression of RE2: {error}.", attr=attr) from error


def _as_python(pattern: str) -> str:
    built: list[str] = []
    at = 0
    in_set = False
    while at < len(pattern):
        if in_set and (named := _NAMED_SET.match(pattern, at)):
            built.append(r"\w")
            at = named.end()
            continue
        piece = _PIECE.match(pattern, at)
        if piece is None or (in_set and pattern[at] != "\\"):
            in_set = in_set and pattern[at] != "]"
            built.append(pattern[at])
            at += 1
            continue
        in_set = in_set or piece["set"] is not None
        built.append(_alike(piece, in_set))
        at = piece.end()
    return "".join(built)


def _alike(piece: re.Match[str], in_set: bool) -> str:
    text = piece[0]
    if piece["quoted"] is not None:
        return re.escape(piece["verbatim"])
    if number := piece["octal"] or piece["hex"]:
        return rf"\U{int(number, 8 if piece['octal'] else 16):08x}"
    if piece["property"] is not None:
        return r"\w"
    if piece["escape"] is not None:
        return _escape(text, in_set)
    if piece["flags"] is not None:
        return "(?:" if text.endswith(":") else "(?:)"
    if piece["unknown"] is not None:
        raise _Refused(f"{text} is {_UNKNOWN_GROUPS.get(piece['unknown'], 'a group')}, which RE2 does not have")
    if piece["group"] is not None:
        return "(?P<" if text == "(?<" else text
    return _repeat(piece) if piece["repeat"] is not None else text


def _escape(text: str, in_set: bool) -> str:
    letter = text[1]
    if letter in "123456789":
        raise _Refused(f"{text} is a backreference, which RE2 does not have")
    if letter == "_":
        return letter
    if letter.isalnum() or letter > "\x7f":
        if letter not in (_SET_ESCAPES if in_set else _ESCAPES):
            raise _Refused(f"{text} is not known")
        return _ALIKE.get(letter, text)
    return text


def _repeat(piece: re.Match[str]) -> str:
    if piece["after"]:
        raise _Refused(f"{piece[0]} is a possessive repetition, which RE2 does not have")
    if any(len(n) > 4 or int(n) > _MAX_REPEAT for n in (piece["least"], piece["most"]) if n):
        raise _Refused(f"{piece[0]} repeats more than {_MAX_REPEAT:,} times")
    return piece[0]
