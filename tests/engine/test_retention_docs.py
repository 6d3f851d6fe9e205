"""docs/retention.md: every query in it is answered by the table that follows it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from insights_engine.retention.answer import answer
from insights_engine.retention.node import parse_node

from tests.engine.asking import Asker
from tests.engine.conftest import NewProject

PAGE = (Path(__file__).parents[2] / "docs" / "retention.md").read_text("utf-8")
(ROWS, *QUERIES) = (json.loads(text) for text in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))
TABLES = re.findall(r"```\n\n((?:\|.*\n)+)", PAGE)
NOW = datetime(2024, 3, 5, 12, tzinfo=UTC)
OPEN = {"id": "open", "type": "events"}


def node_of(shown: dict[str, Any]) -> dict[str, Any]:
    chosen = {name: value for name, value in shown.items() if name != "breakdownFilter"}
    return {
        "kind": "RetentionQuery",
        "dateRange": {"date_to": "2024-03-04"},
        "retentionFilter": {"targetEntity": OPEN, "returningEntity": OPEN, **chosen},
        **{name: value for name, value in shown.items() if name not in chosen},
    }


def table_of(asker: Asker, shown: dict[str, Any]) -> str:
    found = answer(parse_node(node_of(shown)), asker.project, asker.services, asker.now)
    has_value = "breakdownFilter" in shown
    heads = [*(["value"] if has_value else []), "", "date", *found.labels]
    lines = [heads, ["---"] * len(heads)]
    for row in found.result:
        cells = [f"{cell.get('aggregation_value', cell['count']):g}" for cell in row["values"]]
        lines.append([*([row["breakdown_value"]] if has_value else []), row["label"], row["date"][:10], *cells])
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


@pytest.fixture(scope="module")
def asker(new_project: NewProject) -> Asker:
    place = new_project(days_timezone="UTC")
    return Asker(place.services, place.id, NOW).load(ROWS["events"], persons=ROWS["persons"])


@pytest.mark.parametrize(
    ("shown", "table"), list(zip(QUERIES, TABLES, strict=True)), ids=[json.dumps(query) for query in QUERIES]
)
def test_the_table_is_the_answer(asker: Asker, shown: dict[str, Any], table: str) -> None:
    assert table_of(asker, shown) == table


def test_every_mode_has_its_table() -> None:
    assert len(QUERIES) == 9
