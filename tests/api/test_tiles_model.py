"""Any order of changes, from either side: an insight and its dashboards agree with each other and with a model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from insights_engine import keys
from insights_local.stack import Stack

from tests.api.boards import Office
from tests.api.world import World

NUMBERS = st.integers(0, 2)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("place"), NUMBERS, st.sets(NUMBERS)),
        st.tuples(st.just("delete_insight"), NUMBERS, st.booleans()),
        st.tuples(st.just("delete_dashboard"), NUMBERS, st.booleans()),
        st.tuples(st.just("delete_tile"), NUMBERS, NUMBERS),
        st.tuples(st.just("move"), NUMBERS, st.tuples(NUMBERS, NUMBERS)),
    ),
    max_size=8,
)


@dataclass
class Model:
    """`on`: pairs of an insight and a dashboard. `asleep`: what a deleted dashboard would bring back."""

    on: set[tuple[int, int]] = field(default_factory=set)
    no_insights: set[int] = field(default_factory=set)
    no_dashboards: set[int] = field(default_factory=set)
    asleep: dict[int, set[int]] = field(default_factory=dict)

    def place(self, insight: int, wanted: set[int]) -> None:
        if insight not in self.no_insights and not wanted & self.no_dashboards:
            self.on = {pair for pair in self.on if pair[0] != insight} | {(insight, one) for one in wanted}

    def delete_insight(self, insight: int, deleted: bool) -> None:
        self.on = {pair for pair in self.on if pair[0] != insight or not deleted}
        (self.no_insights.add if deleted else self.no_insights.discard)(insight)

    def delete_dashboard(self, number: int, deleted: bool) -> None:
        if deleted and number not in self.no_dashboards:
            self.asleep[number] = {insight for insight, one in self.on if one == number}
            self.on = {pair for pair in self.on if pair[1] != number}
            self.no_dashboards.add(number)
        elif not deleted and number in self.no_dashboards:
            self.on |= {(insight, number) for insight in self.asleep.pop(number) - self.no_insights}
            self.no_dashboards.discard(number)

    def delete_tile(self, number: int, insight: int) -> None:
        self.on.discard((insight, number))

    def move(self, insight: int, places: tuple[int, int]) -> None:
        there, other = places
        if (insight, there) in self.on and other not in self.no_dashboards and (insight, other) not in self.on:
            self.on = (self.on - {(insight, there)}) | {(insight, other)}


@dataclass
class Shop:
    """The same, done by requests."""

    office: Office
    insights: list[dict[str, Any]]
    dashboards: list[dict[str, Any]]

    def place(self, insight: int, wanted: set[int]) -> None:
        self.office.place(self.insights[insight], *(self.dashboards[one] for one in sorted(wanted)))

    def delete_insight(self, insight: int, deleted: bool) -> None:
        self.office.api()("PATCH", f"insights/{self.insights[insight]['id']}", json={"deleted": deleted})

    def delete_dashboard(self, number: int, deleted: bool) -> None:
        self.office.change(self.dashboards[number], deleted=deleted)

    def delete_tile(self, number: int, insight: int) -> None:
        tile = self.tile(number, insight)
        self.office.change(self.dashboards[number], tiles=[{"id": tile, "deleted": True}])

    def move(self, insight: int, places: tuple[int, int]) -> None:
        there, other = places
        body = {"toDashboard": self.dashboards[other]["id"], "tile": {"id": self.tile(there, insight)}}
        self.office.api()("PATCH", f"dashboards/{self.dashboards[there]['id']}/move_tile", json=body)

    def tile(self, number: int, insight: int) -> int:
        found = [one["id"] for one in self.tiles(number) if one["insight_id"] == self.insights[insight]["id"]]
        return int(found[0]) if found else 0

    def stored(self, kind: str, of: dict[str, Any]) -> dict[str, Any]:
        found = self.office.world.store.get(*keys.resource(self.office.project.project.id, kind, str(of["id"])))
        assert found is not None
        return found

    def tiles(self, number: int) -> list[dict[str, Any]]:
        return [one for one in self.stored("dashboard", self.dashboards[number])["tiles"] if not one["deleted"]]

    def by_dashboards(self) -> set[tuple[int, int]]:
        ids = [insight["id"] for insight in self.insights]
        pairs = [(ids.index(tile["insight_id"]), n) for n in range(len(self.dashboards)) for tile in self.tiles(n)]
        assert len(pairs) == len(set(pairs)), "an insight is on a dashboard once"
        return set(pairs)

    def by_insights(self) -> set[tuple[int, int]]:
        ids = [dashboard["id"] for dashboard in self.dashboards]
        found = set()
        for number, insight in enumerate(self.insights):
            item = self.stored("insight", insight)
            live = [link for link in item["dashboard_tiles"] if not link["deleted"]]
            assert sorted(link["dashboard_id"] for link in live) == sorted(item["dashboards"])
            for link in live:
                place = ids.index(link["dashboard_id"])
                assert link["id"] == self.tile(place, number)
                found.add((number, place))
        return found


@pytest.fixture(scope="module")
def offices(stack: Stack) -> Iterator[Office]:
    if not stack.environment["POLICIES_TABLE"].startswith("sqlite"):
        pytest.skip("what is written does not depend on where; hundreds of requests do take longer there")
    world = World.of(stack)
    yield Office(world, world.new_project())


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_both_sides_agree_whatever_happens(offices: Office, steps: list[tuple[str, int, Any]]) -> None:
    shop = Shop(offices, [offices.insight() for _ in range(3)], [offices.dashboard() for _ in range(3)])
    model = Model()
    for name, *arguments in steps:
        getattr(shop, name)(*arguments)
        getattr(model, name)(*arguments)
        assert shop.by_dashboards() == model.on, (name, arguments)
        assert shop.by_insights() == model.on, (name, arguments)
