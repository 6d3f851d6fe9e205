"""The flat filters: what each parameter may be, in a query string and in a body, and what is forgiven."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from insights_engine.entities import ActionEntity, EventEntity
from insights_engine.errors import ApiError, ValidationError
from insights_engine.trend.legacy import parse_legacy, parse_shared
from insights_engine.trend.model import TrendQuery

from tests.engine.asking import Asker, event
from tests.engine.conftest import NewAsker


def parsed(**filters: Any) -> TrendQuery:
    return parse_legacy(filters)


def test_nothing_is_a_query_without_series() -> None:
    query = parsed()
    assert (query.series, query.interval.name, query.display.name) == ((), "day", "ActionsLineGraph")
    assert (query.smoothing, query.compare, query.breakdown_limit) == (1, False, 25)


def test_null_is_absent_and_unknown_parameters_are_ignored() -> None:
    nulls = dict.fromkeys(
        ("events", "actions", "properties", "breakdown", "interval", "display", "formula", "smoothing_intervals")
    )
    assert parse_legacy({**nulls, "never": "heard of"}) == parsed()


@pytest.mark.parametrize(
    ("name", "value", "read", "expected"),
    [
        *[("interval", text, "interval.name", "hour") for text in ("hour", "HOUR", "minute", "Minute")],
        ("interval", "", "interval.name", "day"),
        ("interval", "Month", "interval.name", "month"),
        ("interval", "quarter", "interval.name", "quarter"),
        ("interval", "Year", "interval.name", "year"),
        ("display", "BoldNumber", "display.name", "BoldNumber"),
        ("display", "Nothing", "display.name", "ActionsLineGraph"),
        ("display", 5, "display.name", "ActionsLineGraph"),
        ("smoothing_intervals", "3", "smoothing", 3),
        ("smoothing_intervals", 3.0, "smoothing", 3),
        ("sampling_factor", "0.1", "sampling", 0.1),
        ("sampling_factor", 1, "sampling", 1.0),
        ("sampling_factor", 0, "sampling", None),
        ("sampling_factor", "", "sampling", None),
        *[("compare", yes, "compare", True) for yes in (True, "true", "True", "1", 1)],
        *[("compare", no, "compare", False) for no in (False, "false", "0", "", 0)],
        *[("explicit_date", yes, "explicit_date", True) for yes in (True, "true")],
        ("filter_test_accounts", "true", "filter_test_accounts", True),
        ("date_from", "", "date_from", None),
        ("date_from", "-7d", "date_from", "-7d"),
        ("compare_to", "-1w", "compare_to", "-1w"),
        ("breakdown_limit", "10", "breakdown.limit", 10),
        ("breakdown_limit", 10, "breakdown_limit", 10),
        ("breakdown_hide_other_aggregation", "true", "breakdown.hide_other", True),
    ],
)
def test_a_parameter_is_read(name: str, value: Any, read: str, expected: Any) -> None:
    found: Any = parse_legacy({name: value})
    for part in read.split("."):
        found = getattr(found, part)
    assert found == expected


@pytest.mark.parametrize(
    ("text", "kept"),
    [("A / B * 100", "A / B * 100"), ("A$ + B;", "A + B"), ("A % B", "A  B"), ("a^2", "a^2"), ("$$", None), ("", None)],
)
def test_a_formula_keeps_its_arithmetic(text: str, kept: str | None) -> None:
    """What is left may be no formula, which is said of it."""
    assert [formula.text for formula in parse_shared({"formula": text}).formulas] == ([kept] if kept else [])


def test_a_formula_that_is_none_names_its_parameter() -> None:
    with pytest.raises(ValidationError) as refused:
        parsed(events=[{"id": "a"}], formula="A % B")
    assert refused.value.attr == "formula"


@pytest.mark.parametrize(
    ("filters", "order"),
    [
        ({"events": [{"id": "a"}, {"id": "b"}]}, ["a", "b"]),
        ({"events": [{"id": "a", "order": 1}, {"id": "b", "order": 0}]}, ["b", "a"]),
        ({"events": [{"id": "a", "order": 1}, {"id": "b"}, {"id": "c", "order": 0}]}, ["b", "c", "a"]),
        ({"events": [{"id": "a", "order": "2"}, {"id": "b", "order": "1"}]}, ["b", "a"]),
        ({"events": [{"id": "a"}], "actions": [{"id": 1}]}, [1, "a"]),
        ({"events": [{"id": "a", "order": 0}], "actions": [{"id": 1, "order": 1}]}, ["a", 1]),
        ({"events": ["text", {"id": "a"}]}, ["a"]),
        ({"actions": [{"name": "no id"}, {"id": None}, {"id": "7"}]}, [7]),
        ({"events": [{"id": None}, {}]}, [None, None]),
        ({"events": [{"id": 404}]}, ["404"]),
        ({"events": '[{"id": "a"}]'}, ["a"]),
        ({"events": ' [{"id": "a"}]'}, ["a"]),
        ({"events": ""}, []),
    ],
)
def test_series_are_actions_and_events_by_order(filters: dict[str, Any], order: list[Any]) -> None:
    entities = [series.entity for series in parse_legacy(filters).series]
    assert entities == [ActionEntity(one) if isinstance(one, int) else EventEntity(one) for one in order]


LEAF = {"key": "k", "value": "v"}


@pytest.mark.parametrize(
    ("properties", "count"),
    [
        ([LEAF, LEAF], 2),
        ({"type": "OR", "values": [LEAF, LEAF]}, 2),  # an OR of a series has always been an AND here
        ({"type": "AND", "values": []}, 0),
        ([{}], 0),
        (None, 0),
    ],
)
def test_filters_of_a_series_are_anded(properties: Any, count: int) -> None:
    (series,) = parsed(events=[{"id": "e", "properties": properties}]).series
    assert series.filter.type == "AND"
    assert sum(bool(getattr(member, "key", None)) for member in series.filter.values) == count


@pytest.mark.parametrize(
    ("filters", "breakdowns", "cohorts", "as_list"),
    [
        ({"breakdown": "k"}, [("k", "event")], (), False),
        ({"breakdown": "k", "breakdown_type": "events"}, [("k", "event")], (), False),
        ({"breakdown": "k", "breakdown_type": "undefined"}, [("k", "event")], (), False),
        ({"breakdown": 5, "breakdown_type": "undefined"}, [], (), False),
        ({"breakdown": "k", "breakdown_type": "person"}, [("k", "person")], (), False),
        ({"breakdown": 17}, [("17", "event")], (), False),
        ({"breakdown": ["a", "b"]}, [("a", "event"), ("b", "event")], (), True),
        ({"breakdown": '["a"]'}, [("a", "event")], (), True),
        ({"breakdown": ""}, [], (), False),
        ({"breakdown": []}, [], (), False),
        ({"breakdown": '[1,2,"all"]', "breakdown_type": "cohort"}, [], (1, 2, "all"), False),
        ({"breakdown": "1", "breakdown_type": "cohort"}, [], (1,), False),
        ({"breakdown": [1, "1", 2], "breakdown_type": "cohort"}, [], (1, 2), False),
        ({"breakdown": "all", "breakdown_type": "cohort"}, [], ("all",), False),
        ({"breakdown": [1, 0], "breakdown_type": "cohort"}, [], (1, "all"), False),
        ({"breakdowns": [{"property": "a"}]}, [("a", "event")], (), True),
        ({"breakdowns": '[{"property": "a", "type": "person"}]'}, [("a", "person")], (), True),
        ({"breakdowns": [{"property": str(i)} for i in range(5)]}, [(str(i), "event") for i in range(3)], (), True),
        ({"breakdowns": [{"property": n, "type": "cohort"} for n in (2, "1", 2)]}, [], (2, 1), True),
        ({"breakdowns": [], "breakdown": "k"}, [("k", "event")], (), False),
    ],
)
def test_breakdowns_are_read(
    filters: dict[str, Any], breakdowns: list[tuple[str, str]], cohorts: tuple[Any, ...], as_list: bool
) -> None:
    by = parse_legacy(filters).breakdown
    assert [(b.property, b.type) for b in by.properties] == breakdowns
    assert (by.cohorts, by.as_list) == (cohorts, as_list)


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"interval": "fortnight"}, "interval", '"fortnight" is not known'),
    ({"interval": "days"}, "interval", 'did you mean "day"'),
    ({"interval": "yearly"}, "interval", 'did you mean "year"'),
    ({"interval": ["day"]}, "interval", "is not known"),
    ({"events": [{"id": "e", "math": "p98"}]}, "events__0__math", 'did you mean "p9'),
    ({"events": [{"id": "e"}, {"id": "e", "math": "unique_sessions"}]}, "events__1__math", 'mean "unique_session"'),
    ({"events": [{"id": "e", "math": ["sum"]}]}, "events__0__math", "is not known"),
    ({"events": [{"id": "e", "math_property": 5}]}, "events__0__math_property", "must be a text"),
    ({"events": [{"id": "e", "math_property_type": "x"}]}, "events__0__math_property_type", "is not known"),
    ({"events": [{"id": "e", "math_group_type_index": 5}]}, "events__0__math_group_type_index", "from 0 to 4"),
    ({"events": [{"id": "e", "order": "first"}]}, "events__0__order", "must be a whole number"),
    ({"events": [{"id": "e"}, 5]}, "events__1", "must be an object with an id"),
    ({"events": [{"id": ["e"]}]}, "events__0__id", "must be the name of an event or null"),
    ({"events": [{"id": "e", "custom_name": 5}]}, "events__0__custom_name", "must be a text"),
    ({"events": "[{"}, "events", "is not valid JSON"),
    ({"events": "e"}, "events", "must be a list"),
    ({"events": {"id": "e"}}, "events", "must be a list"),
    ({"events": [{"id": "e"}] * 27}, "events", "More than 26 series"),
    ({"actions": [{"id": "x"}]}, "actions__0__id", "must be the id of an action"),
    ({"actions": [{"id": -1}]}, "actions__0__id", "must be the id of an action"),
    ({"properties": "[{"}, "properties", "is not valid JSON"),
    ({"properties": 5}, "properties", "must be a list of filters or a group"),
    (
        {"events": [{"id": "e", "properties": {"type": "AND", "values": [{"type": "OR", "values": [LEAF]}] * 2}}]},
        "events__0__properties",
        "must not be nested",
    ),
    ({"breakdown": "k", "breakdown_type": "planet"}, "breakdown_type", "is not known"),
    ({"breakdown": "k", "breakdown_type": {"a": 1}}, "breakdown_type", "is not known"),
    ({"breakdown": ["a", "b", "c", "d"]}, "breakdown", "at most 3"),
    ({"breakdown": [None]}, "breakdown__property", "must be the name of a property"),
    ({"breakdown": "x", "breakdown_type": "cohort"}, "breakdown", 'must hold ids of cohorts or "all"'),
    ({"breakdown": [-1], "breakdown_type": "cohort"}, "breakdown", 'must hold ids of cohorts or "all"'),
    ({"breakdowns": "browser"}, "breakdowns", "must be a list"),
    ({"breakdowns": ["browser"]}, "breakdowns__0", "must be an object"),
    ({"breakdowns": [{"property": ""}]}, "breakdowns__0__property", "must be the name of a property"),
    ({"breakdowns": [{"property": "a", "type": "cohort"}]}, "breakdowns__0__property", "must hold ids of cohorts"),
    ({"breakdowns": [{"property": 1, "type": "cohort"}, {"property": "a"}]}, "breakdowns__1", "are not mixed"),
    ({"breakdowns": [{"property": "a"}, {"property": 1, "type": "cohort"}]}, "breakdowns__0", "are not mixed"),
    ({"breakdown_limit": 0}, "breakdown_limit", "from 1 to 1000"),
    ({"breakdown_limit": "many"}, "breakdown_limit", "from 1 to 1000"),
    ({"breakdown_limit": 10**30}, "breakdown_limit", "from 1 to 1000"),
    ({"breakdown": "k", "breakdown_histogram_bin_count": 0}, "breakdown_histogram_bin_count", "from 1 to 1000"),
    ({"breakdown": "k", "breakdown_group_type_index": 9}, "breakdown_group_type_index", "from 0 to 4"),
    ({"smoothing_intervals": 0}, "smoothing_intervals", "from 1 to 1000"),
    ({"smoothing_intervals": 1.5}, "smoothing_intervals", "from 1 to 1000"),
    ({"smoothing_intervals": "x"}, "smoothing_intervals", "from 1 to 1000"),
    ({"sampling_factor": 2}, "sampling_factor", "above 0 and at most 1"),
    ({"sampling_factor": -0.1}, "sampling_factor", "above 0 and at most 1"),
    ({"sampling_factor": "nan"}, "sampling_factor", "above 0 and at most 1"),
    ({"compare": "perhaps"}, "compare", "must be true or false"),
    (
        {"properties": [{"key": "$session_duration", "value": 5, "type": "session"}]},
        "properties__0__operator",
        '"exact" is not known; known are: gt, gte',
    ),
    ({"explicit_date": []}, "explicit_date", "must be true or false"),
    ({"date_from": 5}, "date_from", "must be a short text"),
    ({"date_to": "x" * 501}, "date_to", "must be a short text"),
    ({"formula": 5}, "formula", "must be a short text"),
    ({"compare_to": {}}, "compare_to", "must be a short text"),
]


@pytest.mark.parametrize(("filters", "attr", "why"), BAD)
def test_what_cannot_be_meant_names_its_parameter(filters: dict[str, Any], attr: str, why: str) -> None:
    with pytest.raises(ValidationError, match=why) as caught:
        parse_legacy(filters)
    assert caught.value.attr == attr


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
PARAMETERS = (
    *("date_from", "date_to", "explicit_date", "interval", "properties", "filter_test_accounts", "display", "formula"),
    *("breakdown", "breakdown_type", "breakdowns", "breakdown_limit", "breakdown_hide_other_aggregation"),
    *("breakdown_histogram_bin_count", "breakdown_normalize_url", "breakdown_group_type_index", "compare"),
    *("compare_to", "smoothing_intervals", "sampling_factor", "events", "actions"),
)
ENTITY = (
    *("id", "type", "order", "name", "custom_name", "math", "math_property", "math_property_type", "math_hogql"),
    *("math_group_type_index", "properties"),
)
LEAVES = ("key", "value", "operator", "type", "group_type_index", "negation", "values")
words = st.sampled_from(
    ["k", "all", "-7d", "day", "sum", "cohort", "person", "exact", "between", "hogql", "group", "1", "A/A", "[1]", "{}"]
)


def objects(names: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(names), anything | words, max_size=5)


wild = st.fixed_dictionaries(
    {"events": st.lists(objects(ENTITY), min_size=1, max_size=2) | anything},
    optional={
        **{name: anything | words for name in PARAMETERS if name not in ("events", "properties", "breakdowns")},
        "properties": st.lists(objects(LEAVES), max_size=2) | objects(LEAVES) | anything,
        "breakdowns": st.lists(objects(("property", "type", "histogram_bin_count", "normalize_url")), max_size=2),
    },
)
fuzz = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


@pytest.fixture(scope="module")
def small(new_asker: NewAsker) -> Asker:
    return new_asker().load([event(k="v", n=1), event("other", k=None)])


@fuzz
@given(filters=wild, as_text=st.booleans())
def test_any_json_is_answered_or_refused(small: Asker, filters: dict[str, Any], as_text: bool) -> None:
    if as_text:  # as a query string brings it
        filters = {name: value if isinstance(value, str) else json.dumps(value) for name, value in filters.items()}
    try:
        result = small.legacy(**filters)
    except ApiError as refused:
        assert 400 <= refused.status < 500, filters
        assert refused.detail
        return
    json.dumps(result, allow_nan=False)
