"""The ClickHouse tables, from the numbered files of `ddl/`, on one node or on a cluster.

1. A file is applied once; `schema_migrations` holds its name, its checksum and the cluster it was applied for.
2. Every statement can run twice, so that two migrations at once, or one that was killed, do no harm.
3. A file that was applied is never changed: a change is a new file. The checksum leaves out comments.
4. The cluster form is made from the same files: `x` becomes a Distributed table over the replicated `x_local`, sharded
   by project, so that all rows of one project are on one shard and joins and IN-subqueries stay there.
5. What a new table has to have of the rows that are there already is filled in before its file counts as applied, so
   that a migration that was killed does it again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources import files

from insights_engine.services import Services
from insights_engine.sql import Sql, identifier

_TOKEN = re.compile(
    r"(?P<quoted>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`(?:[^`\\]|\\.)*`)|--[^\n]*|/\*.*?\*/|(?P<end>;)", re.S
)
_CREATE = re.compile(r"CREATE TABLE IF NOT EXISTS (\w+)(.*)\bENGINE = (\w*MergeTree)(?:\(([^)]*)\))?(.*)", re.S)
_ALTER = re.compile(r"ALTER TABLE (\w+)\s(.*)", re.S)
# What an ALTER may say that a Distributed table understands too; the rest is about storage.
_LOGICAL_CHANGE = re.compile(r"(ADD|DROP|MODIFY|RENAME) COLUMN\b")

_HISTORY = (
    "CREATE TABLE IF NOT EXISTS schema_migrations{on} "
    "(name String, checksum String, cluster String, applied_at DateTime('UTC'))"
)


class MigrationError(Exception):
    """The database cannot be brought to this release's tables; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Migration:
    name: str
    statements: tuple[str, ...]

    @property
    def checksum(self) -> str:
        return hashlib.sha256(";".join(" ".join(s.split()) for s in self.statements).encode()).hexdigest()


def migrations() -> list[Migration]:
    """The files of this release, in order."""
    found = [path for path in (files("insights_engine") / "ddl").iterdir() if path.name.endswith(".sql")]
    return [
        Migration(path.name.removesuffix(".sql"), tuple(statements(path.read_text("utf-8"))))
        for path in sorted(found, key=lambda path: path.name)
    ]


def migrate(
    services: Services, *, cluster: str | None = None, on_step: Callable[[str], None] | None = None
) -> list[str]:
    """Apply what is missing and give back the names of the files applied; nothing is applied where one was changed."""
    clickhouse = services.clickhouse
    if not clickhouse.has_database():
        clickhouse.create_database(cluster)
    _create_history(services, cluster)
    missing = pending(services, cluster=cluster)
    for migration in missing:
        if on_step:
            on_step(migration.name)
        for statement in migration.statements:
            for text in cluster_form(statement, cluster) if cluster else [statement]:
                clickhouse.command(text)
        if fill := _FILLS.get(migration.name):
            fill(services)
        clickhouse.command(
            "INSERT INTO schema_migrations SELECT {name:String}, {checksum:String}, {cluster:String}, {at:DateTime}",
            {
                "name": migration.name,
                "checksum": migration.checksum,
                "cluster": cluster or "",
                "at": services.now().replace(tzinfo=None, microsecond=0),
            },
        )
    return [migration.name for migration in missing]


def pending(services: Services, *, cluster: str | None = None) -> list[Migration]:
    """What `migrate` would apply. Raises MigrationError where an applied file differs from this release's."""
    applied = _applied(services)
    missing = []
    for migration in migrations():
        if migration.name not in applied:
            missing.append(migration)
            continue
        checksum, made_for = applied[migration.name]
        if checksum != migration.checksum:
            raise MigrationError(
                f"{migration.name} was applied to this database and has changed since. An applied file stays as it is: "
                "put the change into a new file with the next number."
            )
        if made_for != (cluster or ""):
            raise MigrationError(
                f"{migration.name} was applied {_form(made_for)}, and now {_form(cluster)} is asked for. "
                "Name the same cluster again, or use an empty database."
            )
    return missing


def statements(text: str) -> Iterator[str]:
    """The statements of a file without their comments; a semicolon in quotes or in a comment ends nothing."""
    kept, start = "", 0
    for token in _TOKEN.finditer(text):
        if token["quoted"]:
            continue
        kept += text[start : token.start()]
        start = token.end()
        if token["end"]:
            if kept.strip():
                yield kept.strip()
            kept = ""
    rest = (kept + text[start:]).strip()
    if rest:
        yield rest


def cluster_form(statement: str, cluster: str) -> list[str]:
    """The statements that do on every node of a cluster what this one does on a single node."""
    on = f"ON CLUSTER {identifier(cluster).text}"
    if create := _CREATE.fullmatch(statement):
        table, columns, engine, arguments, rest = create.groups()
        places = ", ".join(filter(None, ("'/clickhouse/tables/{uuid}/{shard}'", "'{replica}'", arguments)))
        name = _literal(cluster)
        return [
            f"CREATE TABLE IF NOT EXISTS {table}_local {on}{columns}ENGINE = Replicated{engine}({places}){rest}",
            f"CREATE TABLE IF NOT EXISTS {table} {on} AS {table}_local\n"
            f"ENGINE = Distributed({name}, currentDatabase(), {table}_local, cityHash64(project))",
        ]
    if alter := _ALTER.fullmatch(statement):
        table, change = alter.groups()
        local = f"ALTER TABLE {table}_local {on} {change}"
        return [local, f"ALTER TABLE {table} {on} {change}"] if _LOGICAL_CHANGE.match(change) else [local]
    raise MigrationError(f"There is no cluster form for: {statement.splitlines()[0][:100]}")


def _applied(services: Services) -> dict[str, tuple[str, str]]:
    """Name -> (checksum, cluster); nothing where nothing was ever applied."""
    clickhouse = services.clickhouse
    if not clickhouse.has_database() or not clickhouse.command("EXISTS TABLE schema_migrations"):
        return {}
    rows = clickhouse.admin_read(Sql("SELECT name, checksum, cluster FROM schema_migrations FINAL")).rows
    return {name: (checksum, cluster) for name, checksum, cluster in rows}


def _create_history(services: Services, cluster: str | None) -> None:
    """On a cluster every node is a replica of the one history, whatever its shard."""
    if services.clickhouse.command("EXISTS TABLE schema_migrations"):
        return
    if not cluster:
        services.clickhouse.command(_HISTORY.replace("{on}", "") + " ENGINE = ReplacingMergeTree ORDER BY name")
        return
    services.clickhouse.command(
        _HISTORY.replace("{on}", f" ON CLUSTER {identifier(cluster).text}")
        + " ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{uuid}/schema_migrations', '{shard}-{replica}')"
        " ORDER BY name"
    )


def _learn_stored(services: Services) -> None:
    from insights_engine.ingest.relearning import learn_stored

    learn_stored(services)


_FILLS = {"004_definitions": _learn_stored}


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _form(cluster: str | None) -> str:
    return f'for the cluster "{cluster}"' if cluster else "in the single-node form"
