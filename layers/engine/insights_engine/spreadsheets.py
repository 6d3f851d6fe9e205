"""What every CSV export keeps to, so that opening it in a spreadsheet runs nothing."""

from __future__ import annotations

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def as_text(value: str) -> str:
    """A cell that a spreadsheet would run as a formula is shown as text."""
    return "'" + value if value.startswith(_FORMULA_STARTS) else value
