"""What an insight answers over random events is what a statement says that was written from the insight's question."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from insights_local.stack import Stack

from tests.api.asked_again import AGAIN, DAYS, NOTHING, RANGE, Numbers
from tests.api.world import Api, World

# INSIGHTS_FUZZ=500 asks of that many worlds, of others each time.
MANY = int(os.environ.get("INSIGHTS_FUZZ", "0"))
EXAMPLES = 4
# Clocks are set in New York on the 10th, and never in Kathmandu.
ZONES = ("UTC", "America/New_York", "Asia/Kathmandu")
FIRST = datetime(2024, 3, 4, tzinfo=UTC)


@dataclass(frozen=True)
class Events:
    zone: str
    rows: list[dict[str, Any]]
    merged: bool


@st.composite
def events(draw: st.DrawFn) -> Events:
    """Of four people with two ids each, no two at one moment; crowded, so that they follow each other."""
    moments = st.builds(
        lambda block, minute: FIRST + timedelta(hours=12 * block, minutes=minute),
        st.integers(0, 23),
        st.integers(0, 120),
    )
    at = draw(st.lists(moments, min_size=8, max_size=50, unique=True))
    event = st.builds(
        lambda name, person, id, n, k: {
            "event": name,
            "distinct_id": f"p{person}{id}",
            "properties": ({} if n is None else {"n": n}) | ({} if k is None else {"k": k}),
        },
        st.sampled_from("aaabbc"),
        st.integers(0, 3),
        st.sampled_from(["", "-phone"]),
        st.sampled_from([None, 0, 1, -2, 2.5, 10]),
        st.sampled_from([None, "x", "y", "Ünï"]),
    )
    rows = [{**draw(event), "timestamp": moment.isoformat()} for moment in at]
    return Events(draw(st.sampled_from(ZONES)), rows, draw(st.booleans()))


def test_asked_again(world: World, stack: Stack) -> None:
    key = world.new_key(world.new_user())

    @settings(
        max_examples=MANY or EXAMPLES,
        derandomize=not MANY,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(events())
    def run(made: Events) -> None:
        api = Api(stack, key, _loaded(world, made))
        for name, again in AGAIN.items():
            values = {"days": DAYS, "nothing": NOTHING}
            node = {"kind": "HogQLQuery", "query": again.statement, "values": values, "filters": {"dateRange": RANGE}}
            found = {tuple(keys) if len(keys) > 1 else keys[0]: number for *keys, number in _asked(api, node)}
            assert _some(found) == pytest.approx(_some(again.read(_asked(api, again.node)))), name

    run()


def _loaded(world: World, made: Events) -> int:
    project_id = world.new_project(timezone=made.zone).project.id
    persons = [
        {"distinct_ids": [f"p{i}", f"p{i}-phone"], "properties": {"plan": "pro"} if i % 2 else {}} for i in range(4)
    ]
    world.stack.load(project_id, persons=persons, events=made.rows)
    if made.merged:
        world.stack.load(project_id, persons=[{"distinct_ids": ["p0", "p1-phone"]}])
    return project_id


def _asked(api: Api, node: dict[str, Any]) -> Any:
    answer = api("POST", "query/", json={"query": node})
    assert answer.status_code == 200, answer.text
    return answer.json()["results"]


def _some(numbers: Numbers) -> Numbers:
    """An insight has a 0 where a statement has no row."""
    return {key: number for key, number in numbers.items() if number}
