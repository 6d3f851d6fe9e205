"""Pages of events: each event once and in order, whatever shares its moment, and cursors that no page has named."""

from __future__ import annotations

import json
import random
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from insights_api import event_pages
from insights_local.stack import Stack

from tests.api.event_walks import listed, pages
from tests.api.shop import EVENTS, Shop
from tests.api.world import Api, World


@pytest.fixture(scope="module")
def shop(stack: Stack) -> Shop:
    return Shop.of(stack)


PROJECT, NOBODY = "the project", "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    "told",
    [
        None,
        7,
        {},
        [],
        ["events", PROJECT, 1],
        ["events", PROJECT, 1, NOBODY, 1],
        ["events", PROJECT, 1, "x"],
        ["events", PROJECT, 1, None],
        ["events", PROJECT, "1", NOBODY],
        ["events", PROJECT, 1.5, NOBODY],
        ["events", PROJECT, True, NOBODY],
        ["events", PROJECT, -1, NOBODY],
        ["events", PROJECT, 10**30, NOBODY],
        ["events", PROJECT, 2**62, NOBODY],
        ["events", 0, 1, NOBODY],
        ["persons", PROJECT, 1, NOBODY],
    ],
)
def test_a_cursor_that_no_page_has_named_is_refused(shop: Shop, told: Any) -> None:
    answer = shop.api("GET", "events", params={"cursor": cursor(shop.api, told)})
    assert (answer.status_code, answer.json()["attr"]) == (400, "cursor"), answer.text


@pytest.mark.parametrize("at", [0, 1, 5_599_999_999_999_999])
@pytest.mark.parametrize("order", ["timestamp", "-timestamp"])
def test_a_cursor_may_be_of_any_moment(shop: Shop, at: int, order: str) -> None:
    place = cursor(shop.api, ["events", PROJECT, at, NOBODY])
    is_all = (at < 2) == (order == "timestamp")
    assert len(listed(shop.api, cursor=place, orderBy=order)) == (len(EVENTS) if is_all else 0)


def cursor(api: Api, told: Any) -> str:
    if isinstance(told, list):
        told = [api.project_id if part == PROJECT else part for part in told]
    return urlsafe_b64encode(json.dumps(told).encode()).decode()


def test_a_page_has_so_many_at_most(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks for more is led on."""
    monkeypatch.setattr(event_pages, "MAX_LIMIT", 2)
    page = shop.api("GET", "events", params={"limit": 10**6}).json()
    assert len(page["results"]) == 2
    assert parse_qs(urlsplit(page["next"]).query)["limit"] == ["2"]
    assert sum(map(len, pages(shop.api, limit=10**6))) == len(EVENTS)


def test_one_id_at_two_moments_is_two_events(api: Api) -> None:
    """What is left out is an event that was sent twice as it is."""
    event = {"uuid": NOBODY, "event": "seen", "distinct_id": "ada", "properties": {}}
    both = [{**event, "timestamp": f"2026-03-0{day}T10:00:00Z"} for day in (1, 2)]
    for events in (both, both[:1]):
        api.stack.load(api.project_id, events=events)
    assert [one["timestamp"][:10] for one in listed(api)] == ["2026-03-02", "2026-03-01"]
    walked = [one["timestamp"][:10] for page in pages(api, limit=1) for one in page]
    assert walked == ["2026-03-02", "2026-03-01"]


# Walking

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
# Moments that many events share, some of them far from all others.
MOMENTS = [BEGIN + timedelta(days=days, seconds=seconds) for days in (0, 1, 2, 9, 40) for seconds in (0, 1, 7, 3600)]
NAMES = ("view", "buy", "leave")


@pytest.fixture(scope="module")
def street(stack: Stack) -> tuple[Api, list[dict[str, Any]]]:
    """Three hundred events of few moments; some are sent twice. Their uuids are in no order of time."""
    world, rng = World.of(stack), random.Random(11)
    project = world.new_project()
    events = [
        {
            "uuid": str(UUID(int=rng.getrandbits(128), version=4)),
            "event": rng.choice(NAMES),
            "distinct_id": f"user-{rng.randrange(5)}",
            "timestamp": (rng.choice(MOMENTS) + timedelta(microseconds=rng.choice((0, 0, 0, 1)))).isoformat(),
            "properties": {"n": n},
        }
        for n in range(300)
    ]
    stack.load(project.project.id, events=events)
    stack.load(project.project.id, events=events[:40])
    return world.api(project), events


bounds = st.none() | st.sampled_from([*MOMENTS[::3], MOMENTS[0] - timedelta(days=1), MOMENTS[-1] + timedelta(days=1)])


@pytest.mark.parametrize("is_latest_first", [True, False])
@given(
    name=st.sampled_from((*NAMES, "")),
    limit=st.sampled_from((1, 7, 20, 64, 299, 300, 301, 10_000)),
    after=bounds,
    before=bounds,
)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_all_pages_have_each_event_once_in_order(
    street: tuple[Api, list[dict[str, Any]]],
    name: str,
    limit: int,
    is_latest_first: bool,
    after: datetime | None,
    before: datetime | None,
) -> None:
    api, events = street
    expected = {
        event["uuid"]: str(event["timestamp"])
        for event in events
        if name in ("", event["event"])
        and (after is None or datetime.fromisoformat(event["timestamp"]) > after)
        and (before is None or datetime.fromisoformat(event["timestamp"]) < before)
    }
    limit = max(limit, len(expected) // 8)
    said = {"after": after and after.isoformat(), "before": before and before.isoformat(), "event": name}
    asked = {key: value for key, value in said.items() if value}
    order = "-timestamp" if is_latest_first else "timestamp"
    walked = list(pages(api, limit=limit, orderBy=order, **asked))
    found = [event for page in walked for event in page]
    assert sorted(event["id"] for event in found) == sorted(expected)
    times = [event["timestamp"] for event in found]
    assert times == sorted(times, reverse=is_latest_first)
    assert all(len(page) <= limit for page in walked)


@pytest.mark.parametrize("order", ["timestamp", "-timestamp"])
def test_what_is_a_day_from_the_end_is_there(stack: Stack, order: str) -> None:
    """A page reads a day first, and then the rest."""
    world = World.of(stack)
    project = world.new_project()
    begin, end = BEGIN, BEGIN + timedelta(days=2)
    middle = [BEGIN + timedelta(days=1, microseconds=microseconds) for microseconds in (-1, 0, 1)]
    events = [{"event": "e", "distinct_id": "p", "timestamp": at.isoformat()} for at in middle]
    stack.load(project.project.id, events=events)
    asked = {"after": begin.isoformat(), "before": end.isoformat(), "orderBy": order}
    found = [event["timestamp"] for event in listed(world.api(project), **asked)]
    assert sorted(found) == [at.strftime("%Y-%m-%dT%H:%M:%S.%fZ") for at in middle]


def test_what_comes_in_while_somebody_walks_is_not_in_between(stack: Stack) -> None:
    world = World.of(stack)
    project = world.new_project()
    api = world.api(project)

    def send(days: list[int]) -> None:
        events = [{"event": "e", "distinct_id": "p", "timestamp": f"2026-03-{day:02d}T00:00:00Z"} for day in days]
        stack.load(project.project.id, events=events)

    send([1, 2, 3, 4])
    walk = pages(api, limit=2, after="-30y")
    assert [event["timestamp"][8:10] for event in next(walk)] == ["04", "03"]
    send([5, 6])
    assert [event["timestamp"][8:10] for event in next(walk)] == ["02", "01"]


def test_the_address_of_the_next_page_is_absolute_and_keeps_what_was_asked(shop: Shop) -> None:
    params = {"limit": "2", "event": "buy", "after": "2024-01-01", "format": "json"}
    answer = shop.api("GET", "events/", params=params).json()
    parts = urlsplit(answer["next"])
    said = parse_qs(parts.query)
    assert parts.scheme == "http"
    assert {name: said[name] for name in ("limit", "event", "after")} == {
        "limit": ["2"],
        "event": ["buy"],
        "after": ["2024-01-01T05:00:00+00:00"],
    }
