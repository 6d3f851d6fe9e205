"""A kind of objects is a row and a module: those that docs/access.md shows are added to a copy of the layers.

What a program makes of the copy has all that a kind has to have: routes, rules, scopes, its part of the document.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from insights_local.routes import ROOT

PLACE = "/api/projects/{project_id}/bookmarks"
ONE = PLACE + "/{bookmark_id}"


def shown() -> list[str]:
    """The blocks of the page: the row, and the module."""
    section = (
        (ROOT / "docs/access.md").read_text("utf-8").partition("## Another kind of object\n")[2].partition("\n## ")[0]
    )
    return re.findall(r"```python\n(.*?)```", section, re.DOTALL)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the program says. The tests' own process keeps the kinds that there are."""
    copy = tmp_path_factory.mktemp("layers")
    for package in ("acl/insights_acl", "api/insights_api"):
        source = ROOT / "layers" / package
        shutil.copytree(source, copy / source.name, ignore=shutil.ignore_patterns("__pycache__"))
    row, module = shown()
    levels = copy / "insights_acl/levels.py"
    before, start, after = levels.read_text("utf-8").partition("KINDS: tuple[Kind, ...] = (\n")
    levels.write_text(f"{before}{start}    {row.strip()},\n{after}", "utf-8")
    (copy / "insights_api/bookmarks.py").write_text(module, "utf-8")
    ours = [*map(str, sorted((ROOT / "layers").iterdir())), str(ROOT / "local"), str(ROOT)]
    paths = os.pathsep.join([str(copy), *ours])
    return said_by([sys.executable, "-m", "tests.api.bookmarked"], paths, copy)


def said_by(command: list[str], paths: str, directory: Path) -> dict[str, Any]:
    environment = {**os.environ, "PYTHONPATH": paths}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=directory)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def test_it_is_made_read_and_closed_by_rules(found: dict[str, Any]) -> None:
    used = found["used"]
    assert used["made"]["address"] == "https://example.com"
    assert (used["made"]["user_access_level"], len(used["made"]["short_id"])) == ("manager", 8)
    assert used["open"] == [200, 200, 200, 200]
    assert used["without the scope"] == [403]
    assert used["closed by a rule on it"] == [200, 403]
    assert used["listed"] == 0
    assert used["closed by a rule on the kind"] == [200, 403, 403, 403, 403]
    assert used["its author's"] == [403, 403, 403, 403], "having made one opens no route of a kind that is closed"
    assert used["wrong"] == "address"
    assert used["activity"] == ["access_control_created", "created"]
    assert used["no such route"] == 404


def test_keys_can_be_held_to_it(found: dict[str, Any]) -> None:
    assert "bookmark" in found["scopes"]
    assert found["scopes"] == sorted(found["scopes"])


def test_the_document_has_all_its_operations(found: dict[str, Any]) -> None:
    assert {path: set(methods) for path, methods in found["paths"].items()} == {
        PLACE: {"get", "post"},
        ONE: {"get", "put", "patch", "delete"},
        f"{ONE}/access_controls": {"get", "put"},
        f"{ONE}/access_controls/explain": {"get"},
        f"{ONE}/users_with_access": {"get"},
        f"{ONE}/resource_access_controls": {"get", "put"},
        f"{ONE}/activity": {"get"},
    }
    assert found["tags"]["Bookmarks"] == "Addresses to come back to."
    assert found["parameters"][-1]["description"] == "Number or short id of a bookmark."


def test_its_schemas_are_those_of_its_fields(found: dict[str, Any]) -> None:
    assert found["schemas"]["BookmarkFields"]["properties"] == {
        "address": {"type": "string", "minLength": 1, "maxLength": 400, "description": "Where it leads."},
        "note": {"type": ["string", "null"], "minLength": 1, "maxLength": 2000},
        "deleted": {"type": "boolean"},
    }
    assert {"id", "short_id", "address", "created_by", "user_access_level"} <= set(
        found["schemas"]["Bookmark"]["required"]
    )


def test_the_pages_list_it(found: dict[str, Any]) -> None:
    assert "| `bookmark` | none, viewer, editor, manager | editor | none | manager |" in found["pages"]["access.md"]
    assert re.search(r"<!-- kinds -->.*`bookmark`.*<!-- /kinds -->", found["pages"]["access.md"], re.DOTALL)
    assert re.search(r"<!-- scopes -->.*`bookmark`.*<!-- /scopes -->", found["pages"]["identity.md"], re.DOTALL)
    row = f"| Create a bookmark | `POST {PLACE}` | `bookmark:write` | `bookmark` |"
    assert "### Bookmarks\n\nAddresses to come back to.\n" in found["operations"]
    assert row in found["operations"]
