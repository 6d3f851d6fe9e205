"""The SQL of paths, for the eye: a row of each table, and each form of the statement."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from insights_engine.definitions import Definitions
from insights_engine.path.compile import compile_actors, compile_paths
from insights_engine.path.legacy import parse_legacy
from insights_engine.path.model import EVENT_TYPES, FUNNEL_PATHS, PathQuery
from insights_engine.path.node import parse_node
from insights_engine.path.window import Plan, packing, window
from insights_engine.project import Project

from tests.conftest import Golden
from tests.engine.golden_sql import as_golden

NOW = datetime(2024, 3, 5, 12, tzinfo=UTC)
PROJECTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "elsewhere": {"timezone": "Asia/Tokyo", "days_timezone": "UTC"},
    "merging": {"has_pending_merges": True},
    "cleaning": {"path_cleaning_filters": ({"regex": r"\d+", "alias": "<id>"},)},
}
FUNNEL = {"events": [{"id": "a"}, {"id": "b", "order": 1}], "funnel_window_interval": 7, "funnel_step": 2}

FLAT: dict[str, tuple[str, dict[str, Any]]] = {
    **{f"type_{name.strip('$')}": ("plain", {"include_event_types": [name]}) for name in EVENT_TYPES},
    **{kind: ("plain", {"funnel_paths": kind, "funnel_filter": FUNNEL}) for kind in FUNNEL_PATHS},
    "everything": ("plain", {}),
    "custom_events": ("plain", {"include_custom_events": ["up", "down"], "include_event_types": ["$pageview"]}),
    "excluded": ("plain", {"include_event_types": ["$pageview"], "exclude_events": ["/a", "/b"]}),
    "expression": ("plain", {"paths_hogql_expression": "person.properties.plan"}),
    "elsewhere": ("elsewhere", {}),
    "pending_merges": ("merging", {}),
    "cleaned": (
        "cleaning",
        {"path_replacements": True, "local_path_cleaning_filters": [{"regex": "#.*", "alias": ""}]},
    ),
    "grouped": ("plain", {"path_groupings": ["/a/*", "100%_\\"]}),
    "start": ("plain", {"start_point": "/a/"}),
    "end": ("plain", {"end_point": "/a/"}),
    "start_and_end": ("plain", {"start_point": "/a", "end_point": "/b", "step_limit": 12}),
    "weights": ("plain", {"min_edge_weight": 2, "max_edge_weight": 9}),
    "sampled": ("plain", {"sampling_factor": 0.1}),
    "filtered": ("plain", {"properties": [{"key": "plan", "value": "free", "type": "person"}]}),
    "dropped_off": (
        "plain",
        {"funnel_paths": "funnel_path_before_step", "funnel_filter": {**FUNNEL, "funnel_step": -2}},
    ),
}


def plan_of(query: PathQuery, project: str = "plain", *, wide: bool = False) -> Plan:
    there = Project(7, **PROJECTS[project])
    start, end = window(query, there, NOW)
    return Plan(query, there, Definitions(), NOW, start, end, packing(start, end, wide=wide))


@pytest.mark.parametrize("name", FLAT)
def test_flat(golden: Golden, name: str) -> None:
    project, values = FLAT[name]
    golden(f"path/{name}.sql", as_golden(compile_paths(plan_of(parse_legacy(values), project))))


def test_node(golden: Golden) -> None:
    chosen = {"includeEventTypes": ["$pageview", "hogql"], "startPoint": "/a", "endPoint": "/b"}
    query = parse_node({"kind": "PathsQuery", "pathsFilter": chosen})
    golden("path/node.sql", as_golden(compile_paths(plan_of(query))))


def test_long_numbers(golden: Golden) -> None:
    golden("path/long_numbers.sql", as_golden(compile_paths(plan_of(parse_legacy({}), wide=True))))


KEYS = {
    "edge": {"path_start_key": "1_/a", "path_end_key": "2_/b"},
    "start": {"path_start_key": "1_/a"},
    "end": {"path_end_key": "3_/b"},
    "dropoff": {"path_dropoff_key": "3_/b"},
    "apart": {"path_start_key": "1_/a", "path_end_key": "3_/b"},
    "all": {},
}


@pytest.mark.parametrize("name", KEYS)
def test_actors(golden: Golden, name: str) -> None:
    plan = plan_of(parse_legacy({"include_event_types": ["$pageview"], **KEYS[name]}))
    golden(f"path/actors_{name}.sql", as_golden(compile_actors(plan, 101, 100)))


@pytest.mark.parametrize(
    ("since", "bits", "is_wide"),
    [("2024-03-04", 26, False), ("2024-01-01", 21, False), ("2022-12-01", 18, False), ("2012-01-01", 32, True)],
)
def test_a_longer_window_leaves_fewer_bits_for_items(since: str, bits: int, is_wide: bool) -> None:
    found = plan_of(parse_legacy({"date_from": since})).packing
    assert (found.bits, found.is_wide) == (bits, is_wide)
