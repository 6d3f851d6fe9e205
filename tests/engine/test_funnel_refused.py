"""What funnels refuse, with the words for it; and that nothing makes them fail otherwise."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from insights_engine.errors import ApiError

from tests.engine.asking import Asker
from tests.engine.conftest import NewProject
from tests.engine.funnel_asking import NOW, ask, series, steps

UNREADABLE = "parse_error"
BEGINS = "Exclusion event range is invalid. "


def flat_excluding(first: Any, last: Any, name: str = "x", **further: Any) -> dict[str, Any]:
    found = {"id": name, "type": "events", "funnel_from_step": first, "funnel_to_step": last}
    return {"flat": {"exclusions": [{k: v for k, v in found.items() if v is not None}], **further}}


def excluding(first: int, last: int, name: str = "x", **further: Any) -> dict[str, Any]:
    found = {"kind": "EventsNode", "event": name, "funnelFromStep": first, "funnelToStep": last}
    return {"node": {"funnelsFilter": {"exclusions": [found], **further}}}


def chosen(**values: Any) -> dict[str, Any]:
    return {"node": {"funnelsFilter": values}}


def optional(*names: str, of: tuple[str, ...], **further: Any) -> dict[str, Any]:
    made = [one | ({"optionalInFunnel": True} if one["event"] in names else {}) for one in series(*of)]
    return {"node": {"series": made, "funnelsFilter": further}}


RANGE, EXCLUDED, OPTIONAL = "funnel_step_range_invalid", "funnel_exclusions_invalid", "funnel_optional_steps_invalid"
PARTS = "Exclusion steps cannot contain an event that's part of funnel steps."
REFUSED: list[tuple[dict[str, Any], str, str | None, str]] = [
    (flat_excluding(None, 1), "invalid_input", None, "Exclusion event needs to define funnel steps"),
    (flat_excluding(0, None), "invalid_input", None, "Exclusion event needs to define funnel steps"),
    (flat_excluding(1, 1), "invalid_input", None, f"{BEGINS}End of range should be greater than start."),
    (flat_excluding(2, 3), "invalid_input", None, f"{BEGINS}Start of range is greater than number of steps."),
    (flat_excluding(0, 2), "invalid_input", None, f"{BEGINS}End of range is greater than number of steps."),
    (flat_excluding(-1, 1), "invalid_input", None, f"{BEGINS}Steps are counted from 0."),
    (flat_excluding(0, 1, "b"), "invalid_input", None, PARTS),
    (
        flat_excluding(0, 1, events=steps("a", "b", "c"), funnel_order_type="unordered"),
        "invalid_input",
        None,
        "Partial Exclusions not allowed in unordered funnels",
    ),
    (excluding(1, 0), EXCLUDED, None, f"{BEGINS}End of range should be greater than start."),
    (excluding(0, 1, "a"), EXCLUDED, None, PARTS),
    ({"flat": {"exclusions": 5}}, "invalid_input", "exclusions", "exclusions must be a list of at most 26"),
    (
        {"flat": {"exclusions": [5]}},
        "invalid_input",
        "exclusions__0",
        "exclusions[0] must be an object with an id and steps",
    ),
    (
        {"flat": {"exclusions": [{"id": "x", "type": "actions", "funnel_from_step": 0, "funnel_to_step": 1}]}},
        "invalid_input",
        "exclusions__0__id",
        "exclusions[0].id must be the id of an action",
    ),
    (
        {"flat": {"exclusions": [{"id": 77, "type": "actions", "funnel_from_step": 0, "funnel_to_step": 1}]}},
        "invalid_input",
        "exclusions__0__id",
        "Action 77 does not exist in this project",
    ),
    (
        {"node": {"series": series("a")}},
        "funnels_require_at_least_two_steps",
        None,
        "Funnels require at least two steps.",
    ),
    ({"node": {"series": []}}, "funnels_require_at_least_two_steps", None, "Funnels require at least two steps."),
    (
        {"flat": {"events": steps("a"), "funnel_viz_type": "time_to_convert"}},
        "funnels_require_at_least_two_steps",
        None,
        "Funnels require at least two steps.",
    ),
    (
        {
            "node": {
                "funnelsFilter": {
                    "exclusions": [{"kind": "ActionsNode", "id": 77, "funnelFromStep": 0, "funnelToStep": 1}]
                }
            }
        },
        "invalid_input",
        "funnelsFilter__exclusions__0__id",
        "Action 77 does not exist in this project",
    ),
    (
        {"flat": {"funnel_aggregate_by_hogql": "nope(event)"}},
        "invalid_input",
        "funnel_aggregate_by_hogql",
        "funnel_aggregate_by_hogql: the function nope is not known (at character 0)",
    ),
    (
        chosen(funnelAggregateByHogQL="nope(event)"),
        "invalid_input",
        "funnelsFilter__funnelAggregateByHogQL",
        "funnelsFilter.funnelAggregateByHogQL: the function nope is not known (at character 0)",
    ),
    (
        {"flat": {"events": steps("a"), "funnel_viz_type": "trends", "funnel_from_step": 1}},
        RANGE,
        None,
        "funnelFromStep is out of bounds. It must be between 0 and 0.",
    ),
    (
        {"flat": {"events": steps("a"), "funnel_viz_type": "trends", "funnel_to_step": 3}},
        RANGE,
        None,
        "funnelToStep is out of bounds. It must be between 0 and 0.",
    ),
    (
        chosen(funnelWindowInterval=True),
        UNREADABLE,
        None,
        "query.funnelsFilter.funnelWindowInterval: Input should be a valid integer",
    ),
    (chosen(funnelFromStep=1), RANGE, None, "funnelFromStep is out of bounds. It must be between 0 and 0."),
    (chosen(funnelFromStep=-1), RANGE, None, "funnelFromStep is out of bounds. It must be between 0 and 0."),
    (chosen(funnelToStep=0), RANGE, None, "funnelToStep is out of bounds. It must be between 1 and 1."),
    (chosen(funnelToStep=2), RANGE, None, "funnelToStep is out of bounds. It must be between 1 and 1."),
    (
        {"node": {"series": series("a", "b", "c"), "funnelsFilter": {"funnelFromStep": 1, "funnelToStep": 1}}},
        RANGE,
        None,
        "Funnel step range is invalid. funnelToStep should be greater than funnelFromStep.",
    ),
    (
        optional("a", of=("a", "b", "c")),
        OPTIONAL,
        None,
        "The first step of a funnel cannot be optional.",
    ),
    (
        {"node": {"series": [*series("a"), {**series("b")[0], "optionalInFunnel": True}, *series("b")]}},
        OPTIONAL,
        None,
        "An optional step cannot be the same as the following required step.",
    ),
    (
        optional("b", of=("a", "b", "c"), funnelOrderType="unordered"),
        OPTIONAL,
        None,
        "Optional funnel steps are only supported in funnels with step order Sequential or Strict and the graph type "
        "Conversion Steps.",
    ),
    (
        optional("b", of=("a", "b", "c")),
        "invalid_input",
        "series__1__optionalInFunnel",
        "series[1].optionalInFunnel: optional steps are not answered here; leave the step out",
    ),
    (
        chosen(funnelOrderType="random"),
        "invalid_choice",
        "funnelsFilter__funnelOrderType",
        'funnelsFilter.funnelOrderType "random" is not known; known are: ordered, strict, unordered',
    ),
    (
        {"flat": {"funnel_order_type": "orderd"}},
        "invalid_choice",
        "funnel_order_type",
        'funnel_order_type "orderd" is not known; did you mean "ordered"?',
    ),
    (
        {"flat": {"funnel_viz_type": "flow"}},
        "invalid_choice",
        "funnel_viz_type",
        'funnel_viz_type "flow" is not known; known are: steps, time_to_convert, trends',
    ),
    (
        {"flat": {"funnel_window_interval": 0}},
        "invalid_input",
        "funnel_window_interval",
        "funnel_window_interval must be a whole number from 1 to 2147483647",
    ),
    (
        {"flat": {"funnel_window_interval": 10**8}},
        "invalid_input",
        "funnel_window_interval",
        "funnel_window_interval must be a whole number from 1 to 73200",
    ),
    (
        chosen(funnelWindowInterval=10**30, funnelWindowIntervalUnit="month"),
        "invalid_input",
        "funnelsFilter__funnelWindowInterval",
        "funnelsFilter.funnelWindowInterval must be a whole number from 1 to 2361",
    ),
    (
        {"flat": {"bin_count": 91}},
        "invalid_input",
        "bin_count",
        "bin_count must be a whole number from 1 to 90",
    ),
    (
        chosen(binCount=0),
        UNREADABLE,
        None,
        "query.funnelsFilter.binCount: Input should be greater than or equal to 1",
    ),
    (
        {"node": {"funnelsFliter": {}}},
        UNREADABLE,
        None,
        'query.funnelsFliter: unknown field; did you mean "funnelsFilter"?',
    ),
    (
        {"flat": {"breakdown": "k", "breakdown_attribution_type": "step", "breakdown_attribution_value": 2}},
        "invalid_input",
        "breakdown_attribution_value",
        "breakdown_attribution_value must be a step from 0 to 1",
    ),
    (
        {"node": {"breakdownFilter": {"breakdown": "n", "breakdown_histogram_bin_count": 3}}},
        "invalid_input",
        "breakdown_histogram_bin_count",
        "breakdown_histogram_bin_count: a funnel does not cut values into bins",
    ),
    (
        {"flat": {"breakdown": [77], "breakdown_type": "cohort"}},
        "invalid_input",
        "breakdown",
        "Cohort 77 does not exist in this project",
    ),
    (
        {"flat": {"actions": [{"id": 77, "order": 3}]}},
        "invalid_input",
        "actions__0__id",
        "Action 77 does not exist in this project",
    ),
    (
        {"flat": {"date_from": "2024-03-11"}},
        "invalid_input",
        "date_from",
        "date_from is after date_to",
    ),
    (
        {
            "node": {
                "series": [
                    {"kind": "EventsNode", "event": "a", "properties": [{"key": f"k{i}", "value": "v"}]}
                    for i in range(6)
                ],
                "funnelsFilter": {"funnelOrderType": "unordered"},
            }
        },
        "invalid_input",
        "series",
        "In an unordered funnel at most 5 different steps may be of the same events; steps 1, 2, 3, 4, 5, 6 are",
    ),
]


@pytest.fixture(scope="module")
def asker(new_project: NewProject) -> Asker:
    place = new_project()
    return Asker(place.services, place.id, NOW)


@pytest.mark.parametrize(("query", "code", "attr", "detail"), REFUSED, ids=[str(i) for i in range(len(REFUSED))])
def test_refused(asker: Asker, query: dict[str, Any], code: str, attr: str | None, detail: str) -> None:
    with pytest.raises(ApiError) as refused:
        ask(asker, **query)
    assert refused.value.status == 400
    assert (refused.value.detail, refused.value.code, refused.value.attr) == (detail, code, attr)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FLAT = (
    *("events", "actions", "exclusions", "funnel_window_interval", "funnel_window_interval_unit", "funnel_order_type"),
    *("funnel_viz_type", "funnel_from_step", "funnel_to_step", "bin_count", "breakdown", "breakdown_attribution_type"),
    *("breakdown_attribution_value", "funnel_aggregate_by_hogql", "interval", "date_from", "properties", "display"),
)
NODE = (
    *("funnelVizType", "funnelOrderType", "funnelWindowInterval", "funnelWindowIntervalUnit", "funnelFromStep"),
    *("funnelToStep", "binCount", "funnelAggregateByHogQL", "breakdownAttributionType", "exclusions"),
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(flat=st.dictionaries(st.sampled_from(FLAT), JSON, max_size=4), node=st.dictionaries(st.sampled_from(NODE), JSON))
def test_nothing_fails_otherwise(asker: Asker, flat: dict[str, Any], node: dict[str, Any]) -> None:
    for query in ({"flat": flat}, {"node": {"funnelsFilter": node}}):
        try:
            ask(asker, **query)
        except ApiError as error:
            assert error.status == 400, query
