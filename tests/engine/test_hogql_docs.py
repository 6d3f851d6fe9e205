"""docs/hogql.md: its statements are answered, and refused, as it says."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from insights_engine.answer import AS_SHOWN
from insights_engine.clickhouse import MOST_RESULT_BYTES
from insights_engine.errors import ValidationError
from insights_engine.hogql.statements.answer import answer
from insights_engine.hogql.statements.node import HogQLQueryNode, parse_node
from insights_engine.results.freshness import target_age

from tests.engine.asking import Asker
from tests.engine.conftest import NewProject
from tests.engine.test_insight_docs import NOW, blocks, page, with_events

PAGE = page("hogql")
ROWS = re.findall(r"^\| `(.+?)` \| `(.+)` \|$", PAGE, re.MULTILINE)
ANSWERS = [(text, json.loads(said)) for text, said in ROWS if said.startswith("[")]
ERRORS = [(text, said) for text, said in ROWS if said.startswith("query: ")]


@pytest.fixture(scope="module")
def asker(new_project: NewProject) -> Asker:
    return with_events(new_project, blocks("hogql")[0])


def asked(asker: Asker, text: str) -> Any:
    found = answer(parse_node({"kind": "HogQLQuery", "query": text}), asker.project, asker.services, NOW)
    return orjson.loads(orjson.dumps(found.result, option=AS_SHOWN))


def test_there_are_examples() -> None:
    assert (len(ANSWERS), len(ERRORS)) >= (12, 10)


@pytest.mark.parametrize(("text", "rows"), ANSWERS)
def test_a_statement_is_answered_so(asker: Asker, text: str, rows: list[list[Any]]) -> None:
    assert asked(asker, text) == rows


@pytest.mark.parametrize(("text", "detail"), ERRORS)
def test_a_statement_is_refused_so(asker: Asker, text: str, detail: str) -> None:
    with pytest.raises(ValidationError) as caught:
        asked(asker, text)
    assert (caught.value.detail, caught.value.attr) == (detail, "query")


def test_every_field_of_a_question_is_on_the_page() -> None:
    table = PAGE.split("## What a question has")[1].split("\n\nValues")[0]
    named = {name for row in re.findall(r"^\| (`.+?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert named == set(HogQLQueryNode.model_fields) - {"kind"}


def test_what_it_says_of_answers_is_so(asker: Asker) -> None:
    assert f"at most {MOST_RESULT_BYTES // 1_000_000} MB before" in PAGE
    at = datetime(2024, 1, 1, tzinfo=UTC)
    age = target_age(parse_node({"kind": "HogQLQuery", "query": "SELECT 1"}).interval.name.lower(), at)
    assert age is not None
    assert (age - at).total_seconds() == 5 * 60
    assert "fresh for five minutes" in PAGE
    additions = answer(parse_node({"kind": "HogQLQuery", "query": "SELECT 1"}), asker.project, asker.services, NOW)
    for name in additions.additions:
        assert f"`{name}`" in PAGE
