"""The embedded queue: a table of a SQLite file, with SQS's visibility and dead letters. Processes may share it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from insights_engine.embedded import SqliteFile
from insights_engine.queue import MAX_RECEIVES, Message, QueueUnavailable, check_bodies

if TYPE_CHECKING:
    import sqlite3

_SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, visible_at REAL NOT NULL, receive_count INTEGER NOT NULL, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_visible ON messages (visible_at);
CREATE TABLE IF NOT EXISTS dead_messages (id INTEGER PRIMARY KEY, receive_count INTEGER NOT NULL, body TEXT NOT NULL);
"""
# How often `wait` looks for messages that another process sent; those of its own process wake it at once.
_POLL_SECONDS = 0.5


class _Bell:
    """Rung when a message may have become visible; `count` lets a waiter see a ring that came before it listened."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.count = 0

    def ring(self) -> None:
        with self.changed:
            self.count += 1
            self.changed.notify_all()

    def listen(self, heard: int, seconds: float) -> None:
        with self.changed:
            self.changed.wait_for(lambda: self.count != heard, seconds)


_bells: WeakValueDictionary[Path, _Bell] = WeakValueDictionary()
_bells_lock = threading.Lock()


class SqliteQueue:
    """`clock` gives the epoch seconds that visibility is held against."""

    def __init__(self, path: str | Path, *, clock: Callable[[], float] = time.time) -> None:
        self._file = SqliteFile(path, _SCHEMA)
        self._clock = clock
        with _bells_lock:  # one for all queues of this process on the same file
            self._bell = _bells.setdefault(Path(path).absolute(), _Bell())

    def __repr__(self) -> str:
        return f"SqliteQueue({str(self._file.path)!r})"

    def close(self) -> None:
        """Gives the file back; a later call opens it anew."""
        self._file.close()
        self._bell.ring()

    def send(self, bodies: Sequence[str]) -> None:
        import sqlite3

        check_bodies(bodies)
        if not bodies:
            return
        rows = [(self._clock(), body) for body in bodies]
        try:
            with self._file.write() as connection:
                connection.executemany("INSERT INTO messages VALUES (NULL, ?, 0, ?)", rows)
        except (sqlite3.Error, OSError) as error:
            raise QueueUnavailable(f"The queue's file took no messages: {error}") from error
        self._bell.ring()

    def receive(self, max_messages: int, visibility_seconds: float) -> list[Message]:
        """The oldest visible messages; unless deleted, they are visible again after `visibility_seconds`."""
        now = self._clock()
        text = "SELECT id, body, receive_count + 1 FROM messages WHERE visible_at <= ? ORDER BY id LIMIT ?"
        with self._file.write() as connection:
            _set_aside(connection, now)
            messages = [Message(*row) for row in connection.execute(text, (now, max_messages))]
            connection.executemany(
                "UPDATE messages SET visible_at = ?, receive_count = ? WHERE id = ?",
                [(now + visibility_seconds, message.receive_count, message.id) for message in messages],
            )
        return messages

    def delete(self, ids: Sequence[int]) -> None:
        with self._file.write() as connection:
            connection.executemany("DELETE FROM messages WHERE id = ?", [(one,) for one in ids])

    def release(self, ids: Sequence[int], seconds: float = 0.0) -> None:
        """Visible again after so many seconds: their consumer gave up."""
        at = self._clock() + seconds
        with self._file.write() as connection:
            connection.executemany("UPDATE messages SET visible_at = ? WHERE id = ?", [(at, one) for one in ids])
        self._bell.ring()

    def release_all(self) -> None:
        """Every message is visible now: for a consumer that knows to be the only one, after a kill of the last."""
        with self._file.write() as connection:
            connection.execute(
                "UPDATE messages SET visible_at = ? WHERE visible_at > ?", (self._clock(), self._clock())
            )
        self._bell.ring()

    def depth(self) -> int:
        """Messages that are not dealt with yet: visible or with a consumer, but not set aside."""
        with self._file.write() as connection:
            _set_aside(connection, self._clock())
            return int(connection.execute("SELECT count(*) FROM messages").fetchone()[0])

    def dead(self) -> list[Message]:
        """Messages that were delivered five times and never deleted."""
        with self._file.write() as connection:
            _set_aside(connection, self._clock())
            rows = connection.execute("SELECT id, body, receive_count FROM dead_messages ORDER BY id")
            return [Message(*row) for row in rows]

    def wait(self, timeout: float) -> bool:
        """Until a message is visible, at most `timeout` seconds; whether one is."""
        until = time.monotonic() + timeout
        while True:
            heard = self._bell.count
            if (seconds := self._seconds_to_next()) <= 0:
                return True
            left = until - time.monotonic()
            if left <= 0:
                return False
            self._bell.listen(heard, min(left, seconds, _POLL_SECONDS))

    def _seconds_to_next(self) -> float:
        now = self._clock()
        with self._file.read() as connection:
            (at,) = connection.execute("SELECT min(visible_at) FROM messages").fetchone()
        return float("inf") if at is None else at - now


def _set_aside(connection: sqlite3.Connection, now: float) -> None:
    """What would be delivered once too often goes to the dead letters."""
    spent = "FROM messages WHERE visible_at <= ? AND receive_count >= ?"
    connection.execute(f"INSERT INTO dead_messages SELECT id, receive_count, body {spent}", (now, MAX_RECEIVES))
    connection.execute(f"DELETE {spent}", (now, MAX_RECEIVES))
