"""Which of an actor's values is the one that it is counted by, where several events could say."""

from __future__ import annotations

import pytest

from tests.engine.asking import Asker
from tests.engine.conftest import NewProject
from tests.engine.funnel_asking import NOW, ask, at, counts

BY_K = {"breakdownFilter": {"breakdown": "k", "breakdown_type": "event"}}


@pytest.fixture
def asker(new_project: NewProject) -> Asker:
    place = new_project()
    return Asker(place.services, place.id, NOW)


@pytest.mark.parametrize("touch", ["first_touch", "last_touch"])
def test_of_two_values_at_one_moment_the_first_in_the_alphabet_is_the_actor_s(asker: Asker, touch: str) -> None:
    asker.load([at("a", f"p{i}", 1, k=value) for i in range(12) for value in (["v", "u"] if i % 2 else ["u", "v"])])
    chosen = {"funnelsFilter": {"breakdownAttributionType": touch}}
    assert counts(ask(asker, node={**BY_K, **chosen})) == {("u",): [12, 0]}


@pytest.mark.parametrize("touch", ["first_touch", "last_touch"])
def test_a_value_is_that_of_a_step(asker: Asker, touch: str) -> None:
    """What else is read, as a strict funnel reads all, says nothing of the actor."""
    asker.load([at("z", "p", 1, k="w"), at("a", "p", 2, k="u"), at("b", "p", 3, k="u"), at("z", "p", 4, k="w")])
    chosen = {"funnelsFilter": {"breakdownAttributionType": touch, "funnelOrderType": "strict"}}
    assert counts(ask(asker, node={**BY_K, **chosen})) == {("u",): [1, 1]}
