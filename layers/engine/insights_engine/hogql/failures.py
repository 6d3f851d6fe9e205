"""What ClickHouse says of an expression that the walk let pass but that cannot be computed."""

from __future__ import annotations

import re

from insights_engine.errors import ValidationError

# Faults that an expression's own types and values cause: parsing, casts, arguments, aggregates, ranges, patterns.
_CODES = frozenset(
    {6, 25, 27, 32, 36, 38, 41, 42, 43, 44, 46, 47, 48, 53, 59, 69, 70, 72, 117, 125, 131, 153, 184, 190, 215, 349}
)
# Of statements: what a SELECT, a join or a set may not be.
_CODES |= {80, 403, 476}
_CODES |= {386, 407, 427, 440, 456, 457, 536, 540, 636}
# The same by ClickHouse's names, of which there are many.
_NAMES = re.compile(
    r"\((CANNOT_(PARSE|CONVERT|COMPARE|INSERT_NULL)_\w+|CANNOT_READ_ARRAY_FROM_TEXT|ZERO_ARRAY_OR_TUPLE_INDEX|"
    r"ILLEGAL_\w+|BAD_ARGUMENTS|BAD_TYPE_OF_FIELD|TYPE_MISMATCH|\w+_OUT_OF_BOUND|"
    r"TOO_(LARGE|DEEP|BIG|MANY|FEW)_\w+|SIZES_OF_ARRAYS_DONT_MATCH|DECIMAL_OVERFLOW|DUPLICATE_COLUMN)\)"
)
# Where ClickHouse goes on with the statement, or with names that are ours.
_OURS = re.compile(
    r"[:.,]? *(In scope|In query|[Ww]hile (executing|converting|processing|evaluating)|\(version|Maybe you meant|"
    r"__table|_CAST\(|SELECT\b|\bFROM\b|`|\bbucket\b|\bbreakdown\b|\bbranch\b|\w+_(value|key)\d*\b|\bp\d+\b|\bx\d+\b|"
    r"\d+_(UInt|Int|Float|String)|\(([A-Z]+_)+[A-Z]+\)|in WHERE|for filter|projection column)"
)
# ClickHouse's names of faults that say more than their words once the statement is cut from them.
_NAME = re.compile(r"\(((?:[A-Z0-9]+_)+[A-Z0-9]+|ILLEGAL_\w+)\)")
_SERVERS = re.compile(r"Code: (\d+)\. DB::Exception: (.*)", re.DOTALL)
_ANY = re.compile(r"[Cc]ode: (\d+)\.?\s*(?:DB::Exception: )?(.*)", re.DOTALL)
_CANNOT = "the SQL expression cannot be computed"
_SHORTEST = 12


def reason(error: Exception) -> str | None:
    """A sentence for the caller, without the statement; None when the fault is not the expression's."""
    if isinstance(error, ValidationError):
        # A filter's own regular expression was looked at before: this one is of an expression.
        return error.detail if "regular expression" in error.detail else None
    if "codec can't decode" in str(error):
        return f"{_CANNOT}: its text is not UTF-8"  # nor is what ClickHouse says of it
    # Over HTTP the driver's own words, which name the code as well, stand before the server's.
    found = _SERVERS.search(str(error)) or _ANY.search(str(error))
    if found is None or not (int(found[1]) in _CODES or _NAMES.search(found[2])):
        return None
    said = _OURS.split(found[2], maxsplit=1)[0].strip(" :.,(")
    if len(said) < _SHORTEST:
        named = _NAME.search(found[2])
        said = named[1].replace("_", " ").lower() if named else ""
    return f"{_CANNOT}: {said[:200]}" if said else _CANNOT
