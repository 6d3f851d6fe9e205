"""What is to be done when: an entry a subscription, an alert or a delivery that has to be looked at again.

An entry is an item of the policies store whose sort key begins with its time, in one of a few partitions; it changes in
one transaction with what it is about. Once a minute `due` reads the beginning of each partition. Times are whole
seconds, UTC.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import merge
from typing import Literal

from insights_engine.store import Delete, Item, Put, Store, Write

# A partition takes a thousand writes a second; more of them would be more reads a minute.
SHARDS = 4
_AT_ONCE = 100

Kind = Literal["subscription", "alert", "delivery"]


@dataclass(frozen=True, slots=True)
class Entry:
    """`object_id`: of the subscription, of the alert, or the key of the delivery."""

    at: datetime
    kind: Kind
    project_id: int
    object_id: str

    @property
    def key(self) -> tuple[str, str]:
        named = f"{self.kind}#{self.project_id}#{self.object_id}"
        shard = zlib.crc32(named.encode()) % SHARDS
        return f"AGENDA#{shard}", f"{_written(self.at)}#{named}"

    @property
    def item(self) -> Item:
        pk, sk = self.key
        return {"pk": pk, "sk": sk, "kind": self.kind, "project_id": self.project_id, "object_id": self.object_id}

    @classmethod
    def from_item(cls, item: Item) -> Entry:
        at = datetime.fromisoformat(item["sk"].partition("#")[0])
        return cls(at, item["kind"], item["project_id"], item["object_id"])


def moved(before: Entry | None, after: Entry | None) -> list[Write]:
    """One entry in place of another; without the first a new one, without the second none any more."""
    if before is not None and after is not None and before.key == after.key:
        return []
    writes: list[Write] = []
    if before is not None:
        writes.append(Delete(*before.key))
    if after is not None:
        writes.append(Put(after.item))
    return writes


def due(store: Store, now: datetime) -> Iterator[Entry]:
    """Entries whose time has come, in the order of time: where there are more than can be seen to, none waits for those
    of a whole partition. What is due while this runs may be left.
    """
    return merge(*(_until(store, f"AGENDA#{shard}", now) for shard in range(SHARDS)), key=lambda entry: entry.at)


def _until(store: Store, pk: str, now: datetime) -> Iterable[Entry]:
    last = _written(now) + "$"  # after every key of this very second
    after: str | None = None
    while True:
        found = store.query(pk, after=after, limit=_AT_ONCE)
        for item in found:
            if item["sk"] >= last:
                return
            yield Entry.from_item(item)
        if len(found) < _AT_ONCE:
            return
        after = found[-1]["sk"]


def _written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
