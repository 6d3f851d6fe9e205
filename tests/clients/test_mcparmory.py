"""The unmodified `mcparmory-posthog` package: its MCP server, made from the whole OpenAPI document of PostHog."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.clients import mcp, programs
from tests.clients.conftest import Shop, needs

NAME = "mcparmory-posthog"
pytestmark = needs(NAME)


@pytest.fixture(scope="module")
def parmory(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[mcp.Session]:
    command = (programs.program(NAME, "mcparmory-posthog"), "--no-retry")
    environment = {"BEARER_TOKEN": shop.key, "BASE_URL": shop.url}
    with mcp.session(command, environment, tmp_path_factory.mktemp(NAME)) as session:
        yield session


@pytest.fixture
def call(shop: Shop, parmory: mcp.Session) -> Callable[..., Any]:
    def ask(tool: str, **arguments: Any) -> Any:
        answer = parmory.call(tool, project_id=str(shop.id), **arguments)
        assert answer.get("ok") is not False, answer
        return answer

    return ask


def test_organizations_and_projects(shop: Shop, parmory: mcp.Session) -> None:
    (organization,) = parmory.call("list_organizations")["results"]
    projects = parmory.call("list_projects_for_organization", organization_id=organization["id"])["results"]
    assert shop.id in [project["id"] for project in projects]
    found = parmory.call("get_project", organization_id=organization["id"], id=str(shop.id))
    assert (found["name"], found["timezone"]) == ("Shop", "UTC")


def test_queries(call: Callable[..., Any]) -> None:
    found = call("query_create", query={"kind": "HogQLQuery", "query": "SELECT count() FROM events"})
    assert (found["results"], found["columns"]) == ([[8]], ["count()"])
    trend = {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "$pageview"}]}
    found = call("query_create", query={"kind": "InsightVizNode", "source": trend})
    assert [series["count"] for series in found["results"]] == [6]


def test_insights(call: Callable[..., Any]) -> None:
    query = {
        "kind": "InsightVizNode",
        "source": {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "signed up"}]},
    }
    number = call("create_insight", query=query, description="By parmory")["id"]
    assert call("update_insight_partial", id=number, description="New", query=query)["description"] == "New"
    assert [series["count"] for series in call("get_insight", id=number)["result"]] == [2]
    assert number in [row["id"] for row in call("list_insights", limit=100)["results"]]
    call("mark_insight_deleted", id=number)
    assert number not in [row["id"] for row in call("list_insights", limit=100)["results"]]


def test_persons(call: Callable[..., Any]) -> None:
    persons = {person["distinct_ids"][0]: person for person in call("list_persons")["results"]}
    assert set(persons) == {"ada", "bob", "eve"}
    found = call("get_person", id=persons["ada"]["id"])
    assert found["properties"]["email"] == "ada@shop.example"
    values = call("list_person_property_values", key="email")["value"]
    assert {row["name"] for row in values} == {"ada@shop.example", "bob@shop.example", "eve@shop.example"}


def test_cohorts(call: Callable[..., Any]) -> None:
    email = {"key": "email", "type": "person", "value": "ada", "operator": "icontains"}
    group = {"type": "AND", "values": [{"type": "AND", "values": [email]}]}
    number = call("create_cohort", description="Ada alone", filters={"properties": group})["id"]
    assert number in [row["id"] for row in call("list_cohorts")["results"]]
    assert [person["distinct_ids"] for person in call("list_cohort_persons", id=number)["results"]] == [["ada"]]


def test_definitions(call: Callable[..., Any]) -> None:
    assert {row["name"] for row in call("list_event_definitions")["results"]} == {"$pageview", "signed up"}
    properties = {row["name"]: row for row in call("list_property_definitions")["results"]}
    assert properties["price"]["property_type"] == "Numeric"


@pytest.mark.parametrize("tool", ["list_dashboards", "list_actions", "list_annotations", "list_feature_flags"])
def test_lists(call: Callable[..., Any], tool: str) -> None:
    assert isinstance(call(tool)["results"], list)


def test_what_is_not_here_says_so(shop: Shop, parmory: mcp.Session) -> None:
    assert parmory.call("list_surveys", project_id=str(shop.id))["status"] == 404
