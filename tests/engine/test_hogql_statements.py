"""The SQL of statements: what is read and joined, what prunes, and that every table is the project's own view."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from insights_engine.definitions import Cohort, Definitions
from insights_engine.errors import ValidationError
from insights_engine.filters import parse_filters
from insights_engine.hogql import effort
from insights_engine.hogql.statements import Compiled, compile_statement, parse_statement
from insights_engine.hogql.statements.joins import JOINS
from insights_engine.hogql.statements.scope import Filters
from insights_engine.hogql.statements.tables import TABLES
from insights_engine.project import Project

from tests.conftest import Golden
from tests.engine.golden_sql import as_golden
from tests.engine.test_tenant_sql import unnamed

NOW = datetime(2024, 3, 20, 15, 30, tzinfo=UTC)
PROJECT = Project(7, timezone="Europe/Berlin", days_timezone="Europe/Berlin", group_types=("company",))
PLAN = parse_filters([{"key": "plan", "value": "pro", "type": "person"}])
KNOWN = Definitions(
    cohorts={1: Cohort(1, "payers", filters=PLAN), 2: Cohort(2, "list", is_static=True)},
    types={("event", "price"): "Numeric", ("event", "ok"): "Boolean", ("person", "since"): "DateTime"},
)
FILTERS = Filters("2024-03-01", "2024-03-05", PLAN, filter_test_accounts=True)

STATEMENTS = {
    **{f"table_{name}": f"SELECT * FROM {name}" for name in TABLES},
    "nothing_joined": "SELECT event, count(DISTINCT person_id) FROM events GROUP BY event",
    "person_joined": "SELECT person_id, person.properties.email FROM events",
    "typed": "SELECT properties.price, properties.ok, person.properties.since, properties.plan FROM events",
    "bounds": "SELECT count() FROM events WHERE timestamp >= '2024-03-01' AND toDate(timestamp) <= today()",
    "bounds_between": "SELECT count() FROM events e WHERE e.timestamp BETWEEN '2024-03-01' AND now() - interval 1 day",
    "bounds_of_a_week": "SELECT count() FROM events WHERE toStartOfWeek(timestamp) = '2024-03-03'",
    "no_bounds_under_or": "SELECT count() FROM events WHERE timestamp >= '2024-03-01' OR event = 'a'",
    "no_bounds_of_an_optional_side": (
        "SELECT count() FROM persons p LEFT JOIN events e ON e.person_id = p.id WHERE e.timestamp < '2024-03-01'"
    ),
    "joined_by_numbers": "SELECT p.properties.email FROM events e JOIN persons p ON e.person_id = p.id",
    "filters": "SELECT event FROM events WHERE {filters}",
    "in_cohorts": "SELECT event FROM events WHERE person_id IN COHORT 1 AND person_id NOT IN COHORT 'list'",
    "with": "WITH a AS (SELECT event AS e FROM events), 3 AS n SELECT e, n FROM a UNION ALL SELECT 'x', n + 1",
    "window": "SELECT event, lag(event) OVER (PARTITION BY distinct_id ORDER BY timestamp) FROM events",
    "array_join": "SELECT tag FROM events ARRAY JOIN properties.tags AS tag",
    "ties": "SELECT event FROM events ORDER BY event LIMIT 3 WITH TIES",
}


def compiled(text: str, project: Project = PROJECT, **options: Any) -> Compiled:
    return compile_statement(parse_statement(text), text, project, KNOWN, NOW, filters=FILTERS, **options)


@pytest.mark.parametrize("name", STATEMENTS)
def test_the_sql(name: str, golden: Golden) -> None:
    golden(f"statements/{name}.sql", as_golden(compiled(STATEMENTS[name]).sql))


@pytest.mark.parametrize("name", STATEMENTS)
def test_every_table_is_read_as_the_projects_own(name: str) -> None:
    merging = Project(7, group_types=("company",), has_pending_merges=True)
    for project in (PROJECT, merging):
        assert unnamed(compiled(STATEMENTS[name], project).sql.text) == []


@pytest.mark.parametrize("kind", JOINS)
def test_each_join_is_of_the_projects_own(kind: str) -> None:
    on = "" if kind == "CROSS JOIN" else " ON e.distinct_id = d.distinct_id"
    sql = compiled(f"SELECT 1 FROM events e {kind} person_distinct_ids d{on}").sql
    assert unnamed(sql.text) == []
    assert sql.text.count("project = {") == 2


def test_a_name_of_a_user_never_stands_in_the_sql() -> None:
    text = "WITH evil_cte AS (SELECT event AS evil_column FROM events AS evil_table) "
    text += "SELECT evil_column AS `evil alias` FROM evil_cte WHERE evil_column = 'evil text' ORDER BY `evil alias`"
    assert "evil" not in compiled(text).sql.text


@pytest.mark.parametrize(
    ("text", "limit", "offset", "asked"),
    [
        ("SELECT 1", 100, 0, "LIMIT 101"),
        ("SELECT 1 LIMIT 7", 7, 0, "LIMIT 8"),
        ("SELECT 1 LIMIT 7 OFFSET 3", 7, 3, "LIMIT 8 OFFSET 3"),
        ("SELECT 1 LIMIT 2000000", 50_000, 0, "LIMIT 50001"),
        ("SELECT 1 UNION ALL SELECT 2", 100, 0, "LIMIT 101"),
        ("SELECT event FROM events ORDER BY 1 LIMIT 3 WITH TIES", 50_000, 0, "LIMIT 50001"),
    ],
)
def test_one_row_more_than_the_limit_is_asked_for(text: str, limit: int, offset: int, asked: str) -> None:
    found = compiled(text)
    assert (found.limit, found.offset) == (limit, offset)
    assert found.sql.text.endswith(asked)


# (clause, what the parser reads and forgets): lost, each would change the answer.
FORGOTTEN = {
    "GROUP BY event WITH TOTALS": "WITH TOTALS, ROLLUP and CUBE are not allowed (at character 40)",
    "GROUP BY event WITH ROLLUP": "WITH TOTALS, ROLLUP and CUBE are not allowed (at character 40)",
    "ORDER BY event COLLATE 'en'": "COLLATE is not allowed (at character 40)",
}


@pytest.mark.parametrize("clause", FORGOTTEN)
def test_a_clause_that_the_parser_forgets_is_refused(clause: str) -> None:
    with pytest.raises(ValidationError) as caught:
        compiled(f"SELECT event FROM events {clause}")
    assert caught.value.detail == f"query: {FORGOTTEN[clause]}"


@pytest.mark.parametrize("order", ["NULLS FIRST", "nulls last"])
def test_where_nulls_come_is_kept(order: str) -> None:
    text = compiled(f"SELECT event FROM events ORDER BY properties.a DESC {order}, event").sql.text
    assert f"DESC {order.upper()}, " in text


def test_the_order_of_a_set_is_kept() -> None:
    text = compiled("(SELECT 1 AS x UNION ALL SELECT 2) ORDER BY x DESC").sql.text
    assert text.endswith("ORDER BY r0 DESC LIMIT 101")


# What the parser reads again and again, each level twice or more.
NESTS = {
    "(SELECT ": ")",
    "CAST(": " AS int)",
    "CASE WHEN (": ") THEN 1 END",
    "CASE WHEN 1 THEN ": " (SELECT 1)",
    "f(1)(": ")",
    "((SELECT ": "))",
    "(/**/SELECT ": ")",
}


@pytest.mark.parametrize("opens", NESTS)
def test_what_the_parser_would_read_for_ever_is_stopped(opens: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parser goes on until it is killed; the next statement is answered as ever."""
    with monkeypatch.context() as hurried, pytest.raises(ValidationError) as caught:
        hurried.setattr(effort, "_SECONDS", 0.3)
        compiled(f"SELECT {opens * 40}1 +{NESTS[opens] * 40}")
    assert caught.value.detail == "query: the statement takes too long to read; nest it less deep"
    assert compiled("SELECT ((((1)))), [[[(SELECT 2)]]]").columns == ("1", "[[[(SELECT 2)]]]")


def test_a_text_that_is_none_is_refused() -> None:
    for text in ("SELECT '\ud800'", "SELECT f(g(h(i(j('\ud800')))))"):
        with pytest.raises(ValidationError, match="cannot be read"):
            compiled(text)
