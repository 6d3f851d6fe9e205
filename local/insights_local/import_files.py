"""Rows of a file in chunks, from any place on: JSON Lines (also gzipped) and Parquet."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson
from insights_engine.capture.lenient import lenient_json

_ROWS = 20_000
_BYTES = 32 * 1024 * 1024
_SAMPLE = 1024 * 1024

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """`row` rows are behind, which are `offset` bytes of a JSON Lines file."""

    row: int = 0
    offset: int = 0


@dataclass(slots=True)
class Chunk:
    """Rows with their numbers, from 1; what could not be read, with the reason; where the next chunk begins."""

    rows: list[tuple[int, Row]]
    bad: list[tuple[int, str]]
    end: Place


class ImportFile:
    """`identity` is of the contents, so that a file may move, and a changed one is another."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = path.stat().st_size
        self.is_parquet = _head(path, 4) == b"PAR1"
        self.is_gzip = _head(path, 2) == b"\x1f\x8b"
        self.identity = _identity(path, self.size)

    def chunks(self, start: Place) -> Iterator[Chunk]:
        return self._parquet(start) if self.is_parquet else self._lines(start)

    def total(self, done: Place) -> int:
        """How many rows there are; by the mean length of those behind where nobody knows, and 0 where nobody can."""
        if self.is_parquet:
            from pyarrow.parquet import ParquetFile

            return int(ParquetFile(self.path).metadata.num_rows)
        return round(done.row * self.size / done.offset) if done.offset and not self.is_gzip else 0

    def _lines(self, start: Place) -> Iterator[Chunk]:
        with self._open() as file:
            file.seek(start.offset)
            row, offset = start.row, start.offset
            while lines := file.readlines(_BYTES):
                for first in range(0, len(lines), _ROWS):
                    part = lines[first : first + _ROWS]
                    end = Place(row + len(part), offset + sum(map(len, part)))
                    yield _parsed(part, row + 1, end)
                    row, offset = end.row, end.offset

    def _open(self) -> IO[bytes]:
        return gzip.open(self.path) if self.is_gzip else self.path.open("rb")  # type: ignore[return-value]

    def _parquet(self, start: Place) -> Iterator[Chunk]:
        from pyarrow.parquet import ParquetFile

        file = ParquetFile(self.path)
        group, row = 0, 0
        while group < file.num_row_groups and row + file.metadata.row_group(group).num_rows <= start.row:
            row += file.metadata.row_group(group).num_rows
            group += 1
        groups = list(range(group, file.num_row_groups))
        for batch in file.iter_batches(_ROWS, row_groups=groups) if groups else ():
            rows = batch.to_pylist()
            end = Place(row + len(rows))
            kept = [(number, r) for number, r in enumerate(rows, row + 1) if number > start.row]
            row = end.row
            if kept:
                yield Chunk(kept, [], end)


def _parsed(lines: list[bytes], number: int, end: Place) -> Chunk:
    chunk = Chunk([], [], end)
    for at, line in enumerate(lines, number):
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            if not line.strip():
                continue
            try:
                row = lenient_json(line)
            except (ValueError, RecursionError):
                chunk.bad.append((at, f"no JSON: {error}"))
                continue
        if isinstance(row, dict):
            chunk.rows.append((at, row))
        else:
            chunk.bad.append((at, "not an object"))
    return chunk


def _identity(path: Path, size: int) -> str:
    """By its length, its beginning and its end: a file of many gigabytes is not read twice."""
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        digest.update(file.read(_SAMPLE))
        file.seek(max(0, size - _SAMPLE))
        digest.update(file.read())
    return digest.hexdigest()[:32]


def _head(path: Path, count: int) -> bytes:
    with path.open("rb") as file:
        return file.read(count)
