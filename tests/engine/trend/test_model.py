"""Random events and questions: the engine answers as the plain model does."""

from __future__ import annotations

import json
import math
import os
from datetime import datetime
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.engine.asking import Asker, rows
from tests.engine.conftest import NewAsker
from tests.engine.trend.model import Model
from tests.engine.trend.worlds import questions, worlds

QUESTIONS = 8
quick = settings(
    max_examples=int(os.environ.get("MODEL_EXAMPLES", "6")),
    deadline=None,
    derandomize="CI" in os.environ,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to shrink a failure is to load hundreds of worlds
    suppress_health_check=list(HealthCheck),
)


def model_of(zone: str, persons: list[dict[str, Any]], events: list[dict[str, Any]]) -> Model:
    owner = {id: number for number, person in enumerate(persons) for id in person["distinct_ids"]}
    known = [
        {
            "event": e["event"],
            "person": owner[e["distinct_id"]],
            "at": datetime.fromisoformat(e["timestamp"]),
            "properties": e["properties"],
            "person_properties": persons[owner[e["distinct_id"]]]["properties"],
        }
        for e in events
    ]
    return Model(known, zone)


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
    assert same(found, wanted), json.dumps(
        {"question": question, "found": found, "wanted": wanted}, indent=1, ensure_ascii=False
    )


def some(zone: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(questions(zone), min_size=QUESTIONS, max_size=QUESTIONS)


@quick
@given(world=worlds(), data=st.data())
def test_the_engine_answers_as_the_model(
    new_asker: NewAsker, world: tuple[str, list[Any], list[Any]], data: st.DataObject
) -> None:
    zone, persons, events = world
    asker = new_asker(timezone=zone).load(events, persons=persons)
    model = model_of(zone, persons, events)
    for question in data.draw(some(zone), label="questions"):
        compare(asker, model, question)


@quick
@given(world=worlds(), data=st.data())
def test_a_project_that_changed_its_zone_answers_as_one_that_was_made_there(
    new_asker: NewAsker, world: tuple[str, list[Any], list[Any]], data: st.DataObject
) -> None:
    """The days of the stored events are those of the zone before."""
    zone, persons, events = world
    before = data.draw(st.sampled_from(["Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu", "UTC"]))
    moved = new_asker(timezone=before).load(events, persons=persons)
    moved.change(timezone=zone)
    model = model_of(zone, persons, events)
    for question in data.draw(some(zone), label="questions"):
        compare(moved, model, question)


@quick
@given(world=worlds(), data=st.data())
def test_persons_merged_after_their_events_are_one(
    new_asker: NewAsker, world: tuple[str, list[Any], list[Any]], data: st.DataObject
) -> None:
    """Each distinct id is a person of its own until a load says whose it is; events came before and come after."""
    zone, persons, events = world
    middle = data.draw(st.integers(0, len(events)))
    asker = new_asker(timezone=zone)
    asker.load(events[:middle])
    asker.load([], persons=persons)
    asker.load(events[middle:])
    model = model_of(zone, persons, events)
    for question in data.draw(some(zone), label="questions"):
        compare(asker, model, question)
