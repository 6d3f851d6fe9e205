"""The unmodified `cased-piglet` package: its command `piglet`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients import programs
from tests.clients.cli import Program
from tests.clients.conftest import Shop, needs

NAME = "cased-piglet"
pytestmark = needs(NAME)


@pytest.fixture
def piglet(shop: Shop, tmp_path: Path) -> Program:
    environment = {"POSTHOG_API_KEY": shop.key, "POSTHOG_HOST": shop.url, "POSTHOG_PROJECT_ID": str(shop.id)}
    return Program(programs.program(NAME, "piglet"), environment, tmp_path)


def test_projects(shop: Shop, piglet: Program) -> None:
    assert shop.id in [row["id"] for row in piglet.json("projects", "list")["results"]]
    assert piglet.json("projects", "get", str(shop.id))["name"] == "Shop"
    assert "Resource not found" in piglet.run("projects", "get", "999999", fails=True)


# Without the flag it lists those alone that it would leave out with it.
OBJECTS = {"insights": "--saved", "dashboards": "--pinned", "cohorts": "--static"}


@pytest.mark.parametrize("kind", OBJECTS)
def test_objects(piglet: Program, kind: str) -> None:
    flag = OBJECTS[kind]
    made = piglet.json(kind, "create", "--name", "Piglet's", flag)
    number = str(made["id"])
    assert made["id"] in [row["id"] for row in piglet.json(kind, "list", flag)]
    assert piglet.json(kind, "update", number, "--name", "New")["name"] == "New"
    assert piglet.json(kind, "get", number)["name"] == "New"
    assert piglet.json(kind, "delete", number, "--yes") == {"deleted": True, "id": made["id"]}
    assert made["id"] not in [row["id"] for row in piglet.json(kind, "list", flag)]


def test_an_insight_by_its_short_id(shop: Shop, piglet: Program) -> None:
    made = shop.insight("Short")
    assert piglet.json("insights", "get", made["short_id"])["id"] == made["id"]


def test_there_are_no_flags(piglet: Program) -> None:
    assert piglet.json("flags", "list") == []
    assert "405" in piglet.run("flags", "create", "--key", "beta", fails=True)
