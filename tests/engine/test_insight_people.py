"""The people behind lifecycles and stickiness: as many as the numbers say, of random persons, groups and events."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from insights_engine.actors import Wanted
from insights_engine.lifecycle import answer as lifecycle
from insights_engine.lifecycle.node import parse_node as parse_lifecycle
from insights_engine.stickiness import answer as stickiness
from insights_engine.stickiness.node import parse_node as parse_stickiness

from tests.engine.conftest import NewProject
from tests.engine.models.worlds import World, all_days, ranges, worlds
from tests.engine.test_lifecycle import loaded, node_of
from tests.engine.test_stickiness import asked, questions

POINTS = 8  # of one question
SIMPLE: dict[str, Any] = {"count": None, "criteria": None, "cumulative": False, "compare": False, "math": "total"}
EVERYBODY = Wanted(limit=1000, has_distinct_ids=True)
quick = settings(
    max_examples=2,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def some(pick: random.Random, points: list[Any]) -> list[Any]:
    """Those with somebody are rare where intervals are short."""
    full = [point for point in points if point[-1]]
    return pick.sample(full, min(POINTS, len(full))) + pick.sample(points, min(2, len(points)))


@quick
@given(world=worlds(), data=st.data())
def test_who_is_what_in_a_lifecycle(new_project: NewProject, world: World, data: st.DataObject) -> None:
    asker, pick = loaded(new_project, world), random.Random(data.draw(st.integers(0, 1000)))
    for question in (all_days(world), *(data.draw(ranges(world)) for _ in range(3))):
        node = node_of(question) | data.draw(st.sampled_from([{}, {"aggregation_group_type_index": 0}]))
        query = parse_lifecycle({"kind": "LifecycleQuery", **node})
        rows = lifecycle.answer(query, asker.project, asker.services, asker.now).result
        points = [(row["status"], i, number) for row in rows for i, number in enumerate(row["data"])]
        for status, interval, number in some(pick, points):
            chosen = lifecycle.Chosen(status, interval=interval)
            found = lifecycle.actors(query, asker.project, asker.services, asker.now, chosen, EVERYBODY).found
            assert len({who for who, *_ in found}) == len(found) == abs(number), (node, chosen)
            assert all((events > 0) == (status != "dormant") == bool(ids) for _, events, ids in found)


@quick
@given(world=worlds(), data=st.data())
def test_who_sticks(new_project: NewProject, world: World, data: st.DataObject) -> None:
    asker, pick = loaded(new_project, world), random.Random(data.draw(st.integers(0, 1000)))
    drawn = questions(world).filter(lambda one: one["math"] != "hogql")
    for question in (SIMPLE | all_days(world), *(data.draw(drawn) for _ in range(3))):
        query = parse_stickiness({"kind": "StickinessQuery", **asked(question)})
        rows = stickiness.answer(query, asker.project, asker.services, asker.now).result
        points = [
            (row.get("compare_label"), k, n) for row in rows for k, n in zip(row["days"], row["data"], strict=True)
        ]
        for compare, k, number in some(pick, points):
            chosen = stickiness.Chosen(k, 0, compare)
            found = stickiness.actors(query, asker.project, asker.services, asker.now, chosen, EVERYBODY).found
            assert len({who for who, *_ in found}) == len(found) == number, (question, compare, k)
            assert all(events >= k and ids for _, events, ids in found)
