"""What an item may hold: the rules that both adapters keep, so that what one takes the other takes too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeGuard

import orjson

from insights_engine.store import ConflictError, Expect, Item, Key, Put, Write

# DynamoDB's limits; the embedded store keeps them as well, so that nothing works on a laptop only.
MAX_ITEM_BYTES = 400_000  # 400 KiB, less what our count of the bytes may be off by
MAX_PK_BYTES = 2048
MAX_SK_BYTES = 1024
MAX_TRANSACTION_WRITES = 100
MAX_TRANSACTION_BYTES = 4 * 1024 * 1024

RESERVED = "doc"  # the attribute that holds an item's JSON in DynamoDB
_NUMBER_BYTES = 21  # the most that DynamoDB counts for one number
_INT64 = 1 << 63


class ItemTooLarge(ValueError):
    """The item, or one of its keys, is over DynamoDB's limit. Nothing was written."""


class Encoded:
    """An item taken apart: JSON text, whole numbers (which `add` and conditions work on), and bytes."""

    __slots__ = ("blobs", "doc", "numbers", "pk", "size", "sk")

    def __init__(self, item: Item) -> None:
        rest: dict[str, Any] = {}
        self.numbers: dict[str, int] = {}
        self.blobs: dict[str, bytes] = {}
        for name, value in item.items():
            if name in ("pk", "sk"):
                continue
            if name == "expires_at" and not (value is None or is_whole(value)):
                raise ValueError("expires_at must be a whole number of epoch seconds")
            if is_whole(value) and name:
                self.numbers[name] = value
            elif isinstance(value, bytes):
                self.blobs[name] = value
            else:
                rest[name] = value
        if RESERVED in item:
            raise ValueError(f'"{RESERVED}" cannot be the name of an attribute')
        self.pk, self.sk = item["pk"], item["sk"]
        self.doc = orjson.dumps(rest) if rest else b"{}"
        self.size = self._measure()

    @property
    def key(self) -> Key:
        return self.pk, self.sk

    @property
    def expires_at(self) -> int | None:
        return self.numbers.get("expires_at")

    def _measure(self) -> int:
        """The size that DynamoDB would count, rounded up. Raises ItemTooLarge."""
        pk, sk = len(self.pk.encode()), len(self.sk.encode())
        if not pk or not sk:
            raise ValueError("pk and sk cannot be empty")
        if pk > MAX_PK_BYTES or sk > MAX_SK_BYTES:
            raise ItemTooLarge(f"A key is too long: pk {pk:,} of {MAX_PK_BYTES:,} bytes, sk {sk:,} of {MAX_SK_BYTES:,}")
        size = 7 + pk + sk + len(self.doc)  # 7: the names pk, sk and doc
        for name in self.numbers:
            size += len(name.encode()) + _NUMBER_BYTES
        for name, blob in self.blobs.items():
            size += len(name.encode()) + len(blob)
        if size > MAX_ITEM_BYTES:
            raise ItemTooLarge(
                f"The item {self.pk[:100]!r}, {self.sk[:100]!r} has {size:,} bytes; the limit is {MAX_ITEM_BYTES:,}"
            )
        return size


def is_whole(value: object) -> TypeGuard[int]:
    """An int that a column of 64 bits holds; never a bool."""
    return type(value) is int and -_INT64 <= value < _INT64


def is_possible(key: Key) -> bool:
    """Whether an item can have this key. A read of any other finds nothing: callers' texts end up in keys."""
    try:
        return 0 < len(key[0].encode()) <= MAX_PK_BYTES and 0 < len(key[1].encode()) <= MAX_SK_BYTES
    except UnicodeEncodeError:  # half of a surrogate pair
        return False


def holds(expect: Expect, held: Item | None) -> bool:
    """Whether a condition is true of the stored item; None: there is none, or it has expired."""
    if expect == "any":
        return True
    if expect == "absent":
        return held is None
    if held is None:
        return False
    return expect == "present" or (is_whole(held.get("version")) and held["version"] == expect)


def latest(items: Sequence[Item]) -> list[Encoded]:
    """Encoded, and of those with the same key only the last: a batch may name an item once."""
    return list({one.key: one for one in map(Encoded, items)}.values())


def check_transaction(writes: Sequence[Write]) -> list[Encoded | None]:
    """The encoded items of the puts, each at its place. Raises for what DynamoDB would refuse as a whole."""
    if len(writes) > MAX_TRANSACTION_WRITES:
        raise ValueError(f"A transaction has at most {MAX_TRANSACTION_WRITES} writes, not {len(writes)}")
    if len({key_of(write) for write in writes}) < len(writes):
        raise ValueError("A transaction names each item once")
    encoded = [Encoded(write.item) if isinstance(write, Put) else None for write in writes]
    if sum(one.size for one in encoded if one) > MAX_TRANSACTION_BYTES:
        raise ItemTooLarge(f"The transaction has more than {MAX_TRANSACTION_BYTES:,} bytes")
    return encoded


def key_of(write: Write) -> Key:
    return (write.item["pk"], write.item["sk"]) if isinstance(write, Put) else (write.pk, write.sk)


def conflict(key: Key, expect: Expect, index: int = 0, held: Item | None = None) -> ConflictError:
    wanted = f"at version {expect}" if isinstance(expect, int) else expect
    return ConflictError(f"{' '.join(key)[:200]!r} is not {wanted}", index, held)
