"""The pool of clients: whom it lends to whom, and which it closes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from insights_engine.pool import ClientPool


class Closable:
    """All of a client that a pool looks at."""

    def __init__(self) -> None:
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def opened() -> list[Closable]:
    return []


@pytest.fixture
def opener(opened: list[Closable]) -> Callable[[], Any]:
    def open_one() -> Closable:
        opened.append(Closable())
        return opened[-1]

    return open_one


def test_an_idle_client_is_lent_again(opened: list[Closable], opener: Callable[[], Any]) -> None:
    pool = ClientPool(2)
    for key in ("a", "b", "a", "b"):
        with pool.client(key, opener):
            pass
    assert len(opened) == len(pool) == 2


def test_a_lent_client_is_nobody_elses(opened: list[Closable], opener: Callable[[], Any]) -> None:
    pool = ClientPool(2)
    with pool.client("a", opener) as one, pool.client("a", opener) as other:
        assert one is not other


def test_a_client_whose_call_failed_is_closed(opened: list[Closable], opener: Callable[[], Any]) -> None:
    pool = ClientPool(2)
    with pytest.raises(KeyboardInterrupt), pool.client("a", opener):
        raise KeyboardInterrupt
    assert opened[0].is_closed
    assert len(pool) == 0


def test_over_the_limit_the_longest_idle_is_closed(opened: list[Closable], opener: Callable[[], Any]) -> None:
    pool = ClientPool(2)
    for key in ("a", "b", "a", "c"):
        with pool.client(key, opener):
            pass
    assert [client.is_closed for client in opened] == [False, True, False]


def test_closing_closes_the_lent_ones_when_they_come_back(opened: list[Closable], opener: Callable[[], Any]) -> None:
    pool = ClientPool(2)
    with pool.client("a", opener):
        pool.close()
        assert not opened[0].is_closed
    assert opened[0].is_closed
    assert len(pool) == 0


def test_nobody_opens_when_opening_fails() -> None:
    pool = ClientPool(2)

    def fail() -> Any:
        raise OSError("no")

    with pytest.raises(OSError, match="no"), pool.client("a", fail):
        pass
    assert len(pool) == 0


def test_threads_never_hold_the_same_client() -> None:
    pool, held, clashes = ClientPool(3), set[int](), list[int]()
    lock = threading.Lock()

    def borrow(n: int) -> None:
        with pool.client(n % 4, Closable) as client:  # type: ignore[arg-type]
            with lock:
                if id(client) in held:
                    clashes.append(n)
                held.add(id(client))
            with lock:
                held.remove(id(client))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(borrow, range(2000)))
    assert not clashes
    assert len(pool) <= 3
