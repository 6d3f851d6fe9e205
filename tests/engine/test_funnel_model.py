"""Random events and questions: funnels come out as brute force over every possible run has them."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import mean, median
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from insights_engine.funnel.answer import answer, plan_of
from insights_engine.funnel.best import best_runs
from insights_engine.funnel.node import parse_node
from insights_engine.funnel.people import step_people
from insights_engine.services import Services
from insights_engine.sql import Sql

from tests.engine.asking import Asker
from tests.engine.conftest import NewProject
from tests.engine.models import funnel as model
from tests.engine.models.chance import not_the_simplest
from tests.examples import examples

QUESTIONS = examples(8, 15)
FIRST, NOW = datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 5, 20, tzinfo=UTC)
# A tick is long enough for a world to have several days, and short enough for two events to be at one.
TICK = timedelta(hours=7)
NAMES, VALUES, PERSONS = ("a", "b", "c", "x"), ("", "u", "v"), 4
quick = settings(
    max_examples=examples(3, 100),
    deadline=None,
    derandomize="CI" in os.environ,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to shrink a failure is to load hundreds of worlds
    suppress_health_check=list(HealthCheck),
)

_EVENT = st.fixed_dictionaries(
    {
        "person": st.integers(0, PERSONS - 1),
        "event": st.sampled_from(NAMES),
        "k": st.sampled_from(VALUES),
        "at": st.integers(0, 14),
    }
)
worlds = not_the_simplest(st.lists(_EVENT, min_size=1, max_size=34))
_STEP = st.fixed_dictionaries(
    {
        "event": st.sampled_from(["a", "a", "b", "b", "c", None]),
        "k": st.sampled_from([None, None, None, "u"]),
    }
)


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    steps = draw(st.lists(_STEP, min_size=2, max_size=4))
    order, exclusions = draw(st.sampled_from(["ordered", "ordered", "strict", "unordered"])), []
    if draw(st.booleans()) and all(step["event"] is not None for step in steps):
        first = 0 if order == "unordered" else draw(st.integers(0, len(steps) - 2))
        last = len(steps) - 1 if order == "unordered" else draw(st.integers(first + 1, len(steps) - 1))
        exclusions = [{"event": "x", "k": draw(st.sampled_from([None, "v"])), "from": first, "to": last}]
    return {
        "steps": steps,
        "order": order,
        "exclusions": exclusions,
        "window": draw(st.sampled_from([0, 1, 2, 3, 5, 14])),
        "attribution": draw(st.sampled_from([None, None, "first_touch", "last_touch", "all_events", "step"])),
        "attribution_step": draw(st.integers(0, len(steps) - 1)),
        "by": draw(st.sampled_from(["event", "person"])),
    }


def leaves(k: str | None) -> list[dict[str, Any]]:
    return [{"key": "k", "value": k, "type": "event"}] if k else []


def node_of(q: dict[str, Any], **chosen: Any) -> dict[str, Any]:
    hours = int(TICK / timedelta(hours=1)) * q["window"]
    excluded = [
        {
            "kind": "EventsNode",
            "event": x["event"],
            "properties": leaves(x["k"]),
            "funnelFromStep": x["from"],
            "funnelToStep": x["to"],
        }
        for x in q["exclusions"]
    ]
    own = {
        "funnelOrderType": q["order"],
        "funnelWindowInterval": hours or 1,
        "funnelWindowIntervalUnit": "hour" if hours else "second",
        "exclusions": excluded,
    }
    if q["attribution"]:
        own |= {"breakdownAttributionType": q["attribution"], "breakdownAttributionValue": q["attribution_step"]}
    by = {"breakdown": "k" if q["by"] == "event" else "plan", "breakdown_type": q["by"], "breakdown_limit": 50}
    return {
        "kind": "FunnelsQuery",
        "series": [{"kind": "EventsNode", "event": s["event"], "properties": leaves(s["k"])} for s in q["steps"]],
        "dateRange": {"date_from": "2024-05-01", "date_to": "2024-05-10"},
        "funnelsFilter": own | chosen,
        **({"breakdownFilter": by} if q["attribution"] else {}),
    }


NewWorld = Callable[[list[dict[str, Any]]], tuple[Asker, dict[int, int]]]


@pytest.fixture(scope="session")
def new_world(services: Services, new_project: NewProject) -> NewWorld:
    """A project with these events, and the numbers of its persons."""

    def make(events: list[dict[str, Any]]) -> tuple[Asker, dict[int, int]]:
        asker = Asker(services, new_project().id, NOW)
        persons = [{"distinct_ids": [f"p{i}"], "properties": {"plan": f"plan{i % 2}"}} for i in range(PERSONS)]
        rows = [
            {
                "event": e["event"],
                "distinct_id": f"p{e['person']}",
                "timestamp": (FIRST + e["at"] * TICK).isoformat(),
                "properties": {"k": e["k"]} if e["k"] else {},
            }
            for e in events
        ]
        asker.load(rows, persons=persons)
        read = Sql("SELECT distinct_id, person FROM person_distinct_ids WHERE project = {p:UInt32}", p=asker.id)
        return asker, {row[1]: int(row[0][1:]) for row in services.clickhouse.admin_read(read).rows}

    return make


def valued(q: dict[str, Any], events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events, each with its value of the breakdown."""
    return [{**e, "value": e["k"] if q["by"] == "event" else f"plan{e['person'] % 2}"} for e in events]


@quick
@given(events=worlds, data=st.data())
def test_best_runs(new_world: NewWorld, events: list[dict[str, Any]], data: st.DataObject) -> None:
    asker, persons = new_world(events)
    for _ in range(QUESTIONS):
        q = data.draw(questions())
        plan = plan_of(parse_node(node_of(q)), asker.project, asker.services, NOW)
        wanted = model.best_runs(q, valued(q, events))
        for trimmed in (False, True):
            statement = best_runs(plan, trimmed=trimmed, named=True).sql
            rows = asker.services.clickhouse.read(statement, project_id=asker.id).dicts()
            found = {
                (r.get("breakdown", ""), persons[r["actor"]]): (r["level"], r["times"]) for r in rows if r["level"]
            }
            assert {who: level for who, (level, _) in found.items()} == {
                who: len(run.times) for who, run in wanted.items()
            }, (q, found, wanted)
            tick = TICK // timedelta(microseconds=1)
            for who, (level, times) in found.items():
                if level > 1 or not trimmed:
                    assert tuple(t // tick for t in times[:level]) == wanted[who].times, (q, who)


@quick
@given(events=worlds, data=st.data())
def test_answers(new_world: NewWorld, events: list[dict[str, Any]], data: st.DataObject) -> None:
    asker, _ = new_world(events)
    for _ in range(QUESTIONS):
        q = data.draw(questions())
        own = valued(q, events)
        found = answer(parse_node(node_of(q)), asker.project, asker.services, NOW).result
        rows = {tuple(steps[0]["breakdown"]): steps for steps in found} if q["attribution"] else {("",): found}
        by_value: dict[tuple[str], list[model.Run]] = defaultdict(list)
        for (value, _), run in model.best_runs(q, own).items():
            by_value[(value,)].append(run)
        assert set(rows) - {("",)} == set(by_value) - {("",)}, q
        for value, steps in rows.items():
            check_steps(by_value[value], steps)
        converted(asker, q, own)
        trend(asker, q, own)


def check_steps(runs: list[model.Run], steps: list[dict[str, Any]]) -> None:
    for k, step in enumerate(steps):
        made = [run for run in runs if len(run.times) > k]
        assert step["count"] == len(made)
        took = [(run.times[k] - run.times[k - 1]) * TICK.total_seconds() for run in made] if k else []
        assert step["average_conversion_time"] == (pytest.approx(mean(took)) if took else None)
        assert step["median_conversion_time"] == (pytest.approx(median(took)) if took else None)


def converted(asker: Asker, q: dict[str, Any], own: list[dict[str, Any]]) -> None:
    """Times to convert have no breakdown."""
    plain = {**q, "attribution": None}
    node = node_of(plain, funnelVizType="time_to_convert", funnelFromStep=0, funnelToStep=1)
    found = answer(parse_node(node), asker.project, asker.services, NOW).result
    runs = [run for run in model.best_runs(plain, own).values() if len(run.times) > 1]
    took = [(run.times[1] - run.times[0]) * TICK.total_seconds() for run in runs]
    assert sum(n for _, n in found["bins"]) == len(took)
    assert found["average_conversion_time"] == (pytest.approx(mean(took)) if took else None)
    for (low, n), (high, _) in zip(found["bins"], found["bins"][1:], strict=False):
        assert n == sum(low <= t < high for t in took)


def trend(asker: Asker, q: dict[str, Any], own: list[dict[str, Any]]) -> None:
    found = answer(parse_node(node_of(q, funnelVizType="trends")), asker.project, asker.services, NOW).result
    days: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for (value, _), its in model.all_runs(q, own).items():
        best: dict[str, int] = defaultdict(int)
        for run in its:
            day = (FIRST + run.times[0] * TICK).date().isoformat()
            best[day] = max(best[day], len(run.times))
        for day, steps in best.items():
            days[value][day][0] += 1
            days[value][day][1] += steps == len(q["steps"])
    rows = {row["breakdown_value"][0]: row for row in found} if q["attribution"] else {"": found[0]}
    assert set(rows) | {""} == set(days) | {""}, q
    for value, row in rows.items():
        shares = [days[value][day] for day in row["days"]]
        assert row["data"] == [round(100 * done / came, 2) if came else 0 for came, done in shares], (q, value)


@quick
@given(events=worlds, data=st.data())
def test_people_of_a_step(new_world: NewWorld, events: list[dict[str, Any]], data: st.DataObject) -> None:
    asker, persons = new_world(events)
    for _ in range(QUESTIONS):
        q = data.draw(questions())
        plan = plan_of(parse_node(node_of(q)), asker.project, asker.services, NOW)
        runs = model.best_runs({**q, "attribution": None}, valued(q, events))
        for step in (*range(1, len(q["steps"]) + 1), *range(-len(q["steps"]), -1)):
            rows = asker.services.clickhouse.read(step_people(plan, step), project_id=asker.id).rows
            found = {persons[person]: (at, previous) for person, at, previous in rows}
            wanted = {}
            for (_, person), run in runs.items():
                if len(run.times) >= step if step > 0 else len(run.times) == -step - 1:
                    last = step if step > 0 else len(run.times)
                    times = [FIRST.replace(tzinfo=None) + t * TICK for t in run.times[:last]]
                    wanted[person] = (times[-1], times[-2] if last > 1 else None)
            assert found == wanted, (q, step)
