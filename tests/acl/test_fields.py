"""Single values of a request, at the ends of what they may be: each is taken, or refused by its name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from insights_acl import fields
from insights_engine.errors import ValidationError

Check = Callable[[Any, str], Any]


def nested(depth: int) -> Any:
    """A list in a list, so many of them."""
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


TAKEN: list[tuple[Check, Any, Any]] = [
    (fields.integer, 0, 0),
    (fields.integer, "0", 0),
    (fields.integer, "-12", -12),
    (fields.integer, "007", 7),
    (fields.integer, 2**53, 2**53),
    (fields.integer, str(-(2**53)), -(2**53)),
    (partial(fields.text, maximum=3), " abc ", "abc"),
    (partial(fields.text, maximum=3), "üüü", "üüü"),
    (partial(fields.text, blank=True), "  ", ""),
    (fields.date_time, "1970-01-01", datetime(1970, 1, 1, tzinfo=UTC)),
    (fields.date_time, "9000-01-01T00:00:00Z", datetime(9000, 1, 1, tzinfo=UTC)),
    (fields.date_time, "2026-01-01T00:30:00+02:00", datetime(2025, 12, 31, 22, 30, tzinfo=UTC)),
    (fields.date_time, "2026-01-01T00:30:00", datetime(2026, 1, 1, 0, 30, tzinfo=UTC)),
    (partial(fields.array, maximum=2), [1, 2], [1, 2]),
    (fields.uuid, "00000000000040008000000000000000", "00000000-0000-4000-8000-000000000000"),
    (fields.shallow, nested(fields.MAX_DEPTH), nested(fields.MAX_DEPTH)),
    (fields.shallow, {"a": 9e99, "b": -9e99}, {"a": 9e99, "b": -9e99}),
    (fields.plain, "x" * (fields.MAX_BYTES - 2), "x" * (fields.MAX_BYTES - 2)),
    (fields.boolean, False, False),
    (partial(fields.choice, known=("a", "b")), "b", "b"),
]
REFUSED: list[tuple[Check, Any, str]] = [
    (fields.integer, "--1", "invalid_input"),
    (fields.integer, "-", "invalid_input"),
    (fields.integer, "1-", "invalid_input"),
    (fields.integer, "", "invalid_input"),
    (fields.integer, " 1", "invalid_input"),
    (fields.integer, "1\n", "invalid_input"),
    (fields.integer, "1.0", "invalid_input"),
    (fields.integer, 1.0, "invalid_input"),
    (fields.integer, "²", "invalid_input"),
    (fields.integer, "१", "invalid_input"),
    (fields.integer, True, "invalid_input"),
    (fields.integer, 2**53 + 1, "invalid_input"),
    (fields.integer, "9" * 5000, "invalid_input"),
    (fields.integer, None, "null"),
    (partial(fields.text, maximum=3), "abcd", "max_length"),
    (fields.text, "  ", "blank"),
    (fields.text, "a\0b", "null_characters_not_allowed"),
    (fields.text, 7, "invalid_input"),
    (fields.date_time, "1969-12-31T23:59:59Z", "invalid_input"),
    (fields.date_time, "9000-01-01T00:00:01Z", "invalid_input"),
    (fields.date_time, "0001-01-01T00:00:00+14:00", "invalid_input"),
    (fields.date_time, "9999-12-31T23:59:59-14:00", "invalid_input"),
    (fields.date_time, "yesterday", "invalid_input"),
    (fields.date_time, 0, "invalid_input"),
    (partial(fields.array, maximum=2), [1, 2, 3], "max_length"),
    (fields.array, {}, "not_a_list"),
    (fields.mapping, [], "not_a_dict"),
    (fields.uuid, "x", "invalid_input"),
    (fields.uuid, 7, "invalid_input"),
    (fields.shallow, nested(fields.MAX_DEPTH + 1), "invalid_input"),
    (fields.shallow, {"a\0": 1}, "null_characters_not_allowed"),
    (fields.shallow, [{"a": ["\0"]}], "null_characters_not_allowed"),
    (fields.shallow, [1e100], "invalid_input"),
    (fields.shallow, [-1e100], "invalid_input"),
    (fields.plain, "x" * (fields.MAX_BYTES - 1), "max_length"),
    (fields.boolean, 1, "invalid_input"),
    (fields.boolean, "true", "invalid_input"),
    (partial(fields.choice, known=("a", "b")), "c", "invalid_choice"),
    (partial(fields.choice, known=("a", "b")), ["a"], "invalid_choice"),
]


def named(value: Any) -> str | None:
    """A value's own name is enough where it is short."""
    return repr(value)[:30] if not callable(value) else None


@pytest.mark.parametrize(("check", "value", "expected"), TAKEN, ids=named)
def test_what_is_taken(check: Check, value: Any, expected: Any) -> None:
    assert check(value, "some") == expected


@pytest.mark.parametrize(("check", "value", "code"), REFUSED, ids=named)
def test_what_is_refused_by_its_name(check: Check, value: Any, code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        check(value, "some")
    assert (refused.value.attr, refused.value.code) == ("some", code)


def test_what_may_be_null_is_checked_all_the_same() -> None:
    check = fields.or_null(fields.text, maximum=3)
    assert (check(None, "some"), check("abc", "some")) == (None, "abc")
    with pytest.raises(ValidationError):
        check("abcd", "some")
