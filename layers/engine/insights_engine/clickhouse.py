"""The ClickHouse client: embedded (chDB) or over HTTP, a reader that cannot write and a writer.

A reader is opened with `readonly = 2` and the limits of the settings, and each read names its project, which filters
every tenant table a second time, below whatever the SQL says.
"""

from __future__ import annotations

import json
import queue
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from insights_engine.errors import Overloaded, ValidationError
from insights_engine.settings import Settings
from insights_engine.sql import Sql, identifier
from insights_engine.tables import JSON_SETTINGS, TENANT_TABLES

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

DEFAULT_DATABASE = "insights"
_POOL = 4

# ClickHouse's error code -> (HTTP status, what to say). Everything else is a fault of ours: 500.
_LIMITS = {
    159: (504, "The query took too long. Ask for a shorter range, or fewer breakdown values."),
    160: (504, "The query was estimated to take too long. Ask for a shorter range, or fewer breakdown values."),
    202: (503, "ClickHouse is busy with other queries; try again in a moment."),
    241: (512, "The query needed more memory than it may use. Ask for a shorter range, or fewer breakdown values."),
    158: (512, "The query would read more rows than it may. Ask for a shorter range."),
    307: (512, "The query would read more bytes than it may. Ask for a shorter range."),
    396: (512, "The answer has more rows than it may."),
}
# Codes that only the values in a request can cause (a bad regular expression, say).
_INPUT = {427: "A regular expression cannot be read"}
_BAD_REGEX = re.compile(r"cannot compile re2: (.*?), error: (.*?)\. Look at", re.DOTALL)
_UNKNOWN_DATABASE = 81


@dataclass(frozen=True, slots=True)
class Cost:
    """What a query cost in ClickHouse."""

    rows_read: int = 0
    bytes_read: int = 0
    milliseconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Rows:
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]
    cost: Cost

    def dicts(self) -> Iterator[dict[str, Any]]:
        return (dict(zip(self.columns, row, strict=True)) for row in self.rows)


def secret_dsn(arn: str) -> str:
    """The DSN in a Secrets Manager secret: its whole text, or `dsn` of a JSON object."""
    import boto3

    if not arn:
        raise RuntimeError("Set CLICKHOUSE_DSN or CLICKHOUSE_SECRET_ARN")
    text = boto3.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    return str(json.loads(text)["dsn"]) if text.lstrip().startswith("{") else str(text)


def database_of(dsn: str) -> str:
    parts = urlsplit(dsn)
    if parts.scheme == "chdb":
        return parse_qs(parts.query).get("database", [DEFAULT_DATABASE])[0]
    return parts.path.strip("/") or DEFAULT_DATABASE


class ClickHouse:
    """A small pool of clients a role. Embedded, one client serialises and several run in parallel."""

    def __init__(self, dsn: str, settings: Settings) -> None:
        self.dsn = dsn
        self.database = database_of(dsn)
        self._reading = {
            "readonly": 2,
            "max_execution_time": settings.query_seconds,
            "max_memory_usage": settings.query_memory_bytes,
            "max_bytes_to_read": settings.query_read_bytes,
            "max_ast_elements": 200_000,
            "max_expanded_ast_elements": 500_000,
            "max_query_size": 4_000_000,
        }
        self._pools: dict[str, queue.LifoQueue[Client]] = {"read": queue.LifoQueue(), "write": queue.LifoQueue()}

    @property
    def is_embedded(self) -> bool:
        return self.dsn.startswith("chdb:")

    def read(self, sql: Sql, *, project_id: int) -> Rows:
        """Run a query that may see one project's rows and nothing else."""
        guard = {f"{self.database}.{table}": f"project = {int(project_id)}" for table in TENANT_TABLES}
        with self._client("read", self._reading) as client:
            return _run(client, sql, {"additional_table_filters": guard})

    def admin_read(self, sql: Sql) -> Rows:
        """Run a query of our own over all projects (ingest, migrations); never with anything a caller wrote."""
        with self._client("write", {}) as client:
            return _run(client, sql, {})

    def command(self, text: str, params: dict[str, Any] | None = None) -> Any:
        with self._client("write", {}) as client:
            return client.command(text, parameters=params)

    def has_database(self) -> bool:
        """Whether the database that the DSN names is there; without it no other call can connect."""
        from clickhouse_connect.driver.exceptions import DatabaseError

        try:
            with self._client("write", {}):
                return True
        except DatabaseError as error:
            if _code(error) != _UNKNOWN_DATABASE:
                raise
            return False

    def create_database(self, cluster: str | None = None) -> None:
        import clickhouse_connect

        on_cluster = Sql(" ON CLUSTER {name}", name=identifier(cluster)) if cluster else Sql("")
        create = Sql("CREATE DATABASE IF NOT EXISTS {name}{on}", name=identifier(self.database), on=on_cluster)
        client = clickhouse_connect.get_client(**self._address() | {"database": "default"})
        client.command(create.text)
        with self._client("write", {}):  # an embedded engine stops when its last client closes, so this one opens first
            client.close()

    def insert_json(self, table: str, columns: Sequence[str], lines: bytes) -> None:
        """Insert JSONEachRow lines; the columns that are not named take their defaults."""
        with self._client("write", {}) as client:
            client.raw_insert(table, list(columns), insert_block=lines, fmt="JSONEachRow", settings=dict(JSON_SETTINGS))

    def close(self) -> None:
        for pool in self._pools.values():
            while not pool.empty():
                pool.get().close()

    @contextmanager
    def _client(self, role: str, settings: dict[str, Any]) -> Iterator[Client]:
        pool = self._pools[role]
        try:
            client = pool.get_nowait()
        except queue.Empty:
            client = self._open(settings)
        try:
            yield client
        finally:
            if pool.qsize() < _POOL:
                pool.put(client)
            else:
                client.close()

    def _open(self, settings: dict[str, Any]) -> Client:
        """`readonly` given with one command would stay with an embedded client, so each role has clients of its own."""
        import clickhouse_connect

        return clickhouse_connect.get_client(**self._address(), settings=settings)

    def _address(self) -> dict[str, Any]:
        parts = urlsplit(self.dsn)
        if self.is_embedded:
            return {"interface": "chdb", "path": unquote(parts.path), "database": self.database}
        return {
            "host": parts.hostname or "localhost",
            "port": parts.port or (8443 if parts.scheme == "https" else 8123),
            "username": unquote(parts.username or "default"),
            "password": unquote(parts.password or ""),
            "secure": parts.scheme == "https",
            "database": self.database,
            "autogenerate_session_id": False,
            "send_receive_timeout": 60,
        }


def _run(client: Client, sql: Sql, settings: dict[str, Any]) -> Rows:
    from clickhouse_connect.driver.exceptions import ClickHouseError

    started = time.perf_counter()
    try:
        answer = client.query(sql.text, parameters=sql.params, settings=settings)
    except ClickHouseError as error:
        raise _public(error) from error
    summary = answer.summary or {}
    cost = Cost(
        rows_read=int(summary.get("read_rows", 0)),
        bytes_read=int(summary.get("read_bytes", 0)),
        milliseconds=round((time.perf_counter() - started) * 1000, 3),
    )
    return Rows(tuple(answer.column_names), answer.result_rows, cost)


def _public(error: Exception) -> Exception:
    """The error that a caller may see, or the error itself where it is ours to mend."""
    code = _code(error)
    if code in _LIMITS:
        status, detail = _LIMITS[code]
        return Overloaded(detail, status=status)
    if code in _INPUT:
        found = _BAD_REGEX.search(str(error))
        what = f": {found[1][:100]!r}, {found[2][:100]}" if found else ""
        return ValidationError(f"{_INPUT[code]}{what}.")
    return error


def _code(error: Exception) -> int:
    found = re.search(r"[Cc]ode: (\d+)", str(error))
    return int(found.group(1)) if found else 0
