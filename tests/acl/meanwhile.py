"""A store in which somebody else is faster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from insights_engine.store import Store


class Meanwhile:
    """`happens` between what was read and the first transaction: what is written then was decided before it."""

    def __init__(self, store: Store, happens: Callable[[], object]) -> None:
        self.store, self.happens = store, happens

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def transact(self, writes: Any) -> None:
        happens, self.happens = self.happens, lambda: None
        happens()
        self.store.transact(writes)
