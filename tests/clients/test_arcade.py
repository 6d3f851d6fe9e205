"""The unmodified `arcade-posthog` package: its MCP server, tool by tool."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.clients import mcp, programs
from tests.clients.conftest import Shop, needs

NAME = "arcade-posthog"
pytestmark = needs(NAME)


def environment(shop: Shop, key: str) -> dict[str, str]:
    return {"POSTHOG_SERVER_URL": shop.url, "POSTHOG_PERSONAL_API_KEY": key, "ARCADE_USAGE_TRACKING": "0"}


@pytest.fixture(scope="module")
def arcade(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[mcp.Session]:
    command = (programs.program(NAME, "arcade-posthog"), "stdio")
    with mcp.session(command, environment(shop, shop.key), tmp_path_factory.mktemp(NAME)) as session:
        yield session


def test_it_knows_who_asks(shop: Shop, arcade: mcp.Session) -> None:
    found = arcade.call("ArcadePosthog_WhoAmI")
    assert (found["email"], found["missing_scopes"]) == ("owner@example.com", [])
    assert found["organizations"] and found["projects"]


ANALYTICS: dict[str, tuple[str, dict[str, Any], Callable[[Any], Any], Any]] = {
    "trend": ("GetTrend", {"event": "$pageview"}, lambda a: [s["count"] for s in a["series"]], [6.0]),
    "trend of users": (
        "GetTrend",
        {"event": "$pageview", "math": "dau", "time_grouping": "day", "date_from": "-7d"},
        lambda a: [sum(s["data"]) for s in a["series"]],
        [3.0],
    ),
    "trend by browser": (
        "GetTrend",
        {"event": "$pageview", "breakdown_property": "$browser"},
        lambda a: {s["breakdown_value"]: s["count"] for s in a["series"]},
        {"Chrome": 4.0, "Firefox": 2.0},
    ),
    "trend of some": (
        "GetTrend",
        {
            "event": "$pageview",
            "property_filters": [{"key": "$browser", "value": ["Firefox"], "operator": "exact", "type": "event"}],
        },
        lambda a: [s["count"] for s in a["series"]],
        [2.0],
    ),
    "trends": (
        "GetTrends",
        {"events": ["$pageview", "signed up", "never"]},
        lambda a: [(s["label"], s["count"]) for s in a["series"]],
        [("$pageview", 6.0), ("signed up", 2.0), ("never", 0.0)],
    ),
    "comparison": (
        "ComparePeriods",
        {"event": "$pageview", "current_date_from": "-7d"},
        lambda a: [(s["compare_label"], s["count"]) for s in a["series"]],
        [("current", 6.0), ("previous", 0.0)],
    ),
    "funnel": (
        "GetFunnel",
        {"steps": ["$pageview", "signed up"]},
        lambda a: [(s["name"], s["count"]) for s in a["steps"]],
        [("$pageview", 3), ("signed up", 2)],
    ),
    "funnel by browser": (
        "GetFunnel",
        {"steps": ["$pageview", "signed up"], "breakdown_property": "$browser"},
        lambda a: {g["breakdown_value"]: [s["count"] for s in g["steps"]] for g in a["groups"]},
        {"['Chrome']": [2, 1], "['Firefox']": [1, 1]},
    ),
    "retention": (
        "GetRetention",
        {"start_event": "$pageview", "return_event": "signed up", "period": "day"},
        lambda a: [c["values"][0] for c in a["cohorts"] if c["people_count"]],
        [3],
    ),
}


@pytest.mark.parametrize("case", ANALYTICS)
def test_numbers(shop: Shop, arcade: mcp.Session, case: str) -> None:
    tool, arguments, read, expected = ANALYTICS[case]
    assert read(arcade.call(f"ArcadePosthog_{tool}", project_id=str(shop.id), **arguments)) == expected


def test_queries(shop: Shop, arcade: mcp.Session) -> None:
    def run(query: dict[str, Any]) -> Any:
        return arcade.call("ArcadePosthog_RunQuery", project_id=str(shop.id), query=query)["response_json"]

    sql = "SELECT event, count() AS n FROM events GROUP BY event ORDER BY n DESC"
    found = run({"kind": "HogQLQuery", "query": sql})
    assert (found["columns"], found["results"]) == (["event", "n"], [["$pageview", 6], ["signed up", 2]])
    with pytest.raises(mcp.ToolError, match=r"\(400\).*NoSuchQuery"):
        run({"kind": "NoSuchQuery"})


def test_definitions(shop: Shop, arcade: mcp.Session) -> None:
    events = arcade.call("ArcadePosthog_ListEventDefinitions", project_id=str(shop.id))
    assert {row["name"] for row in events["results"]} == {"$pageview", "signed up"}
    found = arcade.call("ArcadePosthog_ListProperties", project_id=str(shop.id), event_name="signed up")
    assert {row["name"] for row in found["results"]} == {"$browser", "price"}


def test_insights_and_dashboards(shop: Shop, arcade: mcp.Session) -> None:
    def call(tool: str, **arguments: Any) -> Any:
        return arcade.call(f"ArcadePosthog_{tool}", project_id=str(shop.id), **arguments)["response_json"]

    insight = shop.insight("By arcade")["id"]
    listed = arcade.call("ArcadePosthog_ListInsights", project_id=str(shop.id), search="arcade")
    assert [row["id"] for row in listed["results"]] == [insight]
    assert call("GetInsight", insight_name="by ARCADE")["id"] == insight
    assert call("UpdateInsight", insight_id=insight, description="new")["description"] == "new"
    board = call("CreateDashboard", name="Arcade's")["id"]
    assert call("AddInsightToDashboard", insight_id=insight, dashboard_id=board)["dashboards"] == [board]
    assert [tile["insight_id"] for tile in call("GetDashboard", dashboard_id=board)["tiles"]] == [insight]
    call("DeleteDashboard", dashboard_id=board)
    call("DeleteInsight", insight_id=insight)
    assert arcade.call("ArcadePosthog_ListInsights", project_id=str(shop.id), search="arcade")["results"] == []


def test_a_missing_scope_is_named(shop: Shop, tmp_path: Any) -> None:
    command = (programs.program(NAME, "arcade-posthog"), "stdio")
    with mcp.session(command, environment(shop, shop.key_with("query:read")), tmp_path) as session:
        with pytest.raises(mcp.ToolError, match="missing the required scope 'insight:read'"):
            session.call("ArcadePosthog_ListInsights", project_id=str(shop.id))
        assert "user:read" in session.call("ArcadePosthog_WhoAmI")["missing_scopes"]
