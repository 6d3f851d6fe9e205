"""The SQL of retention, for the eye: a row of each table, and each form of the statement."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from insights_engine.definitions import Action, Cohort, Definitions, Step
from insights_engine.project import Project
from insights_engine.retention.compile import compile_actors, compile_retention
from insights_engine.retention.legacy import parse_legacy
from insights_engine.retention.model import RETENTION_TYPES, RetentionQuery
from insights_engine.retention.node import parse_node
from insights_engine.retention.periods import PERIODS
from insights_engine.retention.window import Plan, make_window

from tests.conftest import Golden
from tests.engine.golden_sql import as_golden

NOW = datetime(2024, 3, 5, 12, tzinfo=UTC)
DEFINITIONS = Definitions({5: Action(5, "Bought", (Step("buy"), Step("pay")))}, {3: Cohort(3, "Some", is_static=True)})
PROJECTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "elsewhere": {"timezone": "Asia/Tokyo", "week_start_day": 1},
    "merging": {"has_pending_merges": True},
}
PRICE = {"aggregationType": "sum", "aggregationProperty": "price"}
FREE = [{"key": "plan", "value": "free"}]
PLAN = {"breakdown": "plan", "breakdown_type": "event"}

NODES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    **{f"period_{name.lower()}": ("plain", {"period": name}, {}) for name in PERIODS},
    **{name: ("plain", {"retentionType": name}, {}) for name in RETENTION_TYPES},
    "elsewhere": ("elsewhere", {"period": "Week"}, {}),
    "pending_merges": ("merging", {}, {}),
    "two_sides": ("plain", {"targetEntity": {"id": "up"}, "returningEntity": {"id": 5, "type": "actions"}}, {}),
    "own_filters": (
        "plain",
        {"targetEntity": {"id": None, "properties": FREE}, "retentionType": "retention_first_ever_occurrence"},
        {},
    ),
    "groups": ("plain", {}, {"aggregation_group_type_index": 1}),
    "sampled": ("plain", {}, {"samplingFactor": 0.1}),
    "cumulative": ("plain", {"cumulative": True}, {}),
    "minimum": ("plain", {"minimumOccurrences": 2}, {}),
    "brackets": ("plain", {"retentionCustomBrackets": [1, 3]}, {}),
    "sum": ("plain", PRICE, {}),
    "sum_first_ever": (
        "plain",
        {**PRICE, "retentionType": "retention_first_ever_occurrence"},
        {"breakdownFilter": PLAN},
    ),
    "windows_hours": ("plain", {"timeWindowMode": "24_hour_windows"}, {}),
    "windows_days": ("plain", {"timeWindowMode": "24_hour_windows", "period": "Week"}, {}),
    "by_property": ("plain", {}, {"breakdownFilter": PLAN}),
    "by_first_value": ("plain", {"retentionType": "retention_first_ever_occurrence"}, {"breakdownFilter": PLAN}),
    "by_cohorts": ("plain", {}, {"breakdownFilter": {"breakdown": [3, "all"], "breakdown_type": "cohort"}}),
}
FLAT: dict[str, dict[str, Any]] = {
    "flat_hours": {"period": "Hour"},
    "flat_months": {"period": "Month", "retention_type": "retention_first_time"},
    "flat_line": {"display": "ActionsLineGraph"},
    "flat_table": {"breakdowns": [{"type": "event", "property": "plan"}, {"type": "person", "property": "email"}]},
    "flat_table_first": {
        "breakdowns": [PLAN | {"property": "plan", "type": "event"}],
        "retention_type": "retention_first_time",
    },
}


def plan_of(query: RetentionQuery, project: str = "plain") -> Plan:
    there = Project(7, **PROJECTS[project])
    return Plan(query, there, DEFINITIONS, NOW, make_window(query, there, NOW))


@pytest.mark.parametrize("name", NODES)
def test_node(golden: Golden, name: str) -> None:
    project, chosen, further = NODES[name]
    query = parse_node({"kind": "RetentionQuery", "retentionFilter": {"totalIntervals": 3, **chosen}, **further})
    golden(f"retention/{name}.sql", as_golden(compile_retention(plan_of(query, project))))


@pytest.mark.parametrize("name", FLAT)
def test_flat(golden: Golden, name: str) -> None:
    golden(f"retention/{name}.sql", as_golden(compile_retention(plan_of(parse_legacy(FLAT[name])))))


def test_without_bitmaps(golden: Golden) -> None:
    golden("retention/without_bitmaps.sql", as_golden(compile_retention(plan_of(parse_legacy({})), bitmaps=False)))


def test_actors(golden: Golden) -> None:
    plan = plan_of(parse_node({"kind": "RetentionQuery", "breakdownFilter": PLAN}))
    golden("retention/actors.sql", as_golden(compile_actors(plan, 2, "free", 1, 101, 100)))
