"""In how many intervals actors were active: the engine against a plain model, and the edges by hand."""

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
from insights_engine.stickiness.answer import answer
from insights_engine.stickiness.legacy import parse_legacy
from insights_engine.stickiness.node import parse_node

from tests.engine.asking import Asker
from tests.engine.conftest import NewProject
from tests.engine.models.stickiness import stickiness
from tests.engine.models.worlds import World, ranges, worlds
from tests.engine.test_lifecycle import loaded, node_of

NOW = datetime(2024, 3, 4, 12, tzinfo=UTC)
CASES = json.loads((Path(__file__).parents[1] / "cases" / "stickiness.json").read_text("utf-8"))
MATHS: dict[str, dict[str, Any]] = {
    "total": {},
    "unique_group": {"math": "unique_group", "math_group_type_index": 0},
    "hogql": {"math": "hogql", "math_hogql": "properties.kind"},
}
quick = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))


def ask(asker: Asker, **node: Any) -> Answer:
    return answer(parse_node({"kind": "StickinessQuery", **node}), asker.project, asker.services, asker.now)


@st.composite
def questions(draw: st.DrawFn, world: World) -> dict[str, Any]:
    asked = draw(ranges(world))
    return asked | {
        "count": draw(st.sampled_from([None, None, 1, 2, 3])),
        "criteria": draw(st.none() | st.tuples(st.sampled_from(["gte", "lte", "exact"]), st.integers(0, 3))),
        "cumulative": draw(st.booleans()),
        "compare": asked["interval"] not in ("minute", "hour") and draw(st.booleans()),
        "math": draw(st.sampled_from(sorted(MATHS))),
    }


def asked(question: dict[str, Any]) -> dict[str, Any]:
    """The question as a node."""
    node = node_of(question)
    node["series"][0] |= MATHS[question["math"]]
    shown: dict[str, Any] = {"computedAs": "cumulative" if question["cumulative"] else "non_cumulative"}
    if question["criteria"]:
        operator, value = question["criteria"]
        shown |= {"stickinessCriteria": {"operator": operator, "value": value}}
    node |= {"stickinessFilter": shown, "intervalCount": question["count"]}
    return node | {"compareFilter": {"compare": question["compare"]}}


@quick
@given(world=worlds(), data=st.data())
def test_the_engine_answers_as_the_model(new_project: NewProject, world: World, data: st.DataObject) -> None:
    asker = loaded(new_project, world)
    for _ in range(6):
        question = data.draw(questions(world))
        found = ask(asker, **asked(question)).result
        assert [row["data"] for row in found] == stickiness(world, question), question


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(new_project: NewProject, case: dict[str, Any]) -> None:
    """`ann 2` is an event `a` of ann on the second of March, which is a Saturday."""
    project = new_project(days_timezone="UTC")
    asker = Asker(project.services, project.id, NOW)
    parts = [text.split() for text in case["events"]]
    asker.load(
        {"event": (rest or ["a"])[0], "distinct_id": name, "timestamp": f"2024-03-0{day}T09:00:00Z"}
        for name, day, *rest in parts
    )
    dates = {"dateRange": {"date_from": "2024-03-01", "date_to": "2024-03-04"}}
    if "filters" in case:
        query = parse_legacy(case["filters"])
    else:
        query = parse_node({"kind": "StickinessQuery", **dates, **case["query"]})
    found = answer(query, asker.project, asker.services, asker.now).result
    shown = [{key: row[key] for key in wanted} for row, wanted in zip(found, case["result"], strict=True)]
    assert shown == case["result"]


@pytest.mark.parametrize(
    ("further", "said"),
    [
        ({"stickinessFilter": {"computedAs": "cumulativ"}}, 'did you mean "cumulative"'),
        ({"stickinessFilter": {"stickinessCriteria": {"operator": "gt", "value": 1}}}, 'did you mean "gte"'),
        ({"stickinessFilter": {"stickinessCriteria": {"operator": "gte"}}}, "stickinessCriteria.value"),
        ({"stickinessFilter": {"stickinessCriteria": {"operator": "gte", "value": -1}}}, "stickinessCriteria.value"),
        ({"intervalCount": 0}, "query.intervalCount"),
        ({"intervalcount": 2}, 'did you mean "intervalCount"'),
        ({"interval": "days"}, 'did you mean "day"'),
    ],
)
def test_refused(project: Any, further: dict[str, Any], said: str) -> None:
    with pytest.raises(ApiError) as refused:
        ask(Asker(project.services, project.id, NOW), series=[{"kind": "EventsNode"}], **further)
    assert refused.value.status == 400
    assert said in refused.value.detail


@pytest.mark.parametrize("raw", [5, [], "{", {"operator": "gte"}, {"value": 2}, {"operator": [], "value": 2}])
def test_criteria_of_the_flat_form_refused(raw: Any) -> None:
    with pytest.raises(ApiError) as refused:
        parse_legacy({"events": [{"id": "a"}], "stickiness_criteria": raw})
    assert refused.value.attr == "stickiness_criteria"


@pytest.mark.parametrize(
    "math", [{"math": "unique_group"}, {"math": "hogql"}, {"math": "hogql", "math_hogql": "sum(1)"}]
)
def test_an_actor_that_is_not_told(project: Any, math: dict[str, Any]) -> None:
    with pytest.raises(ApiError) as refused:
        ask(Asker(project.services, project.id, NOW), series=[{"kind": "EventsNode", **math}])
    assert refused.value.status == 400
