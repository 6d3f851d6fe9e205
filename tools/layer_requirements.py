"""Prints layers/engine/requirements.txt: what pyproject.toml's dependencies need, in the versions of requirements.lock.

So the functions run what the tests ran on. `make lock` writes it, and a test compares.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
HEAD = "# Written by tools/layer_requirements.py (make lock) from pyproject.toml and requirements.lock.\n"


def main() -> None:
    print(text(), end="")


def text() -> str:
    pinned = dict(_pins((ROOT / "requirements.lock").read_text("utf-8")))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needed: set[str] = set()
    for line in project["dependencies"]:
        _add(Requirement(line), needed)
    return HEAD + "".join(f"{name}=={pinned[name]}\n" for name in sorted(needed))


def _pins(lock: str) -> Iterator[tuple[str, str]]:
    for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", lock, re.M):
        yield canonicalize_name(name), version


def _add(requirement: Requirement, needed: set[str]) -> None:
    """The name, and what it needs on Lambda's Python (which is the one that runs this)."""
    name = canonicalize_name(requirement.name)
    if name in needed and not requirement.extras:
        return
    needed.add(name)
    for line in requires(name) or ():
        further = Requirement(line)
        extras = requirement.extras or {""}
        if not further.marker or any(further.marker.evaluate({"extra": extra}) for extra in extras):
            _add(further, needed)


if __name__ == "__main__":
    main()
