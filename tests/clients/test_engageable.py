"""The unmodified `engageable` package: its MCP server, and the connector behind it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients import mcp, programs
from tests.clients.conftest import Shop, needs

NAME = "engageable"
pytestmark = needs(NAME)
# Its skills take this from the server; here without one.
SKILL = """
import asyncio, json, sys
from engageable.skills.registry import get_registry
name, params = json.loads(sys.argv[1])
result = asyncio.run(get_registry().get_skill(name).execute(params))
print(json.dumps([result.success, result.data, result.error]))
"""


@pytest.fixture(scope="module")
def engageable(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[mcp.Session]:
    environment = {"POSTHOG_API_KEY": shop.key, "POSTHOG_BASE_URL": shop.url, "POSTHOG_PROJECT_ID": str(shop.id)}
    home = tmp_path_factory.mktemp(NAME)
    with mcp.session([programs.program(NAME, "engageable")], environment, home) as session:
        yield session


@pytest.fixture
def skill(shop: Shop, tmp_path: Path) -> Callable[..., Any]:

    def execute(name: str, **params: Any) -> Any:
        params |= {"project_id": shop.id, "credentials": {"api_key": shop.key, "base_url": shop.url}}
        command = [programs.program(NAME, "python"), "-c", SKILL, json.dumps([name, params])]
        found = subprocess.run(command, capture_output=True, text=True, check=True, env={"HOME": str(tmp_path)})
        succeeded, answer, error = json.loads(found.stdout)
        assert succeeded, error
        return answer

    return execute


# A tool, and what its answer says of three visitors, two sign-ups and six page views of one day.
TOOLS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "get_sources": ({}, ("1 source(s) connected: PostHog",)),
    "analyze_trends": ({"metric": "$pageview", "date_range": "last7days"}, ("date,count", ",6\n")),
    "analyze_funnel": (
        {"steps": [{"event": "$pageview"}, {"event": "signed up"}], "date_range": "last7days"},
        ("Overall conversion: 66.7% (3 → 2)",),
    ),
    "analyze_retention": ({"event": "$pageview", "date_range": "last7days"}, ('"cohort_sizes"', ": 3")),
    "detect_anomalies": ({"metric": "$pageview", "date_range": "last7days"}, ()),
}


@pytest.mark.parametrize("tool", TOOLS)
def test_tools(engageable: mcp.Session, tool: str) -> None:
    arguments, said = TOOLS[tool]
    text = engageable.call(tool, **arguments)
    assert not text.startswith("Error"), text
    assert [part for part in said if part not in text] == [], text


def test_the_connector_lists_projects(shop: Shop, skill: Callable[..., Any]) -> None:
    assert {"id": shop.id, "name": "Shop", "timezone": "UTC"} in skill("posthog_list_projects")["projects"]


def test_the_connector_finds_events_and_properties(skill: Callable[..., Any]) -> None:
    found = skill("posthog_get_metadata")
    assert (found["event_names"], found["person_properties"], found["event_properties"]) == (
        ["$pageview", "signed up"],
        ["email"],
        ["$browser", "price"],
    )


def test_the_connector_sees_whether_there_is_data(skill: Callable[..., Any]) -> None:
    found = skill("posthog_probe")
    assert (found["has_data"], found["event_count_30d"], found["distinct_persons_30d"]) == (True, 8, 3)


def test_what_is_no_query_is_answered_with_a_trend(skill: Callable[..., Any]) -> None:
    found = skill("posthog_query", query="SELECT nothing FROM nowhere", date_from="-7d")
    assert (found["metadata"]["fallback"], found["rows"][0][:2]) == ("trends_api", ["$pageview", 6.0])
