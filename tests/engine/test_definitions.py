"""Actions and cohorts that a query names: what is fetched, and how a stored one is read."""

from __future__ import annotations

import pytest
from insights_engine.definitions import Action, Cohort, Step, load
from insights_engine.filters import parse_filters

from tests.engine.asking import Asker


def of_cohort(number: int, **further: object) -> dict[str, object]:
    return {"properties": {"type": "AND", "values": [{"type": "cohort", "key": "id", "value": number, **further}]}}


def test_cohorts_are_followed_to_those_that_they_name(asker: Asker) -> None:
    asker.define("cohort", 1, name="one", filters=of_cohort(2))
    asker.define("cohort", 2, name="two", filters=of_cohort(3, negation=True))
    asker.define("cohort", 3, name="three", is_static=True)
    asker.define("cohort", 4, name="not asked for")
    found = load(asker.services.policies, asker.id, [], [1])
    assert {c.id: (c.name, c.is_static) for c in found.cohorts.values()} == {
        1: ("one", False),
        2: ("two", False),
        3: ("three", True),
    }
    assert found.actions == {}


def test_an_action_brings_the_cohorts_of_its_steps(asker: Asker) -> None:
    asker.define("cohort", 1, name="one")
    asker.define("action", 5, name="act", steps=[{"event": "e", "properties": [{"type": "cohort", "value": 1}]}])
    found = load(asker.services.policies, asker.id, [5, 6], [])
    assert (set(found.actions), set(found.cohorts)) == ({5}, {1})


def test_circles_end(asker: Asker) -> None:
    asker.define("cohort", 1, name="one", filters=of_cohort(2))
    asker.define("cohort", 2, name="two", filters=of_cohort(1))
    assert set(load(asker.services.policies, asker.id, [], [1]).cohorts) == {1, 2}


def test_what_is_deleted_or_another_project_s_is_not_there(asker: Asker, new_asker: object) -> None:
    asker.define("cohort", 1, name="one", deleted=True)
    asker.define("action", 1, name="one", deleted=True, steps=[])
    assert callable(new_asker)
    new_asker().define("cohort", 2, name="theirs")
    found = load(asker.services.policies, asker.id, [1], [1, 2, 3])
    assert (found.actions, found.cohorts) == ({}, {})


@pytest.mark.parametrize(
    ("stored", "step"),
    [
        ({}, Step()),
        ({"event": None, "url": "", "properties": None}, Step()),
        ({"event": "e"}, Step(event="e")),
        ({"url": "/x"}, Step(url="/x", url_matching="contains")),
        ({"url": "/x", "url_matching": None}, Step(url="/x", url_matching="contains")),
        ({"url": "/x", "url_matching": "regex"}, Step(url="/x", url_matching="regex")),
        ({"text": "Go", "text_matching": "contains"}, Step(text="Go", text_matching="contains")),
        ({"href": "/x", "tag_name": "a", "selector": "a > b"}, Step(href="/x", tag_name="a", selector="a > b")),
    ],
)
def test_a_step_is_read(stored: dict[str, object], step: Step) -> None:
    assert Step.from_dict(stored) == step


def test_stored_ones_are_read_with_what_they_lack() -> None:
    assert Action.from_item({"id": 7}) == Action(7, "", ())
    assert Cohort.from_item({"id": 7}) == Cohort(7, "", False, parse_filters(None))
