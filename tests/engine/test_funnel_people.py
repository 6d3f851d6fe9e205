"""The people behind the steps of a funnel, and behind the points of its trend."""

from __future__ import annotations

from typing import Any

import pytest
from insights_engine.errors import ValidationError
from insights_engine.funnel.answer import actors, plan_of
from insights_engine.funnel.people import Chosen, step_people
from insights_engine.sql import Sql

from tests.engine.asking import Asker
from tests.engine.conftest import NewProject
from tests.engine.funnel_asking import NOW, at, query_of

BY_K = {"breakdownFilter": {"breakdown": "k", "breakdown_type": "event"}}


@pytest.fixture
def shop(new_project: NewProject) -> Asker:
    place = new_project()
    return Asker(place.services, place.id, NOW)


def people(asker: Asker, chosen: Chosen, **query: Any) -> list[str]:
    found = actors(query_of(**query), asker.project, asker.services, NOW, chosen, limit=10, offset=0)
    read = Sql("SELECT person, distinct_id FROM person_distinct_ids WHERE project = {p:UInt32}", p=asker.id)
    names = {row[0]: row[1] for row in asker.services.clickhouse.admin_read(read).rows}
    return sorted(names.get(one, one) for one in found.found)


def test_people(shop: Asker) -> None:
    shop.load(
        [at("a", "p", 1, k="u"), at("b", "p", 2), at("a", "q", 1, k="u"), at("a", "r", 2, k="v"), at("b", "r", 3)]
    )
    assert people(shop, Chosen(1), flat={}) == ["p", "q", "r"]
    assert people(shop, Chosen(2), flat={}) == ["p", "r"]
    assert people(shop, Chosen(-2), flat={}) == ["q"]
    assert people(shop, Chosen(1, ("u",)), node=BY_K) == ["p", "q"]
    assert people(shop, Chosen(-2, ("v",)), node=BY_K) == []
    trend = {"funnelsFilter": {"funnelVizType": "trends"}}
    assert people(shop, Chosen(period="2024-03-01"), node=trend) == ["p"]
    assert people(shop, Chosen(period="2024-03-01", drop_off=True), node=trend) == ["q"]
    assert people(shop, Chosen(period="2024-03-05"), node=trend) == []
    by_expression = {"funnelsFilter": {"funnelAggregateByHogQL": "properties.k"}}
    assert people(shop, Chosen(1), node=by_expression) == ["p", "r"]


def test_groups_are_listed_by_key(shop: Asker) -> None:
    shop.load([{**at("a", "p", 1), "groups": {"company": name}} for name in ("acme", "beta")])
    assert people(shop, Chosen(-2), node={"aggregation_group_type_index": 0}) == ["acme", "beta"]


NOBODY: list[tuple[Chosen, dict[str, Any], str]] = [
    (Chosen(0), {}, "funnelStep must be from 1 to 2, or from -2 to -2 for who left before that step"),
    (Chosen(-1), {}, "funnelStep must be from 1 to 2"),
    (Chosen(3), {}, "funnelStep must be from 1 to 2"),
    (Chosen(), {}, "funnelStep is required"),
    (Chosen(1, ("u",)), {}, "funnelStepBreakdown: the query has no breakdown"),
    (Chosen(1, ("u", "v")), BY_K, "funnelStepBreakdown must have 1 value"),
    (Chosen(1), {"funnelsFilter": {"funnelVizType": "trends"}}, "funnelTrendsEntrancePeriodStart is required"),
    (
        Chosen(period="2025-01-01"),
        {"funnelsFilter": {"funnelVizType": "trends"}},
        "funnelTrendsEntrancePeriodStart is not in the range of dates",
    ),
]


@pytest.mark.parametrize(("chosen", "node", "text"), NOBODY, ids=[str(chosen) for chosen, *_ in NOBODY])
def test_people_that_there_are_not(shop: Asker, chosen: Chosen, node: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        people(shop, chosen, node=node)
    assert refused.value.detail.startswith(text)


def moments(asker: Asker, step: int, **query: Any) -> list[tuple[Any, ...]]:
    """(day, day of the step before) of the people of a step."""
    plan = plan_of(query_of(**query), asker.project, asker.services, NOW)
    rows = asker.services.clickhouse.read(step_people(plan, step), project_id=asker.id).rows
    return sorted((when.day, before and before.day) for _, when, before in rows)


def test_when_they_took_their_steps(shop: Asker) -> None:
    shop.load([at("a", "p", 1), at("a", "p", 2), at("b", "p", 3), at("a", "q", 4)])
    assert moments(shop, 1, node={}) == [(2, None), (4, None)]
    assert moments(shop, 2, node={}) == [(3, 2)]
    assert moments(shop, -2, node={}) == [(4, None)]


def test_a_breakdown_does_not_double_them(shop: Asker) -> None:
    shop.load([at("a", "p", 1, k="u"), at("a", "p", 2, k="v"), at("b", "p", 3, k="u")])
    by = {"funnelsFilter": {"breakdownAttributionType": "all_events"}, **BY_K}
    assert moments(shop, 1, node=by) == [(2, None)]


def test_a_person_of_several_actors_is_there_once(shop: Asker) -> None:
    shop.load([at("a", "p", 1, k="u"), at("b", "p", 5, k="u"), at("a", "p", 2, k="v"), at("b", "p", 3, k="v")])
    by = {"funnelsFilter": {"funnelAggregateByHogQL": "properties.k"}}
    assert moments(shop, 2, node=by) == [(3, 2)]


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ({"node": {"aggregation_group_type_index": 0}}, "A funnel of groups has no persons"),
        ({"flat": {"events": []}}, "events is required: a funnel without steps has no people"),
        ({"node": {}}, "funnelStep must be from 1 to 2"),
    ],
)
def test_funnels_whose_step_has_no_people(shop: Asker, query: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        moments(shop, 3, **query)
    assert refused.value.detail.startswith(text)
