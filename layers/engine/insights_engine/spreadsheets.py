"""How every CSV is written: cells that a spreadsheet shows and never runs, and lines as pieces of bytes."""

from __future__ import annotations

import csv
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from insights_engine.answer import AS_SHOWN

Line = Sequence[Any]
FORMATS = ("json", "csv")
# `wide`: a column a bucket or period; `tidy`: a line an observation.
LAYOUTS = ("wide", "tidy")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# Characters that are collected before they become bytes.
_PIECE = 65_536
# From here on a number is written with an exponent.
_LONGEST_WHOLE = 1e16


class _Passing:
    """What csv.writer writes to: `writerow` gives back the line."""

    def write(self, text: str) -> str:
        return text


def pieces(lines: Iterable[Line], first_line: str | None = None) -> Iterator[bytes]:
    """The text of the lines, never more of it at a time than a piece; `first_line` is written as it is."""
    writer = csv.writer(_Passing())
    kept, size = ([f"{first_line}\r\n"], len(first_line)) if first_line else ([], 0)
    for line in lines:
        text: str = writer.writerow([cell(value) for value in line])
        kept.append(text)
        size += len(text)
        if size >= _PIECE:
            yield "".join(kept).encode("utf-8", "replace")
            kept, size = [], 0
    if kept:
        yield "".join(kept).encode("utf-8", "replace")


class WithFraction(float):
    """A number that keeps its `.0`."""


def cell(value: Any) -> str:
    """Nothing is empty, whole numbers have no `.0`, lists and objects are JSON, and times are as they are there."""
    if isinstance(value, str):
        return as_text(value)
    if value is None:
        return ""
    if isinstance(value, float):
        if not math.isfinite(value):
            return ""
        if isinstance(value, WithFraction):
            return repr(float(value))
        return str(int(value)) if value.is_integer() and abs(value) < _LONGEST_WHOLE else repr(value)
    if type(value) is int:
        return str(value)
    text = orjson.dumps(value, default=str, option=AS_SHOWN).decode()
    return as_text(orjson.loads(text) if text.startswith('"') else text)


def as_text(value: str) -> str:
    """A cell that a spreadsheet would run as a formula is shown as text."""
    return "'" + value if value.startswith(_FORMULA_STARTS) else value


def file_name(export_name: str | None, dates: Mapping[str, str]) -> str:
    """`pageview-count (2012-01-08 - 2012-01-15) from PostHog.csv`, for Content-Disposition; some have no range."""
    plain = unicodedata.normalize("NFKD", export_name or "export").encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain)).strip("-_") or "export"
    of = f" ({dates['date_from'][:10]} - {dates['date_to'][:10]})" if dates else ""
    return f"{slug[:100]}{of} from PostHog.csv"
