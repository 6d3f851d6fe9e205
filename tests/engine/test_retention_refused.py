"""What retention refuses, with the words for it; and that nothing makes it fail otherwise."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from insights_engine.errors import ApiError

from tests.engine.asking import Asker
from tests.engine.conftest import NewProject
from tests.engine.retention_asking import PEOPLE, SUMMED, ask, asker_of

UNREADABLE = "parse_error"
REFUSED: list[tuple[dict[str, Any], str, str | None, str]] = [
    ({"flat": {"period": "Year"}}, "invalid_input", None, "Period Year is unsupported."),
    ({"flat": {"period": "day"}}, "invalid_input", None, "Period day is unsupported."),
    ({"flat": {"properties": "invalid_json"}}, "invalid_input", None, "Properties are unparsable!"),
    ({"flat": {"properties": "[{"}}, "invalid_input", None, "Properties are unparsable!"),
    (
        {"flat": {"total_intervals": 0}},
        "invalid_input",
        "total_intervals",
        "total_intervals must be a whole number from 1 to 1000",
    ),
    (
        {"flat": {"total_intervals": "1001"}},
        "invalid_input",
        "total_intervals",
        "total_intervals must be a whole number from 1 to 1000",
    ),
    (
        {"flat": {"period": "Month", "total_intervals": 1000}},
        "invalid_input",
        "total_intervals",
        "The window begins before 1970; choose fewer intervals",
    ),
    ({"flat": {"target_entity": "{"}}, "invalid_input", "target_entity", "target_entity is not valid JSON"),
    (
        {"flat": {"target_entity": [1]}},
        "invalid_input",
        "target_entity",
        "target_entity must be an object with id and type",
    ),
    (
        {"flat": {"target_entity": {"id": [1]}}},
        "invalid_input",
        "target_entity__id",
        "target_entity.id must be the name of an event or null",
    ),
    (
        {"flat": {"returning_entity": {"id": "x", "type": "actions"}}},
        "invalid_input",
        "returning_entity__id",
        "returning_entity.id must be the id of an action",
    ),
    (
        {"flat": {"target_entity": {"id": 77, "type": "actions"}}},
        "invalid_input",
        "target_entity__id",
        "Action 77 does not exist in this project",
    ),
    (
        {"flat": {"mean_retention_calculation": "median"}},
        "invalid_choice",
        "mean_retention_calculation",
        'mean_retention_calculation "median" is not known; known are: simple, weighted, none',
    ),
    (
        {"flat": {"date_to": "1901-01-01"}},
        "invalid_input",
        "date_to",
        "date_to '1901-01-01' is not between 1970 and 2148",
    ),
    (
        {"flat": {"sampling_factor": 2}},
        "invalid_input",
        "sampling_factor",
        "sampling_factor must be above 0 and at most 1",
    ),
    (
        {"flat": {"aggregation_group_type_index": 5}},
        "invalid_input",
        "aggregation_group_type_index",
        "aggregation_group_type_index must be a whole number from 0 to 4",
    ),
    ({"flat": {"breakdowns": "x"}}, "invalid_input", "breakdowns", "breakdowns must be a list"),
    (
        {"node": {"retentionFilter": {"period": "Dya"}}},
        "invalid_choice",
        "retentionFilter__period",
        'retentionFilter.period "Dya" is not known; did you mean "Day"?',
    ),
    (
        {"node": {"retentionFilter": {"totalIntervals": 1001}}},
        UNREADABLE,
        None,
        "query.retentionFilter.totalIntervals: Input should be less than or equal to 1000",
    ),
    (
        {"node": {"retentionFilter": {"minimumOccurrences": 0}}},
        UNREADABLE,
        None,
        "query.retentionFilter.minimumOccurrences: Input should be greater than or equal to 1",
    ),
    (
        {"node": {"retentionFliter": {}}},
        UNREADABLE,
        None,
        'query.retentionFliter: unknown field; did you mean "retentionFilter"?',
    ),
    (
        {"node": {"retentionFilter": {"targetEntity": {"id": 77, "type": "actions"}}}},
        "invalid_input",
        "retentionFilter__targetEntity__id",
        "Action 77 does not exist in this project",
    ),
    (
        {"node": {"retentionFilter": {"targetEntity": {"id": "a", "type": "data_warehouse"}}}},
        "invalid_choice",
        "retentionFilter__targetEntity__type",
        'retentionFilter.targetEntity.type "data_warehouse" is not known; known are: events, actions',
    ),
    (
        {"node": {"retentionFilter": {"timeWindowMode": "24_hour_windows", "cumulative": True}}},
        "retention_cumulative_24_hour_windows_unsupported",
        None,
        "Cumulative retention is not supported for 24 hour windows.",
    ),
    (
        {"node": {"retentionFilter": {"timeWindowMode": "24_hour_windows", **SUMMED}}},
        "retention_24_hour_windows_property_aggregation_unsupported",
        None,
        "Sum and average aggregation are not supported for 24 hour windows.",
    ),
    (
        {"node": {"retentionFilter": {"timeWindowMode": "24_hour_windows", "aggregationType": "avg"}}},
        "retention_24_hour_windows_property_aggregation_unsupported",
        None,
        "Sum and average aggregation are not supported for 24 hour windows.",
    ),
    (
        {"node": {"retentionFilter": {"targetEntity": {"id": "a", "kind": "DataWarehouseNode"}}}},
        UNREADABLE,
        None,
        "query.retentionFilter.targetEntity.kind: Input should be 'EventsNode' or 'ActionsNode'",
    ),
    (
        {"flat": {"target_entity": {"id": True}}},
        "invalid_input",
        "target_entity__id",
        "target_entity.id must be the name of an event or null",
    ),
    (
        {"node": {"retentionFilter": {"cumulative": True, **SUMMED}}},
        "invalid_input",
        "retentionFilter__cumulative",
        "Cumulative retention is not supported for sums and averages.",
    ),
    (
        {"node": {"retentionFilter": {"aggregationType": "sum"}}},
        "invalid_input",
        "retentionFilter__aggregationProperty",
        "retentionFilter.aggregationProperty is required: the property that is added up",
    ),
    (
        {"node": {"dateRange": {"date_from": "2024-03-10", "date_to": "2024-03-01"}}},
        "invalid_input",
        "date_from",
        "date_from is after date_to",
    ),
    (
        {"node": {"dateRange": {"date_from": "2000-01-01"}}},
        "invalid_input",
        "period",
        "The window has more than 1000 periods; choose a longer period",
    ),
    (
        {"node": {"breakdownFilter": {"breakdown": [9], "breakdown_type": "cohort"}}},
        "invalid_input",
        "breakdown",
        "Cohort 9 does not exist in this project",
    ),
    (
        {"node": {"breakdownFilter": {"breakdown": "b", "breakdown_histogram_bin_count": 3}}},
        "invalid_input",
        "breakdown_histogram_bin_count",
        "breakdown_histogram_bin_count: retention does not cut values into bins",
    ),
    (
        {"flat": {"breakdown": "b", "breakdown_histogram_bin_count": 3}},
        "invalid_input",
        "breakdown_histogram_bin_count",
        "breakdown_histogram_bin_count: retention does not cut values into bins",
    ),
    (
        {"flat": {"minimum_occurrences": 2}},
        "invalid_input",
        "minimum_occurrences",
        "minimum_occurrences is an option of RetentionQuery nodes, not of flat parameters",
    ),
    (
        {"flat": {"retentionFilter": {"period": "Week"}}},
        "invalid_input",
        "retentionFilter",
        "retentionFilter is an option of RetentionQuery nodes, not of flat parameters",
    ),
    (
        {"flat": {"retention_reference": "first"}},
        "invalid_choice",
        "retention_reference",
        'retention_reference "first" is not known; known are: total, previous',
    ),
    (
        {"node": {"retentionFilter": {"retentionReference": "previos"}}},
        "invalid_choice",
        "retentionFilter__retentionReference",
        'retentionFilter.retentionReference "previos" is not known; did you mean "previous"?',
    ),
    (
        {"node": {"dateRange": {"date_from": "all"}}},
        "invalid_input",
        "date_from",
        'date_from: retention begins at a date, not at "all"',
    ),
]


@pytest.mark.parametrize(
    ("query", "code", "attr", "text"), REFUSED, ids=lambda v: json.dumps(v) if isinstance(v, dict) else ""
)
def test_what_is_refused(
    new_project: NewProject, query: dict[str, Any], code: str, attr: str | None, text: str
) -> None:
    with pytest.raises(ApiError) as caught:
        ask(asker_of(new_project, []), **query)
    assert (caught.value.status, caught.value.code, caught.value.attr, caught.value.detail) == (400, code, attr, text)


@pytest.fixture(scope="module")
def crowd(new_project: NewProject) -> Asker:
    return asker_of(new_project, PEOPLE)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=6)
    | st.sampled_from(
        [
            "Day",
            "Month",
            "actions",
            "events",
            "cohort",
            "person",
            "-1d",
            "all",
            "2024-03-01",
            "[",
            '{"id": "a"}',
            "a\0b",
        ]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "type", "key", "value", "property"]), inner, max_size=3)
    ),
    max_leaves=8,
)
FLAT_NAMES = (
    *("period", "total_intervals", "date_to", "date_from", "target_entity", "returning_entity", "retention_type"),
    *("properties", "filter_test_accounts", "breakdowns", "breakdown", "breakdown_type", "breakdown_limit", "display"),
    *("aggregation_group_type_index", "sampling_factor", "mean_retention_calculation", "selected_interval"),
)
NODE_NAMES = (
    "dateRange",
    "properties",
    "filterTestAccounts",
    "samplingFactor",
    "breakdownFilter",
    "aggregation_group_type_index",
)
FILTER_NAMES = (
    *(
        "period",
        "totalIntervals",
        "retentionType",
        "targetEntity",
        "returningEntity",
        "cumulative",
        "minimumOccurrences",
    ),
    *("retentionCustomBrackets", "timeWindowMode", "aggregationType", "aggregationProperty", "aggregationPropertyType"),
)


@settings(max_examples=300, deadline=timedelta(seconds=30), suppress_health_check=list(HealthCheck))
@given(
    flat=st.dictionaries(st.sampled_from(FLAT_NAMES), JSON, max_size=4),
    node=st.dictionaries(st.sampled_from(NODE_NAMES), JSON, max_size=2),
    chosen=st.dictionaries(st.sampled_from(FILTER_NAMES), JSON, max_size=3),
    is_flat=st.booleans(),
)
def test_whatever_is_asked_the_fault_is_the_caller_s(
    crowd: Asker, flat: dict[str, Any], node: dict[str, Any], chosen: dict[str, Any], is_flat: bool
) -> None:
    try:
        ask(crowd, **({"flat": flat} if is_flat else {"node": {**node, "retentionFilter": chosen}}))
    except ApiError as error:
        assert error.status == 400, error
