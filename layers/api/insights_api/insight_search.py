"""Search in a list of insights: what contains the text, then what is spelled almost like it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from difflib import get_close_matches

from insights_engine.errors import ValidationError
from insights_engine.store import Item

MAX_LENGTH = 200
EXACT, SIMILAR = "exact", "similar"
# How alike words have to be, 0 to 1; shorter ones are too often alike.
_ALIKE, _SHORTEST = 0.75, 4
_MOST_WORDS = 8
_WORDS = re.compile(r"\w+")


def search(items: Sequence[Item], text: str, name_of: Callable[[Item], str | None]) -> list[tuple[Item, str]]:
    """Each that fits with how it does, the exact ones first. `name_of` is what an unnamed insight is called.

    Raises ValidationError for a text that is too long.
    """
    if len(text) > MAX_LENGTH:
        detail = f"Ensure this field has no more than {MAX_LENGTH} characters."
        raise ValidationError(detail, attr="search", code="max_length")
    wanted = text.strip().lower()
    written = [_written(item, name_of) for item in items]
    exact = [wanted in one for one in written]
    words = [set() if is_exact else set(_WORDS.findall(one)) for one, is_exact in zip(written, exact, strict=True)]
    alike = _alike(wanted, set().union(*words))
    similar = [bool(alike) and all(own & one for one in alike) for own in words]
    return [(item, EXACT) for item, holds in zip(items, exact, strict=True) if holds] + [
        (item, SIMILAR) for item, holds in zip(items, similar, strict=True) if holds
    ]


def _written(item: Item, name_of: Callable[[Item], str | None]) -> str:
    """Line by line, so that nothing is found that begins in one field and ends in another."""
    return "\n".join(filter(None, (item["name"], name_of(item), item["description"], *item["tags"]))).lower()


def _alike(wanted: str, vocabulary: set[str]) -> list[set[str]]:
    """For each word that is searched for, those that are meant perhaps; of a short one only itself."""
    known = [word for word in vocabulary if len(word) >= _SHORTEST]
    return [
        {word} | set(get_close_matches(word, known, n=len(known) or 1, cutoff=_ALIKE) if len(word) >= _SHORTEST else ())
        for word in list(dict.fromkeys(_WORDS.findall(wanted)))[:_MOST_WORDS]
    ]
