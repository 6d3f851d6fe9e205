"""The cluster form on a real engine: a cluster of one node, with an in-memory coordinator.

The embedded engine has no distributed DDL, so `ON CLUSTER` is left out, and its coordinator does not confirm inserts,
so the rows go to unreplicated tables. It runs in a process of its own, as a configuration holds for a whole process.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from insights_engine.migrations import cluster_form, migrations

CONFIGURATION = """
<clickhouse>
    <tcp_port>9000</tcp_port>
    <remote_servers>
        <prod><shard><replica><host>localhost</host><port>9000</port></replica></shard></prod>
    </remote_servers>
    <zookeeper><implementation>testkeeper</implementation></zookeeper>
    <macros><shard>1</shard><replica>first</replica></macros>
</clickhouse>
"""
RUN = """
import json, os, sys, chdb
connection = chdb.connect(sys.argv[1])
for statement in json.load(sys.stdin):
    print(json.dumps(str(connection.query(statement, "TSV")).splitlines()), flush=True)
os._exit(0)  # the coordinator would keep a proper end waiting
"""
# Two projects with the same numbers of persons: whoever mixes them up counts twice.
ROWS = [
    f"INSERT INTO {table} SETTINGS insert_distributed_sync = 1 SELECT {values}"
    for project in (1, 2)
    for table, values in (
        (
            "events (project, event, day, person, ts, uuid, properties)",
            f"{project}, 'paid', '2024-01-01', number, '2024-01-01 10:00:00', generateUUIDv4(), "
            f'\'{{"$browser": "Chrome"}}\' FROM numbers({project} * 3)',
        ),
        ("persons (project, person)", f"{project}, number FROM numbers({project} * 2)"),
    )
]
GUARD = (
    "SETTINGS distributed_product_mode = 'local', "
    "additional_table_filters = {'sharded.events': 'project = 1', 'sharded.persons': 'project = 1'}"
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("cluster")
    (folder / "config.xml").write_text(CONFIGURATION)

    def run(name: str, statements: list[str]) -> list[list[str]]:
        path = f"{folder / name}?config-file={folder / 'config.xml'}"
        script = [sys.executable, "-c", RUN, path]
        done = subprocess.run(script, input=json.dumps(statements), capture_output=True, text=True, timeout=120)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(answers) == len(statements), f"after {len(answers)} statements: {done.stderr[-2000:]}"
        return answers

    return run


def without_ddl_queue(statement: str) -> str:
    """The macro `{uuid}` exists in distributed DDL only."""
    return statement.replace(" ON CLUSTER `prod`", "").replace("{uuid}", "{database}/{table}")


def unreplicated(statement: str) -> str:
    head, found, rest = without_ddl_queue(statement).partition("ENGINE = Replicated")
    if not found:
        return statement if head == statement else head
    engine, _, arguments = rest.partition("(")
    named, _, after = arguments.partition(")")
    version = named.split(", ")[2:]
    return f"{head}ENGINE = {engine}({''.join(version)}){after}"


FORM = [made for migration in migrations() for s in migration.statements for made in cluster_form(s, "prod")]


def test_replicated_and_distributed_tables_are_accepted(run: Any) -> None:
    statements = ["CREATE DATABASE replicated", "USE replicated", *map(without_ddl_queue, FORM)]
    engines = "SELECT engine, count() FROM system.tables WHERE database = 'replicated' GROUP BY engine ORDER BY engine"
    *_, found = run("replicated", [*statements, engines])
    tables, summed = len(FORM) // 2, sum("AggregatingMergeTree" in statement for statement in FORM)
    assert found == [
        f"Distributed\t{tables}",
        f"ReplicatedAggregatingMergeTree\t{summed}",
        f"ReplicatedReplacingMergeTree\t{tables - summed}",
    ]
    assert summed


READS = {
    "SELECT count() FROM events": ["3"],
    "SELECT count() FROM events WHERE properties.`$browser` = 'Chrome'": ["3"],
    "SELECT count() FROM events WHERE person IN (SELECT person FROM persons)": ["2"],
    "SELECT count() FROM events AS e INNER JOIN persons AS p ON e.person = p.person": ["2"],
    "SELECT count() FROM (SELECT person FROM persons FINAL)": ["2"],
    "WITH p AS (SELECT person FROM persons) SELECT count() FROM events WHERE person IN (SELECT person FROM p)": ["2"],
}


def test_reads_see_one_project_through_the_distributed_tables(run: Any) -> None:
    statements = ["CREATE DATABASE sharded", "USE sharded", *map(unreplicated, FORM), *ROWS]
    answers = run("sharded", [*statements, *(f"{query} {GUARD}" for query in READS)])
    assert dict(zip(READS, answers[len(statements) :], strict=True)) == READS
