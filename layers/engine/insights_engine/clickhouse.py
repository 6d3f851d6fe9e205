"""The ClickHouse client: embedded (chDB) or over HTTP, a reader that cannot write and a writer.

Each read names its project, which filters every tenant table a second time, below whatever the SQL says (`guard`).
Embedded, settings given with one statement stay with the client, so each project has reading clients of its own.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from insights_engine import deadline, driver, guard, log, statement_names
from insights_engine.dsn import Dsn
from insights_engine.faults import DEAD, Fault, code_of, explain, fault_of, no_time, unreachable
from insights_engine.pool import ClientPool
from insights_engine.retries import Retrying
from insights_engine.settings import Settings
from insights_engine.sql import Sql, identifier
from insights_engine.statement_names import named as named
from insights_engine.tables import JSON_SETTINGS

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_IDLE_CLIENTS = 12
MOST_RESULT_BYTES = 64_000_000
_CONNECT_SECONDS = 5.0
# The answer may arrive later than ClickHouse's own limit, but before the function is stopped.
_LATE_SECONDS = 1.0
# ClickHouse's limit is in whole seconds.
_LEAST_SECONDS = 1.0
_WRITE_SECONDS = 60
_KILL_SECONDS = 5
_UNKNOWN_DATABASE = 81
_MAY_NOT = frozenset({164, 497})


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
    # ClickHouse's, of each column.
    types: tuple[str, ...] = ()

    def dicts(self) -> Iterator[dict[str, Any]]:
        return (dict(zip(self.columns, row, strict=True)) for row in self.rows)


class ClickHouse:
    """One database, through a pool of clients. Threads may share it.

    Every call raises Overloaded (503) when ClickHouse cannot be reached; `detail` is for the caller, the error's own
    text says what happened, and neither holds the password. Only `read` tries again first: it changes nothing.
    """

    def __init__(self, dsn: str, settings: Settings, *, sleep: Callable[[float], object] = time.sleep) -> None:
        """Raises DsnError; connects on first use. `sleep` passes the time before something is tried again."""
        self._dsn = Dsn.parse(dsn)
        self._sleep = sleep
        self._query_seconds = settings.query_seconds
        self._limits = {
            "max_memory_usage": settings.query_memory_bytes,
            "max_bytes_to_read": settings.query_read_bytes,
            "max_ast_elements": 200_000,
            "max_expanded_ast_elements": 500_000,
            "max_query_size": 4_000_000,
            # Of one answer before it is shaped; the rows are held by this process, whose memory no other limit knows.
            "max_result_bytes": MOST_RESULT_BYTES,
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
        """Run a query that may see one project's rows and nothing else, in the time that the request has left.

        Raises Overloaded when that is too little, or when a limit is hit, Cancelled when it was killed, and
        ValidationError for what only a value of the request can cause.
        """
        from clickhouse_connect.driver.exceptions import ClickHouseError

        guard.require_select(sql.text)
        retrying = Retrying(self._sleep, least=_LEAST_SECONDS)
        while True:
            try:
                return self._read_once(sql, project_id)
            except ClickHouseError as error:
                fault = fault_of(error)
                if fault is None:
                    explain(error)
                    raise
                if fault.again is DEAD:
                    driver.forget_connections()
                if not retrying.wait(fault.again):
                    self._raise(fault, error)
                log.note(clickhouse_retries=log.known().get("clickhouse_retries", 0) + 1)

    def admin_read(self, sql: Sql) -> Rows:
        """Run a query of our own over all projects (ingest, migrations); never with anything a caller wrote."""
        with self._translated(fault_of), self._writer() as client:
            return _run(client, sql, {})

    def kill(self, name: str) -> bool:
        """Stop what runs under this name (`named`); False where nothing does, or the user may not.

        What begins a moment later goes on. Embedded, it finds what this process runs; of a cluster, what the server
        runs that takes the call.
        """
        from clickhouse_connect.driver.exceptions import DatabaseError

        statement_names.check(name)
        try:
            with self._writer(_KILL_SECONDS) as client:
                killed = client.command(statement_names.KILL, parameters={"name": name})
        except DatabaseError as error:
            if code_of(error) not in _MAY_NOT:
                raise
            return False
        return isinstance(killed, list)  # a row a statement, else nothing but a summary

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
            if code_of(error) != _UNKNOWN_DATABASE:
                raise
            return False

    def create_database(self, cluster: str | None = None) -> None:
        on_cluster = Sql(" ON CLUSTER {name}", name=identifier(cluster)) if cluster else Sql("")
        create = Sql("CREATE DATABASE IF NOT EXISTS {name}{on}", name=identifier(self.database), on=on_cluster)
        with self._translated(unreachable):
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
        with self._translated(unreachable), self._clients.client(key, lambda: self._open({}, seconds)) as client:
            yield client

    def _read_once(self, sql: Sql, project_id: int) -> Rows:
        seconds = deadline.statement_seconds(self._query_seconds)
        if seconds < _LEAST_SECONDS:
            raise no_time()
        limit, name = {"max_execution_time": math.floor(seconds)}, statement_names.settings()
        if self.is_embedded:  # where a client can change nothing once it is guarded
            key = ("read", project_id, *limit.values(), *name.values())
            with self._clients.client(key, lambda: self._open_reader(limit, name, project_id)) as client:
                return _run(client, sql, {})
        with self._clients.client("read", lambda: self._open(self._limits, seconds)) as client:
            driver.limit_waiting(client, connect=min(_CONNECT_SECONDS, seconds), read=seconds + _LATE_SECONDS)
            return _run(client, sql, {**limit, **name, **self._guard(client, project_id)})

    def _open_reader(self, limit: dict[str, int], name: dict[str, str], project_id: int) -> Client:
        client = self._open({**self._limits, **limit})
        for setting, value in {**name, **self._guard(client, project_id)}.items():
            client.set_client_setting(setting, value)
        return client

    def _guard(self, client: Client, project_id: int) -> dict[str, Any]:
        if not self._table_functions:
            self._table_functions = tuple(row[0] for row in client.query(guard.TABLE_FUNCTIONS).result_rows)
        settings = guard.settings(self.database, project_id, self._table_functions)
        # A server that makes this user read-only does not let us say so again.
        if client.server_settings["readonly"].value != "0":
            del settings["readonly"]
        return settings

    def _open(self, settings: dict[str, Any], seconds: float = _WRITE_SECONDS, **other: Any) -> Client:
        import clickhouse_connect

        address = self._dsn.address() | other
        if self.is_embedded:
            return driver.counting(clickhouse_connect.get_client(**address, settings=settings))
        client = clickhouse_connect.get_client(
            **address,
            settings=settings,
            autogenerate_session_id=False,
            connect_timeout=max(1, math.floor(min(_CONNECT_SECONDS, seconds))),
            send_receive_timeout=max(1, math.floor(seconds)),
            query_retries=0,  # `faults` says what is tried again
        )
        return driver.sending_once(client)

    @contextmanager
    def _translated(self, fault_in: Callable[[Exception], Fault | None]) -> Iterator[None]:
        from clickhouse_connect.driver.exceptions import ClickHouseError

        try:
            yield
        except ClickHouseError as error:
            fault = fault_in(error)
            if fault is None:
                explain(error)
                raise
            self._raise(fault, error)

    def _raise(self, fault: Fault, error: Exception) -> NoReturn:
        if not fault.reason:
            raise fault.answer from error
        fault.answer.args = (f"ClickHouse at {self._dsn.place}: {fault.reason}",)
        raise fault.answer from None  # what the driver says has the URL, and in it the values of the query


def _run(client: Client, sql: Sql, settings: dict[str, Any]) -> Rows:
    started = time.perf_counter()
    answer = client.query(sql.text, parameters=sql.params, settings=settings)
    rows = answer.result_rows
    summary = answer.summary or {}
    cost = Cost(
        rows_read=int(summary.get("read_rows", 0)),
        bytes_read=int(summary.get("read_bytes", 0)),
        milliseconds=round((time.perf_counter() - started) * 1000, 3),
    )
    return Rows(tuple(answer.column_names), rows, cost, tuple(kind.name for kind in answer.column_types))
