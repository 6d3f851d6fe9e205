"""Insight endpoints as a whole: what is too much to answer, and bodies that are neither a node nor flat filters."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from insights_acl.models import StoredProject

from tests.api.world import Api, World

HOURLY: dict[str, Any] = {"events": [{"id": "seen"}], "breakdown": "page", "interval": "hour"}


@pytest.fixture(scope="module")
def many(world: World) -> Iterator[Api]:
    """Thirty pages, seen over the last days."""
    project: StoredProject = world.new_project()
    start = datetime.now(UTC) - timedelta(days=3)
    events = [
        {
            "event": "seen",
            "distinct_id": f"p{i % 9}",
            "timestamp": (start + timedelta(minutes=i)).isoformat(),
            "properties": {"page": f"/{i % 30}"},
        }
        for i in range(300)
    ]
    world.stack.load(project.project.id, persons=[], groups=[], events=events)
    yield world.api(project)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({**HOURLY, "date_from": "-180d"}, "The answer has"),
        ({**HOURLY, "date_from": "-60d", "breakdown_limit": 1000}, "The query asks for up to"),
        ({"events": [{"id": "seen"}], "interval": "hour", "date_from": "-20y"}, "intervals of one hour"),
    ],
)
def test_more_than_can_be_answered_is_refused(many: Api, asked: dict[str, Any], said: str) -> None:
    answer = many("POST", "insights/trend/", json=asked)
    assert answer.status_code == 400, answer.text[:300]
    assert said in answer.json()["detail"]
    assert answer.json()["attr"] == "interval"


def test_a_large_answer_is_compressed_for_who_can_read_it(many: Api) -> None:
    asked = {**HOURLY, "date_from": "-60d"}
    plain = many("POST", "insights/trend/", json=asked, headers={"accept-encoding": "identity"})
    packed = many("POST", "insights/trend/", json=asked, headers={"accept-encoding": "gzip"})
    assert plain.headers.get("content-encoding") is None
    assert packed.headers["content-encoding"] == "gzip"
    assert plain.json()["result"] == packed.json()["result"]
    assert len(gzip.compress(plain.content)) < len(plain.content) / 5


@pytest.mark.parametrize(
    ("body", "detail", "attr"),
    [
        ({"events": [1]}, "events[0] must be an object", "events__0"),
        ({"actions": [["a"]]}, "actions[0] must be an object", "actions__0"),
        ({"query": None, "events": []}, "query must be a query node", None),
        ({"query": 5}, "query must be a query node", None),
        ({"query": {"kind": 5}}, 'query.kind "5" is not known', None),
        ({"query": {"kind": "Cohorts"}}, "known are: TrendsQuery, LifecycleQuery", None),
        ({"query": {"source": {}}}, "query must be a query node", None),
        ({"query": {"kind": "InsightVizNode", "source": {"kind": None}}}, "query.source must be a query node", None),
        ({"kind": ["x"]}, "query.kind", None),
        ({"kind": "TrendQuery", "series": []}, 'did you mean "TrendsQuery"?', None),
        ({"events": [{"id": "seen"}], "date_from": "99999-01-01"}, "is not a date", "date_from"),
    ],
)
def test_what_cannot_be_meant_is_not_an_empty_answer(many: Api, body: Any, detail: str, attr: str | None) -> None:
    answer = many("POST", "insights/trend/", json=body)
    assert answer.status_code == 400, answer.text[:300]
    assert detail in answer.json()["detail"]
    assert answer.json()["attr"] == attr


@pytest.mark.parametrize("body", [{"events": ["text"]}, {"events": []}])
def test_what_upstream_forgives_is_an_empty_answer(many: Api, body: Any) -> None:
    answer = many("POST", "insights/trend/", json=body)
    assert (answer.status_code, answer.json()["result"]) == (200, [])
