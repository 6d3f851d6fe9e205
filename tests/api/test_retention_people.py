"""The people behind retention over HTTP: in a body, in pages, as CSV; and nodes in addresses."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from insights_acl.models import StoredProject

from tests.api.test_retention import DAYS, EVENTS, FLAT, NODE, names
from tests.api.world import Api, World


@pytest.fixture
def filled(api: Api) -> Api:
    persons = [{"distinct_ids": [who], "properties": {"email": f"{who}@example.com"}} for who in DAYS]
    api.stack.load(api.project_id, persons=persons, events=EVENTS)
    return api


CSV_OF_PEOPLE = {
    "by its ending": ("/api/projects/{p}/persons/retention.csv", {}, {}),
    "by format": ("/api/person/retention/", {"format": "csv", "project_id": "{p}"}, {}),
    "by what is accepted": ("/api/person/retention/", {"project_id": "{p}"}, {"accept": "text/csv"}),
}


@pytest.mark.parametrize("way", CSV_OF_PEOPLE)
def test_people_as_csv(filled: Api, way: str) -> None:
    path, own, headers = CSV_OF_PEOPLE[way]
    asked = {name: value.format(p=filled.project_id) for name, value in own.items()}
    answer = filled("GET", path.format(p=filled.project_id), params=FLAT | asked, headers=headers)
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, "text/csv")
    head, first, *rest = answer.text.splitlines()
    assert head == "id,name,distinct_ids,created_at,type,uuid,properties.email,appearances"
    assert ',ann@example.com,"[""ann""]",' in first
    assert first.endswith(',ann@example.com,"[1,1,1]"')
    assert len(rest) == 2


def test_groups_as_csv(filled: Api) -> None:
    asked = {**FLAT, "aggregation_group_type_index": 0, "project_id": filled.project_id, "format": "csv"}
    lines = filled("GET", "/api/person/retention/", params=asked).text.splitlines()
    assert lines[0].startswith("id,") and lines[1].startswith("acme,") and lines[1].endswith('"[1,1,1]"')


def test_a_posted_question_names_its_project(world: World) -> None:
    """Not the caller's current one, which is the project made last or first."""
    one, other = world.new_project().project, world.new_project().project
    key = world.new_key(world.new_user("owner"))
    for project, who in ((one, "ann"), (other, "bob")):
        world.stack.load(
            project.id,
            persons=[{"distinct_ids": [who], "properties": {}}],
            events=[{"event": "$pageview", "distinct_id": who, "timestamp": "2024-03-20T10:00:00Z", "properties": {}}],
        )
    for project, who in ((one, "ann"), (other, "bob")):
        body = {"total_intervals": 1, "date_to": "2024-03-20", "project_id": project.id}
        assert names(Api(world.stack, key)("POST", "/api/person/retention/", json=body)) == [(who, [1])]


def test_the_next_page_of_a_posted_question_is_got(filled: Api) -> None:
    body = {
        **FLAT,
        "limit": 2,
        "project_id": filled.project_id,
        "properties": [{"key": "b", "value": ["a", "b", "c"], "type": "event"}],
        "target_entity": {"id": "$pageview", "type": "events"},
    }
    first = filled("POST", "/api/person/retention/", json=body)
    assert [name for name, _ in names(first)] == ["ann", "bob"]
    following = filled("GET", first.json()["next"].removeprefix("http://testserver"))
    assert names(following) == [("cat", [1, 0, 0])]
    assert following.json()["next"] is None


TREND: dict[str, Any] = {
    "kind": "TrendsQuery",
    "series": [{"kind": "EventsNode", "event": "$pageview"}],
    "dateRange": {"date_from": "2024-03-18", "date_to": "2024-03-20"},
}


@pytest.mark.parametrize(("insight", "node"), [("retention", NODE), ("trend", TREND)], ids=["retention", "trend"])
def test_a_node_in_an_address_is_answered_as_a_posted_one(filled: Api, insight: str, node: dict[str, Any]) -> None:
    posted = filled("POST", f"insights/{insight}", json={"query": node}).json()["result"]
    got = filled("GET", f"insights/{insight}", params={"query": orjson.dumps(node).decode()})
    assert (got.status_code, got.json()["result"]) == (200, posted)
    lines = [
        filled("POST", f"insights/{insight}.csv", json={"query": node}),
        filled("GET", f"insights/{insight}.csv", params={"query": orjson.dumps(node).decode()}),
    ]
    assert lines[0].text == lines[1].text
    for text in ("{", "null", "{}", "5"):
        refused = filled("GET", f"insights/{insight}", params={"query": text})
        assert (refused.status_code, refused.json()["detail"][:5]) == (400, "query"), refused.text
    nothing: tuple[dict[str, Any] | None, ...] = (None, {})
    for value in nothing:
        assert filled("POST", f"insights/{insight}", json={"query": value}).status_code == 400


@pytest.mark.parametrize("path", ["/api/person/retention/", "/api/projects/{p}/persons/retention/"])
def test_people_of_a_node_are_asked_for_elsewhere(api: Api, path: str) -> None:
    path = path.format(p=api.project_id)
    for answer in (
        api("POST", path, json={"query": NODE}),
        api("POST", path, json=NODE),
        api("GET", path, params={"query": orjson.dumps(NODE).decode()}),
    ):
        assert (answer.status_code, answer.json()["attr"]) == (400, "query"), answer.text
        assert "POST an ActorsQuery to /api/projects/:project_id/query/" in answer.json()["detail"]


def test_a_sum_of_values_has_no_people_to_ask_for(filled: Api) -> None:
    asked = {**FLAT, "breakdowns": [{"type": "event", "property": "b"}], "breakdown_limit": 1}
    *values, other = filled("POST", "insights/retention", json=asked).json()["result"]
    assert other["label"] == "$$_posthog_breakdown_other_$$"
    assert "people_url" not in other
    assert not any("people_url" in cell for cell in other["values"])
    assert all("people_url" in row for row in values)


def test_older_groups_need_the_scope_of_groups(world: World, project: StoredProject) -> None:
    path = f"/api/person/retention/?project_id={project.project.id}"
    for scope, persons, groups in (("group:read", 403, 200), ("person:read", 200, 403)):
        api = world.api(project, None, "insight:read", scope)
        assert api("GET", path).status_code == persons
        assert api("GET", f"{path}&aggregation_group_type_index=0").status_code == groups
