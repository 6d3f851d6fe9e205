"""Writes requirements.txt of the layers that have third-party code: what pyproject.toml's dependencies need, in the
versions of requirements.lock. layers/report has what its extra needs beside the engine's.

So the functions run what the tests ran on. `make lock` does it (`--write`); a test compares what is printed without.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
HEAD = "# Written by tools/layer_requirements.py (make lock) from pyproject.toml and requirements.lock.\n"


def main() -> None:
    for layer, text in texts().items():
        path = ROOT / "layers" / layer / "requirements.txt"
        if "--write" in sys.argv:
            path.write_text(text, "utf-8")
        elif path.read_text("utf-8") != text:
            sys.exit(f"{path.relative_to(ROOT)} is not what requirements.lock says; run: make lock")


def texts() -> dict[str, str]:
    """By layer."""
    pinned = dict(_pins((ROOT / "requirements.lock").read_text("utf-8")))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    engine: set[str] = set()
    for line in project["dependencies"]:
        _add(Requirement(line), engine)
    everything = set(engine)
    for line in project["optional-dependencies"]["report"]:
        _add(Requirement(line), everything)
    return {
        layer: HEAD + "".join(f"{name}=={pinned[name]}\n" for name in sorted(names))
        for layer, names in (("engine", engine), ("report", everything - engine))
    }


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
