"""Lifecycle, stickiness and expressions in docs/: their examples hold, and their lists are the tables of the code."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from insights_engine.channels import CHANNELS
from insights_engine.definitions import Definitions
from insights_engine.hogql import aggregate, condition
from insights_engine.hogql.fields import FIELDS
from insights_engine.hogql.functions import FUNCTIONS, PARAMETRIC
from insights_engine.hogql.kinds import CASTS
from insights_engine.hogql.lists import JSON_TYPES
from insights_engine.hogql.parse import MAX_LENGTH, MAX_TOKENS
from insights_engine.hogql.printer import MAX_DEPTH
from insights_engine.lifecycle.answer import answer as lifecycle
from insights_engine.lifecycle.node import parse_node as parse_lifecycle
from insights_engine.scan import Scan
from insights_engine.sql import Sql
from insights_engine.stickiness.answer import answer as stickiness
from insights_engine.stickiness.node import parse_node as parse_stickiness

from tests.engine.asking import Asker
from tests.engine.conftest import NewProject

DOCS = Path(__file__).parents[2] / "docs"
NOW = datetime(2024, 3, 5, 12, tzinfo=UTC)
ANSWERS: dict[str, Callable[[dict[str, Any], Asker], list[dict[str, Any]]]] = {
    "lifecycle": lambda node, a: lifecycle(parse_lifecycle(node), a.project, a.services, a.now).result,
    "stickiness": lambda node, a: stickiness(parse_stickiness(node), a.project, a.services, a.now).result,
}


def page(name: str) -> str:
    return (DOCS / f"{name}.md").read_text("utf-8")


def blocks(name: str) -> list[Any]:
    return [json.loads(text) for text in re.findall(r"```json\n(.*?)```", page(name), re.DOTALL)]


def with_events(new_project: NewProject, rows: dict[str, Any]) -> Asker:
    place = new_project(days_timezone="UTC")
    return Asker(place.services, place.id, NOW).load(rows["events"], persons=rows.get("persons", []))


@pytest.mark.parametrize("name", ANSWERS)
def test_the_example_is_answered_so(new_project: NewProject, name: str) -> None:
    rows, node, expected = blocks(name)
    found = ANSWERS[name](node, with_events(new_project, rows))
    assert [{key: row[key] for key in one} for row, one in zip(found, expected, strict=True)] == expected


def test_the_cumulative_example(new_project: NewProject) -> None:
    rows, node, _ = blocks("stickiness")
    node["stickinessFilter"] = {"computedAs": "cumulative"}
    (row,) = ANSWERS["stickiness"](node, with_events(new_project, rows))
    assert f"`{row['data']}`" in page("stickiness")


def test_expressions_answer_as_their_examples_say(new_project: NewProject) -> None:
    (rows,) = blocks("expressions")
    asker = with_events(new_project, rows)
    examples = re.findall(r"^\| `(.*?)` \| (-?[\d.]+) \|$", page("expressions"), re.MULTILINE)
    assert len(examples) > 15
    found = []
    for text, _ in examples:
        scan = Scan(asker.project, Definitions(), NOW)
        if "(" in text and re.match(r"(sum|count|quantile)", text):
            sql = Sql("SELECT toFloat64({x}) {s} WHERE {mine}", x=aggregate(scan, text, "f"), **_from(scan))
        else:
            sql = Sql("SELECT countIf({x}) {s} WHERE {mine}", x=condition(scan, text, "f"), **_from(scan))
        found.append((text, float(asker.services.clickhouse.read(sql, project_id=asker.id).rows[0][0])))
    assert found == [(text, float(value)) for text, value in examples]


def _from(scan: Scan) -> dict[str, Sql]:
    return {"s": scan.from_clause(), "mine": scan.is_mine}


def fields() -> str:
    rows = "".join(f"| `{name}` | {what} |\n" for name, what in FIELDS.items())
    return f"\n| field | what it is |\n| --- | --- |\n{rows}"


def functions() -> str:
    groups: dict[str, list[str]] = {}
    for function in FUNCTIONS.values():
        takes = ", ".join(function.takes)
        gives = {"=first": "="}.get(function.gives, function.gives)
        share = "(share)" if function.name in PARAMETRIC else ""
        groups.setdefault(function.group, []).append(f"`{function.name}{share}({takes}) → {gives}`")
    return "\n" + "\n".join(f"**{group}**: {', '.join(calls)}\n" for group, calls in groups.items())


MADE = {
    "fields": fields,
    "casts": lambda: ", ".join(f"`{name}`" for name in CASTS) + ".",
    "functions": functions,
    "json types": lambda: "\n" + ", ".join(f"`{name}`" for name in JSON_TYPES) + ".\n",
    "channels": lambda: "\n" + ", ".join(f"`{name}`" for name in CHANNELS) + ".\n",
}


@pytest.mark.parametrize("name", MADE)
def test_a_list_is_the_table_of_the_code(request: pytest.FixtureRequest, name: str) -> None:
    """`--overwrite-golden` writes it."""
    marker, made = f"<!-- {name} -->", MADE[name]()
    before, _, after = page("expressions").split(marker)
    if request.config.getoption("--overwrite-golden"):
        (DOCS / "expressions.md").write_text(before + marker + made + marker + after, "utf-8")
    assert page("expressions").split(marker)[1] == made


def test_the_limits_are_those_of_the_code() -> None:
    said = f"At most {MAX_LENGTH:,} characters, {MAX_TOKENS} words and signs, {MAX_DEPTH} levels"
    assert said in page("expressions")
