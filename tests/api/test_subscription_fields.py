"""The numbers of a rule, at the ends of what they may be."""

from __future__ import annotations

from typing import Any

import pytest
from insights_api.subscription_fields import FIELDS
from insights_engine.errors import ValidationError

CHECKS = {field.name: field.check for field in FIELDS}


@pytest.mark.parametrize(
    ("name", "value", "stored"),
    [
        *(("interval", number, number) for number in (1, 1000)),
        *(("bysetpos", number, number) for number in (-366, -1, 1, 366, None)),
        *(("count", number, number) for number in (1, 1_000_000, None)),
        ("interval", "7", 7),
        ("byweekday", ["sunday", "monday", "sunday"], ["monday", "sunday"]),
        ("byweekday", [], []),
        ("start_date", "2026-01-01T10:30:15.999999+02:00", "2026-01-01T08:30:15.000000Z"),
        ("dashboard_export_insights", [3, "2", 3], [3, 2]),
        ("dashboard_export_insights", None, []),
        ("run_on", [], []),
    ],
)
def test_what_is_taken(name: str, value: Any, stored: Any) -> None:
    assert CHECKS[name](value, name) == stored


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("interval", 0, "greater than or equal to 1"),
        ("interval", 1001, "less than or equal to 1000"),
        ("interval", None, "may not be null"),
        ("bysetpos", 0, "is not 0"),
        ("bysetpos", -367, "greater than or equal to -366"),
        ("bysetpos", 367, "less than or equal to 366"),
        ("count", 0, "greater than or equal to 1"),
        ("count", 1_000_001, "less than or equal to 1000000"),
        ("byweekday", ["someday"], "not a valid choice"),
        ("byweekday", ["monday"] * 51, "no more than 50"),
        ("start_date", "tomorrow", "wrong format"),
        ("title", "x" * 101, "no more than 100"),
        ("summary_enabled", True, "not part of this product"),
    ],
)
def test_what_is_refused(name: str, value: Any, said: str) -> None:
    with pytest.raises(ValidationError, match=said) as refused:
        CHECKS[name](value, name)
    assert refused.value.attr == name
