"""Each setting of a project, at the ends of what it may be."""

from __future__ import annotations

from typing import Any

import pytest
from insights_acl.project_settings import SETTINGS, checked_settings, further_defaults
from insights_engine.errors import ValidationError

LEAF = {"key": "email", "type": "person", "operator": "icontains", "value": "@us.test"}
TAKEN: list[tuple[str, Any, Any]] = [
    ("name", " Site ", "Site"),
    ("name", "x" * 200, "x" * 200),
    ("timezone", "Europe/Paris", "Europe/Paris"),
    ("week_start_day", 0, 0),
    ("week_start_day", 1, 1),
    ("week_start_day", None, None),
    ("test_account_filters", [], []),
    ("test_account_filters", [LEAF] * 100, [LEAF] * 100),
    ("path_cleaning_filters", None, []),
    (
        "path_cleaning_filters",
        [{"alias": " id ", "regex": " \\d+ ", "x": 1}],
        [{"alias": "id", "regex": " \\d+ "}],
    ),
    ("path_cleaning_filters", [{"alias": "", "regex": "x" * 1000}], [{"alias": "", "regex": "x" * 1000}]),
    ("data_attributes", None, []),
    ("data_attributes", ["", "a"], ["", "a"]),
    ("base_currency", "EUR", "EUR"),
    ("primary_dashboard", "7", 7),
    ("primary_dashboard", None, None),
    ("autocapture_opt_out", None, None),
    ("anonymize_ips", True, True),
]
REFUSED: list[tuple[str, Any, str]] = [
    ("name", "", "name"),
    ("name", "x" * 201, "name"),
    ("name", None, "name"),
    ("timezone", "Paris", "timezone"),
    ("timezone", "localtime", "timezone"),
    ("timezone", "europe/paris", "timezone"),
    ("timezone", None, "timezone"),
    ("week_start_day", 2, "week_start_day"),
    ("week_start_day", -1, "week_start_day"),
    ("week_start_day", "1", "week_start_day"),
    ("week_start_day", True, "week_start_day"),
    ("week_start_day", False, "week_start_day"),
    ("test_account_filters", [LEAF] * 101, "test_account_filters"),
    ("test_account_filters", [LEAF, "x"], "test_account_filters__1"),
    ("test_account_filters", None, "test_account_filters"),
    ("path_cleaning_filters", [{"alias": "a"}], "path_cleaning_filters__0__regex"),
    ("path_cleaning_filters", [{"regex": "a"}], "path_cleaning_filters__0__alias"),
    ("path_cleaning_filters", [{"alias": "", "regex": ""}], "path_cleaning_filters__0__regex"),
    ("path_cleaning_filters", [{"alias": "", "regex": "x" * 1001}], "path_cleaning_filters__0__regex"),
    ("path_cleaning_filters", [{"alias": "", "regex": "(?=a)"}], "path_cleaning_filters__0__regex"),
    ("data_attributes", ["a"] * 201, "data_attributes"),
    ("data_attributes", ["a", 7], "data_attributes__1"),
    ("base_currency", "eur", "base_currency"),
    ("base_currency", "EU", "base_currency"),
    ("primary_dashboard", True, "primary_dashboard"),
    ("anonymize_ips", None, "anonymize_ips"),
    ("anonymize_ips", 1, "anonymize_ips"),
    ("autocapture_opt_out", "no", "autocapture_opt_out"),
    ("modifiers", {"a": "\0"}, "modifiers"),
]


def named(value: Any) -> str:
    return repr(value)[:40]


@pytest.mark.parametrize(("name", "value", "stored"), TAKEN, ids=named)
def test_what_a_setting_may_be(name: str, value: Any, stored: Any) -> None:
    project, further = checked_settings({name: value})
    assert {**project, **further} == {name: stored}


@pytest.mark.parametrize(("name", "value", "attr"), REFUSED, ids=named)
def test_what_it_may_not_be_names_its_field(name: str, value: Any, attr: str) -> None:
    with pytest.raises(ValidationError) as refused:
        checked_settings({name: value})
    assert refused.value.attr == attr


def test_defaults_may_be_set() -> None:
    project, further = checked_settings({setting.name: setting.default for setting in SETTINGS})
    assert further.keys() == further_defaults().keys()
    assert len(project) + len(further) == len(SETTINGS)


def test_what_is_no_setting_is_ignored() -> None:
    assert checked_settings({"nonsense": 1, "api_token": "phc_mine", "id": 7}) == ({}, {})
