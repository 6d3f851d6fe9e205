"""Funnels over HTTP: addresses of people and their pages, actors queries, CSV, and whom none of it is for."""

from __future__ import annotations

from typing import Any

import pytest
from insights_acl.models import StoredProject

from tests.api.world import Api, World

EVENTS = [
    {
        "event": name,
        "distinct_id": who,
        "timestamp": f"2024-03-{day}T10:00:00Z",
        "properties": {"b": who[0]},
        "groups": {"company": "acme" if who == "ann" else "none"},
    }
    for name, who, day in (
        ("visit", "ann", 18),
        ("pay", "ann", 19),
        ("visit", "bob", 18),
        ("visit", "cat", 19),
        ("pay", "cat", 20),
    )
]
DATES = {"date_from": "2024-03-18", "date_to": "2024-03-20"}
FLAT = {"events": [{"id": "visit", "order": 0}, {"id": "pay", "order": 1}], **DATES}
NODE: dict[str, Any] = {
    "kind": "FunnelsQuery",
    "series": [{"kind": "EventsNode", "event": "visit"}, {"kind": "EventsNode", "event": "pay"}],
    "dateRange": DATES,
}
ACTORS: dict[str, Any] = {"kind": "FunnelsActorsQuery", "source": NODE, "funnelStep": 2}
TREND = {**FLAT, "funnel_viz_type": "trends"}


@pytest.fixture
def filled(api: Api) -> Api:
    persons = [{"distinct_ids": [who], "properties": {"email": f"{who}@x.test"}} for who in ("ann", "bob", "cat")]
    api.stack.load(api.project_id, persons=persons, events=EVENTS)
    return api


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    (page,) = answer.json()["results"]
    assert page["count"] == len(page["people"])
    return [one["name"].partition("@")[0] for one in page["people"]]


def test_the_envelope(filled: Api) -> None:
    answer = filled("POST", "insights/funnel", json=FLAT).json()
    assert [step["count"] for step in answer["result"]] == [3, 2]
    assert (answer["timezone"], answer["is_cached"]) == ("UTC", False)
    assert {"last_refresh", "timings", "query_cost"} <= set(answer)
    asked = filled("GET", "insights/funnel", params={**DATES, "events": '[{"id": "visit"}, {"id": "pay", "order": 1}]'})
    assert [step["count"] for step in asked.json()["result"]] == [3, 2]


def test_steps_say_where_their_people_are(filled: Api) -> None:
    first, second = filled("POST", "insights/funnel", json=FLAT).json()["result"]
    assert first["dropped_people_url"] is None
    assert first["converted_people_url"].startswith("/api/person/funnel/?")
    assert names(filled("GET", first["converted_people_url"])) == ["ann", "bob", "cat"]
    assert names(filled("GET", second["converted_people_url"])) == ["ann", "cat"]
    assert names(filled("GET", second["dropped_people_url"])) == ["bob"]


def test_so_do_the_steps_of_a_value(filled: Api) -> None:
    asked = {**FLAT, "breakdown": "b", "breakdown_limit": 2}
    *values, other = filled("POST", "insights/funnel", json=asked).json()["result"]
    found = {rows[0]["breakdown_value"][0]: names(filled("GET", rows[1]["converted_people_url"])) for rows in values}
    assert found == {"a": ["ann"], "c": ["cat"]}
    assert other[1]["breakdown"] == ["Other"]
    assert other[1]["converted_people_url"] is other[1]["dropped_people_url"] is None


def test_people_of_a_point_of_a_trend(filled: Api) -> None:
    (row,) = filled("POST", "insights/funnel", json=TREND).json()["result"]
    assert dict(zip(row["days"], row["data"], strict=True)) == {
        "2024-03-18": 50.0,
        "2024-03-19": 100.0,
        "2024-03-20": 0.0,
    }
    assert (row["reached_from_step_count"], row["reached_to_step_count"]) == ([2, 1, 0], [1, 1, 0])
    path = f"/api/person/funnel/?project_id={filled.project_id}"
    for further, expected in (({}, ["ann"]), ({"drop_off": True}, ["bob"])):
        asked = {**TREND, "entrance_period_start": "2024-03-18 00:00:00", **further}
        assert names(filled("POST", path, json=asked)) == expected


def test_people_come_in_pages(filled: Api) -> None:
    path: str | None = (
        filled("POST", "insights/funnel", json=FLAT).json()["result"][0]["converted_people_url"] + "&limit=2"
    )
    found = []
    while path:
        answer = filled("GET", path)
        found.append(names(answer))
        assert answer.json()["initial"].startswith("http://testserver/api/person/funnel")
        path = (answer.json()["next"] or "").removeprefix("http://testserver")
    assert found == [["ann", "bob"], ["cat"]]


def test_the_node_s_people(filled: Api) -> None:
    first = filled("POST", "query", json={"query": ACTORS}).json()
    assert first["columns"] == ["person"]
    assert [person["distinct_ids"] for (person,) in first["results"]] == [["ann"], ["cat"]]
    asked = {"kind": "ActorsQuery", "source": ACTORS | {"funnelStep": -2}, "select": ["id", "person"], "limit": 1}
    page = filled("POST", "query", json={"query": asked}).json()
    assert [person["distinct_ids"] for _, person in page["results"]] == [["bob"]]
    by = {**NODE, "breakdownFilter": {"breakdown": "b"}}
    asked = {**ACTORS, "source": by, "funnelStepBreakdown": ["c"]}
    (row,) = filled("POST", "query", json={"query": asked}).json()["results"]
    assert row[0]["distinct_ids"] == ["cat"]
    trend = {**NODE, "funnelsFilter": {"funnelVizType": "trends"}}
    chosen = {"funnelTrendsEntrancePeriodStart": "2024-03-18", "funnelTrendsDropOff": True}
    asked = {"kind": "FunnelsActorsQuery", "source": trend, **chosen}
    (row,) = filled("POST", "query", json={"query": asked}).json()["results"]
    assert row[0]["distinct_ids"] == ["bob"]


def test_the_groups_of_a_node(filled: Api) -> None:
    node = {**NODE, "aggregation_group_type_index": 0}
    answer = filled("POST", "query", json={"query": {**ACTORS, "source": node}}).json()
    assert [group["group_key"] for (group,) in answer["results"]] == ["acme", "none"]


def test_the_query_endpoint(filled: Api) -> None:
    answer = filled("POST", "query", json={"query": {"kind": "InsightVizNode", "source": NODE}}).json()
    assert [step["count"] for step in answer["results"]] == [3, 2]
    assert "converted_people_url" not in answer["results"][0]
    histogram = {**NODE, "funnelsFilter": {"funnelVizType": "time_to_convert"}}
    assert filled("POST", "query", json={"query": histogram}).json()["results"]["average_conversion_time"] == 86400
    assert filled("POST", "insights/funnel", json={"query": NODE}).json()["result"] == answer["results"]


@pytest.mark.parametrize("viz", ["steps", "time_to_convert", "trends"])
def test_csv(filled: Api, viz: str) -> None:
    answer = filled("POST", "insights/funnel.csv", json={**FLAT, "funnel_viz_type": viz})
    assert answer.headers["content-type"].startswith("text/csv")
    assert 'filename="export (2024-03-18 - 2024-03-20) from PostHog.csv"' in answer.headers["content-disposition"]
    again = filled("POST", "query?format=csv", json={"query": {**NODE, "funnelsFilter": {"funnelVizType": viz}}})
    assert answer.text == again.text
    assert len(answer.text.splitlines()) == {"steps": 3, "time_to_convert": 4, "trends": 4}[viz]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"kind": "FunnelsActorsQuery"}, "query.source: Field required"),
    ({**ACTORS, "funnelStep": 0}, "funnelStep must be from 1 to 2"),
    ({**ACTORS, "funnelStep": None}, "funnelStep is required"),
    ({**ACTORS, "funnelStepBreakdown": "x"}, "funnelStepBreakdown: the query has no breakdown"),
    ({**ACTORS, "source": {**NODE, "x": 1}}, "query.source.x: unknown field"),
    ({**ACTORS, "kind": "InsightActorsQuery"}, "query.kind: Input should be 'FunnelsActorsQuery'"),
    ({**ACTORS, "source": {"kind": "TracesQuery"}}, 'query.source.kind "TracesQuery"'),
    ({"kind": "ActorsQuery", "source": ACTORS, "select": ["persn"]}, 'select "persn" is not known'),
]


@pytest.mark.parametrize(("node", "text"), REFUSED, ids=[text for _, text in REFUSED])
def test_what_actors_queries_refuse(api: Api, node: dict[str, Any], text: str) -> None:
    answer = api("POST", "query", json={"query": node})
    assert answer.status_code == 400, answer.text
    assert answer.json()["detail"].startswith(text)


def test_only_funnels_are_answered_here(api: Api) -> None:
    answer = api("POST", "insights/funnel", json={"query": {"kind": "TrendsQuery", "series": []}})
    assert (answer.status_code, answer.json()["detail"]) == (400, "query: only a FunnelsQuery is answered here")


WRONG: list[tuple[dict[str, Any], str | None, str]] = [
    ({"events": "[{"}, "events", "events is not valid JSON"),
    ({"events": '[{"id": "a"}]', "funnel_step": "x"}, "funnel_step", "funnel_step must be a whole number"),
    ({"events": '[{"id": "a"}]', "funnel_step": "-1"}, "funnel_step", "funnel_step must be from 1 to 1"),
    ({"events": '[{"id": "a"}]'}, "funnel_step", "funnel_step is required"),
    ({"events": '[{"id": "a"}]', "funnel_step": "1", "limit": "1001"}, "limit", "limit must be a whole number"),
    ({}, "events", "events is required: a funnel without steps has no people"),
    (
        {"events": '[{"id": "a"}]', "funnel_step": "1", "breakdown": "b", "funnel_step_breakdown": '[["x"]]'},
        "funnel_step_breakdown",
        "funnel_step_breakdown must be a value or a list of them",
    ),
]


@pytest.mark.parametrize(("asked", "attr", "text"), WRONG, ids=[text for *_, text in WRONG])
def test_people_that_cannot_be_asked_for(api: Api, asked: dict[str, Any], attr: str | None, text: str) -> None:
    answer = api("GET", "/api/person/funnel/", params={"project_id": api.project_id, **asked})
    assert (answer.status_code, answer.json()["attr"]) == (400, attr), answer.text
    assert answer.json()["detail"].startswith(text)


def test_an_exclusion_that_is_a_step(api: Api) -> None:
    excluded = {"id": "visit", "type": "events", "funnel_from_step": 0, "funnel_to_step": 1}
    answer = api("POST", "insights/funnel", json={**FLAT, "exclusions": [excluded]})
    detail = "Exclusion steps cannot contain an event that's part of funnel steps."
    assert (answer.status_code, answer.json()) == (
        400,
        {"type": "validation_error", "code": "invalid_input", "detail": detail, "attr": None},
    )


PEOPLE: tuple[str, str, dict[str, Any]] = ("POST", "/api/person/funnel/?project_id={p}", {**FLAT, "funnel_step": 1})
BEHIND: tuple[str, str, dict[str, Any]] = ("POST", "/api/projects/{p}/query", {"query": ACTORS})


@pytest.mark.parametrize(("method", "path", "body"), [PEOPLE, BEHIND], ids=["people", "actors"])
def test_people_need_a_scope_of_their_own(
    world: World, project: StoredProject, method: str, path: str, body: dict[str, Any]
) -> None:
    number = project.project.id
    for scopes, status in ((("insight:read", "query:read"), 403), (("insight:read", "query:read", "person:read"), 200)):
        answer = world.api(project, None, *scopes)(method, path.format(p=number), json=body)
        assert answer.status_code == status, answer.text


@pytest.mark.parametrize(("method", "path", "body"), [PEOPLE, BEHIND], ids=["people", "actors"])
def test_people_of_another_organization_are_not_shown(
    world: World, api: Api, method: str, path: str, body: dict[str, Any]
) -> None:
    answer = api(method, path.format(p=world.other_project.project.id), json=body)
    assert answer.status_code == 403, answer.text


def test_another_project_s_events_are_not_counted(world: World, filled: Api) -> None:
    own = world.new_project().project.id
    key = world.new_key(world.new_user(), scoped_teams=(own,))
    answer = Api(world.stack, key)("POST", f"/api/projects/{own}/insights/funnel/", json=FLAT)
    assert [step["count"] for step in answer.json()["result"]] == [0, 0]
    refused = Api(world.stack, key)("POST", f"/api/projects/{filled.project_id}/insights/funnel/", json=FLAT)
    assert refused.status_code == 403
