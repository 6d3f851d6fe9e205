"""Passwords of links: which one is right, and how many wrong ones a minute has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from insights_acl.models import User
from insights_acl.share_passwords import (
    MAX_WRONG_A_MINUTE,
    MOST_CHARACTERS,
    check_attempts,
    hashed,
    is_one_of,
    note_wrong,
)
from insights_engine.errors import Throttled
from insights_engine.store import Store

AUTHOR = User("u", 1, "a@example.com")
# Of a year that no store has come to, so that nothing of it has expired.
NOW = datetime(2100, 1, 2, 3, 4, 15, tzinfo=UTC)
LONG = "ü" * MOST_CHARACTERS


@pytest.mark.parametrize(
    ("said", "is_right"),
    [
        ("open sesame", True),
        ("second one", True),
        (LONG, True),
        ("open sesame ", False),
        ("Open sesame", False),
        ("", False),
        (LONG + "ü", False),
        (LONG[:-1], False),
    ],
    ids=["first", "second", "the longest", "a space more", "another case", "nothing", "longer", "shorter"],
)
def test_any_of_them_opens_and_nothing_else(said: str, is_right: bool) -> None:
    kept = [hashed(value, "", AUTHOR, NOW) for value in ("open sesame", "second one", LONG)]
    assert is_one_of(said, kept) is is_right
    assert is_one_of(said, []) is False


def test_a_password_of_nothing_opens_nothing() -> None:
    assert is_one_of("", [hashed("", "", AUTHOR, NOW)]) is False


def test_the_same_password_is_never_kept_alike() -> None:
    first, second = (hashed("open sesame", "", AUTHOR, NOW) for _ in range(2))
    assert first["salt"] != second["salt"]
    assert first["hash"] != second["hash"]


def test_a_minute_has_so_many_wrong_ones(store: Store) -> None:
    """They are counted by the clock's minute and by the link."""
    for _ in range(MAX_WRONG_A_MINUTE):
        check_attempts(store, "one", NOW)
        note_wrong(store, "one", NOW)
    with pytest.raises(Throttled) as refused:
        check_attempts(store, "one", NOW)
    assert dict(refused.value.headers)["Retry-After"] == "45"
    with pytest.raises(Throttled) as refused:
        check_attempts(store, "one", NOW + timedelta(seconds=44))
    assert dict(refused.value.headers)["Retry-After"] == "1"
    check_attempts(store, "one", NOW + timedelta(seconds=45))
    check_attempts(store, "another", NOW)
