"""Random events and questions: paths are those of the plain model, in both forms, and on any number of threads."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from insights_engine.path.answer import Paths, actors, answer, plan_of
from insights_engine.path.compile import compile_paths
from insights_engine.path.legacy import parse_legacy
from insights_engine.path.model import PathQuery
from insights_engine.path.node import parse_node
from insights_engine.path.shape import shape
from insights_engine.path.window import packing
from insights_engine.services import Services
from insights_engine.sql import Sql

from tests.engine.asking import Asker
from tests.engine.conftest import NewProject
from tests.engine.models import path as model
from tests.engine.models.path_questions import FIRST, WORLDS, flat_of, node_of, project_rules, questions
from tests.engine.test_retention_model import merge
from tests.examples import examples

QUESTIONS = examples(5, 12)
NOW = datetime(2024, 3, 25, tzinfo=UTC)
NO_KEYS: dict[str, str | None] = {"start": None, "end": None, "dropoff": None}
quick = settings(
    max_examples=examples(5, 100),
    deadline=None,
    derandomize="CI" in os.environ,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to shrink a failure is to load hundreds of worlds
    suppress_health_check=list(HealthCheck),
)


def loaded(event: dict[str, Any]) -> dict[str, Any]:
    own = {"$current_url": event["url"], "$screen_name": event["screen"], "k": event["k"]}
    return {
        "event": event["event"],
        "distinct_id": f"p{event['person']}",
        "timestamp": event["at"].isoformat(),
        "properties": {name: value for name, value in own.items() if value is not None},
    }


NewWorld = Callable[[list[dict[str, Any]], bool], Asker]


@pytest.fixture(scope="session")
def new_world(services: Services, new_project: NewProject) -> NewWorld:
    """A project with these events, in several parts. `merged`: two persons became one since."""

    def make(events: list[dict[str, Any]], merged: bool) -> Asker:
        asker = Asker(services, new_project(days_timezone="UTC").id, NOW)
        persons = [{"distinct_ids": [f"p{i}"]} for i in range(4)]
        half = len(events) // 2
        asker.load([loaded(e) for e in events[:half]], persons=persons).load([loaded(e) for e in events[half:]])
        if merged:
            merge(asker, 2, 0)
        return asker

    return make


def query_of(q: dict[str, Any], keys: dict[str, str | None] = NO_KEYS) -> PathQuery:
    return parse_legacy(flat_of(q, keys)) if q["legacy"] else parse_node(node_of(q, keys))


def seen(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(r["source"], r["target"], r["value"], pytest.approx(r["average_conversion_time"])) for r in rows]


@quick
@given(events=WORLDS, merged=st.booleans(), data=st.data())
def test_paths_are_those_of_the_model(
    new_world: NewWorld, events: list[dict[str, Any]], merged: bool, data: st.DataObject
) -> None:
    asker = new_world(events, merged)
    known = [{**e, "person": 0 if merged and e["person"] == 2 else e["person"]} for e in events]
    for _ in range(QUESTIONS):
        q = data.draw(questions())
        asker.change(path_cleaning_filters=project_rules(q))
        rows, hidden = model.ask(q, known)
        query = query_of(q)
        found = answer(query, asker.project, asker.services, NOW)
        assert seen(found.result) == seen(rows), q
        assert found.hidden == hidden, q
        for answered in (on_threads(asker, query, 1), on_threads(asker, query, 7), with_long_numbers(asker, query)):
            assert answered == (found.result, found.hidden), q


def on_threads(asker: Asker, query: PathQuery, threads: int) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """In small blocks, so that there is something for each."""
    plan = plan_of(query, asker.project, asker.services, NOW)
    few = Sql("SETTINGS max_threads = {n}, max_block_size = 7", n=Sql(str(threads)))
    rows = asker.services.clickhouse.admin_read(Sql("{s} {few}", s=compile_paths(plan), few=few)).rows
    return shape(plan, rows[0][1:])


def with_long_numbers(asker: Asker, query: PathQuery) -> tuple[list[dict[str, Any]], dict[str, int]]:
    plan = plan_of(query, asker.project, asker.services, NOW)
    plan = replace(plan, packing=packing(plan.start, plan.end, wide=True))
    return shape(plan, asker.services.clickhouse.read(compile_paths(plan), project_id=asker.id).rows[0][1:])


@quick
@given(events=WORLDS, data=st.data())
def test_people_are_those_of_the_model(new_world: NewWorld, events: list[dict[str, Any]], data: st.DataObject) -> None:
    asker = new_world(events, False)
    numbers = {
        row[0]: int(row[1][1:])
        for row in asker.services.clickhouse.admin_read(
            Sql("SELECT person, distinct_id FROM person_distinct_ids WHERE project = {p:UInt32}", p=asker.id)
        ).rows
    }
    for _ in range(QUESTIONS):
        q = {**data.draw(questions()), "from": FIRST}
        asker.change(path_cleaning_filters=project_rules(q))
        names = [f"{k}_{name}" for _, path in model.paths(q, events) for k, name, _ in path] or ["1_/", "2_/a"]
        one = st.sampled_from([None, *names])
        keys = {name: data.draw(one) for name in NO_KEYS}
        found: list[int] = []
        while True:
            page = actors(query_of(q, keys), asker.project, asker.services, NOW, limit=2, offset=len(found))
            found += page.found
            if not page.has_more:
                break
        assert len(found) == len(set(found))
        assert {numbers[number] for number in found} == model.people(q, events, keys), (q, keys)


def test_an_answer_says_what_it_is(new_world: NewWorld) -> None:
    found = answer(parse_legacy({}), new_world([], False).project, new_world([], False).services, NOW)
    assert isinstance(found, Paths)
    assert (found.result, found.hidden) == ([], {"edges": 0, "sessions": 0, "people": 0})
