"""The ClickHouse tables: applied once, in either form, and never changed behind a database's back."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from insights_engine import migrations
from insights_engine.migrations import Migration, MigrationError, cluster_form, migrate, pending, statements
from insights_engine.services import Services
from insights_engine.settings import Settings
from insights_engine.sql import Sql
from insights_engine.tables import TENANT_TABLES, TYPED_EVENT_PROPERTIES

GOLDEN = Path(__file__).parent.parent / "golden" / "ddl"
NAMES = [migration.name for migration in migrations.migrations()]


@pytest.fixture
def open_database(chdb_path: Path) -> Iterator[Callable[[str], Services]]:
    """Services over a database of this worker's engine; two of one name are two processes' view of one database."""
    opened: list[Services] = []

    def open_one(name: str) -> Services:
        opened.append(Services(Settings.read({"CLICKHOUSE_DSN": f"chdb://{chdb_path}?database={name}"})))
        return opened[-1]

    yield open_one
    for services in opened:
        services.clickhouse.close()


@pytest.fixture
def name() -> str:
    return f"migrations_{uuid4().hex}"


@pytest.fixture
def services(open_database: Callable[[str], Services], name: str) -> Services:
    return open_database(name)


def history(services: Services) -> list[tuple[str, str]]:
    rows = services.clickhouse.admin_read(Sql("SELECT name, checksum FROM schema_migrations FINAL ORDER BY name")).rows
    return [(row[0], row[1]) for row in rows]


def test_an_empty_server_gets_the_database_and_every_file_in_order(services: Services) -> None:
    steps: list[str] = []
    assert migrate(services, on_step=steps.append) == steps == NAMES
    assert history(services) == [(m.name, m.checksum) for m in migrations.migrations()]


def test_a_second_run_does_nothing(services: Services) -> None:
    migrate(services)
    assert migrate(services) == []
    assert pending(services) == []


def test_a_run_that_was_cut_short_goes_on_where_it_stopped(services: Services) -> None:
    migrate(services)
    services.clickhouse.command("TRUNCATE TABLE schema_migrations")
    services.clickhouse.command("DROP TABLE groups")
    assert migrate(services) == NAMES
    assert services.clickhouse.command("EXISTS TABLE groups") == 1


def test_two_runs_at_once_leave_one_history(open_database: Callable[[str], Services], name: str) -> None:
    failures: list[BaseException] = []

    def run(services: Services) -> None:
        try:
            migrate(services)
        except BaseException as error:
            failures.append(error)

    both = [open_database(name), open_database(name)]
    threads = [threading.Thread(target=run, args=(services,)) for services in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert [row[0] for row in history(both[0])] == NAMES


def test_a_file_that_changed_after_it_was_applied_is_refused(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(services)
    changed = [Migration(name, ("CREATE TABLE IF NOT EXISTS other (x UInt8) ENGINE = Memory",)) for name in NAMES]
    monkeypatch.setattr(migrations, "migrations", lambda: changed)
    with pytest.raises(MigrationError, match=rf"^{NAMES[0]} was applied to this database and has changed since"):
        migrate(services)
    assert services.clickhouse.command("EXISTS TABLE other") == 0


def test_a_single_node_database_cannot_become_a_cluster_unnoticed(services: Services) -> None:
    migrate(services)
    with pytest.raises(MigrationError, match='single-node form, and now for the cluster "prod"'):
        pending(services, cluster="prod")


def test_comments_and_layout_do_not_count_as_a_change() -> None:
    first = Migration("001", tuple(statements("CREATE TABLE t (a UInt8) -- why\n;")))
    second = Migration("001", tuple(statements("-- other words\nCREATE TABLE t\n  (a UInt8);")))
    assert first.checksum == second.checksum


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("-- only words; and a semicolon\n", []),
        ("SELECT 1", ["SELECT 1"]),
        ("SELECT 1;\nSELECT 2;\n", ["SELECT 1", "SELECT 2"]),
        ("SELECT ';' ; SELECT \"a;b\", `c;d`", ["SELECT ';'", 'SELECT "a;b", `c;d`']),
        (r"SELECT 'it\'s; fine', 'it''s; too'; SELECT 2", [r"SELECT 'it\'s; fine', 'it''s; too'", "SELECT 2"]),
        ("SELECT '-- no comment' /* a; b */ ;", ["SELECT '-- no comment'"]),
        ("SELECT 1 -- don't; stop\n, 2", ["SELECT 1 \n, 2"]),
        (";;SELECT 1;;", ["SELECT 1"]),
    ],
)
def test_statements(text: str, expected: list[str]) -> None:
    assert list(statements(text)) == expected


@pytest.mark.parametrize("name", NAMES)
def test_the_cluster_form_is_the_golden_file(name: str) -> None:
    """`UPDATE_GOLDEN=1` writes it; the difference is then for the eye."""
    migration = next(m for m in migrations.migrations() if m.name == name)
    text = "".join(f"{made};\n\n" for s in migration.statements for made in cluster_form(s, "prod"))
    golden = GOLDEN / f"{name}.sql"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text)
    assert text == golden.read_text()


@pytest.mark.parametrize("cluster", ["prod", "{cluster}", "it's `odd`"])
def test_clickhouse_can_read_every_statement_of_the_cluster_form(services: Services, cluster: str) -> None:
    migrate(services)
    for migration in migrations.migrations():
        for statement in migration.statements:
            for made in cluster_form(statement, cluster):
                read = services.clickhouse.admin_read(Sql("SELECT formatQuery({q:String})", q=made)).rows[0][0]
                assert "ON CLUSTER" in read


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (
            "ALTER TABLE events ADD COLUMN IF NOT EXISTS x UInt8",
            [
                "ALTER TABLE events_local ON CLUSTER `c` ADD COLUMN IF NOT EXISTS x UInt8",
                "ALTER TABLE events ON CLUSTER `c` ADD COLUMN IF NOT EXISTS x UInt8",
            ],
        ),
        (
            "ALTER TABLE events MODIFY SETTING merge_with_ttl_timeout = 1",
            ["ALTER TABLE events_local ON CLUSTER `c` MODIFY SETTING merge_with_ttl_timeout = 1"],
        ),
        (
            "CREATE TABLE IF NOT EXISTS t (project UInt32, v UInt64)\nENGINE = ReplacingMergeTree(v)\nORDER BY project",
            [
                "CREATE TABLE IF NOT EXISTS t_local ON CLUSTER `c` (project UInt32, v UInt64)\n"
                "ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}', v)\n"
                "ORDER BY project",
                "CREATE TABLE IF NOT EXISTS t ON CLUSTER `c` AS t_local\n"
                "ENGINE = Distributed('c', currentDatabase(), t_local, cityHash64(project))",
            ],
        ),
    ],
)
def test_cluster_form(statement: str, expected: list[str]) -> None:
    assert cluster_form(statement, "c") == expected


def test_a_statement_without_a_cluster_form_is_refused_by_name() -> None:
    with pytest.raises(MigrationError, match="no cluster form for: DROP TABLE events"):
        cluster_form("DROP TABLE events", "c")


def test_the_tables_that_the_connection_guards_are_those_with_a_project(services: Services) -> None:
    migrate(services)
    columns = Sql("SELECT table FROM system.columns WHERE database = currentDatabase() AND name = 'project'")
    assert {row[0] for row in services.clickhouse.admin_read(columns).rows} == set(TENANT_TABLES)


def test_the_typed_properties_are_those_of_the_table(services: Services) -> None:
    migrate(services)
    column = Sql(
        "SELECT type FROM system.columns WHERE database = currentDatabase() AND table = {t:String}", t="events"
    )
    declared = next(row[0] for row in services.clickhouse.admin_read(column).rows if row[0].startswith("JSON"))
    assert set(re.findall(r"`([^`]+)`", declared)) == TYPED_EVENT_PROPERTIES


def test_every_statement_can_run_twice() -> None:
    for migration in migrations.migrations():
        for statement in migration.statements:
            assert re.match(r"CREATE TABLE IF NOT EXISTS|ALTER TABLE \w+ \w+ \w+ IF (NOT )?EXISTS", statement)
