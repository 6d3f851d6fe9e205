"""Property filters by the book: what a value is as text, and what each operator says of it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from insights_engine.operators import text_of

Rules = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Place:
    """What dates and paths are read by."""

    now: datetime
    zone: ZoneInfo
    rules: Rules = ()


def text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float):
        return text_of(value)  # held against ClickHouse by a test of its own
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _float(found: str | None) -> float | None:
    try:
        return float(found) if found and re.fullmatch(r"[!-^`-~]+", found) else None
    except ValueError:
        return None


def number(value: Any) -> float | None:
    found = _float(text(value))
    return found if found is not None and math.isfinite(found) else None


def _like(pattern: str, found: str) -> bool:
    expression = "".join({"%": ".*", "_": "."}.get(c, re.escape(c)) for c in f"%{pattern}%")
    return re.fullmatch(expression, found, re.DOTALL | re.IGNORECASE) is not None


def _contains(values: list[str], found: str) -> bool:
    return _like(values[0], found) if len(values) == 1 else any(v.lower() in found.lower() for v in values)


def _instant(written: str, place: Place) -> datetime | None:
    """ISO, or a Unix time by its number of digits; of the project's zone where it names none."""
    unit = {9: 1, 10: 1, 13: 1000, 16: 1_000_000}.get(len(written))
    if written.isdigit() and unit:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(written) * 1_000_000 // unit)
    if not re.match(r"\d{4}-\d\d-\d\d", written):
        return None
    at = datetime.fromisoformat(written)
    return (at if at.tzinfo else at.replace(tzinfo=place.zone)).astimezone(UTC)


def _asked_instant(written: str, place: Place) -> datetime:
    if relative := re.fullmatch(r"-(\d+)([hdw])", written):
        n, kind = int(relative[1]), relative[2]
        if kind == "h":
            return place.now - timedelta(hours=n)
        local = place.now.astimezone(place.zone).replace(tzinfo=None) - timedelta(days=n * {"d": 1, "w": 7}[kind])
        return local.replace(tzinfo=place.zone).astimezone(UTC)
    found = _instant(written, place)
    assert found
    return found


def _dated(sign: str, values: list[str], found: str, place: Place) -> bool:
    have = _instant(found, place)
    return have is not None and any(SIGNS[sign](have, _asked_instant(v, place)) for v in values)


SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    "=": lambda a, b: a == b,
}


def _compared(sign: str, values: list[str], found: str, place: Place) -> bool:
    """By number; a value that is no number is a date."""
    have = _float(found)
    numbers = [_float(v) for v in values]
    return any(
        (have is not None and SIGNS[sign](have, n)) if n is not None else _dated(sign, [v], found, place)
        for v, n in zip(values, numbers, strict=True)
    )


def _version(found: str) -> tuple[int, ...]:
    """Its three numbers; of what is none, nothing."""
    match = re.match(r"[ \t\n\f\r]*v?([0-9]+(?:\.[0-9]+)*)", found)
    return tuple([*(int(part) for part in match[1].split(".")), 0, 0][:3]) if match else ()


def _versions(
    test: Callable[[tuple[int, ...], tuple[int, ...], int], bool], values: list[str], found: str, _: Place
) -> bool:
    """`test` is told how many numbers the value has."""
    have = _version(found)
    return bool(have) and any(
        test(have, _version(v), len([p for p in v.strip(" v").split(".") if p != "*"])) for v in values
    )


def _caret(have: tuple[int, ...], low: tuple[int, ...], given: int) -> bool:
    fixed = next((i for i, n in enumerate(low[:given]) if n), given - 1) + 1
    return have >= low and have[:fixed] == low[:fixed]


VERSIONS: dict[str, Callable[[tuple[int, ...], tuple[int, ...], int], bool]] = {
    "eq": lambda have, low, _: have == low,
    "gt": lambda have, low, _: have > low,
    "gte": lambda have, low, _: have >= low,
    "lt": lambda have, low, _: have < low,
    "lte": lambda have, low, _: have <= low,
    "tilde": lambda have, low, given: have >= low and have[: min(2, given)] == low[: min(2, given)],
    "caret": _caret,
    "wildcard": lambda have, low, given: have[:given] == low[:given],
}


def _cleaned(path: str, rules: Rules) -> str:
    for regex, alias in rules:
        path = re.sub(regex, alias, path)
    return path


Test = Callable[[list[str], str, Place], bool]
TESTS: dict[str, Test] = {
    "exact": lambda values, found, _: found in values,
    "in": lambda values, found, _: found in values,
    "starts_with": lambda values, found, _: found.startswith(tuple(values)),
    "ends_with": lambda values, found, _: found.endswith(tuple(values)),
    "icontains": lambda values, found, _: _contains(values, found),
    # As RE2 is called: a dot is any character, and $ the very end.
    "regex": lambda values, found, _: any(re.search(v.replace("$", r"\Z"), found, re.DOTALL) for v in values),
    "between": lambda v, found, _: (n := _float(found)) is not None and float(v[0]) <= n <= float(v[1]),
    "not_between": lambda v, found, _: (n := number(found)) is not None and not float(v[0]) <= n <= float(v[1]),
    "is_set": lambda *_: True,
    # Another version than all of them.
    "semver_neq": lambda values, found, _: (v := _version(found)) != () and v not in [_version(one) for one in values],
    "is_cleaned_path_exact": lambda values, found, place: (
        _cleaned(found, place.rules) in [_cleaned(v, place.rules) for v in values]
    ),
    **{
        name: partial(_compared, sign)
        for name, sign in {"gt": ">", "gte": ">=", "min": ">=", "lt": "<", "lte": "<=", "max": "<="}.items()
    },
    **{f"is_date_{name}": partial(_dated, sign) for name, sign in {"exact": "=", "before": "<", "after": ">"}.items()},
    **{f"semver_{name}": partial(_versions, test) for name, test in VERSIONS.items()},
}
OPPOSITES = {
    "is_not": "exact",
    "not_in": "in",
    "not_icontains": "icontains",
    "not_regex": "regex",
    "is_not_set": "is_set",
}


def holds(name: str, value: Any, held: Any, place: Place) -> bool:
    """What an operator with a value says of a property, None where it is missing. No value asks for nothing."""
    values = [str(text(v)) for v in (value if isinstance(value, list) else [value]) if v is not None]
    if not values and name not in ("is_set", "is_not_set"):
        return True
    found = text(held)
    if name in OPPOSITES:
        needs = name == "not_icontains" and len(values) > 1
        return not needs if found is None else not TESTS[OPPOSITES[name]](values, found, place)
    return found is not None and TESTS[name](values, found, place)
