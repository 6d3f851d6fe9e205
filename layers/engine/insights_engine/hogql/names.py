"""The nearest known name to one that is not: near enough to be a slip of the pen, else none."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LIKENESS = 0.8


def near(name: str, known: Iterable[str]) -> str:
    """The end of a sentence: `; did you mean "length"?`, or nothing."""
    by_case = {one.lower(): one for one in known if one != name}
    found = difflib.get_close_matches(name.lower(), list(by_case), n=1, cutoff=_LIKENESS)
    return f'; did you mean "{by_case[found[0]]}"?' if found else ""
