"""The ClickHouse client: embedded (chDB) or over HTTP, a reader that cannot write and a writer.

Each read names its project, which filters every tenant table a second time, below whatever the SQL says (`guard`).
Embedded, settings given with one statement stay with the client, so each project has reading clients of its own.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from insights_engine import guard
from insights_engine.dsn import Dsn
from insights_engine.errors import ApiError, Overloaded, ValidationError
from insights_engine.pool import ClientPool
from insights_engine.settings import Settings
from insights_engine.sql import Sql, identifier
from insights_engine.tables import JSON_SETTINGS

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_IDLE_CLIENTS = 12
_CONNECT_SECONDS = 5
# The answer may arrive later than ClickHouse's own limit, but before the function is stopped.
_GRACE_SECONDS = 2
_WRITE_SECONDS = 60

# ClickHouse's error code -> (HTTP status, what to say). Everything else is a fault of ours: 500.
_TOO_LONG = "The query took too long. Ask for a shorter range, or fewer breakdown values."
_BUSY = "ClickHouse is busy with other queries; try again in a moment."
_LIMITS = {
    159: (504, _TOO_LONG),
    160: (504, "The query was estimated to take too long. Ask for a shorter range, or fewer breakdown values."),
    202: (503, _BUSY),
    439: (503, _BUSY),
    745: (503, _BUSY),
    241: (512, "The query needed more memory than it may use. Ask for a shorter range, or fewer breakdown values."),
    158: (512, "The query would read more rows than it may. Ask for a shorter range."),
    307: (512, "The query would read more bytes than it may. Ask for a shorter range."),
    396: (512, "The answer has more rows than it may."),
}
# What only the values in a request, or in the project's settings, can cause, by what ClickHouse says.
_INPUT = (
    (
        re.compile(r"cannot compile re2: (.*?), error: (.*?)\. Look at", re.DOTALL),
        "A regular expression cannot be read",
    ),
    (
        re.compile(r"not a valid re2 pattern: (.*?)(?:: In scope|: while|$)", re.DOTALL),
        "A regular expression cannot be read",
    ),
    (
        re.compile(r"Substitution ('\\\d+') in replacement"),
        "A path cleaning alias names a group that its regex has not",
    ),
    (
        re.compile(r"Cannot load time zone (\S+)"),
        "The project's timezone is not known to this ClickHouse",
    ),
)
_UNKNOWN_DATABASE = 81
# The server does not take the DSN's user or password.
_REFUSED = frozenset({192, 193, 194, 516})
_GATEWAY = re.compile(r"HTTP status (50[234])\b")
_UNREACHABLE = "ClickHouse cannot be reached; try again in a moment."


@dataclass(frozen=True, slots=True)
class Cost:
    """What a query cost in ClickHouse."""

    rows_read: int = 0
    bytes_read: int = 0
    milliseconds: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.rows_read + other.rows_read,
            self.bytes_read + other.bytes_read,
            round(self.milliseconds + other.milliseconds, 3),
        )


@dataclass(frozen=True, slots=True)
class Rows:
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]
    cost: Cost

    def dicts(self) -> Iterator[dict[str, Any]]:
        return (dict(zip(self.columns, row, strict=True)) for row in self.rows)


class ClickHouse:
    """One database, through a pool of clients. Threads may share it.

    Every call raises Overloaded (503) when ClickHouse cannot be reached; `detail` is for the caller, the error's own
    text says what happened, and neither holds the password.
    """

    def __init__(self, dsn: str, settings: Settings) -> None:
        """Raises DsnError; connects on first use."""
        self._dsn = Dsn.parse(dsn)
        self._query_seconds = settings.query_seconds
        self._limits = {
            "max_execution_time": settings.query_seconds,
            "max_memory_usage": settings.query_memory_bytes,
            "max_bytes_to_read": settings.query_read_bytes,
            "max_ast_elements": 200_000,
            "max_expanded_ast_elements": 500_000,
            "max_query_size": 4_000_000,
            # The side that joins name second is the small one (persons, groups, sessions); the planner, which cannot
            # estimate FINAL, would build its hash table of the events instead.
            "query_plan_join_swap_table": "false",
        }
        self._clients = ClientPool(_IDLE_CLIENTS)
        self._table_functions: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"ClickHouse({self._dsn!r})"

    @property
    def database(self) -> str:
        return self._dsn.database

    @property
    def is_embedded(self) -> bool:
        return self._dsn.is_embedded

    def read(self, sql: Sql, *, project_id: int) -> Rows:
        """Run a query that may see one project's rows and nothing else."""
        guard.require_select(sql.text)
        with self._reader(project_id) as client:
            return _run(client, sql, {} if self.is_embedded else self._guard(client, project_id))

    def admin_read(self, sql: Sql) -> Rows:
        """Run a query of our own over all projects (ingest, migrations); never with anything a caller wrote."""
        with self._writer() as client:
            return _run(client, sql, {})

    def command(self, text: str, params: dict[str, Any] | None = None, *, seconds: int = _WRITE_SECONDS) -> Any:
        """`seconds`: how long an answer may stay away; ClickHouse's own limit is the user's profile."""
        with self._writer(seconds) as client:
            return client.command(text, parameters=params)

    def has_database(self) -> bool:
        """Whether the database that the DSN names is there; without it no other call can connect."""
        from clickhouse_connect.driver.exceptions import DatabaseError

        try:
            with self._writer():
                return True
        except DatabaseError as error:
            if _code(error) != _UNKNOWN_DATABASE:
                raise
            return False

    def create_database(self, cluster: str | None = None) -> None:
        on_cluster = Sql(" ON CLUSTER {name}", name=identifier(cluster)) if cluster else Sql("")
        create = Sql("CREATE DATABASE IF NOT EXISTS {name}{on}", name=identifier(self.database), on=on_cluster)
        with self._reachable():
            client = self._open({}, _WRITE_SECONDS, database="default")
            client.command(create.text)
        with self._writer():  # an embedded engine stops when its last client closes, so this one opens first
            client.close()

    def insert_json(self, table: str, columns: Sequence[str], lines: bytes) -> None:
        """Insert JSONEachRow lines; the columns that are not named take their defaults."""
        sent: dict[str, Any] = {"insert_block": lines}
        if not self.is_embedded:
            import zstandard

            sent = {"insert_block": zstandard.compress(lines), "compression": "zstd"}
        with self._writer() as client:
            client.raw_insert(table, list(columns), fmt="JSONEachRow", settings=dict(JSON_SETTINGS), **sent)

    def close(self) -> None:
        self._clients.close()

    @contextmanager
    def _writer(self, seconds: int = _WRITE_SECONDS) -> Iterator[Client]:
        key = ("write", None if self.is_embedded else seconds)  # an embedded engine has no timeout to tell them apart
        with self._reachable(), self._clients.client(key, lambda: self._open({}, seconds)) as client:
            yield client

    @contextmanager
    def _reader(self, project_id: int) -> Iterator[Client]:
        key = ("read", project_id if self.is_embedded else None)
        with self._reachable(), self._clients.client(key, lambda: self._open_reader(project_id)) as client:
            yield client

    def _open_reader(self, project_id: int) -> Client:
        client = self._open(self._limits, self._query_seconds + _GRACE_SECONDS)
        if self.is_embedded:
            for name, value in self._guard(client, project_id).items():
                client.set_client_setting(name, value)
        return client

    def _guard(self, client: Client, project_id: int) -> dict[str, Any]:
        if not self._table_functions:
            self._table_functions = tuple(row[0] for row in client.query(guard.TABLE_FUNCTIONS).result_rows)
        settings = guard.settings(self.database, project_id, self._table_functions)
        # A server that makes this user read-only does not let us say so again.
        if client.server_settings["readonly"].value != "0":
            del settings["readonly"]
        return settings

    def _open(self, settings: dict[str, Any], seconds: int, **other: Any) -> Client:
        import clickhouse_connect
        from clickhouse_connect.driver.httpclient import HttpClient

        address = self._dsn.address() | other
        if self.is_embedded:
            return _counting(clickhouse_connect.get_client(**address, settings=settings))
        client = clickhouse_connect.get_client(
            **address,
            settings=settings,
            autogenerate_session_id=False,
            connect_timeout=_CONNECT_SECONDS,
            send_receive_timeout=seconds,
        )
        assert isinstance(client, HttpClient)
        client.http_retries = 0  # urllib3 logs what it tries again, with the values that the query binds
        return client

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        from clickhouse_connect.driver.exceptions import ClickHouseError

        try:
            yield
        except ClickHouseError as error:
            found = _unreachable(error)
            if found is None:
                raise
            problem, reason = found
            problem.args = (f"ClickHouse at {self._dsn.host}:{self._dsn.port}: {reason}",)
            raise problem from None  # what the driver says has the URL, and in it the values of the query


def _counting(client: Client) -> Client:
    """The driver tells the rows of an embedded engine's answer as rows read; the engine knows what it read."""
    backend: Any = client._backend  # type: ignore[attr-defined]

    def summary(result: Any) -> dict[str, Any]:
        return {"read_rows": result.storage_rows_read(), "read_bytes": result.storage_bytes_read()}

    backend._summary = summary
    return client


def _run(client: Client, sql: Sql, settings: dict[str, Any]) -> Rows:
    from clickhouse_connect.driver.exceptions import ClickHouseError

    started = time.perf_counter()
    try:
        answer = client.query(sql.text, parameters=sql.params, settings=settings)
        rows = answer.result_rows
    except ClickHouseError as error:
        public = _public(error)
        if public is None:
            raise
        raise public from error
    summary = answer.summary or {}
    cost = Cost(
        rows_read=int(summary.get("read_rows", 0)),
        bytes_read=int(summary.get("read_bytes", 0)),
        milliseconds=round((time.perf_counter() - started) * 1000, 3),
    )
    return Rows(tuple(answer.column_names), rows, cost)


def _public(error: Exception) -> ApiError | None:
    """The error that a caller may see, or None where it is ours to mend."""
    code = _code(error)
    if code in _LIMITS:
        status, detail = _LIMITS[code]
        return Overloaded(detail, status=status)
    for pattern, words in _INPUT:
        if found := pattern.search(str(error)):
            return ValidationError(f"{words}: {', '.join(part[:100] for part in found.groups())}.")
    return None


def _unreachable(error: Exception) -> tuple[Overloaded, str] | None:
    """What to answer and what happened, where the server was not reached, or did not let us in."""
    from urllib3.exceptions import HTTPError, MaxRetryError, ReadTimeoutError

    cause = error.__cause__
    if isinstance(cause, MaxRetryError):
        cause = cause.reason  # the same without the URL
    if isinstance(cause, ReadTimeoutError):
        return Overloaded(_TOO_LONG, status=504), "no answer in time"
    if isinstance(cause, HTTPError):
        return Overloaded(_UNREACHABLE, status=503), f"{type(cause).__name__}: {cause}"
    if _code(error) in _REFUSED:
        return Overloaded(_UNREACHABLE, status=503), "the user or the password of CLICKHOUSE_DSN is refused"
    if found := _GATEWAY.search(str(error)):
        return Overloaded(_UNREACHABLE, status=503), f"a gateway answers {found[1]}"
    return None


def _code(error: Exception) -> int:
    known = getattr(error, "code", None)
    if isinstance(known, int):
        return known
    found = re.search(r"[Cc]ode: (\d+)", str(error))
    return int(found.group(1)) if found else 0
