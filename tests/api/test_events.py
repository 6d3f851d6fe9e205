"""Events: listed by filters, read one by one, and the values of their properties; never another project's."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from insights_local.stack import Stack

from tests.api.event_walks import listed
from tests.api.shop import EVENTS, Shop
from tests.api.world import Api, World

LATEST_FIRST = [event["uuid"] for event in sorted(EVENTS, key=lambda event: str(event["timestamp"]), reverse=True)]


@pytest.fixture(scope="module")
def shop(stack: Stack) -> Shop:
    return Shop.of(stack)


def numbers(found: list[dict[str, Any]]) -> list[int]:
    """Of the shop's events, by the end of their uuids."""
    return [int(event["id"][-4:]) for event in found]


def test_an_event_is_the_same_in_a_list_and_alone(shop: Shop) -> None:
    (event,) = listed(shop.api, event="buy", distinct_id="ann-phone")
    person = event.pop("person")
    assert event == {
        "id": EVENTS[3]["uuid"],
        "distinct_id": "ann-phone",
        "properties": EVENTS[3]["properties"],
        "event": "buy",
        "timestamp": "2024-03-09T15:30:30.000000Z",
        "elements": [],
        "elements_chain": "",
    }
    assert {name: person[name] for name in ("uuid", "distinct_ids", "is_identified")} == {
        "uuid": shop.names["ann"],
        "distinct_ids": ["ann", "ann-phone"],
        "is_identified": True,
    }
    assert person["properties"]["email"] == "ann@example.com"
    for named in (event["id"], event["id"].upper(), UUID(event["id"]).hex):
        assert shop.api("GET", f"events/{named}/").json() == {**event, "person": person}


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, [17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
        ({"orderBy": '["timestamp"]', "limit": "3"}, [1, 2, 3]),
        ({"orderBy": "timestamp", "limit": "3"}, [1, 2, 3]),
        ({"orderBy": '["-timestamp"]', "limit": "2"}, [17, 16]),
        ({"limit": "2", "offset": "3"}, [14, 13]),
        ({"limit": "0", "event": "leave"}, [16, 15]),
        ({"limit": "x", "event": "leave"}, [16, 15]),
        # Three of these are of the last day before.
        ({"before": "2024-11-04T00:00:00Z", "offset": "2", "limit": "3"}, [13, 12, 11]),
        ({"before": "2024-11-04T00:00:00Z", "limit": "5"}, [15, 14, 13, 12, 11]),
        ({"offset": "90000"}, []),
        ({"event": "leave"}, [16, 15]),
        ({"event": "LEAVE"}, []),
        ({"distinct_id": "cy-anon"}, [8]),
        ({"distinct_id": "' OR 1=1 --"}, []),
        ({"person_id": "$cy$"}, [9, 8]),
        ({"person_id": "$ann$", "event": "buy"}, [4]),
        ({"person_id": "4294967295"}, []),
        ({"person_id": "00000000-0000-4000-8000-000000000000"}, []),
        ({"after": "2024-11-03T06:30:00Z"}, [17, 16, 15]),
        ({"after": "2024-11-03T06:29:59.999999Z", "before": "2024-11-03T23:00:00Z"}, [14]),
        # Days are those of New York.
        ({"after": "2024-03-09", "before": "2024-03-10", "limit": "10000"}, [4, 3, 2, 1]),
        ({"before": "2024-03-10"}, [4, 3, 2, 1]),
        ({"after": "-1d"}, []),
        ({"after": "all", "limit": "1"}, [17]),
        ({"after": "2030-01-01", "before": "2020-01-01"}, []),
        ({"properties": '[{"key": "price", "operator": "gt", "value": 25}]'}, [14, 13, 9]),
        ({"properties": '{"sku": "A-1"}'}, [13, 12, 3]),
        ({"properties": '[{"type": "person", "key": "plan", "value": "pro"}]', "event": "buy"}, [9, 4]),
        ({"properties": '[{"type": "cohort", "key": "id", "value": $chosen$}]', "event": "leave"}, [16, 15]),
        ({"properties": '[{"type": "hogql", "key": "properties.qty > 1"}]'}, [12, 3]),
        ({"properties": '[{"type": "session", "key": "$session_duration", "operator": "gt", "value": 1000}]'},
         [4, 3, 2, 1]),
    ],
)  # fmt: skip
def test_a_list_is_filtered(shop: Shop, params: dict[str, str], expected: list[int]) -> None:
    assert numbers(listed(shop.api, **shop.filled(params))) == expected


@pytest.mark.parametrize(
    ("params", "attr"),
    [
        ({"after": "soon"}, "after"),
        ({"after": "2024-13-01"}, "after"),
        ({"after": "1900-01-01"}, "after"),
        ({"before": "9999-01-01"}, "before"),
        ({"before": "2024-01-01' OR 1"}, "before"),
        ({"offset": "1000001"}, "offset"),
        ({"person_id": "ann"}, "person_id"),
        ({"person_id": "4294967296"}, "person_id"),
        ({"action_id": "x"}, "action_id"),
        ({"action_id": "2147483647"}, "action_id"),
        ({"event": "x" * 1001}, "event"),
        ({"orderBy": "event"}, "orderBy"),
        ({"orderBy": '["timestamp", "event"]'}, "orderBy"),
        ({"orderBy": '[{"a": 1}]'}, "orderBy"),
        ({"orderBy": "["}, "orderBy"),
        ({"select": '["event"]'}, "select"),
        ({"filter_test_accounts": "maybe"}, "filter_test_accounts"),
        ({"properties": "[{"}, "properties"),
        ({"properties": "7"}, "properties"),
        ({"properties": '[{"key": "a", "operator": "like", "value": 1}]'}, "properties__0__operator"),
        ({"properties": '[{"type": "hogql", "key": "nope(1)"}]'}, "properties__0"),
        ({"properties": '[{"type": "cohort", "key": "id", "value": 999999}]'}, "properties__0"),
        ({"format": "xml"}, "format"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "ä"}, "cursor"),
        ({"cursor": "A" * 5000}, "cursor"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_by_name(shop: Shop, params: dict[str, str], attr: str) -> None:
    answer = shop.api("GET", "events", params=params)
    assert (answer.status_code, answer.json()["attr"]) == (400, attr), answer.text


def test_an_action_chooses_events(shop: Shop) -> None:
    steps = [{"event": "buy", "properties": [{"key": "price", "operator": "gt", "value": 25}]}, {"event": "leave"}]
    action = shop.api("POST", "actions", json={"name": "Big or gone", "steps": steps}).json()["id"]
    assert numbers(listed(shop.api, action_id=action)) == [16, 15, 14, 13, 9]


def test_csv_has_a_line_an_event(shop: Shop) -> None:
    answer = shop.api("GET", "events.csv", params={"limit": "3"})
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    assert [line["id"] for line in lines] == LATEST_FIRST[:3]
    assert (lines[0]["properties.price"], lines[2]["person.properties.email"]) == ("-1.5", "bob@example.com")
    assert answer.headers["link"].endswith('rel="next"')
    assert "id,event,timestamp,distinct_id" in shop.api("GET", "events.csv", params={"event": "none"}).text


# Values


def lately(stack: Stack, values: list[Any], *, days: int = 1) -> Api:
    world = World.of(stack)
    project, now = world.new_project(), stack.services.now()
    stack.load(
        project.project.id,
        events=[
            {
                "event": ("view", "buy")[n % 2],
                "distinct_id": "p",
                "timestamp": (now - timedelta(days=days)).isoformat(),
                "properties": {"plan": value},
            }
            for n, value in enumerate(values)
        ],
    )
    return world.api(project)


@pytest.mark.parametrize("days", [1, 20])
def test_values_of_late_are_offered(stack: Stack, days: int) -> None:
    api = lately(stack, ["pro", "free", "pro", "Free", 7, None, "x" * 10_001], days=days)

    def offered(**params: Any) -> dict[str, int]:
        answer = api("GET", "events/values", params={"key": "plan", **params})
        assert answer.status_code == 200, answer.text
        return {one["name"]: one["count"] for one in answer.json()}

    assert offered() == {"pro": 2, "7": 1, "Free": 1, "free": 1}
    assert next(iter(offered())) == "pro"
    assert offered(limit=1) == {"pro": 2}
    assert offered(value="FRE") == {"Free": 1, "free": 1}
    assert offered(event_name="buy") == {"free": 1, "Free": 1}
    assert offered(event_name=["buy", "view"]) == offered()
    assert offered(event_name="none") == {}


def test_values_of_long_ago_are_not(stack: Stack) -> None:
    assert lately(stack, ["pro"], days=40)("GET", "events/values", params={"key": "plan"}).json() == []


@pytest.mark.parametrize(
    ("params", "attr"),
    [
        ({}, "key"),
        ({"key": "x" * 1001}, "key"),
        ({"key": "a", "value": "x" * 1001}, "value"),
        ({"key": "a", "limit": "0"}, "limit"),
        ({"key": "a", "event_name": ["e"] * 101}, "event_name"),
    ],
)
def test_values_that_cannot_be_looked_for(shop: Shop, params: dict[str, Any], attr: str) -> None:
    answer = shop.api("GET", "events/values", params=params)
    assert (answer.status_code, answer.json()["attr"]) == (400, attr), answer.text


# Who may see them


@pytest.mark.parametrize("named", ["deadbeef-0000-4000-8000-000000000000", "7", "x", "values2", "%00"])
def test_what_is_not_there_or_another_projects_is_not_found(shop: Shop, named: str) -> None:
    assert shop.api("GET", f"events/{named}").status_code == 404


@pytest.mark.parametrize(
    ("scope", "status"), [("query:read", 200), ("query:write", 200), ("person:read", 403), ("insight:read", 403)]
)
@pytest.mark.parametrize("path", ["events", "events/values?key=plan", f"events/{EVENTS[0]['uuid']}"])
def test_events_are_read_with_the_scope_of_queries(
    world: World, stack: Stack, shop: Shop, scope: str, status: int, path: str
) -> None:
    project = world.new_project()
    stack.load(project.project.id, events=EVENTS[:1])
    assert world.api(project, None, scope)("GET", path).status_code == status


def test_another_projects_events_are_in_no_answer(shop: Shop) -> None:
    for path in ("events?limit=10000", "events.csv", "events/values?key=sku", "events?event=mandolin event"):
        text = shop.api("GET", path).text
        assert [secret for secret in shop.secrets if secret in text] == []
    others = shop.api("GET", f"/api/projects/{shop.names['other']}/events")
    assert others.status_code in (403, 404)
