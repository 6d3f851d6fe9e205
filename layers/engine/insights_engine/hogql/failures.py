"""What ClickHouse says of an expression that the walk let pass but that cannot be computed."""

from __future__ import annotations

import re

# Faults that an expression's own types and values cause: parsing, casts, arguments, aggregates, ranges, patterns.
_CODES = frozenset(
    {6, 25, 27, 32, 36, 38, 41, 42, 43, 44, 46, 47, 48, 53, 69, 70, 72, 117, 131, 153, 184, 190, 215, 349}
)
_CODES |= {386, 407, 427, 440, 456, 457, 536, 540, 636}


def reason(error: Exception) -> str | None:
    """A sentence for the caller, without the statement; None when the fault is not the expression's."""
    found = re.search(r"[Cc]ode: (\d+)\.?\s*(?:DB::Exception: )?(.*)", str(error), re.DOTALL)
    if found is None or int(found[1]) not in _CODES:
        return None
    said = re.split(r": In scope|: while executing|: While processing|\(version |__table|_CAST\(", found[2])[0]
    return f"An SQL expression cannot be computed: {said.strip()[:200]}"
