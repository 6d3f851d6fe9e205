"""The TrendsQuery node: a closed schema, and the same meaning as the flat filters."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from insights_engine.errors import ApiError
from insights_engine.trend.legacy import parse_legacy
from insights_engine.trend.node import VISUAL_FIELDS, parse_node

from tests.engine.asking import Asker, event, series
from tests.engine.conftest import NewAsker


def node(**fields: Any) -> dict[str, Any]:
    return {"kind": "TrendsQuery", "series": [series()], **fields}


SAME: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"interval": "week"}, {"interval": "week"}),
    ({"dateRange": {"date_from": "-7d", "date_to": "-1d"}}, {"date_from": "-7d", "date_to": "-1d"}),
    (
        {"dateRange": {"date_from": "2020-01-01", "explicitDate": True}},
        {"date_from": "2020-01-01", "explicit_date": True},
    ),
    ({"filterTestAccounts": True}, {"filter_test_accounts": True}),
    ({"samplingFactor": 0.1}, {"sampling_factor": 0.1}),
    ({"compareFilter": {"compare": True, "compare_to": "-1w"}}, {"compare": True, "compare_to": "-1w"}),
    ({"trendsFilter": {"display": "BoldNumber"}}, {"display": "BoldNumber"}),
    ({"trendsFilter": {"formula": "A + 1"}}, {"formula": "A + 1"}),
    ({"trendsFilter": {"smoothingIntervals": 3}}, {"smoothing_intervals": 3}),
    (
        {"breakdownFilter": {"breakdown": "k", "breakdown_type": "person", "breakdown_limit": 3}},
        {"breakdown": "k", "breakdown_type": "person", "breakdown_limit": 3},
    ),
    (
        {"breakdownFilter": {"breakdown": [1, "all"], "breakdown_type": "cohort"}},
        {"breakdown": [1, "all"], "breakdown_type": "cohort"},
    ),
    (
        {"breakdownFilter": {"breakdown": "g", "breakdown_type": "group", "breakdown_group_type_index": 0}},
        {"breakdown": "g", "breakdown_type": "group", "breakdown_group_type_index": 0},
    ),
    (
        {"properties": {"type": "OR", "values": [{"key": "k", "value": 1}]}},
        {"properties": {"type": "OR", "values": [{"key": "k", "value": 1}]}},
    ),
]


@pytest.mark.parametrize(("fields", "filters"), SAME)
def test_both_forms_mean_the_same(new_asker: NewAsker, fields: dict[str, Any], filters: dict[str, Any]) -> None:
    people = [{"distinct_ids": ["p"], "properties": {"k": "of the person"}}]
    asker = new_asker().load([event(k=1), event(at="2020-01-03T10:00:00Z", k=2)], persons=people)
    asker.define("cohort", 1, name="one", filters={"properties": {"type": "AND", "values": []}})
    one = asker.node(**{name: value for name, value in node(**fields).items() if name != "kind"})
    assert one == asker.legacy(events=[{"id": "e"}], **filters)
    assert one


def test_what_only_shows_changes_nothing() -> None:
    shown = dict.fromkeys(VISUAL_FIELDS, True)
    assert parse_node(node(trendsFilter={**shown, "display": "ActionsBar"})) == parse_node(
        node(trendsFilter={"display": "ActionsBar"})
    )


def test_null_is_absent() -> None:
    absent = dict.fromkeys(
        ("dateRange", "interval", "trendsFilter", "breakdownFilter", "compareFilter", "properties", "samplingFactor")
    )
    assert parse_node(node(**absent)) == parse_node(node())


def test_minutes_are_the_node_s_alone() -> None:
    assert parse_node(node(interval="minute")).interval.name == "minute"
    assert parse_legacy({"interval": "minute"}).interval.name == "hour"


BAD: list[tuple[dict[str, Any], str]] = [
    (node(seriez=[]), 'seriez: unknown field; did you mean "series"'),
    (node(date_range={}), 'date_range: unknown field; did you mean "dateRange"'),
    (node(series=None), r"query.series: "),
    (node(series=[{"kind": "EventNode"}]), r"query.series\[0\]"),
    (node(series=[{"event": "e"}]), r"query.series\[0\]"),
    (node(series=[{**series(), "evnt": 1}]), r"query.series\[0\].evnt: unknown field"),
    (node(series=[series(math="p98")]), 'series\\[0\\].math "p98" is not known; did you mean "p9'),
    (node(series=[series()] * 27), r"query.series: "),
    (node(series=[{"kind": "ActionsNode", "id": "x"}]), r"query.series\[0\].id"),
    (node(series=[{"kind": "ActionsNode", "id": 0}]), r"query.series\[0\].id"),
    (node(interval="fortnight"), '"fortnight" is not known'),
    (node(interval=["day"]), "query.interval: "),
    (node(dateRange={"from": "-7d"}), "query.dateRange.from: unknown field"),
    (node(dateRange="-7d"), "query.dateRange: "),
    (node(trendsFilter={"display": "Line"}), '"Line" is not known'),
    (node(trendsFilter={"smoothingIntervals": 0}), "query.trendsFilter.smoothingIntervals: "),
    (node(trendsFilter={"colour": "red"}), "query.trendsFilter.colour: unknown field"),
    (node(breakdownFilter={"breakdowns": [{"property": "a"}] * 4}), "query.breakdownFilter.breakdowns: "),
    (node(breakdownFilter={"breakdown": ["a", "b", "c", "d"]}), "at most 3"),
    (node(breakdownFilter={"breakdown": "a", "breakdown_type": "planet"}), "is not known"),
    (node(breakdownFilter={"breakdown_limit": 0}), "query.breakdownFilter.breakdown_limit: "),
    (node(breakdownFilter={"breakdown": "a", "breakdown_histogram_bin_count": 0}), "breakdown_histogram_bin_count"),
    (node(samplingFactor=2), "query.samplingFactor: "),
    (node(compareFilter={"compare": "perhaps"}), "query.compareFilter.compare: "),
    (node(properties=5), "query.properties"),
    (node(properties=[{"key": "k", "value": 1, "operator": "exakt"}]), 'did you mean "exact"'),
]


@pytest.mark.parametrize(("body", "why"), BAD)
def test_what_the_schema_forbids_is_named(body: dict[str, Any], why: str) -> None:
    with pytest.raises(ApiError, match=why) as caught:
        parse_node(body)
    assert caught.value.status == 400


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
words = st.sampled_from(
    [
        "k",
        "all",
        "-7d",
        "day",
        "sum",
        "cohort",
        "person",
        "exact",
        "between",
        "hogql",
        "group",
        "1",
        "A/A",
        "BoldNumber",
    ]
)


def objects(*names: str, kind: str | None = None) -> st.SearchStrategy[dict[str, Any]]:
    made = st.dictionaries(st.sampled_from(names), anything | words, max_size=4)
    return made.map(lambda value: {**value, "kind": kind}) if kind else made


leaf = objects("key", "value", "operator", "type", "group_type_index", "negation", "values")
measured = ("math", "math_property", "math_property_type", "math_hogql", "math_group_type_index", "math_multiplier")
entity = st.one_of(
    objects("event", "properties", "custom_name", *measured, kind="EventsNode"),
    objects("id", "properties", *measured, kind="ActionsNode"),
)
wild = st.fixed_dictionaries(
    {"series": st.lists(entity, max_size=2) | anything},
    optional={
        "dateRange": objects("date_from", "date_to", "explicitDate") | anything,
        "interval": anything | words,
        "trendsFilter": objects("display", "formula", "formulas", "formulaNodes", "smoothingIntervals") | anything,
        "breakdownFilter": objects(
            *("breakdown", "breakdown_type", "breakdown_limit", "breakdowns", "breakdown_histogram_bin_count")
        )
        | anything,
        "compareFilter": objects("compare", "compare_to") | anything,
        "properties": st.lists(leaf, max_size=2) | leaf | anything,
        "filterTestAccounts": anything,
        "samplingFactor": anything,
    },
)


@pytest.fixture(scope="module")
def small(new_asker: NewAsker) -> Asker:
    return new_asker().load([event(k="v", n=1), event("other", k=None)])


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(fields=wild)
def test_any_json_is_answered_or_refused(small: Asker, fields: dict[str, Any]) -> None:
    try:
        result = small.node(**fields)
    except ApiError as refused:
        assert 400 <= refused.status < 500, fields
        assert refused.detail
        return
    json.dumps(result, allow_nan=False)
