"""Packed files as the bytes inside: gzip, Zstandard, Brotli."""

from __future__ import annotations

import gzip
import io
import zlib
from importlib import import_module
from pathlib import Path
from typing import IO, Any, Literal

from insights_engine.ingest.bulk import RowError

Packing = Literal["", "gzip", "zstd", "brotli"]

# The first bytes of each; Brotli has none, so that its name tells.
_MAGIC: tuple[tuple[bytes, Packing], ...] = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"))
_READ = 1024 * 1024


def packing_of(path: Path) -> Packing:
    with path.open("rb") as file:
        head = file.read(4)
    for magic, packing in _MAGIC:
        if head.startswith(magic):
            return packing
    return "brotli" if path.suffix.lower() == ".br" else ""


def unpacked_file(path: Path, packing: Packing) -> IO[bytes]:
    """Raises RowError for Brotli where nothing here can read it."""
    if packing == "gzip":
        return gzip.open(path)  # type: ignore[return-value]
    if packing == "zstd":
        import zstandard

        reader: Any = zstandard.ZstdDecompressor().stream_reader(path.open("rb"), read_across_frames=True)
        return io.BufferedReader(reader, _READ)
    if packing == "brotli":
        try:
            brotli = import_module("brotli")
        except ImportError:
            raise RowError(f"unpack it first: brotli -d {path.name} (or pip install brotli)") from None
        return io.BufferedReader(_Brotli(path, brotli.Decompressor()), _READ)
    return path.open("rb")


def broken_by(packing: Packing) -> tuple[type[Exception], ...]:
    """What reading raises where a file is cut off or damaged."""
    if packing == "gzip":
        return EOFError, gzip.BadGzipFile, zlib.error
    if packing == "zstd":
        import zstandard

        return (zstandard.ZstdError,)
    if packing == "brotli":
        return (import_module("brotli").error,)
    return ()


class _Brotli(io.RawIOBase):
    def __init__(self, path: Path, decompressor: Any) -> None:
        self._file = path.open("rb")
        self._decompressor = decompressor
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest and (packed := self._file.read(_READ)):
            self._rest = self._decompressor.process(packed)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def close(self) -> None:
        self._file.close()
        super().close()
