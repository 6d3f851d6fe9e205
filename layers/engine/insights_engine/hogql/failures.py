"""What ClickHouse says of an expression that the walk let pass but that cannot be computed."""

from __future__ import annotations

import re

# Faults that an expression's own types and values cause: parsing, casts, arguments, aggregates, ranges, patterns.
_CODES = frozenset(
    {6, 25, 27, 32, 36, 38, 41, 42, 43, 44, 46, 47, 48, 53, 69, 70, 72, 117, 131, 153, 184, 190, 215, 349}
)
_CODES |= {386, 407, 427, 440, 456, 457, 536, 540, 636}
# The same by ClickHouse's names, of which there are many.
_NAMES = re.compile(
    r"\((CANNOT_(PARSE|CONVERT|COMPARE|INSERT_NULL)_\w+|CANNOT_READ_ARRAY_FROM_TEXT|ZERO_ARRAY_OR_TUPLE_INDEX|"
    r"ILLEGAL_\w+|BAD_ARGUMENTS|BAD_TYPE_OF_FIELD|TYPE_MISMATCH|\w+_OUT_OF_BOUND|"
    r"TOO_(LARGE|DEEP|BIG|MANY|FEW)_\w+|SIZES_OF_ARRAYS_DONT_MATCH|DECIMAL_OVERFLOW|DUPLICATE_COLUMN)\)"
)


def reason(error: Exception) -> str | None:
    """A sentence for the caller, without the statement; None when the fault is not the expression's."""
    if "codec can't decode" in str(error):
        return "An SQL expression cannot be computed: its text is not UTF-8"  # nor is what ClickHouse says of it
    found = re.search(r"[Cc]ode: (\d+)\.?\s*(?:DB::Exception: )?(.*)", str(error), re.DOTALL)
    if found is None or not (int(found[1]) in _CODES or _NAMES.search(found[2])):
        return None
    said = re.split(
        r": In scope|: while (?:executing|converting)|: While processing|\(version |__table|_CAST\(", found[2]
    )
    return f"An SQL expression cannot be computed: {said[0].strip()[:200]}"
