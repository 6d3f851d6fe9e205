"""Whether an answer is what a page shows.

An answer has every key that is shown, with values of the same types. Texts are the same but for digits, months and what
stands in the place of an ellipsis; true, false and null are the same; numbers are numbers. A list has rows where it is
shown with rows, and those that both have are alike. Of a page that says that values will be others, only keys and types
count, and null is of every type.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_IDENTIFIER = re.compile(r"\b[0-9a-f]{4,}(?=-)|(?<=-)[0-9a-f]{4,}\b|\b[0-9a-f]{16,}\b|\bph[cx]_[\w.…]+")
_MONTH = re.compile(r"\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b")
_UNIT = re.compile(r"\b(bytes|[kMGT]?B)\b")
_NUMBER = re.compile(r"\d[\d,.]*")


@dataclass(frozen=True, slots=True)
class Matching:
    """`values`: whether they count, or their types alone."""

    values: bool

    def differences(self, language: str, shown: str, found: str) -> Iterator[str]:
        """Of an answer as it was printed."""
        if language != "json":
            yield from self._lines(shown, found)
            return
        try:
            answer = json.loads(found)
        except ValueError:
            yield f"no JSON: {found[:200]!r}"
            return
        yield from self._inside(json.loads(shown), answer, "answer")

    def _lines(self, shown: str, found: str) -> Iterator[str]:
        """Each line that is shown is there, in this order; of a table with other values, its head."""
        rest = found.splitlines()
        for line in shown.splitlines() if self.values else shown.splitlines()[:1]:
            place = next((number for number, other in enumerate(rest, 1) if _is_alike(line, other)), None)
            if place is None:
                yield f"no line {line!r} in {rest}"
            else:
                rest = rest[place:]

    def _inside(self, shown: Any, found: Any, at: str) -> Iterator[str]:
        if isinstance(shown, dict) and isinstance(found, dict):
            for name, value in shown.items():
                if name in found:
                    yield from self._inside(value, found[name], f"{at}.{name}")
                else:
                    yield f"{at} has no {name}"
        elif isinstance(shown, list) and isinstance(found, list):
            if shown and not found and self.values:
                yield f"{at} is empty"
            for number, (one, other) in enumerate(zip(shown, found, strict=False)):
                yield from self._inside(one, other, f"{at}[{number}]")
        elif not self._is_same(shown, found):
            yield f"{at} is {found!r}, not {shown!r}"

    def _is_same(self, shown: Any, found: Any) -> bool:
        if _is_number(shown) and _is_number(found):
            return True
        if not self.values:
            return shown is None or found is None or type(shown) is type(found)
        if isinstance(shown, str) and isinstance(found, str):
            return _is_alike(shown, found)
        return type(shown) is type(found) and bool(shown == found)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_alike(shown: str, found: str) -> bool:
    parts = [re.escape(part) for part in _plain(shown).split("…")]
    return re.fullmatch(".*".join(parts), _plain(found), re.DOTALL) is not None


def _plain(text: str) -> str:
    """Without what is different each time, and without the widths of columns."""
    text = _NUMBER.sub("0", _IDENTIFIER.sub("0", text))
    return re.sub(r"\s+", " ", _UNIT.sub("B", _MONTH.sub("Jan", text)))
