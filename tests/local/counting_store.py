"""A store that counts what DynamoDB would charge for: read and write request units of its on-demand tables.

A strongly consistent read is a unit for each 4 KB of an item, and one where nothing is there; of a query for each 4 KB
of all that it found. A write is a unit for each 1 KB of the larger of the old item and the new one; in a transaction
two. A write whose condition fails costs the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from insights_engine.store import Check, Delete, Expect, Item, Key, Put, Store, Write
from insights_engine.store.items import Encoded


@dataclass
class Units:
    reads: int = 0
    writes: int = 0
    calls: int = 0

    def take(self) -> tuple[int, int, int]:
        """(reads, writes, round trips) since the last time."""
        taken = self.reads, self.writes, self.calls
        self.reads = self.writes = self.calls = 0
        return taken


def _read(items: Sequence[Item | None], size: int = 4096) -> int:
    return sum(max(1, -(-Encoded(item).size // size)) if item else 1 for item in items)


class CountingStore:
    def __init__(self, inner: Store) -> None:
        self.inner = inner
        self.units = Units()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def get(self, pk: str, sk: str) -> Item | None:
        found = self.inner.get(pk, sk)
        self.units.calls += 1
        self.units.reads += _read([found])
        return found

    def get_many(self, keys: Sequence[Key]) -> list[Item | None]:
        found = self.inner.get_many(keys)
        self.units.calls += 1
        self.units.reads += _read(list(dict(zip(keys, found, strict=True)).values()))
        return found

    def query(self, pk: str, prefix: str = "", **how: Any) -> list[Item]:
        found = self.inner.query(pk, prefix, **how)
        self.units.calls += 1
        self.units.reads += max(1, -(-sum(Encoded(item).size for item in found) // 4096))
        return found

    def put(self, item: Item, expect: Expect = "any") -> None:
        self._write([item])
        self.units.calls += 1
        self.inner.put(item, expect)

    def put_new_many(self, items: Sequence[Item]) -> list[Item]:
        self._write(items)
        self.units.calls += 1
        return self.inner.put_new_many(items)

    def put_many(self, items: Sequence[Item]) -> None:
        self._write(items)
        self.units.calls += 1
        self.inner.put_many(items)

    def delete(self, pk: str, sk: str, expect: Expect = "any") -> None:
        self._write([self.inner.get(pk, sk) or {"pk": pk, "sk": sk}])
        self.units.calls += 1
        self.inner.delete(pk, sk, expect)

    def add(self, pk: str, sk: str, field: str, amount: int) -> int:
        self.units.writes += 1
        self.units.calls += 1
        return self.inner.add(pk, sk, field, amount)

    def transact(self, writes: Sequence[Write]) -> None:
        for write in writes:
            match write:
                case Put(item):
                    self._write([item], each=2)
                case Delete(pk, sk) | Check(pk, sk):
                    self._write([self.inner.get(pk, sk) or {"pk": pk, "sk": sk}], each=2)
        self.units.calls += 1
        self.inner.transact(writes)

    def _write(self, items: Sequence[Item], each: int = 1) -> None:
        for item in items:
            held = self.inner.get(item["pk"], item["sk"])
            sizes = [Encoded(one).size for one in (item, held) if one]
            self.units.writes += each * max(1, -(-max(sizes) // 1024))
