"""The queue between capture and ingest: one narrow interface, two adapters (`sqs`, `sqlite`).

Delivery is at least once and in no promised order; what consumes it makes a repeat harmless (events have a uuid).
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

# SQS's limit, for one message and for a batch together; the embedded queue keeps it as well.
MAX_MESSAGE_BYTES = 1024 * 1024
# What a message may become when it is unpacked: the consumer's memory, and its time, are finite.
MAX_UNPACKED_BYTES = 8 * 1024 * 1024
# After so many deliveries a message is set aside (the same number stands in the deployed queue's redrive policy).
MAX_RECEIVES = 5
_FORMAT = "z1:"
# The base64 of the longest header of a zstd frame (18 bytes).
_HEADER_CHARACTERS = 24
# Parts compress a little less than the whole; without this margin one part in two would be split once more.
_SMALLER_IS_WORSE = 1.05


class QueueUnavailable(Exception):
    """Not everything was stored. What was may be delivered, so that sending all of it again makes repeats."""


class EventTooLarge(ValueError):
    """An event (or a message made by hand) is over the limit of a message. `index` is its place in the list."""

    def __init__(self, message: str, index: int = 0) -> None:
        super().__init__(message)
        self.index = index


@dataclass(frozen=True, slots=True)
class Message:
    id: int
    body: str
    receive_count: int


class EventQueue(Protocol):
    def send(self, bodies: Sequence[str]) -> None:
        """Durable when it returns; raises QueueUnavailable otherwise."""
        ...


def open_queue(url: str) -> EventQueue:
    """`sqlite:///path` is the embedded queue; anything else is the URL of an SQS queue."""
    if url.startswith("sqlite://"):
        from insights_engine.queue.sqlite import SqliteQueue

        return SqliteQueue(url.removeprefix("sqlite://"))
    if not url:
        raise RuntimeError("Set EVENTS_QUEUE, for questions QUERIES_QUEUE, for reports REPORTS_QUEUE")
    from insights_engine.queue.sqs import SqsQueue

    return SqsQueue(url)


def pack(events: Sequence[dict[str, Any]]) -> list[str]:
    """As few messages as hold the events, in order. Raises EventTooLarge for one that fills more than a message."""
    return _pack([orjson.dumps(event) for event in events], 0) if events else []


def unpack(body: str) -> list[dict[str, Any]]:
    """The events of one message. Raises ValueError for what `pack` did not make."""
    import zstandard

    if not body.startswith(_FORMAT):
        raise ValueError(f"A message of an unknown format: {body[:20]!r}")
    packed = base64.b64decode(body.removeprefix(_FORMAT), validate=True)
    try:
        events: list[dict[str, Any]] = orjson.loads(zstandard.ZstdDecompressor().decompress(packed))
    except zstandard.ZstdError as error:
        raise ValueError(f"A message that cannot be unpacked: {error}") from error
    return events


def unpacked_size(body: str) -> int:
    """The bytes that `unpack` will make of it, read from the header alone. Raises ValueError as `unpack` does."""
    import zstandard

    if not body.startswith(_FORMAT):
        raise ValueError(f"A message of an unknown format: {body[:20]!r}")
    start = body[len(_FORMAT) : len(_FORMAT) + _HEADER_CHARACTERS]
    try:
        size = zstandard.frame_content_size(base64.b64decode(start, validate=True))
    except zstandard.ZstdError as error:
        raise ValueError(f"A message that cannot be unpacked: {error}") from error
    if size < 0:
        raise ValueError("A message that does not say how large it is")
    return size


def check_bodies(bodies: Sequence[str]) -> list[int]:
    """The bytes of each. Raises before anything is sent, for what SQS would refuse."""
    sizes = [len(body.encode()) for body in bodies]
    for index, size in enumerate(sizes):
        if not size:
            raise ValueError("A message cannot be empty")
        if size > MAX_MESSAGE_BYTES:
            raise EventTooLarge(f"A message of {size:,} bytes; the limit is {MAX_MESSAGE_BYTES:,}", index)
    return sizes


def _pack(lines: list[bytes], start: int) -> list[str]:
    """All in one message, else in about as many equal parts as the overrun asks for."""
    import zstandard

    unpacked = sum(map(len, lines)) + len(lines) + 1
    parts = -(-unpacked // MAX_UNPACKED_BYTES)
    if len(lines) == 1 or parts == 1:
        packed = zstandard.ZstdCompressor(level=3).compress(b"[" + b",".join(lines) + b"]")
        size = len(_FORMAT) + 4 * -(-len(packed) // 3)
        if size <= MAX_MESSAGE_BYTES:
            return [_FORMAT + base64.b64encode(packed).decode()]
        if len(lines) == 1:
            raise EventTooLarge(
                f"Event {start} has {size:,} bytes when compressed; the limit is {MAX_MESSAGE_BYTES:,}", start
            )
        parts = int(size * _SMALLER_IS_WORSE / MAX_MESSAGE_BYTES) + 1
    messages: list[str] = []
    for at, part in _split(lines, parts, unpacked):
        messages += _pack(part, start + at)
    return messages


def _split(lines: list[bytes], parts: int, size: int) -> list[tuple[int, list[bytes]]]:
    """At least two runs of neighbours of about the same size, each with the place of its first line."""
    share, runs, filled = size / parts, [(0, [lines[0]])], len(lines[0])
    for index, line in enumerate(lines[1:], 1):
        if filled + len(line) / 2 > share * len(runs) or (len(runs) == 1 and index == len(lines) - 1):
            runs.append((index, []))
        runs[-1][1].append(line)
        filled += len(line)
    return runs
