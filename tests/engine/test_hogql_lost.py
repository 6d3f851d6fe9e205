"""What the parser would lose, what a statement may hold at most, and what it reads: by the SQL, or the refusal."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from insights_engine.definitions import Definitions
from insights_engine.errors import ValidationError
from insights_engine.hogql.statements import compile_statement, parse_statement
from insights_engine.project import Project

NOW = datetime(2024, 3, 20, tzinfo=UTC)


def sql_of(text: str) -> str:
    return compile_statement(parse_statement(text), text, Project(7), Definitions(), NOW).sql.text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT event FROM events FORMAT JSON", "FORMAT cannot be read here (at character 25)"),
        ("SELECT y FROM events LATERAL VIEW explode(x) t AS y", "LATERAL cannot be read here (at character 21)"),
        ("SELECT event FROM events a b", "A cannot be read here (at character 25)"),
        (
            "(SELECT 1 AS x UNION ALL SELECT 1) ORDER BY x LIMIT 1 WITH TIES",
            "WITH TIES cannot be read here; put what is before it in parentheses (at character 54)",
        ),
        (
            "(SELECT 1 AS x LIMIT 5) ORDER BY x",
            "ORDER BY cannot be read here; put what is before it in parentheses (at character 24)",
        ),
    ],
)
def test_what_is_in_the_text_and_not_in_the_tree_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        parse_statement(text)
    assert caught.value.detail == f"query: {said}"


@pytest.mark.parametrize(
    "joined",
    [
        "LEFT JOIN (persons p JOIN groups g ON p.id = g.key) ON e.person_id = p.id",
        "LEFT JOIN persons p JOIN groups g ON p.id = g.key ON e.person_id = p.id",
    ],
)
def test_a_join_inside_of_another_is_refused(joined: str) -> None:
    with pytest.raises(ValidationError) as caught:
        sql_of(f"SELECT e.event FROM events AS e {joined}")
    assert "a join inside of another is not allowed; write a SELECT in parentheses" in caught.value.detail


@pytest.mark.parametrize(
    "text",
    [
        "SELECT `format json` FROM (SELECT 1 AS `format json`) -- lateral view",
        "SELECT 1 # format json\n",
        "SELECT 1 // format json\n",
        "SELECT f'{event} in words' FROM events",
        "SELECT $group_0, properties.$browser, properties.`naïve`, 1e5, 0x1F, 'format' FROM events",
        "SELECT toInt(1)::text, CAST(event AS String), INTERVAL 2 quarter + timestamp FROM events WINDOW w AS ()",
    ],
)
def test_names_texts_and_comments_are_no_lost_words(text: str) -> None:
    assert parse_statement(text)["node"] == "SelectQuery"


def test_each_member_of_an_order_keeps_where_its_nulls_come() -> None:
    text = sql_of("SELECT event FROM events ORDER BY properties.a NULLS FIRST, properties.b DESC, event NULLS LAST")
    order = text.partition("ORDER BY ")[2]
    assert [part.strip().rpartition(".")[2] for part in order.partition(" LIMIT")[0].split(",")] == [
        "c1 NULLS FIRST",
        "c2 DESC",
        "c0 NULLS LAST",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"SELECT 1 -- {'x' * 50_000}", "the statement is longer than 50000 characters or 2000 words and signs"),
        (f"SELECT {', '.join('1' * 501)}", "there are at most 500 columns (at character 0)"),
        (
            " UNION ALL ".join(["SELECT 1 FROM events"] * 101),
            "the statement reads more than 100 tables and sub-selects (at character 3114)",
        ),
        (
            f"WITH [{', '.join('1' * 90)}] AS a SELECT {', '.join('a' * 120)}",
            "the statement is too large once its WITH clauses are written out",
        ),
    ],
)
def test_what_is_too_much_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        sql_of(text)
    assert caught.value.detail.startswith(f"query: {said}")


def test_tables_that_the_parser_would_join_for_ever_are_refused() -> None:
    """Without the refusal this test does not end."""
    with pytest.raises(ValidationError) as caught:
        parse_statement(f"SELECT 1 FROM a{', a' * 300}{' JOIN a ON x' * 300}")
    assert caught.value.detail.startswith("query: the statement takes too long to read")


def test_persons_are_compared_by_their_numbers() -> None:
    text = "SELECT count() FROM events AS e CROSS JOIN persons AS p WHERE e.person_id = p.id AND e.person_id != p.id"
    assert "uuid" not in sql_of(text)
