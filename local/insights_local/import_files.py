"""Rows of a file in chunks, from any place on: JSON Lines, CSV, one JSON document, and Parquet.

All but Parquet may be packed by gzip, Zstandard or Brotli, which is told by the first bytes, of Brotli by the name.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import batched
from pathlib import Path
from typing import IO, Any

import orjson
from insights_engine.capture.lenient import lenient_json
from insights_engine.ingest.bulk import RowError

from insights_local.import_packing import broken_by, packing_of, unpacked_file

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
        self.packing = packing_of(path)
        self.is_parquet = _head(path, 4) == b"PAR1"
        self.identity = _identity(path, self.size)

    def chunks(self, start: Place) -> Iterator[Chunk]:
        """Raises RowError where the file is cut off or damaged."""
        try:
            yield from self._chunks(start)
        except RowError:
            raise
        except self._broken() as error:
            raise RowError(f"the file is damaged, or not whole: {error}") from error

    def _broken(self) -> tuple[type[Exception], ...]:
        if self.is_parquet:
            from pyarrow import ArrowException

            return (ArrowException, OSError)
        return csv.Error, *broken_by(self.packing)

    def _chunks(self, start: Place) -> Iterator[Chunk]:
        if self.is_parquet:
            return self._parquet(start)
        suffixes = [suffix.lower() for suffix in self.path.suffixes[-2:]]
        if ".csv" in suffixes:
            return self._table(start)
        if ".json" in suffixes and (document := self._document()) is not None:
            return _numbered(enumerate(document, 1), start)
        return self._lines(start)

    def total(self, done: Place) -> int:
        """How many rows there are; by the mean length of those behind where nobody knows, and 0 where nobody can."""
        if self.is_parquet:
            from pyarrow.parquet import ParquetFile

            return int(ParquetFile(self.path).metadata.num_rows)
        return round(done.row * self.size / done.offset) if done.offset and not self.packing else 0

    def _lines(self, start: Place) -> Iterator[Chunk]:
        with unpacked_file(self.path, self.packing) as file:
            _skip(file, start.offset)
            row, offset = start.row, start.offset
            while lines := file.readlines(_BYTES):
                for first in range(0, len(lines), _ROWS):
                    part = lines[first : first + _ROWS]
                    end = Place(row + len(part), offset + sum(map(len, part)))
                    yield _parsed(part, row + 1, end)
                    row, offset = end.row, end.offset

    def _table(self, start: Place) -> Iterator[Chunk]:
        """A cell may hold all properties of an event as JSON."""
        csv.field_size_limit(_BYTES)
        with unpacked_file(self.path, self.packing) as file:
            text = io.TextIOWrapper(file, "utf-8-sig", errors="replace", newline="")
            yield from _numbered(enumerate(csv.DictReader(text), 1), start)

    def _document(self) -> list[Any] | None:
        """The rows of a list, or of an answer's `results`; None for JSON Lines under the name of JSON."""
        with unpacked_file(self.path, self.packing) as file:
            first = file.readline(_BYTES)
            if _is_row(first):
                return None  # before all of it is read: it may be large
            try:
                whole = orjson.loads(first + file.read())
            except orjson.JSONDecodeError:
                return None
        columns = None
        if _has_results(whole):
            whole, columns = whole["results"], whole.get("columns")
        if not isinstance(whole, list):
            return None
        if not isinstance(columns, list):
            return whole
        return [dict(zip(map(str, columns), row, strict=False)) if isinstance(row, list) else row for row in whole]

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


def _is_row(line: bytes) -> bool:
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return isinstance(found, dict) and not _has_results(found)


def _has_results(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("results"), list)


def _numbered(rows: Iterable[tuple[int, Any]], start: Place) -> Iterator[Chunk]:
    """Of what has to be read from its beginning: the rows that are behind are passed over."""
    for part in batched((one for one in rows if one[0] > start.row), _ROWS, strict=False):
        chunk = Chunk([], [], Place(part[-1][0]))
        for number, row in part:
            if not isinstance(row, dict):
                chunk.bad.append((number, "not an object"))
            elif None in row:
                chunk.bad.append((number, "more cells than the header has columns"))
            else:
                chunk.rows.append((number, row))
        yield chunk


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


def _skip(file: IO[bytes], count: int) -> None:
    """A packed file has to be read up to the place."""
    if file.seekable():
        file.seek(count)
        return
    while count > 0 and (read := file.read(min(count, _BYTES))):
        count -= len(read)


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
