"""The policies and results stores: one narrow interface, two adapters (`dynamodb`, `sqlite`).

An item is a flat dict of JSON values (and bytes) with the string keys `pk` and `sk`. Two attributes have a meaning
here: `version` (an int that conditions compare) and `expires_at` (epoch seconds; from then on the item is gone for
every read, whether or not the store has removed it yet).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Item = dict[str, Any]
Key = tuple[str, str]

# What must be true of the stored item for a write to happen: anything, absent, present, or present with that `version`.
Expect = Literal["any", "absent", "present"] | int


class ConflictError(Exception):
    """A condition did not hold, so nothing was written. `index` is the place of the failed write in a transaction.

    `item` is what the store held instead, as the condition saw it, so that who tries again need not read; None where
    nothing was there.
    """

    def __init__(self, message: str, index: int = 0, item: Item | None = None) -> None:
        super().__init__(message)
        self.index = index
        self.item = item


class StoreUnavailable(Exception):
    """The store did not answer, or not in time, or had too much to do; a write may or may not have happened."""


@dataclass(frozen=True, slots=True)
class Put:
    item: Item
    expect: Expect = "any"


@dataclass(frozen=True, slots=True)
class Delete:
    pk: str
    sk: str
    expect: Expect = "any"


@dataclass(frozen=True, slots=True)
class Check:
    pk: str
    sk: str
    expect: Expect = "present"


Write = Put | Delete | Check


class Store(Protocol):
    """Reads are strongly consistent. `query` and `get_many` give no partial answers. All raise StoreUnavailable."""

    def get(self, pk: str, sk: str) -> Item | None: ...

    def get_many(self, keys: Sequence[Key]) -> list[Item | None]:
        """One answer a key, in the order of `keys`; any number of keys."""
        ...

    def query(
        self, pk: str, prefix: str = "", *, after: str | None = None, limit: int | None = None, descending: bool = False
    ) -> list[Item]:
        """Items of one `pk` whose `sk` begins with `prefix`, in `sk` order (by UTF-8 bytes).

        `after` leaves out what comes before it in the order of the answer, and itself: the place to go on from.
        """
        ...

    def put(self, item: Item, expect: Expect = "any") -> None:
        """Raises ConflictError when `expect` does not hold."""
        ...

    def put_new_many(self, items: Sequence[Item]) -> list[Item]:
        """Put each item that is absent; give back, in order, what the store holds now, be it an earlier one."""
        ...

    def put_many(self, items: Sequence[Item]) -> None:
        """Unconditional puts; not atomic together."""
        ...

    def delete(self, pk: str, sk: str, expect: Expect = "any") -> None: ...

    def add(self, pk: str, sk: str, field: str, amount: int) -> int:
        """Add to a number atomically (absent counts as 0, the item is made) and give back the sum."""
        ...

    def transact(self, writes: Sequence[Write]) -> None:
        """All or nothing, up to 100 writes; ConflictError names the first one whose condition failed."""
        ...


def open_store(url: str, *, durable: bool = True) -> Store:
    """`sqlite:///path` is the embedded store; anything else is the name of a DynamoDB table.

    Not `durable`: the last writes to an embedded store may be lost with the machine's power; of results they may.
    """
    if url.startswith("sqlite://"):
        from insights_engine.store.sqlite import SqliteStore

        return SqliteStore(url.removeprefix("sqlite://"), durable=durable)
    from insights_engine.store.dynamodb import DynamoStore

    return DynamoStore(url)
