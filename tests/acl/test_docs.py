"""docs/resources.md and docs/data.md list what the tables in the code have, no more and no less."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path

from insights_acl import keys
from insights_acl.project_settings import SETTINGS

DOCS = Path(__file__).parents[2] / "docs"


def rows(page: str, heading: str) -> Iterator[list[str]]:
    """The cells of the tables below a heading, up to the next one."""
    section = re.split(r"^#+ ", (DOCS / page).read_text(), flags=re.MULTILINE)
    text = next(part for part in section if part.startswith(heading + "\n"))
    for line in text.splitlines():
        if line.startswith("| ") and not line.startswith("| ---"):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def test_settings() -> None:
    documented = [row for row in rows("resources.md", "Projects") if row[0].strip("`") in {s.name for s in SETTINGS}]
    assert documented == [[f"`{s.name}`", f"`{json.dumps(s.default)}`", s.help] for s in SETTINGS]


def test_keys() -> None:
    functions = [name for name, made in vars(keys).items() if inspect.isfunction(made)]
    documented = [row[0].strip("`") for row in list(rows("data.md", "Keys of identity"))[1:]]
    assert sorted(documented) == sorted(functions)
