"""One SQLite file, shared by threads and processes: the ground of the embedded store and the embedded queue.

Write-ahead log with `synchronous = FULL`: a commit returns when its log is on the disk. NORMAL would do against
`kill -9` (the log is with the kernel by then), but loses the last commits when the power goes, and what was
acknowledged must not be lost. The price is one sync a transaction, which is why the bulk calls are one transaction.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

_BUSY_SECONDS = 30.0
_POOL = 8


class SqliteFile:
    """A pool of connections to `path`, opened (and the file with its folder made) on first use."""

    def __init__(self, path: str | Path, schema: str, *, durable: bool = True) -> None:
        """Not `durable`: NORMAL, for what may be lost with the power."""
        self.path = Path(path)
        self._schema = schema
        self._synchronous = "FULL" if durable else "NORMAL"
        self._idle: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        # SQLite lets waiting writers sleep and poll; within a process a lock is fairer and wakes at once.
        self._writer = threading.Lock()

    def __repr__(self) -> str:
        return f"SqliteFile({str(self.path)!r})"

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """One snapshot for all that is read."""
        with self._connection() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.rollback()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction, alone from its start: what it reads is still so when it writes."""
        with self._writer, self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.commit()
            finally:
                connection.rollback()  # nothing to do after a commit

    def close(self) -> None:
        while True:
            try:
                self._idle.get_nowait().close()
            except queue.Empty:
                return

    def __del__(self) -> None:
        self.close()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._idle.get_nowait()
        except queue.Empty:
            connection = self._open()
        try:
            yield connection
        finally:
            if self._idle.qsize() < _POOL:
                self._idle.put(connection)
            else:
                connection.close()

    def _open(self) -> sqlite3.Connection:
        import sqlite3

        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=64
        )
        try:
            _use_log(connection)
            connection.execute(f"PRAGMA synchronous = {self._synchronous}")
            connection.executescript(self._schema)
        except BaseException:
            connection.close()
            raise
        return connection


def _use_log(connection: sqlite3.Connection) -> None:
    """Switch to the write-ahead log. Two processes that make the same file get "locked" here without any waiting."""
    import sqlite3

    until = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.01)
