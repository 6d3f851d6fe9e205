"""The unmodified `@posthog/agent-toolkit` package, by its tools for the AI SDK."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.clients import programs
from tests.clients.conftest import HERE, Shop, needs

pytestmark = needs(programs.NODE)
Call = Callable[..., Any]


class ToolError(Exception):
    """What a tool said when it failed."""


@pytest.fixture(scope="module")
def toolkit(shop: Shop) -> Iterator[Call]:
    environment = {
        "PACKAGES": str(programs.folder(programs.NODE)),
        "POSTHOG_PERSONAL_API_KEY": shop.key,
        "POSTHOG_API_BASE_URL": shop.url,
    }
    process = subprocess.Popen(
        ["node", str(HERE / "node" / "tools.mjs")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )

    def ask(tool: str, **arguments: Any) -> Any:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps([tool, arguments]) + "\n")
        process.stdin.flush()
        said = json.loads(process.stdout.readline())
        if "error" in said:
            raise ToolError(said["error"])
        try:
            return json.loads(said["text"])
        except ValueError:
            return said["text"]

    yield ask
    process.kill()
    process.communicate()


@pytest.fixture
def call(shop: Shop, toolkit: Call) -> Call:
    """In the shop: some tools go back to the project that is the user's."""
    toolkit("switch-project", projectId=shop.id)
    return toolkit


def trend(event: str) -> dict[str, Any]:
    source = {
        "kind": "TrendsQuery",
        "series": [{"kind": "EventsNode", "event": event, "custom_name": event, "math": "total"}],
        "dateRange": {"date_from": "-7d", "date_to": None},
        "properties": [],
        "filterTestAccounts": False,
        "interval": "day",
    }
    return {"kind": "InsightVizNode", "source": source}


def test_organizations_and_projects(shop: Shop, call: Call) -> None:
    (organization,) = call("organizations-get")
    assert call("organization-details-get") == organization
    assert (shop.id, "Shop") in [(project["id"], project["name"]) for project in call("projects-get")]


def test_definitions(call: Call) -> None:
    assert {row["name"] for row in call("event-definitions-list")} == {"$pageview", "signed up"}
    assert {row["name"] for row in call("event-definitions-list", q="sign")} == {"signed up"}
    found = call("properties-list", type="event", eventName="signed up", includePredefinedProperties=True)
    assert {row["name"]: row["property_type"] for row in found} == {"$browser": "String", "price": "Numeric"}
    assert {row["name"] for row in call("properties-list", type="person")} == {"email"}


QUERIES: dict[str, tuple[dict[str, Any], Callable[[Any], Any], Any]] = {
    "trend": (trend("$pageview"), lambda rows: [row["count"] for row in rows], [6]),
    "funnel": (
        {
            "kind": "InsightVizNode",
            "source": {
                "kind": "FunnelsQuery",
                "series": [{"kind": "EventsNode", "event": name} for name in ("$pageview", "signed up")],
                "dateRange": {"date_from": "-7d"},
                "properties": [],
                "filterTestAccounts": False,
                "interval": "day",
                "funnelsFilter": {},
            },
        },
        lambda rows: [(row["name"], row["count"]) for row in rows],
        [("$pageview", 3), ("signed up", 2)],
    ),
    "SQL": (
        {
            "kind": "DataVisualizationNode",
            "source": {
                "kind": "HogQLQuery",
                "query": "SELECT event, count() FROM events WHERE {filters} GROUP BY event ORDER BY event",
                "filters": {"dateRange": {"date_from": "-7d"}},
            },
        },
        lambda rows: rows,
        [["$pageview", 6], ["signed up", 2]],
    ),
}


@pytest.mark.parametrize("name", QUERIES)
def test_queries(call: Call, name: str) -> None:
    query, read, expected = QUERIES[name]
    assert read(call("query-run", query=query)) == expected


def test_costs_of_language_models(shop: Shop, call: Call) -> None:
    assert call("get-llm-total-costs-for-project", projectId=shop.id, days=7) == []


@pytest.mark.parametrize("name", ["trend", "SQL"])
def test_insights_and_dashboards(call: Call, name: str) -> None:
    query, read, expected = QUERIES[name]
    made = call("insight-create-from-query", data={"name": f"Tool {name}", "query": query, "favorited": False})
    number = str(made["id"])
    assert [row["id"] for row in call("insights-get-all", data={"search": f"tool {name}"})] == [made["id"]]
    assert call("insight-get", insightId=made["short_id"])["id"] == made["id"]
    assert read(call("insight-query", insightId=number)["results"]) == expected
    assert call("insight-update", insightId=number, data={"query": query, "favorited": True})["favorited"]
    board = call("dashboard-create", data={"name": "Tools", "pinned": True})["id"]
    call("add-insight-to-dashboard", data={"insightId": number, "dashboardId": board})
    shown = call("dashboard-get", dashboardId=board)["tiles"]
    assert [tile["insight"]["short_id"] for tile in shown] == [made["short_id"]]
    assert call("dashboard-update", dashboardId=board, data={"name": "New"})["name"] == "New"
    assert board in [row["id"] for row in call("dashboards-get-all", data={"search": "new"})]
    call("dashboard-delete", dashboardId=board)
    call("insight-delete", insightId=made["short_id"])
    assert call("insights-get-all", data={"search": f"tool {name}"}) == []


def test_what_is_not_here_says_so(call: Call) -> None:
    assert call("feature-flag-get-all") == []
    with pytest.raises(ToolError, match="Not Found"):
        call("experiment-get-all")
    with pytest.raises(ToolError, match="ErrorTrackingQuery"):
        call("list-errors")
