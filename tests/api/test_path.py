"""Paths over HTTP: both forms, people and their pages, CSV, and whom none of it is for."""

from __future__ import annotations

from typing import Any

import pytest
from insights_acl.models import StoredProject

from tests.api.world import Api, World

WAYS = {"ann": ("/", "/pricing/", "/pay"), "bob": ("/", "/pricing"), "cat": ("/", "/help")}
EVENTS = [
    {
        "event": "$pageview",
        "distinct_id": who,
        "timestamp": f"2024-03-18T10:0{minute}:00Z",
        "properties": {"$current_url": url},
    }
    for who, way in WAYS.items()
    for minute, url in enumerate(way)
]
DATES = {"date_from": "2024-03-18", "date_to": "2024-03-18"}
FLAT = {**DATES, "include_event_types": ["$pageview"]}
NODE: dict[str, Any] = {
    "kind": "PathsQuery",
    "dateRange": DATES,
    "pathsFilter": {"includeEventTypes": ["$pageview"]},
}
ROWS = [
    {"source": "1_/", "target": "2_/pricing", "value": 2, "average_conversion_time": 60000.0},
    {"source": "1_/", "target": "2_/help", "value": 1, "average_conversion_time": 60000.0},
    {"source": "2_/pricing", "target": "3_/pay", "value": 1, "average_conversion_time": 60000.0},
]
NOTHING = {"edges": 0, "sessions": 0, "people": 0}


@pytest.fixture
def filled(api: Api) -> Api:
    persons = [{"distinct_ids": [who], "properties": {"email": f"{who}@example.com"}} for who in WAYS]
    api.stack.load(api.project_id, persons=persons, events=EVENTS)
    return api


def get(values: dict[str, Any]) -> dict[str, str]:
    """As a query string has them: lists as JSON text."""
    return {name: '["$pageview"]' if isinstance(value, list) else str(value) for name, value in values.items()}


def test_all_ways_to_ask_answer_alike(filled: Api) -> None:
    for answer in (
        filled("GET", "insights/path", params=get(FLAT)),
        filled("POST", "insights/path/", json=FLAT),
        filled("POST", "insights/path", json=NODE),
        filled("POST", "insights/path", json={"query": {"kind": "InsightVizNode", "source": NODE}}),
    ):
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert (found["result"], found["hidden"], found["timezone"]) == (ROWS, NOTHING, "UTC")
        assert found["timings"][0]["k"] == "clickhouse"
        assert (found["query_cost"]["rows_read"] > 0) is not found["is_cached"]
    assert filled("POST", "query", json={"query": NODE}).json()["results"] == ROWS
    assert filled("POST", "insights/trend", json={"insight": "PATHS", **FLAT}).json()["result"] == ROWS


def test_what_a_limit_hides_is_counted(filled: Api) -> None:
    few = filled("POST", "insights/path", json={**FLAT, "edge_limit": 1}).json()
    assert (few["result"], few["hidden"]) == (ROWS[:1], {"edges": 2, "sessions": 2, "people": 2})
    node = {**NODE, "pathsFilter": {**NODE["pathsFilter"], "edgeLimit": 2}}
    found = filled("POST", "query", json={"query": node}).json()
    assert (found["results"], found["hidden"]) == (ROWS[:2], {"edges": 1, "sessions": 1, "people": 1})
    assert found["hasMore"] is True


def test_the_statement_is_explained(filled: Api) -> None:
    explained = filled("POST", "insights/path?explain=true", json=FLAT).json()["explain"]
    assert explained["sql"].startswith("WITH (SELECT ")
    assert explained["resolved_date_range"] == {
        "date_from": "2024-03-18T00:00:00Z",
        "date_to": "2024-03-18T23:59:59.999999Z",
    }


def test_the_project_s_rules_clean_its_paths(filled: Api) -> None:
    rules = [{"alias": "/<word>", "regex": "/[a-z]+"}]
    assert (
        filled("PATCH", f"/api/projects/{filled.project_id}/", json={"path_cleaning_filters": rules}).status_code < 300
    )
    cleaned = filled("POST", "insights/path", json={**FLAT, "path_replacements": True}).json()["result"]
    assert [(row["source"], row["target"], row["value"]) for row in cleaned] == [("1_/", "2_/<word>", 3)]
    assert filled("POST", "insights/path", json=FLAT).json()["result"] == ROWS


def test_csv(filled: Api) -> None:
    lines = [
        "source,target,value,average_conversion_time",
        "1_/,2_/pricing,2,60000",
        "1_/,2_/help,1,60000",
        "2_/pricing,3_/pay,1,60000",
    ]
    answer = filled("GET", "insights/path.csv", params=get(FLAT))
    assert answer.headers["content-type"].startswith("text/csv")
    assert 'filename="export (2024-03-18 - 2024-03-18) from PostHog.csv"' in answer.headers["content-disposition"]
    assert answer.text.splitlines() == lines
    assert filled("POST", "insights/path?format=csv", json={"query": NODE}).text.splitlines() == lines
    assert filled("POST", "insights/path.csv?layout=wide", json=FLAT).json()["attr"] == "layout"


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    (found,) = answer.json()["results"]
    assert found["count"] == len(found["people"])
    return sorted(person["name"].partition("@")[0] for person in found["people"])


KEYS = [
    ({"path_end_key": "2_/pricing"}, ["ann", "bob"]),
    ({"path_start_key": "1_/", "path_end_key": "2_/help"}, ["cat"]),
    ({"path_dropoff_key": "2_/pricing"}, ["bob"]),
    ({"path_start_key": "3_/pay"}, []),
]


@pytest.mark.parametrize(("keys", "people"), KEYS, ids=str)
def test_people_of_an_edge_or_a_node(filled: Api, keys: dict[str, str], people: list[str]) -> None:
    path = f"/api/person/path/?project_id={filled.project_id}"
    assert names(filled("POST", path, json={**FLAT, **keys})) == people
    assert names(filled("GET", path, params=get({**FLAT, **keys, "project_id": filled.project_id}))) == people
    parts = (part.capitalize() if i else part for k in keys for i, part in enumerate(k.split("_")))
    joined = "".join(parts).replace("path", " path").split()
    chosen = {**NODE["pathsFilter"], **dict(zip(joined, keys.values(), strict=True))}
    source = {"kind": "InsightActorsQuery", "source": {**NODE, "pathsFilter": chosen}}
    found = filled("POST", "query", json={"query": source}).json()
    assert found["columns"] == ["person"]
    assert sorted(person["distinct_ids"][0] for (person,) in found["results"]) == people


def test_people_of_a_node_with_a_long_url(filled: Api) -> None:
    url = "/" + "x" * 5000
    event = {"event": "$pageview", "distinct_id": "ann", "properties": {"$current_url": url}}
    filled.stack.load(filled.project_id, events=[{**event, "timestamp": "2024-03-18T10:09:00Z"}])
    rows = filled("POST", "insights/path", json=FLAT).json()["result"]
    (node,) = (row["target"] for row in rows if len(row["target"]) > 5000)
    path = f"/api/person/path/?project_id={filled.project_id}"
    assert names(filled("POST", path, json={**FLAT, "path_end_key": node})) == ["ann"]
    source = {**NODE, "pathsFilter": {**NODE["pathsFilter"], "pathEndKey": node}}
    asked = {"kind": "InsightActorsQuery", "source": source}
    ((person,),) = filled("POST", "query", json={"query": asked}).json()["results"]
    assert person["distinct_ids"] == ["ann"]


def test_people_come_in_pages(filled: Api) -> None:
    path: str | None = f"/api/person/path/?date_from=2024-03-18&limit=2&project_id={filled.project_id}"
    found = []
    while path:
        answer = filled("GET", path)
        found.append(names(answer))
        path = answer.json()["next"] and answer.json()["next"].removeprefix("http://testserver")
    assert [len(page) for page in found] == [2, 1]
    assert sorted(name for page in found for name in page) == ["ann", "bob", "cat"]
    source = {"kind": "InsightActorsQuery", "source": NODE}
    asked = {"kind": "ActorsQuery", "source": source, "select": ["id"], "limit": 2, "offset": 1}
    page = filled("POST", "query", json={"query": asked}).json()
    assert (len(page["results"]), page["hasMore"], page["missing_actors_count"]) == (2, False, 0)


REFUSED: list[tuple[str, str, dict[str, Any], str | None, str]] = [
    ("POST", "insights/path", {"json": {"step_limit": -1}}, "step_limit", "step_limit must be a whole number"),
    ("GET", "insights/path", {"params": {"exclude_events": "[1"}}, "exclude_events", "exclude_events is not valid"),
    ("POST", "insights/path", {"json": {"path_groupings": ["x" * 10_000]}}, "path_groupings__0", "path_groupings[0]"),
    (
        "POST",
        "insights/path",
        {"json": {"include_event_types": ["custom_event"], "include_custom_events": ["/custom1"]}},
        None,
        "Cannot include all custom events and specific custom events in the same query",
    ),
    ("POST", "insights/path", {"json": {"kind": "PathsQuery", "x": 1}}, None, "query.x: unknown field"),
    ("POST", "insights/path", {"json": {"kind": "TrendsQuery", "series": []}}, None, "query: only a PathsQuery is"),
    ("POST", "insights/path", {"content": b"{"}, None, "JSON parse error"),
    ("POST", "insights/path", {"content": b"[]"}, None, "JSON parse error - the body must be an object"),
    ("POST", "/api/person/path", {"json": {"path_end_key": "home"}}, "path_end_key", "path_end_key must be the name"),
    ("POST", "/api/person/path", {"json": {"limit": 0}}, "limit", "limit must be a whole number"),
    ("GET", "/api/person/path", {"params": {"properties": "invalid_json"}}, None, "Properties are unparsable!"),
    (
        "POST",
        "query",
        {"json": {"query": {"kind": "InsightActorsQuery", "source": NODE, "interval": 0}}},
        None,
        "query.interval: unknown field",
    ),
    (
        "POST",
        "query",
        {
            "json": {
                "query": {
                    "kind": "ActorsQuery",
                    "source": {"kind": "InsightActorsQuery", "source": NODE},
                    "select": ["appearances"],
                }
            }
        },
        "select",
        'select "appearances" is not known',
    ),
]


@pytest.mark.parametrize(("method", "path", "sent", "attr", "text"), REFUSED, ids=[row[4] for row in REFUSED])
def test_what_is_refused(api: Api, method: str, path: str, sent: dict[str, Any], attr: str | None, text: str) -> None:
    answer = api(method, path, **sent)
    assert (answer.status_code, answer.json()["attr"]) == (400, attr), answer.text
    assert answer.json()["detail"].startswith(text)


def test_people_need_a_scope_of_their_own(world: World, project: StoredProject) -> None:
    number = project.project.id
    asked = {"query": {"kind": "InsightActorsQuery", "source": NODE}}
    for scopes, status in ((("insight:read", "query:read"), 403), (("insight:read", "query:read", "person:read"), 200)):
        api = world.api(project, None, *scopes)
        assert api("GET", f"/api/person/path/?project_id={number}").status_code == status
        assert api("POST", f"/api/projects/{number}/query", json=asked).status_code == status
        assert api("GET", f"/api/projects/{number}/insights/path").status_code == 200


def test_another_project_s_events_are_not_those_of_this_one(filled: Api, world: World) -> None:
    other = world.other_project.project.id
    for method, path in (
        ("GET", f"/api/projects/{other}/insights/path"),
        ("GET", f"/api/person/path?project_id={other}"),
    ):
        assert filled(method, path).status_code == 403
    stranger = world.new_project(name="Stranger")
    world.stack.load(stranger.project.id, events=[{**EVENTS[0], "properties": {"$current_url": "/secret"}}, EVENTS[1]])
    for body in (FLAT, NODE):
        assert filled("POST", "insights/path", json=body).json()["result"] == ROWS
