"""Random events and questions: the engine answers as the plain model does."""

from __future__ import annotations

import json
import math
import os
from datetime import datetime
from itertools import batched, zip_longest
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from insights_engine.intervals import INTERVALS
from insights_engine.trend.maths import MATHS

from tests.engine.asking import Asker, rows
from tests.engine.conftest import NewAsker
from tests.engine.trend.model import Model
from tests.engine.trend.worlds import World, measured, questions, worlds
from tests.examples import examples

QUESTIONS = 8
quick = settings(
    max_examples=examples(5, 100),
    deadline=None,
    derandomize="CI" in os.environ,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to shrink a failure is to load hundreds of worlds
    suppress_health_check=list(HealthCheck),
)


def model_of(world: World) -> Model:
    owner = {id: number for number, person in enumerate(world.persons) for id in person["distinct_ids"]}
    known: list[dict[str, Any]] = [
        {
            "event": e["event"],
            "person": owner[e["distinct_id"]],
            "at": datetime.fromisoformat(e["timestamp"]),
            "properties": e["properties"],
            "person_properties": world.persons[owner[e["distinct_id"]]]["properties"],
            "group": e["groups"].get("company"),
        }
        for e in world.events
    ]
    sessions: dict[str, list[int]] = {}
    for one in known:
        if id := one["properties"].get("$session_id"):
            sessions.setdefault(id, []).append(int(one["at"].timestamp()))
    for one in known:
        if seconds := sessions.get(one["properties"].get("$session_id")):
            one["duration"] = float(max(seconds) - min(seconds))
    return Model(known, world.zone)


def same(one: list[tuple[Any, Any]], other: list[tuple[Any, list[float]]]) -> bool:
    if [value for value, _ in one] != [value for value, _ in other]:
        return False
    pairs = zip(one, other, strict=True)
    return all(
        len(wanted) == len(found if isinstance(found, list) else [found])
        and all(
            math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)
            for a, b in zip(found if isinstance(found, list) else [found], wanted, strict=True)
        )
        for (_, found), (_, wanted) in pairs
    )


def compare(asker: Asker, model: Model, question: dict[str, Any]) -> None:
    found, wanted = rows(asker.node(**question)), model.ask(question)
    if not same(found, wanted):
        pairs = zip_longest(found, wanted)
        differing = [(one, other) for one, other in pairs if not (one and other and same([one], [other]))]
        said = {"zone": model.zone.key, "question": question, "(found, wanted)": differing}
        raise AssertionError(json.dumps(said, ensure_ascii=False))


def some(world: World) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(questions(world), min_size=QUESTIONS, max_size=QUESTIONS)


@quick
@given(world=worlds(), data=st.data())
def test_the_engine_answers_as_the_model(new_asker: NewAsker, world: World, data: st.DataObject) -> None:
    asker = new_asker(timezone=world.zone).load(world.events, persons=world.persons)
    model = model_of(world)
    for question in data.draw(some(world), label="questions"):
        compare(asker, model, question)


@pytest.mark.parametrize("interval", INTERVALS)
@settings(quick, max_examples=1)
@given(world=worlds(), data=st.data())
def test_every_maths_by_every_interval(new_asker: NewAsker, interval: str, world: World, data: st.DataObject) -> None:
    """A test an interval, for Hypothesis throws away what draws as much as all of them. Series of one question, as a
    statement of ten is hardly slower than one of one.
    """
    asker = new_asker(timezone=world.zone).load(world.events, persons=world.persons)
    model = model_of(world)
    for names in batched(MATHS, 10, strict=False):
        question = data.draw(questions(world, ["total"], [interval]))
        question["trendsFilter"] |= {"formula": None}
        compare(asker, model, question | {"series": [data.draw(measured(name)) for name in names]})


@quick
@given(world=worlds(), data=st.data())
def test_a_project_that_changed_its_zone_answers_as_one_that_was_made_there(
    new_asker: NewAsker, world: World, data: st.DataObject
) -> None:
    """The days of the stored events are those of the zone before."""
    before = data.draw(st.sampled_from(["Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu", "UTC"]))
    moved = new_asker(timezone=before).load(world.events, persons=world.persons)
    moved.change(timezone=world.zone)
    model = model_of(world)
    for question in data.draw(some(world), label="questions"):
        compare(moved, model, question)


@quick
@given(world=worlds(), data=st.data())
def test_persons_merged_after_their_events_are_one(new_asker: NewAsker, world: World, data: st.DataObject) -> None:
    """Each distinct id is a person of its own until a load says whose it is; events came before and come after."""
    middle = data.draw(st.integers(0, len(world.events)))
    asker = new_asker(timezone=world.zone)
    asker.load(world.events[:middle])
    asker.load([], persons=world.persons)
    asker.load(world.events[middle:])
    model = model_of(world)
    for question in data.draw(some(world), label="questions"):
        compare(asker, model, question)
