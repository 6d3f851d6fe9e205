"""Compares an answer with what a case expects of it: only what the case names is looked at."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "array": (list,),
    "object": (dict,),
    "boolean": (bool,),
}


def _is_of_type(name: str, actual: Any) -> bool:
    return isinstance(actual, _TYPES[name]) and (name == "boolean" or not isinstance(actual, bool))


# One row a matcher: `{"$type": "integer"}` in the place of a value.
MATCHERS: dict[str, Callable[[Any, Any], bool]] = {
    "$any": lambda _, __: True,
    "$type": _is_of_type,
    "$contains": lambda part, actual: part in actual,
    "$regex": lambda pattern, actual: isinstance(actual, str) and re.search(pattern, actual) is not None,
    "$in": lambda choices, actual: actual in choices,
    "$length": lambda length, actual: len(actual) == length,
    "$each": lambda inner, actual: isinstance(actual, list) and not any(difference(inner, one) for one in actual),
    "$first": lambda inner, actual: bool(actual) and not difference(inner, actual[0]),
}


def difference(expected: Any, actual: Any, place: str = "body") -> str | None:
    """What is not as expected, in words; None when everything is."""
    if isinstance(expected, dict) and expected and all(name.startswith("$") for name in expected):
        failed = [name for name, argument in expected.items() if not MATCHERS[name](argument, actual)]
        return f"{place}: {actual!r} is not {expected!r}" if failed else None
    if isinstance(expected, dict):
        if not isinstance(actual, dict):
            return f"{place}: expected an object, got {actual!r}"
        absent = [name for name in expected if name not in actual]
        if absent:
            return f"{place}: {absent} missing, there are {sorted(actual)}"
        return _first(difference(value, actual[name], f"{place}.{name}") for name, value in expected.items())
    if isinstance(expected, list):
        if not isinstance(actual, list) or len(actual) != len(expected):
            return f"{place}: expected {expected!r}, got {actual!r}"
        pairs = enumerate(zip(expected, actual, strict=True))
        return _first(difference(want, got, f"{place}[{index}]") for index, (want, got) in pairs)
    same = expected == actual and isinstance(expected, bool) == isinstance(actual, bool)
    return None if same else f"{place}: expected {expected!r}, got {actual!r}"


def _first(found: Any) -> str | None:
    return next((problem for problem in found if problem), None)
