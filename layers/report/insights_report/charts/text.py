"""How names, numbers and times are written in pictures and tables. Pure.

Names come from events and people: what would turn or break a line is taken out, nothing else of them is read.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from insights_engine.trend.breakdowns import NULL, OTHER

# What stands in answers for no value and for the sum of the rest, and how people read it.
STAND_INS = {NULL: "(none)", OTHER: "Other"}
# No picture tells larger ones apart, and an axis needs room above its longest bar.
MOST = 1e300
_LONGEST_NAME = 200
# From here on digits are no longer read, and a number is written with an exponent.
_LONGEST_NUMBER = 1e15
_TURNS_LINES = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c\ufeff")
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_DAY = re.compile(r"(\d)-([A-Z][a-z]{2})\b")
_YEAR = re.compile(r"[- ](\d{4})\b")


def clean(value: Any) -> str:
    """One line of text, whatever it is made from."""
    text = "" if value is None else str(value)
    for stored, read in STAND_INS.items():
        text = text.replace(stored, read)
    text = text[: 2 * _LONGEST_NAME].encode("utf-8", "replace").decode()
    shown = (" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text if c not in _TURNS_LINES)
    return " ".join("".join(shown).split())[:_LONGEST_NAME]


def columns(text: str) -> int:
    """How wide it is, in narrow characters."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def cut(value: Any, most: int) -> str:
    """The beginning, with … where there is more."""
    text = clean(value)
    if columns(text) <= most:
        return text
    width, kept = 0, []
    for character in text:
        width += columns(character)
        if width >= most:
            break
        kept.append(character)
    return "".join(kept).rstrip() + "…"


def unique(names: Iterable[str]) -> list[str]:
    """In a picture a name stands for what it names: the second of the same is called so."""
    made: dict[str, None] = {}
    for name in names:
        shown, count = name, 1
        while shown in made:
            count += 1
            shown = f"{name} ({count})"
        made[shown] = None
    return list(made)


def number(value: Any) -> float | None:
    """A number that can be drawn; None for what is none, which leaves a gap."""
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        return None
    bounded = max(-MOST, min(MOST, value))
    return int(bounded) if float(bounded).is_integer() and abs(bounded) < 2**53 else float(bounded)


def written(value: Any) -> str:
    """`1,234,567`, `0.25`; a dash for what is no number."""
    found = number(value)
    if found is None:
        return "–"
    if abs(found) >= _LONGEST_NUMBER:
        return f"{found:.3g}"
    if float(found).is_integer():
        return f"{int(found):,}"
    if abs(found) < 0.0001:
        return f"{found:.2g}"
    return f"{found:,.{2 if abs(found) >= 0.1 else 4}f}".rstrip("0").rstrip(".")


def percent(share: float | None) -> str:
    """Of 1: `12.5%`."""
    return "–" if share is None else f"{written(round(share * 100, 1))}%"


def duration(seconds: Any) -> str:
    """Its two largest units: `1 h 20 min`, `45 s`; a dash for none."""
    found = number(seconds)
    if found is None:
        return "–"
    if abs(found) < 10:
        return f"{written(round(found, 1))} s"
    left, parts = round(abs(found)), list[str]()
    for size, unit in _UNITS:
        count, left = divmod(left, size)
        if count or parts:
            parts.append(f"{count:,} {unit}" if count else "")
        if len(parts) == 2:
            break
    return ("-" if found < 0 else "") + " ".join(part for part in parts if part)


def days(labels: Sequence[Any]) -> list[str]:
    """The engine's labels, as they stand under an axis: `22 Nov`, with the year where there are several."""
    texts = [_DAY.sub(r"\1 \2", clean(label)) for label in labels]
    years = {year for text in texts for year in _YEAR.findall(text)}
    is_dated = all(_DAY.search(clean(label)) for label in labels)
    if len(years) == 1 and is_dated:
        return [_YEAR.sub("", text) for text in texts]
    return [_YEAR.sub(r" \1", text) for text in texts]


def span(labels: Sequence[Any]) -> str:
    """From the first label to the last, with their years."""
    if not labels:
        return ""
    first, last = (_YEAR.sub(r" \1", _DAY.sub(r"\1 \2", clean(label))) for label in (labels[0], labels[-1]))
    return first if first == last else f"{first} – {last}"


def more(count: int, what: str, others: str | None = None) -> str:
    """`3 more series are not shown`; empty for none."""
    if count <= 0:
        return ""
    return (
        f"{count:,} more {what} is not shown" if count == 1 else f"{count:,} more {others or what + 's'} are not shown"
    )
