"""The unmodified `phog-cli` package: its command `posthog`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.clients import programs
from tests.clients.cli import Program
from tests.clients.conftest import Shop, needs

NAME = "phog-cli"
pytestmark = needs(NAME)


@pytest.fixture
def posthog(shop: Shop, tmp_path: Path) -> Program:
    environment = {"POSTHOG_API_KEY": shop.key, "POSTHOG_HOST": shop.url, "POSTHOG_PROJECT_ID": str(shop.id)}
    return Program(programs.program(NAME, "posthog"), environment, tmp_path)


def test_it_signs_in(shop: Shop, tmp_path: Path) -> None:
    posthog = Program(programs.program(NAME, "posthog"), {}, tmp_path)
    assert "My organization" in posthog.run("auth", "login", "--api-key", shop.key, "--host", shop.url)
    posthog.run("project", "switch", str(shop.id))
    assert "Shop" in posthog.run("project", "current")
    wrong = ("auth", "login", "--api-key", "phx_wrong", "--host", shop.url)
    assert "Authentication failed" in posthog.run(*wrong, fails=True)


# A command, and what stands in the table that it prints.
TABLES: dict[str, tuple[str, ...]] = {
    "org list": ("My organization",),
    "org get @current": ("My organization",),
    "project list": ("Shop (active)",),
    "activity users --period daily": ("Daily Active Users", "3"),
    "activity events": ("$pageview", "6", "signed up", "2"),
    "activity pageviews": ("Pageviews", "6"),
    "activity summary": ("Pageviews: 6", "Unique visitors: 3", "signed up", "Firefox"),
    "search persons ada@shop": ("ada@shop.example",),
    "search events": ("$pageview", "signed up"),
    "search properties": ("$browser", "price", "Numeric"),
    "search properties --event nothing": (),
    "search groups acme": (),
    "flag list": (),
}


@pytest.mark.parametrize("command", TABLES)
def test_tables(posthog: Program, command: str) -> None:
    printed = posthog.run(*command.split())
    assert [part for part in TABLES[command] if part not in printed] == [], printed


def test_queries(posthog: Program) -> None:
    sql = "SELECT event, count() FROM events GROUP BY event ORDER BY event"
    found = posthog.json("query", "run", "--hogql", sql)
    assert found["results"] == [["$pageview", 6], ["signed up", 2]]
    assert "API error 400" in posthog.run("query", "run", "--hogql", "SELECT nothing", fails=True)


def test_insights(posthog: Program) -> None:
    query = {"kind": "DataVisualizationNode", "source": {"kind": "HogQLQuery", "query": "SELECT count() FROM events"}}
    made = posthog.json("insight", "create", "--name", "By phog", "--query-json", json.dumps(query), "--tags", "a,b")
    number = str(made["id"])
    assert [row["id"] for row in posthog.json("insight", "list", "--search", "by phog")] == [made["id"]]
    assert posthog.json("insight", "get", number)["tags"] == ["a", "b"]
    assert json.loads(posthog.run("insight", "query", number))["results"] == [[8]]
    assert posthog.json("insight", "update", number, "--name", "By phog-cli")["name"] == "By phog-cli"
    assert "API error 405" in posthog.run("--yes", "insight", "delete", number, fails=True)
    posthog.run("api", "patch", f"/insights/{number}/", "--data", '{"deleted": true}')
    assert posthog.json("insight", "list", "--search", "by phog") == []


def test_dashboards(posthog: Program) -> None:
    board = posthog.json("dashboard", "create", "--name", "Phog's")
    number = str(board["id"])
    assert posthog.json("dashboard", "update", number, "--name", "New")["name"] == "New"
    assert board["id"] in [row["id"] for row in posthog.json("dashboard", "list")]


def test_any_address(posthog: Program) -> None:
    body = {"content": "Launch", "date_marker": "2026-01-01T00:00:00Z", "scope": "project"}
    made = json.loads(posthog.run("api", "post", "/annotations/", "--data", json.dumps(body)))
    listed = json.loads(posthog.run("api", "get", "/annotations/"))["results"]
    assert [row["content"] for row in listed if row["id"] == made["id"]] == ["Launch"]
    posthog.run("api", "patch", f"/annotations/{made['id']}/", "--data", '{"deleted": true}')
