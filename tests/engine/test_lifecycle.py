"""Who is new, returning, resurrecting or dormant: the engine against a plain model, and the edges by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from insights_engine.answer import Answer
from insights_engine.errors import ApiError
from insights_engine.lifecycle.answer import answer
from insights_engine.lifecycle.legacy import parse_legacy
from insights_engine.lifecycle.node import parse_node

from tests.engine.asking import Asker
from tests.engine.conftest import NewProject
from tests.engine.models.lifecycle import lifecycle
from tests.engine.models.worlds import World, ranges, worlds

NOW = datetime(2023, 1, 15, 12, tzinfo=UTC)
CASES = json.loads((Path(__file__).parents[1] / "cases" / "lifecycle.json").read_text("utf-8"))
quick = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))


def ask(asker: Asker, **node: Any) -> Answer:
    return answer(parse_node({"kind": "LifecycleQuery", **node}), asker.project, asker.services, asker.now)


def loaded(new_project: NewProject, world: World) -> Asker:
    project = new_project(
        timezone=world.zone_name,
        days_timezone=world.zone_name if world.days_are_local else "UTC",
        week_start_day=int(world.monday),
    )
    asker = Asker(project.services, project.id, NOW)
    rows = world.rows()
    asker.load(rows["events"], persons=rows["persons"], groups=rows["groups"])
    for one in sorted(world.merged):
        asker.load([], persons=[{"distinct_ids": ["p0", f"p{one}"], "properties": {}}])
    return asker


def node_of(question: dict[str, Any]) -> dict[str, Any]:
    """The parts that lifecycle and stickiness have in common."""
    kept = [{"key": "kind", "value": "x", "type": "event"}]
    return {
        "series": [{"kind": "EventsNode", "event": question["event"]}],
        "interval": question["interval"],
        "dateRange": {
            "date_from": f"{question['first']}",
            "date_to": f"{question['last']} 23:59:59.999999",
        },
        "properties": kept if question["only"] else [],
    }


@quick
@given(world=worlds(), data=st.data())
def test_the_engine_answers_as_the_model(new_project: NewProject, world: World, data: st.DataObject) -> None:
    asker = loaded(new_project, world)
    for _ in range(6):
        question = data.draw(ranges(world)) | {"by_group": data.draw(st.booleans())}
        node = node_of(question) | ({"aggregation_group_type_index": 0} if question["by_group"] else {})
        found = ask(asker, **node).result
        assert {row["status"]: row["data"] for row in found} == lifecycle(world, question), question
        assert [row["count"] for row in found] == [sum(row["data"]) for row in found]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(new_project: NewProject, case: dict[str, Any]) -> None:
    project = new_project(**{"days_timezone": "UTC", **case.get("project", {})})
    asker = Asker(project.services, project.id, datetime.fromisoformat(case["now"]))
    asker.load(case["events"], persons=case.get("persons", []), groups=case.get("groups", []))
    for action in case.get("actions", []):
        asker.define("action", action["id"], **action)
    if "filters" in case:
        found = answer(parse_legacy(case["filters"]), asker.project, asker.services, asker.now).result
    else:
        found = ask(asker, **case["query"]).result
    shown = [{key: row[key] for key in wanted} for row, wanted in zip(found, case["result"], strict=True)]
    assert shown == case["result"]


@pytest.mark.parametrize("interval", ["hour", "day", "week", "month", "quarter", "year"])
@pytest.mark.parametrize("day", ["1970-01-02", "2148-12-30"])
def test_the_ends_of_time(new_project: NewProject, interval: str, day: str) -> None:
    """The interval before the first one, and the end of the last, lie beyond what a date can be."""
    asker = Asker(new_project().services, new_project().id, NOW)
    dates = {"date_from": day, "date_to": f"{day} 00:00:00"}
    found = ask(asker, series=[{"kind": "EventsNode"}], interval=interval, dateRange=dates).result
    assert [row["status"] for row in found] == ["new", "returning", "resurrecting", "dormant"]
    assert all(set(row["data"]) == {0} for row in found)


@pytest.mark.parametrize(
    ("node", "attr", "said"),
    [
        ({"series": [{"kind": "EventsNode"}] * 2}, "series__1", "a lifecycle has one series"),
        ({"series": [], "breakdownFilter": {}}, None, "query.breakdownFilter: unknown field"),
        ({"series": [{"kind": "EventsNode"}], "aggregation_group_type_index": 5}, None, "less than or equal to 4"),
        ({"series": [{"kind": "EventsNode"}], "interval": "fortnight"}, "interval", '"fortnight" is not known'),
    ],
)
def test_refused(project: Any, node: dict[str, Any], attr: str | None, said: str) -> None:
    with pytest.raises(ApiError) as refused:
        ask(Asker(project.services, project.id, NOW), **node)
    assert (refused.value.status, refused.value.attr) == (400, attr)
    assert said in refused.value.detail


def test_no_series_no_rows(project: Any) -> None:
    assert ask(Asker(project.services, project.id, NOW), series=[]).result == []


def test_an_action_that_is_not_there_has_no_rows(project: Any) -> None:
    assert ask(Asker(project.services, project.id, NOW), series=[{"kind": "ActionsNode", "id": 999}]).result == []
