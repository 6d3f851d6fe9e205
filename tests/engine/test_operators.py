"""Each operator, on a property of the event and on one of the person, over values of every JSON type."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from insights_engine.errors import ValidationError
from insights_engine.operators import OPERATORS, text_of
from insights_engine.services import Services
from insights_engine.sql import Sql

from tests.engine.asking import Asker, rows
from tests.engine.conftest import NewAsker

# name of the holder -> value of its property; one without is there as well
VALUES: dict[str, Any] = {
    "five": 5,
    "five text": "5",
    "seven": "7",
    "half": 2.5,
    "minus": -3,
    "huge": 1e308,
    "tiny": 1e-7,
    "exact": 2**53 + 1,
    "true": True,
    "false text": "false",
    "empty": "",
    "word": "Straße 100%",
    "upper": "WORD",
    "list": ["x", 1, None],
    "empty list": [],
    "object": {"b": {"c": "x"}},
    "empty object": {},
    "null": None,
    "day": "2020-01-02",
    "moment": "2020-01-02T10:00:00Z",
    "local": "2020-01-02 10:00:00",
    "offset": "2020-01-02T12:00:00.5+02:00",
    "epoch": 1577959200,  # 2020-01-02T10:00:00Z
    "epoch ms": 1577959200123,
    "v1": "1.2.3",
    "v2": "v1.10.0",
    "v3": "1.2",
    "v4": "1.2.3-beta",
}
MISSING = {"null", "nothing"}
ALL = {*VALUES, "nothing"}
VERSIONS = {"v1", "v2", "v3", "v4"}
# What reads as numbers, or as versions of one number.
BARE = {name for name, value in VALUES.items() if text_of(value)[:1].isdigit() and value is not None}


@pytest.fixture(scope="module")
def holders(new_asker: NewAsker) -> Asker:
    """An event and a person for each value."""
    held = {**VALUES, "nothing": ...}
    properties = {name: {} if value is ... else {"x": value} for name, value in held.items()}
    rules = [{"regex": r"/\d+", "alias": "/:id"}, {"regex": "[?].*", "alias": ""}]
    return new_asker(timezone="America/New_York", path_cleaning_filters=rules).load(
        [
            {"event": "e", "distinct_id": name, "timestamp": "2020-01-02T15:00:00Z", "properties": own}
            for name, own in properties.items()
        ],
        persons=[{"distinct_ids": [name], "properties": own} for name, own in properties.items()],
    )


def matched(asker: Asker, kind: str, operator: str, value: Any, key: str = "x") -> set[str]:
    found = asker.legacy(
        events=[{"id": "e"}],
        properties=[{"key": key, "operator": operator, "value": value, "type": kind}],
        breakdown="distinct_id",
        breakdown_type="event_metadata",
        breakdown_limit=100,
        date_from="2020-01-01",
    )
    return {name for name, _ in rows(found)}


CASES: list[tuple[str, Any, set[str] | None]] = [
    # exact compares texts
    ("exact", 5, {"five", "five text"}),
    ("exact", "5", {"five", "five text"}),
    ("exact", 5.0, {"five", "five text"}),
    ("exact", ["5", 2.5, None], {"five", "five text", "half"}),
    ("exact", 1e308, {"huge"}),
    ("exact", 0.0000001, {"tiny"}),
    ("exact", "1e-7", {"tiny"}),
    ("exact", 2**53 + 1, {"exact"}),
    ("exact", 2**53, set()),
    ("exact", True, {"true"}),
    ("exact", "true", {"true"}),
    ("exact", "True", set()),
    ("exact", False, {"false text"}),
    ("exact", "", {"empty"}),
    ("exact", "word", set()),
    ("exact", '["x",1,null]', {"list"}),
    ("exact", "[]", {"empty list"}),
    ("exact", '{"b":{"c":"x"}}', {"object"}),
    ("exact", "2020-01-02T10:00:00Z", {"moment"}),
    ("exact", [[]], {"empty list"}),
    ("exact", [], ALL),
    ("exact", None, ALL),
    ("exact", [None], ALL),
    ("in", ["5", "WORD"], {"five", "five text", "upper"}),
    ("is_not", "5", ALL - {"five", "five text"}),
    ("is_not", ["5", ""], ALL - {"five", "five text", "empty"}),
    ("not_in", ["5"], ALL - {"five", "five text"}),
    # contains: wildcards in a single value only
    ("icontains", "wo", {"upper"}),
    ("icontains", "STRASSE", set()),
    ("icontains", "e 1", {"word"}),
    ("icontains", "S%1", {"word"}),
    ("icontains", "0%", {name for name, value in VALUES.items() if "0" in text_of(value)}),
    ("icontains", "w_rd", {"upper"}),
    ("icontains", ["w_rd", "0%"], {"word"}),
    ("icontains", ["WORD", "traß"], {"upper", "word"}),
    ("icontains", "\\", set()),
    ("icontains", "", ALL - MISSING),
    ("not_icontains", "word", ALL - {"upper"}),
    ("not_icontains", ["word", "e"], None),
    # the text as it is: no wildcards, and case counts
    ("starts_with", "WO", {"upper"}),
    ("starts_with", "wo", set()),
    ("starts_with", "Straß", {"word"}),
    ("starts_with", "%", set()),
    ("starts_with", 5, {"five", "five text"}),
    ("starts_with", ["WORD", None, "Str"], {"upper", "word"}),
    ("starts_with", "", ALL - MISSING),
    ("starts_with", [], ALL),
    ("ends_with", "RD", {"upper"}),
    ("ends_with", "rd", set()),
    ("ends_with", "100%", {"word"}),
    ("ends_with", "00_", set()),
    ("ends_with", "-beta", {"v4"}),
    ("ends_with", ["beta", "RD"], {"upper", "v4"}),
    ("ends_with", "", ALL - MISSING),
    # RE2
    ("regex", "^[A-Z]+$", {"upper"}),
    ("regex", "^$", {"empty"}),
    ("regex", "(?i)^word$", {"upper"}),
    ("regex", ["^WORD$", "^5$"], {"upper", "five", "five text"}),
    ("not_regex", "^[A-Z]+$", ALL - {"upper"}),
    ("not_regex", ".*", MISSING),
    # numbers, of texts too
    ("gt", 5, {"seven", "huge", "exact", "epoch", "epoch ms"}),
    ("gte", "5", {"five", "five text", "seven", "huge", "exact", "epoch", "epoch ms"}),
    ("min", 5, {"five", "five text", "seven", "huge", "exact", "epoch", "epoch ms"}),
    ("lt", 2.5, {"minus", "tiny", "v3"}),
    ("lte", 2.5, {"minus", "tiny", "half", "v3"}),
    ("max", 2.5, {"minus", "tiny", "half", "v3"}),
    ("gt", [1e307, 6], {"seven", "huge", "exact", "epoch", "epoch ms"}),
    ("between", [2.5, 5], {"half", "five", "five text"}),
    ("between", ["-3", "-3"], {"minus"}),
    ("not_between", [-3, 2e15], {"huge", "exact"}),
    # presence
    ("is_set", None, ALL - MISSING),
    ("is_set", "anything", ALL - MISSING),
    ("is_not_set", None, MISSING),
    # dates: without an offset in the project's zone, five hours behind
    ("is_date_exact", "2020-01-02T10:00:00Z", {"moment", "epoch"}),
    ("is_date_exact", "2020-01-02 10:00:00", {"local"}),
    ("is_date_exact", "2020-01-02", {"day"}),
    ("is_date_before", "2020-01-02T10:00:00.4Z", {"day", "moment", "epoch", "epoch ms"}),
    ("is_date_after", "2020-01-02T10:00:00.1Z", {"local", "offset", "epoch ms", "exact"}),
    ("is_date_after", "2020-01-02T10:00:00.2Z", {"local", "offset", "exact"}),
    ("is_date_before", "-2d", {"day", "moment", "offset", "epoch", "epoch ms"}),
    ("is_date_after", "-3d", {"day", "moment", "local", "offset", "epoch", "epoch ms", "exact"}),
    ("is_date_after", "-24h", {"exact"}),  # microseconds of a day in 2255
    # versions
    ("semver_eq", "1.2.3", {"v1", "v4"}),
    ("semver_eq", "1.2", {"v3"}),
    ("semver_gt", "1.2.3", BARE - {"v1", "v3", "v4", "huge", "tiny"} | {"v2"}),
    ("semver_tilde", "1.2.0", {"v1", "v3", "v4"}),
    ("semver_caret", "1.2.3", {"v1", "v2", "v4"}),
    ("semver_wildcard", "1.2.*", {"v1", "v3", "v4"}),
    ("semver_wildcard", "1.*", {"v1", "v2", "v3", "v4", "huge", "tiny"}),
]


@pytest.mark.parametrize("kind", ["event", "person"])
@pytest.mark.parametrize(("operator", "value", "names"), CASES)
def test_an_operator_matches(holders: Asker, kind: str, operator: str, value: Any, names: set[str] | None) -> None:
    if names is None:  # a list asks for the property to be there
        names = {n for n in VALUES if VALUES[n] is not None and "e" not in text_of(VALUES[n]).lower()} - {"upper"}
    assert matched(holders, kind, operator, value) == names


def test_every_operator_is_looked_at() -> None:
    seen = {operator for operator, _, _ in CASES} | {operator for operator, *_ in VERSIONS_OF}
    assert seen | {"is_cleaned_path_exact"} >= set(OPERATORS)


VERSIONS_OF = [
    ("semver_eq", "1.2.3", ["1.2.3", "v1.2.3", " 1.2.3", "1.2.3-rc1"], ["1.2.4", "1.2", "x1.2.3", "", "1.2.30"]),
    ("semver_neq", "1.2.3", ["1.2.4", "v1.2"], ["1.2.3", "v1.2.3", "x", ""]),
    ("semver_gt", "1.9.0", ["1.10.0", "2", "1.9.1"], ["1.9.0", "1.9", "1.8.99", "x"]),
    ("semver_gte", "1.9", ["1.9.0", "1.9", "1.10"], ["1.8.9", "x"]),
    ("semver_lt", "1.10.0", ["1.9.9", "1", "0.99.99"], ["1.10.0", "1.11", "x"]),
    ("semver_lte", "1.10.0", ["1.10", "1.9"], ["1.10.1", "x"]),
    ("semver_tilde", "1.2.3", ["1.2.3", "1.2.99"], ["1.2.2", "1.3.0"]),
    ("semver_tilde", "1.2", ["1.2.0", "1.2.9"], ["1.1.9", "1.3"]),
    ("semver_tilde", "1", ["1.0.0", "1.99"], ["0.9", "2"]),
    ("semver_caret", "1.2.3", ["1.2.3", "1.99.0"], ["1.2.2", "2.0.0"]),
    ("semver_caret", "0.2.3", ["0.2.3", "0.2.9"], ["0.3.0", "0.2.2"]),
    ("semver_caret", "0.0.3", ["0.0.3"], ["0.0.4", "0.0.2"]),
    ("semver_caret", "0", ["0.0.0", "0.9.9"], ["1.0.0"]),
    ("semver_caret", "0.0", ["0.0.0", "0.0.9"], ["0.1.0"]),
    ("semver_caret", "0.0.0", ["0.0.0"], ["0.0.1", "0.1.0"]),
    ("semver_wildcard", "1.2.*", ["1.2.0", "1.2.99"], ["1.3.0", "1.1.9"]),
    ("semver_wildcard", "1.*", ["1.0.0", "1.99.99"], ["2.0.0", "0.9"]),
]


@pytest.fixture(scope="module")
def versions(new_asker: NewAsker) -> Asker:
    """A holder of each version, called as it is."""
    found = sorted({v for _, _, yes, no in VERSIONS_OF for v in yes + no})
    return new_asker().load(
        [
            {"event": "e", "distinct_id": f"<{v}>", "timestamp": "2020-01-02T15:00:00Z", "properties": {"x": v}}
            for v in found
        ]
    )


@pytest.mark.parametrize(("operator", "version", "yes", "no"), VERSIONS_OF)
def test_versions_compare_by_their_numbers(
    versions: Asker, operator: str, version: str, yes: list[str], no: list[str]
) -> None:
    found = matched(versions, "event", operator, version)
    assert {f"<{v}>" for v in yes} <= found
    assert not found & {f"<{v}>" for v in no}


@pytest.mark.parametrize(
    ("path", "asked", "matches"),
    [
        ("/users/17", "/users/:id", True),
        ("/users/17?tab=1", "/users/99", True),
        ("/users/17/posts", "/users/:id", False),
        ("/about", "/about?x", True),
    ],
)
def test_paths_are_cleaned_on_both_sides(new_asker: NewAsker, path: str, asked: str, matches: bool) -> None:
    rules = [{"regex": r"/\d+", "alias": "/:id"}, {"regex": "[?].*", "alias": ""}]
    asker = new_asker(path_cleaning_filters=rules).load(
        [{"event": "e", "distinct_id": "p", "timestamp": "2020-01-02T15:00:00Z", "properties": {"x": path}}]
    )
    assert matched(asker, "event", "is_cleaned_path_exact", asked) == ({"p"} if matches else set())


@pytest.mark.parametrize(
    ("operator", "value", "why"),
    [
        ("gt", "many", "'many' is not a number"),
        ("gt", True, "is not a number"),
        ("lt", [], None),
        ("lt", ["5", "x"], "'x' is not a number"),
        ("gt", "nan", "is not a number"),
        ("between", 5, r"must be two numbers, \[min, max\]"),
        ("between", [1], "must be two numbers"),
        ("between", [1, 2, 3], "must be two numbers"),
        ("between", [2, 1], "min 2 is above max 1"),
        ("between", ["a", "b"], "'a' is not a number"),
        ("not_between", [1, None], "is not a number"),
        ("is_date_before", 5, "must be a date"),
        ("is_date_before", "2020-13-45", "is not a date"),
        ("is_date_after", "9999-12-31", "not between 1970 and 2148"),
        ("semver_eq", "latest", "is not a version such as 1.2.3"),
        ("regex", "(", r"cannot be read: .*missing \)"),
        ("regex", "(?=x)", "invalid perl operator"),
        ("exact", {"a": 1}, "must not be an object"),
        ("exact", ["x", {"a": 1}], "must not be an object"),
        ("exact", "x" * 10_001, "longer than 10000 characters"),
        ("exact", ["x"] * 10_001, "more than 10000 entries"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused(holders: Asker, operator: str, value: Any, why: str | None) -> None:
    if why is None:
        assert matched(holders, "event", operator, value) == ALL
        return
    with pytest.raises(ValidationError, match=why) as caught:
        matched(holders, "event", operator, value)
    if operator != "regex":
        assert caught.value.attr
        assert caught.value.attr.startswith("properties__0")


def test_ten_thousand_values_are_asked_for_at_once(holders: Asker) -> None:
    values = [*(f"no {i}" for i in range(9_999)), "WORD"]
    assert matched(holders, "event", "exact", values) == {"upper"}
    assert matched(holders, "person", "is_not", values) == ALL - {"upper"}


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=50))
def test_numbers_are_written_as_clickhouse_writes_them(services: Services, values: list[float]) -> None:
    sql = Sql("SELECT arrayMap(x -> toString(x), {v:Array(Float64)})", v=values)
    assert services.clickhouse.admin_read(sql).rows[0][0] == [text_of(value) for value in values]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *[("a", "a"), ("", ""), (5, "5"), (5.0, "5"), (2.5, "2.5"), (True, "true"), (None, "null")],
        *[(1e16, "10000000000000000"), (1e21, "1e21"), (1e-6, "0.000001"), (1e-7, "1e-7"), (1.5e-7, "1.5e-7")],
        *[(0.1 + 0.2, "0.30000000000000004"), (2**64 - 1, "18446744073709551615"), (-0.0, "-0")],
        *[([1, "a", None], '[1,"a",null]'), ({"é": 1}, '{"é":1}')],
    ],
)
def test_the_text_of_a_value(value: Any, text: str) -> None:
    assert text_of(value) == text
