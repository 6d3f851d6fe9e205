"""One question of each insight, over a project's own events: what the other checks cannot know is found by asking."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from typing import Any

from insights_acl.accounts import list_organizations
from insights_acl.projects import list_projects
from insights_engine.project import Project
from insights_engine.services import Services
from insights_engine.sql import Sql

from insights_local.doctor.findings import Check, Problem, Skipped, Warned

_SLOW_SHARE = 0.5
_ALL_EVENTS: dict[str, Any] = {"kind": "EventsNode", "event": None}
_RANGE = {"dateRange": {"date_from": "-7d"}}
NODES: dict[str, dict[str, Any]] = {
    "trend": {"kind": "TrendsQuery", "series": [_ALL_EVENTS], **_RANGE},
    "retention": {"kind": "RetentionQuery", "retentionFilter": {"period": "Day", "totalIntervals": 7}},
    "path": {"kind": "PathsQuery", "pathsFilter": {}, **_RANGE},
    "funnel": {"kind": "FunnelsQuery", "series": [_ALL_EVENTS, _ALL_EVENTS], **_RANGE},
}
_ADVICE = "Its log line says more: run it again with LOG_LEVEL=DEBUG; then `insights migrate --check{}`."


def checks(services: Services, project_id: int | None, options: str) -> Iterator[Check]:
    """Those of `project_id`, or of a project that has events."""
    found: list[Project] = []
    needs = ("tables", "policies store")
    yield Check("project", partial(_choose, services, project_id, found), f"insights projects list{options}", needs)
    for insight in (*NODES, "timing"):
        yield Check(
            f"insight {insight}", partial(_ask, services, found, insight), _ADVICE.format(options), ("project",)
        )


def _choose(services: Services, project_id: int | None, found: list[Project]) -> str:
    store = services.policies
    known = [p.project for organization in list_organizations(store) for p in list_projects(store, organization.id)]
    if project_id is not None:
        known = [project for project in known if project.id == project_id]
        if not known:
            raise Problem(f"there is no project {project_id}")
        found.append(known[0])
        return f"{project_id}, {known[0].name}"
    asked = Sql("SELECT project FROM events WHERE project IN {ids:Array(UInt32)} LIMIT 1", ids=[p.id for p in known])
    rows = services.clickhouse.admin_read(asked).rows
    if not rows:
        raise Skipped("no project has events yet")
    found += [project for project in known if project.id == rows[0][0]]
    return f"{found[0].id}, {found[0].name}"


def _ask(services: Services, projects: list[Project], insight: str) -> str:
    if not projects:
        raise Skipped("there is no project to ask about")
    (project,) = projects
    started = time.perf_counter()
    if insight == "timing":
        from insights_engine.timing import answer, model

        found = answer.answer(model.parse({"date_from": "-7d"}), project, services, services.now())
    else:
        from insights_api.questions import question_of_node

        found = question_of_node(NODES[insight]).answer(project, services, services.now())
    seconds, cost = time.perf_counter() - started, found.total_cost
    words = f"answered in {seconds * 1000:,.0f} ms, {cost.rows_read:,} rows read"
    if seconds > services.settings.query_seconds * _SLOW_SHARE:
        raise Warned(words, "A larger ClickHouse, or a narrower question; QUERY_SECONDS ends it.")
    return words
