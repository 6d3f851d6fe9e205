"""The SQL of the people behind trends, lifecycles and stickiness, for the eye."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from insights_engine.actors import Wanted, everyone, page
from insights_engine.definitions import Cohort, Definitions
from insights_engine.lifecycle.compile import compile_people as of_lifecycle
from insights_engine.lifecycle.node import parse_node as parse_lifecycle
from insights_engine.project import Project
from insights_engine.scan import Scan
from insights_engine.sql import Sql
from insights_engine.stickiness.compile import compile_people as of_stickiness
from insights_engine.stickiness.node import parse_node as parse_stickiness
from insights_engine.trend.breakdowns import OTHER
from insights_engine.trend.compile import branches
from insights_engine.trend.node import parse_node
from insights_engine.trend.people import Chosen, compile_people
from insights_engine.trend.plan import make_plan

from tests.conftest import Golden
from tests.engine.golden_sql import as_golden

NOW = datetime(2024, 3, 5, 12, tzinfo=UTC)
DATES = {"date_from": "2024-03-01", "date_to": "2024-03-04"}
DEFINITIONS = Definitions({}, {3: Cohort(3, "Some", is_static=True)})
PROJECTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "elsewhere": {"timezone": "Asia/Tokyo", "week_start_day": 1},
    "merging": {"has_pending_merges": True},
}
SERIES = {"kind": "EventsNode", "event": "buy"}
FREE = [{"key": "plan", "value": "free"}]
BY_PLAN = {"breakdownFilter": {"breakdown": "plan", "breakdown_type": "event"}}
BY_OS = {"breakdownFilter": {"breakdown": "os", "breakdown_type": "person"}}
BY_COHORTS = {"breakdownFilter": {"breakdown": [3, "all"], "breakdown_type": "cohort"}}
CUMULATED = {"trendsFilter": {"display": "ActionsLineGraphCumulative"}}
PIE = {"trendsFilter": {"display": "ActionsPie"}}
IDS, PLAIN = Wanted(100, 200, has_distinct_ids=True), Wanted(100)


def by(math: str, **further: Any) -> dict[str, Any]:
    return {"series": [{**SERIES, "math": math, **further}]}


DAY = Chosen("2024-03-02")
TRENDS: dict[str, tuple[str, dict[str, Any], Chosen, Wanted]] = {
    "day": ("plain", {}, DAY, PLAIN),
    "distinct_ids": ("plain", {}, DAY, IDS),
    "total": ("plain", PIE, Chosen(), PLAIN),
    "week_elsewhere": ("elsewhere", {"interval": "week"}, DAY, PLAIN),
    "hour": ("plain", {"interval": "hour"}, DAY, PLAIN),
    "pending_merges": ("merging", {}, DAY, PLAIN),
    "cumulated": ("plain", {**by("dau"), **CUMULATED}, DAY, PLAIN),
    "weekly_active": ("plain", by("weekly_active"), DAY, PLAIN),
    "weekly_active_total": (
        "plain",
        {**by("weekly_active"), "trendsFilter": {"display": "ActionsPie"}},
        Chosen(),
        PLAIN,
    ),
    "first_time": ("plain", by("first_time_for_user", properties=FREE), DAY, IDS),
    "groups": ("plain", by("unique_group", math_group_type_index=1), DAY, PLAIN),
    "value": ("plain", BY_PLAN, Chosen("2024-03-02", value=("free",)), PLAIN),
    "other": ("plain", BY_PLAN, Chosen("2024-03-02", value=(OTHER,)), PLAIN),
    "person_value": ("plain", BY_OS, Chosen("2024-03-02", value=("Linux",)), PLAIN),
    "cohort": ("plain", BY_COHORTS, Chosen("2024-03-02", value=("3",)), PLAIN),
    "previous": ("plain", {"compareFilter": {"compare": True}}, Chosen("2024-03-02", compare="previous"), PLAIN),
    "newest": ("plain", {}, DAY, Wanted(100, order=(("created_at", True),))),
}


@pytest.mark.parametrize("name", TRENDS)
def test_trend(golden: Golden, name: str) -> None:
    project, further, chosen, wanted = TRENDS[name]
    query = parse_node({"kind": "TrendsQuery", "series": [SERIES], "dateRange": DATES, **further})
    plan = make_plan(query, Project(7, **PROJECTS[project]), DEFINITIONS, NOW)
    people = compile_people(plan, chosen, wanted)
    assert people is not None
    golden(f"people/trend/{name}.sql", as_golden(page(people, wanted, None, Scan(plan.project, DEFINITIONS, NOW))))


LIFECYCLES: dict[str, dict[str, Any]] = {"persons": {}, "groups": {"aggregation_group_type_index": 1}}
STICKINESSES = {"exactly": (2, 2), "or_more": (2, 4)}


@pytest.mark.parametrize("name", LIFECYCLES)
def test_lifecycle(golden: Golden, name: str) -> None:
    node = {"kind": "LifecycleQuery", "series": [SERIES], "dateRange": DATES, **LIFECYCLES[name]}
    plan = make_plan(parse_lifecycle(node), Project(7), DEFINITIONS, NOW)
    golden(f"people/lifecycle/{name}.sql", as_golden(of_lifecycle(plan, 1, "returning", IDS)))


@pytest.mark.parametrize("name", STICKINESSES)
def test_stickiness(golden: Golden, name: str) -> None:
    query = parse_stickiness({"kind": "StickinessQuery", "series": [SERIES], "dateRange": DATES})
    plan = make_plan(query.trend, Project(7), DEFINITIONS, NOW)
    golden(
        f"people/stickiness/{name}.sql",
        as_golden(of_stickiness(query, plan, branches(plan)[0], STICKINESSES[name], IDS)),
    )


def test_everyone(golden: Golden) -> None:
    scan = Scan(Project(7), DEFINITIONS, NOW)
    wanted = Wanted(kept=lambda who: Sql("{w} IN (SELECT 1)", w=who), order=(("created_at", True),))
    golden("people/everyone.sql", as_golden(page(everyone(scan), wanted, None, scan)))
