"""SQL expressions of funnels: what they may name."""

from __future__ import annotations

import pytest

from tests.engine.asking import Asker
from tests.engine.conftest import NewProject
from tests.engine.funnel_asking import NOW, ask, at, counts


@pytest.mark.parametrize("cohort", ["1", "'Pro'"])
def test_expressions_may_name_cohorts(new_project: NewProject, cohort: str) -> None:
    place = new_project(days_timezone="UTC")
    shop = Asker(place.services, place.id, NOW)
    shop.load(
        [at("a", "p", 1), at("b", "p", 2), at("a", "q", 1)],
        persons=[{"distinct_ids": ["p"], "properties": {"plan": "pro"}}],
    )
    leaf = {"type": "person", "key": "plan", "value": ["pro"], "operator": "exact"}
    shop.define("cohort", 1, name="Pro", filters={"properties": {"type": "AND", "values": [leaf]}})
    inside = f"if(person_id IN COHORT {cohort}, 'in', 'out')"
    by = {"breakdown": inside, "breakdown_type": "hogql"}
    for found in (ask(shop, flat=by), ask(shop, node={"breakdownFilter": by})):
        assert counts(found) == {"in": [1, 1], "out": [1, 0]}
    actors = {"funnelAggregateByHogQL": inside}
    for found in (ask(shop, flat={"funnel_aggregate_by_hogql": inside}), ask(shop, node={"funnelsFilter": actors})):
        assert counts(found) == [2, 1]
