"""What paths refuse, with the words for it; and that nothing makes them fail otherwise."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from insights_engine.errors import ApiError

from tests.engine.asking import Asker
from tests.engine.conftest import NewProject
from tests.engine.path_asking import ask, world

UNREADABLE = "parse_error"
LONG = "x" * 10_000
FUNNEL: dict[str, Any] = {"events": [{"id": "a", "order": 0}, {"id": "b", "order": 1}]}
NODES = [{"kind": "EventsNode", "event": "a"}, {"kind": "EventsNode", "event": "b"}]


def funnel(kind: str = "funnel_path_after_step", **own: Any) -> dict[str, Any]:
    return {"flat": {"funnel_paths": kind, "funnel_filter": {**FUNNEL, **own}}}


def funnel_node(**own: Any) -> dict[str, Any]:
    source = {"kind": "FunnelsQuery", "series": NODES, **own}
    kind = "funnel_path_after_step"
    return {"node": {"funnelPathsFilter": {"funnelPathType": kind, "funnelSource": source, "funnelStep": 1}}}


def rule(**own: Any) -> dict[str, Any]:
    return {"flat": {"local_path_cleaning_filters": [{"regex": "a", "alias": "b"}, own]}}


def whole(name: str, low: int, high: int) -> str:
    return f"{name} must be a whole number from {low} to {high}"


INPUT = "invalid_input"
STEP = "funnel_step must be a step from 1 to 2, or from -2 to -2 for those who did not reach it"
BOTH = "Cannot include all custom events and specific custom events in the same query"
REFUSED: list[tuple[dict[str, Any], str, str | None, str]] = [
    (
        {"flat": {"include_event_types": ["custom_event"], "include_custom_events": ["/custom1"]}},
        *(INPUT, None, BOTH),
    ),
    ({"flat": {"properties": "invalid_json"}}, INPUT, None, "Properties are unparsable!"),
    (
        {"flat": {"include_event_types": "[$"}},
        *(INPUT, "include_event_types", "include_event_types is not valid JSON"),
    ),
    (
        {"flat": {"include_event_types": ["$pagevew"]}},
        *("invalid_choice", "include_event_types__0"),
        'include_event_types[0] "$pagevew" is not known; did you mean "$pageview"?',
    ),
    ({"flat": {"path_type": 5}}, "invalid_choice", "path_type", 'path_type "5" is not known; known are: $pageview'),
    ({"flat": {"exclude_events": "/a"}}, INPUT, "exclude_events", "exclude_events must be a list of texts"),
    ({"flat": {"exclude_events": [5]}}, INPUT, "exclude_events", "exclude_events must be a list of texts"),
    (
        {"flat": {"include_custom_events": {"a": 1}}},
        *(INPUT, "include_custom_events", "include_custom_events must be a list of texts"),
    ),
    (
        {"flat": {"path_groupings": ["/a/*", LONG]}},
        *(INPUT, "path_groupings__1", "path_groupings[1] is longer than 2000 characters"),
    ),
    ({"flat": {"path_groupings": ["a"] * 101}}, INPUT, "path_groupings", "path_groupings has more than 100 entries"),
    ({"flat": {"start_point": LONG}}, INPUT, "start_point", "start_point is longer than 2000 characters"),
    ({"flat": {"end_point": ["/"]}}, INPUT, "end_point", "end_point must be a text"),
    ({"flat": {"path_replacements": "perhaps"}}, INPUT, "path_replacements", "path_replacements must be true or false"),
    ({"flat": {"step_limit": -1}}, INPUT, "step_limit", whole("step_limit", 1, 1000)),
    ({"flat": {"step_limit": "0"}}, INPUT, "step_limit", whole("step_limit", 1, 1000)),
    ({"flat": {"edge_limit": "-5"}}, INPUT, "edge_limit", whole("edge_limit", 1, 100_000)),
    ({"flat": {"edge_limit": 2.5}}, INPUT, "edge_limit", whole("edge_limit", 1, 100_000)),
    ({"flat": {"min_edge_weight": -1}}, INPUT, "min_edge_weight", whole("min_edge_weight", 0, 2**31 - 1)),
    (
        {"flat": {"min_edge_weight": 3, "max_edge_weight": 2}},
        *(INPUT, "max_edge_weight", "max_edge_weight is below the least weight"),
    ),
    ({"flat": {"sampling_factor": 2}}, INPUT, "sampling_factor", "sampling_factor must be above 0 and at most 1"),
    ({"flat": {"path_end_key": "/pricing"}}, INPUT, "path_end_key", "path_end_key must be the name of a node"),
    ({"flat": {"path_start_key": "0_/"}}, INPUT, "path_start_key", "path_start_key must be the name of a node"),
    (
        {"flat": {"pathsFilter": {"stepLimit": 4}}},
        *(INPUT, "pathsFilter", "pathsFilter is an option of PathsQuery nodes, not of flat parameters"),
    ),
    (
        {"flat": {"local_path_cleaning_filters": {"regex": "a"}}},
        *(INPUT, "local_path_cleaning_filters", "local_path_cleaning_filters must be a list of at most 100 rules"),
    ),
    (rule(alias="b"), INPUT, "local_path_cleaning_filters__1__regex", "local_path_cleaning_filters[1].regex must be"),
    (rule(regex=""), INPUT, "local_path_cleaning_filters__1__regex", "local_path_cleaning_filters[1].regex must not"),
    (rule(regex="("), INPUT, "local_path_cleaning_filters__1__regex", "Not a regular expression of RE2"),
    (rule(regex="(?=a)"), INPUT, "local_path_cleaning_filters__1__regex", "Not a regular expression of RE2: (?= is"),
    (rule(regex="a" * 1001), INPUT, "local_path_cleaning_filters__1__regex", "local_path_cleaning_filters[1].regex is"),
    (rule(regex="a", alias=5), INPUT, "local_path_cleaning_filters__1__alias", "local_path_cleaning_filters[1].alias"),
    (
        rule(regex="a", alias="\\2"),
        *(INPUT, "local_path_cleaning_filters__1__alias", "local_path_cleaning_filters[1].alias names a group"),
    ),
    (
        {"flat": {"paths_hogql_expression": "nope(event)"}},
        *(INPUT, "paths_hogql_expression", "paths_hogql_expression: "),
    ),
    ({"flat": {"paths_hogql_expression": "count()"}}, INPUT, "paths_hogql_expression", "paths_hogql_expression: "),
    ({"flat": {"date_from": "1901-01-01"}}, INPUT, "date_from", "date_from '1901-01-01' is not between 1970 and 2148"),
    (funnel("funnel_path_around"), "invalid_choice", "funnel_paths", 'funnel_paths "funnel_path_around" is not known'),
    (funnel(), INPUT, "funnel_step", STEP),
    (funnel(funnel_step=-1), INPUT, "funnel_step", STEP),
    (funnel(funnel_step=0), INPUT, "funnel_step", STEP),
    (funnel(funnel_step=3), INPUT, "funnel_step", "funnel_step must be a whole number from -2 to 2"),
    (
        funnel("funnel_path_between_steps", funnel_step=1),
        *(INPUT, "funnel_step", "funnel_step: there is no step before the first"),
    ),
    (
        funnel(funnel_step=1, aggregation_group_type_index=0),
        *(INPUT, "funnel_filter", "funnel_filter: paths are those of persons"),
    ),
    (
        {"flat": {"funnel_paths": "funnel_path_after_step"}},
        *(INPUT, "funnel_filter", "funnel_filter must be a funnel, an object with events"),
    ),
    (
        {"flat": {"funnel_paths": "funnel_path_after_step", "funnel_filter": {}}},
        *(INPUT, "funnel_filter", "funnel_filter has no steps"),
    ),
    (
        {"node": {"pathsFilter": {"stepLimit": -1}}},
        *(UNREADABLE, None, "query.pathsFilter.stepLimit: Input should be greater than or equal to 1"),
    ),
    (
        {"node": {"pathsFilter": {"pathGroupings": [LONG]}}},
        *(UNREADABLE, None, "query.pathsFilter.pathGroupings[0]: String should have at most 2000 characters"),
    ),
    (
        {"node": {"pathsFilter": {"excludeEvents": "/a"}}},
        *(UNREADABLE, None, "query.pathsFilter.excludeEvents: Input should be a valid list"),
    ),
    (
        {"node": {"pathsFitler": {}}},
        *(UNREADABLE, None, 'query.pathsFitler: unknown field; did you mean "pathsFilter"?'),
    ),
    ({"node": {"pathsFilter": {"include_event_types": []}}}, UNREADABLE, None, "query.pathsFilter.include_event_types"),
    (
        {"node": {"pathsFilter": {"includeEventTypes": ["screen"]}}},
        *("invalid_choice", "pathsFilter__includeEventTypes__0"),
        'pathsFilter.includeEventTypes[0] "screen" is not known; did you mean "$screen"?',
    ),
    (
        {"node": {"pathsFilter": {"localPathCleaningFilters": [{"regex": "(?!a)", "alias": ""}]}}},
        *(INPUT, "pathsFilter__localPathCleaningFilters__0__regex", "Not a regular expression of RE2"),
    ),
    (
        {"node": {"pathsFilter": {"pathEndKey": "x"}}},
        *(INPUT, "pathsFilter__pathEndKey", "pathsFilter.pathEndKey must be the name of a node"),
    ),
    ({"flat": {"path_groupings": ["/a", ""]}}, INPUT, "path_groupings__1", "path_groupings[1] must not be empty"),
    (
        {"node": {"pathsFilter": {"pathGroupings": [""]}}},
        *(INPUT, "pathsFilter__pathGroupings__0", "pathsFilter.pathGroupings[0] must not be empty"),
    ),
    (
        rule(regex="(a{1000}){1000}", alias=""),
        *(INPUT, "local_path_cleaning_filters", "local_path_cleaning_filters: A regular expression cannot be read"),
    ),
    (
        {"node": {"pathsFilter": {"localPathCleaningFilters": [{"regex": "a", "alias": "", "aliaz": "b"}]}}},
        *(UNREADABLE, None, "query.pathsFilter.localPathCleaningFilters[0].aliaz: unknown field"),
    ),
    (
        {"node": {"pathsFilter": {"stepLimit": True}}},
        *(UNREADABLE, None, "query.pathsFilter.stepLimit: Input should be a valid integer"),
    ),
    # What a funnel refuses is told by its place: paths have fields of the same names.
    (funnel(events=5), INPUT, "funnel_filter__events", "funnel_filter.events must be a list"),
    (
        funnel(funnel_step=1, funnel_window_interval=-1),
        *(INPUT, "funnel_filter__funnel_window_interval", whole("funnel_filter.funnel_window_interval", 1, 2**31 - 1)),
    ),
    (
        funnel(funnel_step=1, exclusions=[{"id": "x"}]),
        *(INPUT, "funnel_filter", "Exclusion event needs to define funnel steps"),
    ),
    (
        funnel(funnel_step=1, properties=[{"type": "hogql", "key": "nope"}]),
        *(INPUT, "funnel_filter__properties__0", "funnel_filter.properties[0]: "),
    ),
    (
        funnel(funnel_step=1, properties=[{"type": "cohort", "key": "id", "value": 9}]),
        *(INPUT, "funnel_filter__properties__0", "funnel_filter: Cohort 9 does not exist in this project"),
    ),
    (
        funnel(funnel_step=1, date_from="2024-99-01"),
        *(INPUT, "funnel_filter__date_from", "funnel_filter.date_from '2024-99-01' is not a date"),
    ),
    (
        funnel(funnel_step=1, actions=[{"id": 9, "order": 2}]),
        *(INPUT, "funnel_filter", "funnel_filter: action 9 does not exist in this project"),
    ),
    (
        funnel_node(properties=[{"key": "a", "value": 1, "operator": "x"}]),
        *("invalid_choice", "funnelPathsFilter__funnelSource__properties__0__operator"),
        'funnelPathsFilter.funnelSource.properties[0].operator "x" is not known',
    ),
    (
        funnel_node(series=[*NODES, {"kind": "ActionsNode", "id": 9}]),
        *(INPUT, "funnelPathsFilter__funnelSource", "funnelPathsFilter.funnelSource: action 9 does not exist"),
    ),
    (
        funnel_node(funnelsFilter={"funnelFromStep": 7}),
        *("funnel_step_range_invalid", "funnelPathsFilter__funnelSource", "funnelFromStep is out of bounds."),
    ),
    (
        {"node": {"funnelPathsFilter": {"funnelSource": {"kind": "FunnelsQuery", "series": NODES}, "funnelStep": 1}}},
        *("required", "funnelPathsFilter__funnelPathType", "funnelPathsFilter.funnelPathType is required"),
    ),
    (
        {"node": {"funnelPathsFilter": {"funnelPathType": "x", "funnelSource": {}}}},
        *("invalid_choice", "funnelPathsFilter__funnelPathType", "funnelPathsFilter.funnelPathType"),
    ),
    (
        {
            "node": {
                "funnelPathsFilter": {
                    "funnelPathType": "funnel_path_after_step",
                    "funnelSource": {"kind": "FunnelsQuery", "series": NODES},
                }
            }
        },
        *(INPUT, "funnelPathsFilter__funnelStep", "funnelPathsFilter.funnelStep must be a step from 1 to 2"),
    ),
    (
        {"node": {"funnelPathsFilter": {"funnelPathType": "funnel_path_after_step", "funnelSource": {}}}},
        *(UNREADABLE, None, "query.funnelPathsFilter.funnelSource.series: Field required"),
    ),
    (
        {"node": {"properties": [{"type": "cohort", "key": "id", "value": 9}]}},
        *(INPUT, "properties__0", "Cohort 9 does not exist in this project"),
    ),
]


@pytest.mark.parametrize(
    ("query", "code", "attr", "text"), REFUSED, ids=lambda v: json.dumps(v)[:90] if isinstance(v, dict) else ""
)
def test_what_is_refused(
    new_project: NewProject, query: dict[str, Any], code: str, attr: str | None, text: str
) -> None:
    """`text` is how the words begin."""
    with pytest.raises(ApiError) as caught:
        ask(world(new_project, []), **query)
    assert (caught.value.status, caught.value.code, caught.value.attr) == (400, code, attr), caught.value.detail
    assert caught.value.detail.startswith(text)


@pytest.fixture(scope="module")
def crowd(new_project: NewProject) -> Asker:
    rows = [["$pageview", who, f"2024-03-18T10:0{i}:00Z", {"$current_url": f"/{i}"}] for who in "ab" for i in range(3)]
    return world(new_project, rows)


SEEDS = ["$pageview", "custom_event", "/1", "/*", "1_/0", "-1d", "all", "[", '["/1"]', "event", "(", "a\0b", "*", "%"]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=6)
    | st.sampled_from(SEEDS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "regex", "alias", "key", "value", "events"]), inner, max_size=3)
    ),
    max_leaves=8,
)
FLAT_NAMES = (
    *("date_from", "date_to", "include_event_types", "include_custom_events", "path_type", "exclude_events"),
    *("paths_hogql_expression", "start_point", "end_point", "path_groupings", "path_replacements", "properties"),
    *("local_path_cleaning_filters", "step_limit", "edge_limit", "min_edge_weight", "max_edge_weight"),
    *("funnel_paths", "funnel_filter", "funnel_step", "path_start_key", "path_end_key", "path_dropoff_key"),
    *("sampling_factor", "filter_test_accounts"),
)
FILTER_NAMES = (
    *("includeEventTypes", "excludeEvents", "pathsHogQLExpression", "startPoint", "endPoint", "pathGroupings"),
    *("pathReplacements", "localPathCleaningFilters", "stepLimit", "edgeLimit", "minEdgeWeight", "pathStartKey"),
)
NODE_NAMES = ("dateRange", "properties", "filterTestAccounts", "samplingFactor", "funnelPathsFilter")


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(flat=st.dictionaries(st.sampled_from(FLAT_NAMES), JSON, max_size=5))
def test_no_flat_parameters_make_it_fail(crowd: Asker, flat: dict[str, Any]) -> None:
    answered_or_refused(crowd, flat=flat)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    chosen=st.dictionaries(st.sampled_from(FILTER_NAMES), JSON, max_size=4),
    further=st.dictionaries(st.sampled_from(NODE_NAMES), JSON, max_size=2),
)
def test_no_node_makes_it_fail(crowd: Asker, chosen: dict[str, Any], further: dict[str, Any]) -> None:
    answered_or_refused(crowd, node={"pathsFilter": chosen, **further})


def answered_or_refused(crowd: Asker, **query: Any) -> None:
    try:
        ask(crowd, **query)
    except ApiError as error:
        assert error.status == 400, error


@pytest.mark.parametrize("text", ["*" * 2000, "a*" * 1000, "%_\\" * 600, "(a+)+$" * 300, "[" * 2000, "\\E*\\Q", "é*ü"])
def test_hostile_texts_are_only_texts(crowd: Asker, text: str) -> None:
    for name in ("path_groupings", "exclude_events", "include_custom_events"):
        ask(crowd, flat={name: [text]})
    ask(crowd, flat={"start_point": text, "end_point": text, "path_end_key": f"1_{text}"[:2000]})


def test_a_regex_that_would_run_away_elsewhere_is_quick(crowd: Asker) -> None:
    """RE2 knows no such regex."""
    slow = {"regex": "(a+)+(a+)+(a+)+$", "alias": "x"}
    assert ask(crowd, flat={"local_path_cleaning_filters": [slow] * 100}).result
