"""docs/funnel.md: every query in it is answered by the table that follows it, and its lists are those of the code."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from insights_engine.funnel.answer import answer
from insights_engine.funnel.model import ATTRIBUTIONS, DEFAULT_BREAKDOWN_LIMIT, MAX_OVERLAPPING, UNITS
from insights_engine.funnel.node import parse_node

from tests.engine.asking import Asker
from tests.engine.conftest import NewProject
from tests.engine.funnel_asking import series

PAGE = (Path(__file__).parents[2] / "docs" / "funnel.md").read_text("utf-8")
(ROWS, *QUERIES) = (json.loads(text) for text in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))
TABLES = re.findall(r"```\n\n((?:\|.*\n)+)", PAGE)
NOW = datetime(2024, 3, 5, 12, tzinfo=UTC)


def node_of(shown: dict[str, Any]) -> dict[str, Any]:
    chosen = {name: value for name, value in shown.items() if name != "breakdownFilter"}
    return {
        "kind": "FunnelsQuery",
        "series": series("visit", "sign up", "pay"),
        "dateRange": {"date_from": "2024-03-01", "date_to": "2024-03-04"},
        "funnelsFilter": chosen,
        **{name: value for name, value in shown.items() if name not in chosen},
    }


def table_of(asker: Asker, shown: dict[str, Any]) -> str:
    found = answer(parse_node(node_of(shown)), asker.project, asker.services, asker.now).result
    if isinstance(found, dict):
        lines = [["from second", "people"], *([f"{low}", f"{n}"] for low, n in found["bins"])]
    elif "days" in found[0]:
        lines = [["entered", "people", "converted", "%"], *(point for row in found for point in _points(row))]
    else:
        has_value = "breakdownFilter" in shown
        lines = [[*(["from"] if has_value else []), "step", "people", "average, s", "median, s"]]
        for steps in found if has_value else [found]:
            lines += [_line(step, has_value) for step in steps]
    lines.insert(1, ["---"] * len(lines[0]))
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _points(row: dict[str, Any]) -> list[list[str]]:
    numbers = zip(row["days"], row["reached_from_step_count"], row["reached_to_step_count"], row["data"], strict=True)
    return [[day, f"{entered}", f"{converted}", f"{share:g}"] for day, entered, converted, share in numbers]


def _line(step: dict[str, Any], has_value: bool) -> list[str]:
    times = [step["average_conversion_time"], step["median_conversion_time"]]
    shown = ["" if time is None else f"{time:g}" for time in times]
    return [*(step["breakdown_value"] if has_value else []), step["name"], f"{step['count']}", *shown]


@pytest.fixture(scope="module")
def asker(new_project: NewProject) -> Asker:
    place = new_project(days_timezone="UTC")
    return Asker(place.services, place.id, NOW).load(ROWS["events"], persons=ROWS["persons"])


@pytest.mark.parametrize(
    ("shown", "table"), list(zip(QUERIES, TABLES, strict=True)), ids=[json.dumps(query) for query in QUERIES]
)
def test_the_table_is_the_answer(asker: Asker, shown: dict[str, Any], table: str) -> None:
    assert table_of(asker, shown) == table


def test_the_lists_are_those_of_the_code() -> None:
    for name, words in ATTRIBUTIONS.items():
        assert f"| `{name}` | {words} |" in PAGE
    assert all(f"`{unit}`" in PAGE for unit in UNITS)
    assert f"({DEFAULT_BREAKDOWN_LIMIT})" in PAGE
    assert f"At most {MAX_OVERLAPPING} different" in PAGE
