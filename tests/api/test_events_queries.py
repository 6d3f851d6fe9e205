"""EventsQuery at `query`: kept, as a file, with the place of what is wrong; never another project's events."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from insights_engine.ingest.persons import person_uuid
from insights_local.stack import Stack

from tests.api.shop import EVENTS, Shop
from tests.api.world import Api, World


@pytest.fixture(scope="module")
def shop(stack: Stack) -> Shop:
    return Shop.of(stack)


def asked(api: Api, node: dict[str, Any], path: str = "query/") -> Any:
    return api("POST", path, json={"query": {"kind": "EventsQuery", "after": "all", **node}})


@pytest.mark.parametrize("wrapper", ["DataTableNode", None])
def test_an_events_query_is_answered_and_kept(shop: Shop, wrapper: str | None) -> None:
    third = "min(timestamp)" if wrapper else "max(timestamp)"
    node = {"kind": "EventsQuery", "select": ["event", "count()", third], "after": "all"}
    body = {"query": {"kind": wrapper, "source": node, "full": True} if wrapper else node}
    first, second = (shop.api("POST", "query/", json=body) for _ in range(2))
    assert first.status_code == 200, first.text
    found = first.json()
    assert found["columns"] == node["select"]
    assert found["results"][0][:2] == ["buy", 5]
    assert (len(found["types"]), found["hasMore"], found["limit"], found["offset"]) == (3, False, 100, 0)
    assert (found["is_cached"], second.json()["is_cached"]) == (False, True)
    assert second.json()["results"] == found["results"]


def test_an_events_query_as_a_file(shop: Shop) -> None:
    answer = asked(shop.api, {"select": ["event", "*"], "limit": 1, "orderBy": ["timestamp"]}, "query.csv")
    header, line = csv.reader(io.StringIO(answer.text))
    assert header == ["event", "*"]
    assert (line[0], json.loads(line[1])["uuid"]) == ("$pageview", EVENTS[0]["uuid"])


def test_what_is_wrong_in_an_events_query_names_its_place(shop: Shop) -> None:
    answer = asked(shop.api, {"select": ["event", "propertis.x"]})
    assert answer.status_code == 400
    assert answer.json()["attr"] == "select__1"
    assert "properties" in answer.json()["detail"]


@pytest.mark.parametrize(
    "node",
    [
        {"select": ["*", "person", "person_display_name"]},
        {"select": ["(SELECT groupArray(uuid) FROM events)"]},
        {"select": ["event"], "where": ["event IN (SELECT event FROM events) OR 1 = 1"]},
        {"select": ["distinct_id"], "event": "mandolin event"},
        {"select": ["uuid"], "personId": "$other person$"},
    ],
)
def test_an_events_query_is_about_one_project(shop: Shop, node: dict[str, Any]) -> None:
    others = person_uuid(shop.names["other"], "mandolin-1")
    node = {name: others if value == "$other person$" else value for name, value in node.items()}
    answer = asked(shop.api, {**node, "limit": 1000})
    assert answer.status_code == 200, answer.text
    assert [secret for secret in shop.secrets if secret in answer.text.replace(others, "")] == []


def test_events_queries_need_the_scope_of_queries(world: World) -> None:
    project = world.new_project()
    answers = [asked(world.api(project, None, scope), {"select": ["*"]}) for scope in ("query:read", "insight:read")]
    assert [answer.status_code for answer in answers] == [200, 403]
