"""docs/path.md: every query in it is answered by the table that follows it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from insights_engine.path.answer import answer
from insights_engine.path.legacy import parse_legacy
from insights_engine.path.model import EVENT_TYPES, FUNNEL_PATHS

from tests.engine.asking import Asker
from tests.engine.conftest import NewProject

PAGE = (Path(__file__).parents[2] / "docs" / "path.md").read_text("utf-8")
(ROWS, *QUERIES) = (json.loads(text) for text in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))
TABLES = re.findall(r"```\n\n((?:\|.*\n)+(?:\nHidden:.*\n)?)", PAGE)
NOW = datetime(2024, 3, 5, 12, tzinfo=UTC)


def table_of(asker: Asker, asked: dict[str, Any]) -> str:
    found = answer(parse_legacy(asked), asker.project, asker.services, asker.now)
    lines = [["source", "target", "value", "average"], ["---"] * 4]
    for row in found.result:
        minutes = f"{row['average_conversion_time'] / 60_000:g}"
        lines.append([row["source"], row["target"], str(row["value"]), minutes])
    table = "".join("| " + " | ".join(line) + " |\n" for line in lines)
    hidden = ", ".join(f"{count} {what}" for what, count in found.hidden.items())
    return table + (f"\nHidden: {hidden}.\n" if any(found.hidden.values()) else "")


@pytest.fixture(scope="module")
def asker(new_project: NewProject) -> Asker:
    place = new_project(days_timezone="UTC")
    return Asker(place.services, place.id, NOW).load(ROWS["events"])


@pytest.mark.parametrize(
    ("asked", "table"), list(zip(QUERIES, TABLES, strict=True)), ids=[json.dumps(query)[:60] for query in QUERIES]
)
def test_the_table_is_the_answer(asker: Asker, asked: dict[str, Any], table: str) -> None:
    assert table_of(asker, asked) == table


def test_every_mode_is_told() -> None:
    assert len(QUERIES) == 11
    assert {name for name in (*EVENT_TYPES, *FUNNEL_PATHS) if f"`{name}`" not in PAGE} == set()
