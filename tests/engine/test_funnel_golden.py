"""The SQL of funnels, for the eye: a row of each table, and each form of the statement."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from insights_engine.definitions import Action, Cohort, Definitions, Step
from insights_engine.funnel.compile import compile_funnel
from insights_engine.funnel.legacy import parse_legacy
from insights_engine.funnel.model import ATTRIBUTIONS, ORDERS, VIZ_TYPES, FunnelQuery
from insights_engine.funnel.node import parse_node
from insights_engine.funnel.people import Chosen, compile_people, step_people
from insights_engine.funnel.plan import Plan, make_plan
from insights_engine.project import Project

from tests.conftest import Golden
from tests.engine.funnel_asking import series, steps
from tests.engine.golden_sql import as_golden

NOW = datetime(2024, 3, 5, 12, tzinfo=UTC)
DEFINITIONS = Definitions({5: Action(5, "Bought", (Step("buy"), Step("pay")))}, {3: Cohort(3, "Some", is_static=True)})
PROJECTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "elsewhere": {"timezone": "Asia/Tokyo", "week_start_day": 1},
    "merging": {"has_pending_merges": True},
}
PLAN = {"breakdownFilter": {"breakdown": "plan", "breakdown_type": "event"}}
FREE = [{"key": "plan", "value": "free"}]
HELP = {"kind": "EventsNode", "event": "help", "funnelFromStep": 0, "funnelToStep": 1}
FIRST = {"kind": "EventsNode", "event": "up", "math": "first_time_for_user", "properties": FREE}
ACTION = {"kind": "ActionsNode", "id": 5}

# Project, funnelsFilter, and the rest of the node.
NODES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    **{f"order_{name}": ("plain", {"funnelOrderType": name}, {}) for name in ORDERS},
    **{f"viz_{name}": ("plain", {"funnelVizType": name}, {}) for name in VIZ_TYPES},
    **{f"by_{name}": ("plain", {"breakdownAttributionType": name}, PLAN) for name in ATTRIBUTIONS},
    "elsewhere": ("elsewhere", {"funnelVizType": "trends"}, {"interval": "week"}),
    "pending_merges": ("merging", {}, {}),
    "groups": ("plain", {}, {"aggregation_group_type_index": 1}),
    "expression": ("plain", {"funnelAggregateByHogQL": "properties.$session_id"}, {}),
    "sampled": ("plain", {}, {"samplingFactor": 0.1}),
    "excluded": ("plain", {"exclusions": [HELP]}, {}),
    "excluded_in_a_strict_one": ("plain", {"exclusions": [HELP], "funnelOrderType": "strict"}, {}),
    "repeated": ("plain", {}, {"series": series("a", "b", "a")}),
    "repeated_in_any_order": ("plain", {"funnelOrderType": "unordered"}, {"series": series("a", "a", "b")}),
    "overlapping_in_any_order": ("plain", {"funnelOrderType": "unordered"}, {"series": series("a", None)}),
    "action_and_first_time": ("plain", {}, {"series": [FIRST, ACTION]}),
    "by_two_properties": (
        "plain",
        {},
        {
            "breakdownFilter": {
                "breakdowns": [{"property": "plan", "type": "event"}, {"property": "os", "type": "person"}]
            }
        },
    ),
    "by_cohorts": ("plain", {}, {"breakdownFilter": {"breakdown": [3, "all"], "breakdown_type": "cohort"}}),
    "trend_by_value": (
        "plain",
        {"funnelVizType": "trends", "funnelFromStep": 1},
        PLAN | {"series": series("a", "b", "c")},
    ),
    "many_steps": ("plain", {}, {"series": series(*"abcdefghijklmnopqrstuvwx"), "dateRange": {"date_from": "-3000d"}}),
}


def node_of(chosen: dict[str, Any], further: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "FunnelsQuery", "series": series("a", "b", "c"), "funnelsFilter": chosen, **further}


def plan_in(query: FunnelQuery, project: str = "plain") -> Plan:
    return make_plan(query, Project(7, **PROJECTS[project]), DEFINITIONS, NOW)


@pytest.mark.parametrize("name", NODES)
def test_node(golden: Golden, name: str) -> None:
    project, chosen, further = NODES[name]
    golden(f"funnel/{name}.sql", as_golden(compile_funnel(plan_in(parse_node(node_of(chosen, further)), project))))


def test_flat_with_one_step(golden: Golden) -> None:
    golden("funnel/flat_with_one_step.sql", as_golden(compile_funnel(plan_in(parse_legacy({"events": steps("a")})))))


def test_people_of_a_step(golden: Golden) -> None:
    plan = plan_in(parse_node(node_of({}, PLAN)))
    golden("funnel/people.sql", as_golden(compile_people(plan, Chosen(step=-2, value=("free",)), 101, 100)))
    golden("funnel/people_and_times.sql", as_golden(step_people(plan, 2)))


def test_people_of_a_point(golden: Golden) -> None:
    plan = plan_in(parse_node(node_of({"funnelVizType": "trends"}, {})))
    golden("funnel/people_of_a_point.sql", as_golden(compile_people(plan, Chosen(period="2024-03-02"), 101, 0)))
