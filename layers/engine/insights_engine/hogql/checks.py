"""What ClickHouse would find wrong with a call's or an operator's constants, found before it is asked."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from insights_engine.errors import ValidationError
from insights_engine.regexes import check_re2

# Functions by the place of their regular expression.
_PATTERNS = {
    "match": 1,
    "extract": 1,
    "extractAll": 1,
    "countMatches": 1,
    "splitByRegexp": 0,
    "replaceRegexpAll": 1,
    "replaceRegexpOne": 1,
}
_LIKES = {"like": 1, "ilike": 1, "notLike": 1, "notILike": 1}
_DIVISIONS = {"modulo": 1, "positiveModulo": 1}
_ZONES = {"toTimeZone": 1, "toDateTime": 1, "formatDateTime": 2}
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d(?!\d)")


def fault(name: str, constants: list[Any]) -> str | None:
    """Of a call; a constant is None where the argument is none."""
    for table, check in _CHECKS:
        place = table.get(name)
        if place is not None and place < len(constants) and (said := check(name, constants[place])):
            return said
    return None


def pattern_fault(pattern: Any) -> str | None:
    if not isinstance(pattern, str):
        return None
    try:
        check_re2(pattern, "")
    except ValidationError as error:
        return error.detail.rstrip(".")
    return None


def like_fault(pattern: Any) -> str | None:
    if isinstance(pattern, str) and (len(pattern) - len(pattern.rstrip("\\"))) % 2:
        return r"the pattern of LIKE ends within an escape; a backslash itself is \\ in it"
    return None


def date_fault(text: str) -> str | None:
    """A date has digits; the usual form is looked at as a whole, all others are left to ClickHouse."""
    wrong = not any(c.isdigit() for c in text)
    if iso := _ISO_DATE.match(text):
        try:
            date.fromisoformat(iso[0])
        except ValueError:
            wrong = True
    return f'"{text[:50]}" is no date' if wrong else None


@cache
def zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _zone(_: str, zone: Any) -> str | None:
    return f'the time zone "{zone[:50]}" is not known' if isinstance(zone, str) and zone not in zones() else None


def _divisor(_: str, value: Any) -> str | None:
    return "a division by zero" if is_zero(value) else None


def is_zero(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == 0


def _separator(name: str, value: Any) -> str | None:
    if isinstance(value, str) and len(value.encode()) != 1:
        return f"{name} takes a separator of one character, and of ASCII; splitByString takes others"
    return None


def _interval(name: str, value: Any) -> str | None:
    # The constant of a length of time is its number.
    if isinstance(value, int) and 0 < value < 2**31:
        return None
    return f"{name} takes a constant length of time of at least 1, such as interval 1 day"


_CHECKS = (
    (_PATTERNS, lambda _, value: pattern_fault(value)),
    (_LIKES, lambda _, value: like_fault(value)),
    (_DIVISIONS, _divisor),
    (_ZONES, _zone),
    ({"splitByChar": 0}, _separator),
    ({"toStartOfInterval": 1}, _interval),
)
