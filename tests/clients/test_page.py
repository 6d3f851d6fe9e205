"""docs/clients.md names every program that is run here, in its version."""

from __future__ import annotations

import json

import pytest

from tests.clients import programs
from tests.clients.conftest import HERE

PAGE = (programs.ROOT / "docs" / "clients.md").read_text("utf-8")


def versions() -> dict[str, str]:
    found = dict(requirements[0].split("==") for requirements in programs.PYTHON.values())
    for package in (HERE / "package.json", HERE / "node" / "package.json"):
        found |= json.loads(package.read_text("utf-8"))["dependencies"]
    return found


@pytest.mark.parametrize(("name", "version"), versions().items())
def test_the_page_names_it(name: str, version: str) -> None:
    (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| [{name}](")]
    assert f"| {version} |" in row
    assert f"\n## {name}\n" in PAGE or "posthog-node" in name


@pytest.mark.parametrize("name", programs.PYTHON)
def test_its_lock_file_has_that_version(name: str) -> None:
    lock = (HERE / "locks" / f"{name}.txt").read_text("utf-8").splitlines()
    assert programs.PYTHON[name][0] in lock
