"""Idle ClickHouse clients, by what they are good for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client


class ClientPool:
    """Lends a client to one caller at a time and keeps up to `idle` of them for later.

    1. A client whose call failed is closed: a broken connection must not be lent again, and an embedded engine gives
       the rows that a failed statement had made so far to whoever asks next.
    2. Over the limit, the client that was idle longest is closed.
    3. `close` closes those that are lent when they come back; the pool can go on to be used.
    """

    def __init__(self, idle: int) -> None:
        self._limit = idle
        self._idle: list[tuple[Hashable, Client]] = []
        self._closings = 0
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"ClientPool({self._limit}, idle={len(self)})"

    def __len__(self) -> int:
        return len(self._idle)

    @contextmanager
    def client(self, key: Hashable, opened: Callable[[], Client]) -> Iterator[Client]:
        """One that is good for `key`, made by `opened` where none is idle."""
        client, closings = self._take(key)
        client = client or opened()
        try:
            yield client
        except BaseException:
            client.close()
            raise
        self._give(key, client, closings)

    def close(self) -> None:
        with self._lock:
            self._closings += 1
            idle, self._idle = self._idle, []
        for _, client in idle:
            client.close()

    def _take(self, key: Hashable) -> tuple[Client | None, int]:
        with self._lock:
            for place in range(len(self._idle) - 1, -1, -1):
                if self._idle[place][0] == key:
                    return self._idle.pop(place)[1], self._closings
            return None, self._closings

    def _give(self, key: Hashable, client: Client, closings: int) -> None:
        with self._lock:
            if closings == self._closings:
                self._idle.append((key, client))
                surplus = self._idle.pop(0)[1] if len(self._idle) > self._limit else None
            else:
                surplus = client
        if surplus is not None:
            surplus.close()
