"""Whatever the functions answer about people like those of the demo has a picture and a table, in both forms."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from insights_acl.models import StoredProject
from insights_api.questions import question_of_flat, question_of_node
from insights_engine.trend.displays import DISPLAYS
from insights_local.demo import Demo
from insights_report.charts import draw
from insights_report.tables import table_of

from tests.api.world import World
from tests.report.answers import looked_at

NOW = datetime(2026, 3, 20, 15, 0, tzinfo=UTC)
RANGE = {"date_from": "-14d"}
EVENTS = [{"kind": "EventsNode", "event": "$pageview"}, {"kind": "EventsNode", "event": "signed_up", "math": "dau"}]
FLAT_EVENTS = [{"id": "$pageview", "order": 0}, {"id": "signed_up", "order": 1, "math": "dau"}]
BY_BROWSER = {"breakdownFilter": {"breakdown": "$browser", "breakdown_type": "event"}}
FLAT_BY_BROWSER = {"breakdown": "$browser", "breakdown_type": "event"}
BEFORE = {"compareFilter": {"compare": True}}

# Displays that differ in what they make of values and of what is compared.
FORMS = ("ActionsLineGraph", "ActionsBar", "ActionsAreaGraph", "BoldNumber", "ActionsPie", "ActionsTable")


def node(kind: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "dateRange": RANGE, **more}


def trend(display: str, **more: Any) -> dict[str, Any]:
    return node("TrendsQuery", trendsFilter={"display": display}, **{"series": EVENTS, **more})


def funnel(viz: str = "steps", **more: Any) -> dict[str, Any]:
    return node("FunnelsQuery", series=EVENTS, funnelsFilter={"funnelVizType": viz}, **more)


NODES = [
    *(trend(display) for display in DISPLAYS),
    *(trend(display, **BEFORE, series=EVENTS[:1]) for display in FORMS),
    *(trend(display, **BY_BROWSER) for display in FORMS),
    node("TrendsQuery", series=EVENTS, trendsFilter={"formula": "B / A"}),
    node("LifecycleQuery", series=EVENTS[:1]),
    node("StickinessQuery", series=EVENTS),
    node("StickinessQuery", series=EVENTS[:1], **BEFORE),
    node("RetentionQuery", retentionFilter={"period": "Day", "totalIntervals": 8}),
    node("RetentionQuery", retentionFilter={"period": "Week", "totalIntervals": 3}, **BY_BROWSER),
    node("RetentionQuery", retentionFilter={"period": "Day", "totalIntervals": 8, "retentionCustomBrackets": [1, 3]}),
    node("PathsQuery", pathsFilter={"includeEventTypes": ["$pageview"]}),
    *(funnel(), funnel("trends"), funnel("time_to_convert"), funnel(**BY_BROWSER), funnel("trends", **BY_BROWSER)),
]
FLAT: list[tuple[str, dict[str, Any]]] = [
    *(("TrendsQuery", {"events": FLAT_EVENTS, "display": display}) for display in DISPLAYS),
    ("TrendsQuery", {"events": FLAT_EVENTS[:1], "display": "ActionsPie", **FLAT_BY_BROWSER}),
    ("TrendsQuery", {"events": FLAT_EVENTS, "formula": "A + B", "display": "BoldNumber"}),
    ("LifecycleQuery", {"events": FLAT_EVENTS[:1], "shown_as": "Lifecycle"}),
    ("StickinessQuery", {"events": FLAT_EVENTS, "shown_as": "Stickiness"}),
    ("RetentionQuery", {"period": "Day", "total_intervals": 8}),
    ("RetentionQuery", {"period": "Day", "total_intervals": 8, **FLAT_BY_BROWSER}),
    ("PathsQuery", {"include_event_types": ["$pageview"]}),
    ("FunnelsQuery", {"events": FLAT_EVENTS}),
    ("FunnelsQuery", {"events": FLAT_EVENTS, "funnel_viz_type": "trends"}),
    ("FunnelsQuery", {"events": FLAT_EVENTS, "funnel_viz_type": "time_to_convert"}),
    ("FunnelsQuery", {"events": FLAT_EVENTS, **FLAT_BY_BROWSER}),
]


@pytest.fixture(scope="module")
def project(post_world: World) -> Iterator[StoredProject]:
    made = post_world.new_project()
    demo = Demo(NOW, persons=120)
    events = [event for batch in demo.batches() for event in batch.events]
    post_world.stack.load(made.project.id, persons=demo.persons(), groups=demo.groups(), events=events)
    yield made


@pytest.mark.parametrize("asked", NODES, ids=lambda asked: asked["kind"])
def test_the_answer_of_a_node_is_drawn(post_world: World, project: StoredProject, asked: dict[str, Any]) -> None:
    question = question_of_node(asked)
    found = question.answer(project.project, post_world.stack.services, NOW)
    display = asked.get("trendsFilter", {}).get("display")
    looked_at(draw(question.kind, found.result, name="What people do", display=display))
    assert table_of(question.kind, found.result).rows


@pytest.mark.parametrize(("kind", "asked"), FLAT, ids=lambda value: value if isinstance(value, str) else "")
def test_the_answer_of_flat_filters_is_drawn(
    post_world: World, project: StoredProject, kind: str, asked: dict[str, Any]
) -> None:
    question = question_of_flat({**RANGE, **asked}, kind)
    found = question.answer(project.project, post_world.stack.services, NOW)
    looked_at(draw(question.kind, found.result, name="What people do", display=asked.get("display")))
    assert table_of(question.kind, found.result).rows
