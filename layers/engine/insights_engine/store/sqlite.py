"""The embedded store: a table of a SQLite file. Crash-safe, for any number of threads and processes of one machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from insights_engine.embedded import SqliteFile
from insights_engine.store import Delete, Expect, Item, Key, Put, StoreUnavailable, Write
from insights_engine.store.items import (
    Encoded,
    check_transaction,
    conflict,
    holds,
    is_possible,
    is_whole,
    key_of,
    latest,
)

if TYPE_CHECKING:
    import sqlite3

# BINARY collation compares the UTF-8 bytes, which is DynamoDB's order too.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS items (
    pk TEXT NOT NULL, sk TEXT NOT NULL, expires_at INTEGER, numbers TEXT, doc TEXT NOT NULL, blobs BLOB,
    PRIMARY KEY (pk, sk)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS items_expiry ON items (expires_at) WHERE expires_at IS NOT NULL;
"""
_COLUMNS = "pk, sk, expires_at, numbers, doc, blobs"
_READ = f"SELECT {_COLUMNS} FROM items WHERE pk = ? AND sk = ?"  # noqa: S608  # our own words only
_PUT = f"INSERT OR REPLACE INTO items ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)"  # noqa: S608
_PUT_NEW = (
    f"INSERT INTO items ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (pk, sk) DO UPDATE SET "  # noqa: S608
    "expires_at = excluded.expires_at, numbers = excluded.numbers, doc = excluded.doc, blobs = excluded.blobs "
    "WHERE items.expires_at <= ?"
)
_DELETE = "DELETE FROM items WHERE pk = ? AND sk = ?"
_SWEEP = "DELETE FROM items WHERE (pk, sk) IN (SELECT pk, sk FROM items WHERE expires_at <= ? LIMIT 1000)"
_SWEEP_SECONDS = 60

Row = tuple[str, str, int | None, str | None, str, bytes | None]


class SqliteStore:
    """`clock` gives the epoch seconds that `expires_at` is held against."""

    def __init__(self, path: str | Path, *, clock: Callable[[], float] = time.time, durable: bool = True) -> None:
        self._file = SqliteFile(path, _SCHEMA, durable=durable)
        self._clock = clock
        self._swept = float("-inf")

    def __repr__(self) -> str:
        return f"SqliteStore({str(self._file.path)!r})"

    def close(self) -> None:
        self._file.close()

    def get(self, pk: str, sk: str) -> Item | None:
        return self.get_many([(pk, sk)])[0]

    def get_many(self, keys: Sequence[Key]) -> list[Item | None]:
        now = self._clock()
        with self._read() as connection:
            return [_get(connection, key, now) for key in keys]

    def query(
        self, pk: str, prefix: str = "", *, after: str | None = None, limit: int | None = None, descending: bool = False
    ) -> list[Item]:
        if not is_possible((pk, prefix or "-")):
            return []
        conditions, values = ["pk = ?", "(expires_at IS NULL OR expires_at > ?)"], [pk, self._clock()]
        if prefix:
            conditions.append("sk >= ?")
            values.append(prefix)
        if upper := _after_prefix(prefix):
            conditions.append("sk < ?")
            values.append(upper)
        if after is not None:
            conditions.append("sk < ?" if descending else "sk > ?")
            values.append(after)
        order = "DESC" if descending else "ASC"
        text = f"SELECT {_COLUMNS} FROM items WHERE {' AND '.join(conditions)} ORDER BY sk {order} LIMIT ?"  # noqa: S608
        with self._read() as connection:
            rows = connection.execute(text, (*values, -1 if limit is None else limit))
            return [_decode(row) for row in rows]

    def put(self, item: Item, expect: Expect = "any") -> None:
        self._write([Put(item, expect)])

    def delete(self, pk: str, sk: str, expect: Expect = "any") -> None:
        self._write([Delete(pk, sk, expect)])

    def transact(self, writes: Sequence[Write]) -> None:
        self._write(writes)

    def put_new_many(self, items: Sequence[Item]) -> list[Item]:
        now = self._clock()
        rows = [(*_encode(Encoded(item)), now) for item in items]
        with self._transaction() as connection:
            self._sweep(connection, now)
            written = connection.executemany(_PUT_NEW, rows).rowcount
            if written == len(rows) or not rows:
                return [dict(item) for item in items]
            held = [_get(connection, (row[0], row[1]), now) for row in rows]
        # An item that came already expired is not held by the time it is read back.
        return [there or dict(item) for there, item in zip(held, items, strict=True)]

    def put_many(self, items: Sequence[Item]) -> None:
        rows = [_encode(one) for one in latest(items)]
        with self._transaction() as connection:
            self._sweep(connection, self._clock())
            connection.executemany(_PUT, rows)

    def add(self, pk: str, sk: str, field: str, amount: int) -> int:
        now = self._clock()
        with self._transaction() as connection:
            item = _get(connection, (pk, sk), now) or {"pk": pk, "sk": sk}
            held = item.get(field)
            total = (held if is_whole(held) else 0) + amount
            connection.execute(_PUT, _encode(Encoded({**item, field: total})))
        return total

    def _write(self, writes: Sequence[Write]) -> None:
        encoded = check_transaction(writes)
        now = self._clock()
        with self._transaction() as connection:
            self._sweep(connection, now)
            for index, write in enumerate(writes):
                if write.expect == "any":
                    continue
                held = _get(connection, key_of(write), now)
                if not holds(write.expect, held):
                    raise conflict(key_of(write), write.expect, index, held)
            for write, one in zip(writes, encoded, strict=True):
                if one:
                    connection.execute(_PUT, _encode(one))
                elif isinstance(write, Delete) and is_possible(key_of(write)):
                    connection.execute(_DELETE, key_of(write))

    @contextmanager
    def _read(self) -> Iterator[sqlite3.Connection]:
        with self._available(), self._file.read() as connection:
            yield connection

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._available(), self._file.write() as connection:
            yield connection

    @contextmanager
    def _available(self) -> Iterator[None]:
        """Locked for too long, no room on the disk, a folder that cannot be written, a file that is none of ours."""
        import sqlite3

        try:
            yield
        except (sqlite3.DatabaseError, OSError) as error:
            if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError | sqlite3.DataError):
                raise  # a fault of this code, not of the file
            raise StoreUnavailable(f"{self!r}: {error}") from error

    def _sweep(self, connection: sqlite3.Connection, now: float) -> None:
        """Remove some of what has expired, now and then: reads do not see it anyway."""
        if now - self._swept >= _SWEEP_SECONDS:
            self._swept = now
            connection.execute(_SWEEP, (now,))


def _get(connection: sqlite3.Connection, key: Key, now: float) -> Item | None:
    if not is_possible(key):
        return None
    row = connection.execute(_READ, key).fetchone()
    if row is None or (row[2] is not None and row[2] <= now):
        return None
    return _decode(row)


def _encode(one: Encoded) -> Row:
    numbers = orjson.dumps(one.numbers).decode() if one.numbers else None
    return one.pk, one.sk, one.expires_at, numbers, one.doc.decode(), _join(one.blobs) if one.blobs else None


def _decode(row: Row) -> Item:
    pk, sk, _, numbers, doc, blobs = row
    item: Item = {"pk": pk, "sk": sk, **orjson.loads(doc)}
    if numbers:
        item.update(orjson.loads(numbers))
    if blobs:
        item.update(_split(blobs))
    return item


def _join(blobs: dict[str, bytes]) -> bytes:
    """A line of JSON with the name and the length of each, then their bytes."""
    head = orjson.dumps([[name, len(blob)] for name, blob in blobs.items()], option=orjson.OPT_APPEND_NEWLINE)
    return head + b"".join(blobs.values())


def _split(joined: bytes) -> dict[str, Any]:
    start = joined.index(b"\n") + 1
    blobs = {}
    for name, length in orjson.loads(joined[:start]):
        blobs[name] = joined[start : start + length]
        start += length
    return blobs


def _after_prefix(prefix: str) -> str | None:
    """The least text that is greater than every text with this prefix; None when there is none."""
    for end in range(len(prefix), 0, -1):
        point = ord(prefix[end - 1])
        if point < 0x10FFFF:  # U+D800 to U+DFFF are halves of pairs: no text has them
            return prefix[: end - 1] + chr(0xE000 if point == 0xD7FF else point + 1)
    return None
