"""What retention refuses although it could be read somehow: names of the other form, and values of another type."""

from __future__ import annotations

import json
from typing import Any

import pytest
from insights_engine.errors import ApiError

from tests.engine.conftest import NewProject
from tests.engine.retention_asking import ask, asker_of

UNREADABLE = "parse_error"
KNOWN = "event, person, group, session, event_metadata, hogql, cohort"
REFUSED: list[tuple[dict[str, Any], str, str | None, str]] = [
    (
        {"flat": {"totalIntervals": 3}},
        "invalid_input",
        "totalIntervals",
        "totalIntervals is an option of RetentionQuery nodes, not of flat parameters",
    ),
    (
        {"flat": {"retentionType": "retention_first_time"}},
        "invalid_input",
        "retentionType",
        "retentionType is an option of RetentionQuery nodes, not of flat parameters",
    ),
    (
        {"flat": {"aggregation_property": "price"}},
        "invalid_input",
        "aggregation_property",
        "aggregation_property is an option of RetentionQuery nodes, not of flat parameters",
    ),
    (
        {"flat": {"filterTestAccounts": False}},
        "invalid_input",
        "filterTestAccounts",
        "filterTestAccounts is an option of RetentionQuery nodes, not of flat parameters",
    ),
    (
        {"flat": {"selectedInterval": 1}},
        "invalid_input",
        "selectedInterval",
        "selectedInterval is an option of RetentionQuery nodes, not of flat parameters",
    ),
    (
        {"flat": {"filter_test_accounts": 5}},
        "invalid_input",
        "filter_test_accounts",
        "filter_test_accounts must be true or false",
    ),
    (
        {"flat": {"sampling_factor": 0}},
        "invalid_input",
        "sampling_factor",
        "sampling_factor must be above 0 and at most 1",
    ),
    ({"node": {"samplingFactor": 0}}, UNREADABLE, None, "query.samplingFactor: Input should be greater than 0"),
    (
        {"node": {"filterTestAccounts": "yes"}},
        UNREADABLE,
        None,
        "query.filterTestAccounts: Input should be a valid boolean",
    ),
    (
        {"node": {"retentionFilter": {"totalIntervals": True}}},
        UNREADABLE,
        None,
        "query.retentionFilter.totalIntervals: Input should be a valid integer",
    ),
    (
        {"flat": {"breakdowns": [{"property": 1, "type": "cohort"}, {"property": "b", "type": "event"}]}},
        "invalid_input",
        "breakdowns__1",
        "breakdowns[1]: cohorts and properties are not mixed",
    ),
    (
        {
            "node": {
                "breakdownFilter": {
                    "breakdowns": [{"property": 1, "type": "cohort"}, {"property": "b", "type": "event"}]
                }
            }
        },
        "invalid_input",
        "breakdownFilter__breakdowns__1",
        "breakdownFilter.breakdowns[1]: cohorts and properties are not mixed",
    ),
    (
        {"flat": {"breakdowns": [{"property": "b", "type": "zzz"}]}},
        "invalid_choice",
        "breakdowns__0__type",
        'breakdowns[0].type "zzz" is not known; known are: ' + KNOWN,
    ),
    (
        {"node": {"breakdownFilter": {"breakdowns": [{"property": "b", "type": "zzz"}]}}},
        "invalid_choice",
        "breakdownFilter__breakdowns__0__type",
        'breakdownFilter.breakdowns[0].type "zzz" is not known; known are: ' + KNOWN,
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
    assert (caught.value.status, caught.value.code, caught.value.attr) == (400, code, attr)
    assert caught.value.detail.startswith(text)


@pytest.mark.parametrize("value", [True, False])
def test_true_is_no_event(new_project: NewProject, value: bool) -> None:
    with pytest.raises(ApiError) as caught:
        ask(asker_of(new_project, []), node={"retentionFilter": {"targetEntity": {"id": value}}})
    assert caught.value.detail.startswith("query.retentionFilter.targetEntity.id")


HARMLESS: list[dict[str, Any]] = [
    {"filter_test_accounts": 1},
    {"filter_test_accounts": "false"},
    {"aggregation_property": ""},
    {"aggregation_property_type": "event", "aggregation_type": "count"},
]


@pytest.mark.parametrize("flat", HARMLESS, ids=json.dumps)
def test_what_changes_nothing_is_not(new_project: NewProject, flat: dict[str, Any]) -> None:
    assert len(ask(asker_of(new_project, []), flat={**flat, "total_intervals": 2}).result) == 2
