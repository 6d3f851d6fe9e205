"""Statements that got past the compiler: each sees the rows of its project and no others, and changes nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError
from insights_engine import guard
from insights_engine.clickhouse import ClickHouse
from insights_engine.guard import GuardError
from insights_engine.migrations import migrate, statements
from insights_engine.services import Services
from insights_engine.settings import Settings
from insights_engine.sql import Sql
from insights_engine.tables import TENANT_TABLES

MINE, THEIRS = 11, 22
_DAY = "2024-03-01"
_COLUMNS: dict[str, dict[str, Any]] = {
    "events": {
        "event": "e",
        "day": _DAY,
        "ts": f"{_DAY} 00:00:00",
        "uuid": "00000000-0000-0000-0000-000000000000",
        "properties": {"settings": "x", "system": "x", "file": "x"},
    },
    "groups": {"type": 0, "key": "k"},
    "person_distinct_ids": {"distinct_id": "d"},
}
# A column to add up, of tables without a person.
_NUMBERS = {"groups": "type", "metrics_time_to_see_data": "user_id"} | dict.fromkeys(TENANT_TABLES[-3:], "project")
# Rows of each project in each table, all in one part, so that only a filter tells them apart.
_COUNTS = {MINE: 3, THEIRS: 5}


@dataclass(frozen=True)
class House:
    """One database with two projects in it."""

    clickhouse: ClickHouse

    def read(self, text: str) -> list[Any]:
        """As the project MINE; `{db}` is the database."""
        filled = text.replace("{db}", self.clickhouse.database)
        return [row[0] for row in self.clickhouse.read(Sql.of((filled,)), project_id=MINE).rows]

    def contents(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything that there is, by table."""
        names = [row[0] for row in self.clickhouse.admin_read(Sql("SHOW TABLES")).rows]
        counted = {
            name: self.clickhouse.admin_read(Sql.of((f"SELECT count(), sum(cityHash64(*)) FROM {name}",))).rows
            for name in names
        }
        return {name: [tuple(row) for row in rows] for name, rows in counted.items()}


@pytest.fixture(scope="module", params=["embedded", "http"])
def house(request: pytest.FixtureRequest, chdb_path: Path) -> Iterator[House]:
    name = f"house_{uuid4().hex}"
    if request.param == "embedded":
        dsn = f"chdb://{chdb_path}?database={name}"
    else:
        dsn = request.getfixturevalue("clickhouse_server").dsn(name)
    services = Services(Settings.read({"CLICKHOUSE_DSN": dsn}))
    migrate(services)
    for table in TENANT_TABLES:
        rows = [
            {"project": project, "person": project + n, "version": 1, **_COLUMNS.get(table, {}), **_apart(table, n)}
            for project, count in _COUNTS.items()
            for n in range(count)
        ]
        known = services.clickhouse.admin_read(
            Sql("SELECT name FROM system.columns WHERE database = currentDatabase() AND table = {t:String}", t=table)
        ).rows
        columns = [row[0] for row in known if row[0] in rows[0]]
        lines = "".join(json.dumps({name: row[name] for name in columns}) + "\n" for row in rows)
        services.clickhouse.insert_json(table, columns, lines.encode())
    yield House(services.clickhouse)
    services.clickhouse.command(f"DROP DATABASE {name} SYNC")
    services.clickhouse.close()


def _apart(table: str, n: int) -> dict[str, Any]:
    """What keeps rows of a table from becoming one."""
    return {
        "groups": {"key": f"k{n}"},
        "person_distinct_ids": {"distinct_id": f"d{n}"},
        "metrics_time_to_see_data": {"session_id": f"s{n}"},
    }.get(table, {"name": f"n{n}", "event": f"e{n}"} if table in TENANT_TABLES[-3:] else {})


# Reading


@pytest.mark.parametrize(
    "form", ["{t}", "{db}.{t}", "`{db}`.`{t}`", "{t} FINAL", "{t} AS x", "{t} AS system", "{t} AS x FINAL"]
)
@pytest.mark.parametrize("table", TENANT_TABLES)
def test_a_table_has_the_projects_rows_only(house: House, table: str, form: str) -> None:
    source = form.replace("{t}", table)
    assert house.read(f"SELECT project FROM {source}") == [MINE] * _COUNTS[MINE]
    assert house.read(f"SELECT count() FROM {source}") == [_COUNTS[MINE]]
    assert house.read(f"SELECT count() FROM {source} WHERE project = {THEIRS} OR true") == [_COUNTS[MINE]]
    assert house.read(f"SELECT sum({_NUMBERS.get(table, 'person')}) FROM {source} WHERE project = {THEIRS}") == [0]


# Each gives the projects whose rows it saw.
SEEING = [
    "SELECT project FROM (SELECT * FROM events)",
    "SELECT (SELECT groupUniqArray(project) FROM events)",
    "SELECT min(project) FROM events",
    "SELECT max(project) FROM events",
    "SELECT project FROM events PREWHERE project > 0",
    "SELECT project FROM events WHERE project IN (11, 22)",
    "SELECT project FROM events GROUP BY project WITH TOTALS",
    "SELECT max(project) OVER () FROM events",
    "SELECT project FROM events ORDER BY project DESC LIMIT 1",
    "SELECT project FROM events LIMIT 1 BY project",
    "SELECT DISTINCT project FROM events QUALIFY row_number() OVER (ORDER BY project DESC) = 1",
    "SELECT project FROM events ARRAY JOIN [1, 2] AS n",
    # joins
    "SELECT b.project FROM events AS a JOIN persons AS b ON true",
    "SELECT b.project FROM events AS a CROSS JOIN persons AS b",
    "SELECT b.project FROM events AS a, persons AS b",
    "SELECT b.project FROM events AS a RIGHT JOIN persons AS b ON a.person = b.person",
    "SELECT b.project FROM events AS a FULL JOIN {db}.persons AS b ON a.person = b.person",
    "SELECT b.project FROM events AS a LEFT JOIN persons AS b ON a.person = b.person",
    "SELECT b.project FROM events AS a LEFT ANY JOIN (SELECT person, project FROM persons) AS b ON a.person = b.person",
    "SELECT b.project FROM events AS a RIGHT ANTI JOIN persons AS b ON a.person = b.person AND b.project = 0",
    "SELECT b.project FROM events AS a ASOF JOIN (SELECT *, 'e' AS event FROM persons) AS b "
    "ON a.event = b.event AND a.person >= b.person",
    "SELECT b.project FROM events AS a GLOBAL JOIN persons AS b ON true",
    "SELECT b.project FROM events AS a PASTE JOIN persons AS b",
    "SELECT b.project FROM persons AS events JOIN events AS b ON true",
    "SELECT project FROM events JOIN persons USING (project)",
    # common table expressions
    "WITH x AS (SELECT * FROM events) SELECT project FROM x",
    "WITH x AS (SELECT * FROM events), y AS (SELECT * FROM x) SELECT y.project FROM x JOIN y ON true",
    "WITH events AS (SELECT * FROM {db}.events) SELECT project FROM events",
    "WITH (SELECT groupUniqArray(project) FROM events) AS seen SELECT seen",
    "WITH RECURSIVE x AS (SELECT project FROM events UNION ALL SELECT * FROM x WHERE false) SELECT project FROM x",
    # sets
    "SELECT arrayJoin([11, 22]) AS p WHERE p IN (SELECT project FROM events)",
    "SELECT arrayJoin([11, 22]) AS p WHERE p GLOBAL IN (SELECT project FROM events)",
    "SELECT arrayJoin([11, 22]) AS p WHERE p = ANY (SELECT project FROM events)",
    "SELECT p FROM (SELECT arrayJoin([11, 22]) AS p) AS x WHERE EXISTS (SELECT 1 FROM events WHERE project = x.p)",
    # unions
    "SELECT project FROM events UNION ALL SELECT project FROM persons",
    "SELECT project FROM events UNION DISTINCT SELECT project FROM persons UNION ALL SELECT project FROM groups",
    "SELECT project FROM (SELECT project FROM events UNION ALL SELECT project FROM cohort_people)",
    "(SELECT project FROM events) UNION ALL (SELECT project FROM persons)",
    "SELECT project FROM events INTERSECT SELECT project FROM persons",
    "SELECT project FROM events EXCEPT SELECT project FROM persons WHERE project = 0",
    # table functions
    "SELECT project FROM merge('{db}', '^events$')",
    "SELECT project FROM merge('{db}', '^(events|persons)$') AS x",
    "SELECT project FROM merge(REGEXP('.*'), '^events$')",
    "SELECT project FROM merge('^events$')",
    "SELECT project FROM view(SELECT * FROM events)",
    "SELECT project FROM view(SELECT * FROM merge('^events$'))",
    "SELECT project FROM viewIfPermitted(SELECT project FROM events ELSE null('project UInt32'))",
    "SELECT project FROM mergeTreeIndex('{db}', 'events')",
    "SELECT project FROM mergeTreeIndex({db}, events, with_marks = true) AS x",
    "SELECT a.project FROM merge('^events$') AS a JOIN merge('^persons$') AS b ON true",
    "SELECT arrayJoin([11, 22]) AS p WHERE p IN (SELECT project FROM merge('^events$'))",
]


@pytest.mark.parametrize("text", SEEING)
def test_a_statement_sees_the_projects_rows_only(house: House, text: str) -> None:
    assert _projects(house.read(text)) == {MINE}


@pytest.mark.parametrize("text", SEEING)
def test_without_the_filter_the_statement_would_see_both(house: House, text: str) -> None:
    """Else the test above shows nothing."""
    rows = house.clickhouse.admin_read(Sql.of((text.replace("{db}", house.clickhouse.database),))).rows
    assert THEIRS in _projects([row[0] for row in rows]) or text.startswith("SELECT min(")


def _projects(values: list[Any]) -> set[int]:
    """Zero is a column of a row that a join did not find."""
    flat = [one for value in values for one in (value if isinstance(value, list) else [value])]
    return {int(one) for one in flat if one}


def test_the_join_engine_settings_of_a_reader_do_not_leak_between_projects(house: House) -> None:
    """Readers of two projects are asked in turn; embedded, the filter is their session's."""
    for _ in range(3):
        for project, count in _COUNTS.items():
            rows = house.clickhouse.read(Sql("SELECT count(), any(project) FROM events"), project_id=project).rows
            assert [tuple(row) for row in rows] == [(count, project)]


def test_a_project_without_rows_sees_none(house: House) -> None:
    assert house.clickhouse.read(Sql("SELECT count() FROM events"), project_id=33).rows == [(0,)]


def test_the_server_learns_the_project(house: House) -> None:
    """For its row policies (docs/security.md) and its query log."""
    assert house.read("SELECT getSetting('log_comment')") == [str(MINE)]


# What is refused

REFUSED = [
    # the statement's own settings
    "SELECT project FROM events SETTINGS additional_table_filters = {}",
    "SELECT project FROM events settings additional_table_filters = {'{db}.events': 'true'}",
    "SELECT * FROM (SELECT project FROM events SETTINGS additional_table_filters = {})",
    "WITH x AS (SELECT project FROM events SETTINGS additional_table_filters = {}) SELECT * FROM x",
    "SELECT project FROM events SETTINGS log_comment = '22'",
    "SELECT project FROM events SETTINGS readonly = 0",
    # more than a statement
    "SELECT 1; SELECT project FROM events",
    "SELECT 1; DROP TABLE events",
    # what comments can hide
    "SELECT project FROM events -- x",
    "SELECT project FROM events /* x */",
    "SELECT project FROM events /*",
    "SELECT project FROM events #x",
    "SELECT project FROM events // x",
    "SELECT $x$ ' $x$, project FROM events",
    "SELECT 'open",
    'SELECT "open',
    "SELECT `open",
    # the server itself
    "SELECT query FROM system.processes",
    "SELECT query FROM `system`.processes",
    "SELECT query FROM system . processes",
    'SELECT query FROM "system".`processes`',
    "SELECT table_name FROM information_schema.tables",
    "SELECT table_name FROM INFORMATION_SCHEMA.TABLES",
    "SELECT 1 IN (SELECT 1 FROM system.one)",
    # files
    "SELECT file('/etc/hostname')",
    "SELECT * FROM file('/etc/hostname', 'LineAsString')",
    "SELECT 1 INTO OUTFILE '/tmp/answer.txt'",
    "SELECT 1 into\noutfile '/tmp/answer.txt'",
]
NO_SELECT = [
    "",
    "INSERT INTO events (project) VALUES (22)",
    "INSERT INTO events SELECT * FROM events",
    "ALTER TABLE events DELETE WHERE true",
    "ALTER TABLE events UPDATE event = 'x' WHERE true",
    "ALTER TABLE events DROP COLUMN event",
    "DELETE FROM events WHERE true",
    "DROP TABLE events",
    "DROP DATABASE {db}",
    "TRUNCATE TABLE events",
    "RENAME TABLE events TO other",
    "EXCHANGE TABLES events AND persons",
    "DETACH TABLE events",
    "OPTIMIZE TABLE events FINAL",
    "CREATE TABLE other (x UInt8) ENGINE = Memory",
    "CREATE TEMPORARY TABLE other (x UInt8)",
    "CREATE VIEW other AS SELECT * FROM events",
    "CREATE FUNCTION other AS x -> x",
    "CREATE USER other",
    "GRANT ALL ON *.* TO default",
    "SET readonly = 0",
    "SET additional_table_filters = {}",
    "EXPLAIN SELECT 1",
    "SHOW TABLES",
    "DESCRIBE events",
    "USE system",
    "SYSTEM STOP MERGES",
    "SYSTEM FLUSH LOGS",
    "KILL QUERY WHERE true",
    "EXECUTE AS default SELECT 1",
    "FROM events SELECT project",
    "BACKUP TABLE events TO Disk('a', 'b')",
]


@pytest.mark.parametrize("text", REFUSED + NO_SELECT)
def test_what_is_refused_by_its_text(house: House, text: str) -> None:
    with pytest.raises(GuardError):
        house.read(text)


@pytest.mark.parametrize("end", ["", "\\", "x"])
def test_a_long_text_without_an_end_is_refused_at_once(end: str) -> None:
    with pytest.raises(GuardError):
        guard.require_select("SELECT '" + "\\'" * 200_000 + end)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 'SETTINGS; -- /* # $$ system.one file( OUTFILE'",
        "SELECT 1 AS `SETTINGS; -- system.one`",
        'SELECT 1 AS "file("',
        "SELECT 'it''s', 'it\\'s;', '\\\\'",
        "SELECT x.settings FROM (SELECT 1 AS `settings`) AS x",
        "SELECT properties.`settings`, properties.`system`, properties.`file` FROM events",
        "\n ( SELECT 1 )",
        "with 1 AS x SELECT x",
        "SELECT 5 - -3, 8 / 2",
    ],
)
def test_what_only_looks_like_it(house: House, text: str) -> None:
    assert house.read(text)


# What ClickHouse refuses by itself, or answers with the project's rows alone, should a text get past the check above.
HELD_BY_SETTINGS = [
    *(text for text in REFUSED if "SETTINGS" in text.upper()),
    *(text for text in NO_SELECT if text.split(" ")[0] in ("INSERT", "ALTER", "DELETE", "DROP", "TRUNCATE", "RENAME")),
    *(text for text in NO_SELECT if text.split(" ")[0] in ("EXCHANGE", "DETACH", "OPTIMIZE", "CREATE", "GRANT", "SET")),
    "SELECT 1; DROP TABLE {db}.events",
    "SELECT 1; INSERT INTO {db}.events (project) VALUES (22)",
    "WITH 1 AS x INSERT INTO events SELECT * FROM events",
    "SELECT 1 PARALLEL WITH DROP TABLE {db}.events",
    "SELECT * FROM file('/etc/hostname', 'LineAsString')",
    "SELECT project FROM remote('127.0.0.1', {db}.events)",
    "SELECT * FROM sqlite('/tmp/x.db', 't')",
    "SELECT * FROM executable('x.sh', 'TSV', 'a String')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    "SELECT * FROM s3('http://127.0.0.1:1/x', 'LineAsString')",
    "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
]


@pytest.mark.parametrize("text", HELD_BY_SETTINGS)
def test_the_settings_hold_without_the_check_of_the_text(
    house: House, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    before = house.contents()
    monkeypatch.setattr(guard, "require_select", lambda _: None)
    try:
        seen = _projects([value for value in house.read(text) if isinstance(value, int | list)])
    except ClickHouseError:
        seen = set()
    assert seen <= {MINE, 1}
    assert house.contents() == before


def test_a_text_that_wrote_nothing_leaves_a_reader_that_reads(house: House) -> None:
    for text in ("SELECT nothing", "SELECT throwIf(true)"):
        with pytest.raises(ClickHouseError):
            house.read(text)
        assert house.read("SELECT count() FROM events") == [_COUNTS[MINE]]


# What the connection does not hold


def test_known_limit_a_table_that_is_not_a_tenants(house: House) -> None:
    """Tables outside TENANT_TABLES, of this or another database, are the server's grants to keep (docs/security.md)."""
    other = f"other_{uuid4().hex}"
    house.clickhouse.command(f"CREATE TABLE {other} ENGINE = Memory AS SELECT project FROM events")
    assert _projects(house.read(f"SELECT project FROM {other}")) == {MINE, THEIRS}
    house.clickhouse.command(f"DROP TABLE {other}")


# docs/security.md

DOCS = (Path(__file__).parents[2] / "docs" / "security.md").read_text("utf-8")
STATEMENTS = [one for block in re.findall(r"```sql\n(.*?)```", DOCS, re.DOTALL) for one in statements(block)]


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda text: text[:40])
def test_clickhouse_can_read_what_the_docs_tell_to_run(house: House, statement: str) -> None:
    read = house.clickhouse.admin_read(Sql("SELECT formatQuerySingleLine({q:String})", q=statement)).rows[0][0]
    assert read.split()[:2] == statement.split()[:2]


def test_a_profile_of_the_docs_lets_every_default_through() -> None:
    settings = Settings.read({})
    highest = {name: int(most) for name, most in re.findall(r"(\w+) = \d+ MAX (\d+)", STATEMENTS[0])}
    assert highest["max_execution_time"] >= max(settings.query_seconds, settings.job_seconds)
    assert highest["max_memory_usage"] >= settings.query_memory_bytes
    assert highest["max_bytes_to_read"] >= settings.query_read_bytes


def test_the_docs_and_their_policies_name_every_table() -> None:
    listed = DOCS.split("<!-- tables -->")[1].split("<!-- /tables -->")[0]
    assert tuple(re.findall(r"`(\w+)`", listed)) == TENANT_TABLES
    policies = [one for one in STATEMENTS if "ROW POLICY" in one]
    assert policies
    for policy in policies:
        assert tuple(re.findall(r"insights\.(\w+)", policy)) == TENANT_TABLES


def test_the_condition_of_the_policy_gives_the_projects_rows(house: House) -> None:
    condition = next(
        found[1] for one in STATEMENTS if (found := re.search(r"USING (project .*) TO insights_reader", one))
    )
    rows = house.clickhouse.read(Sql.of((f"SELECT count() FROM events WHERE {condition}",)), project_id=THEIRS).rows
    assert rows == [(_COUNTS[THEIRS],)]
    assert house.clickhouse.admin_read(Sql.of((f"SELECT count() FROM events WHERE {condition}",))).rows == [(0,)]
