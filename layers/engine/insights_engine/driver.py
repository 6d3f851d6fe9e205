"""Where the ClickHouse driver is made to do something else than it would."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client


def counting(client: Client) -> Client:
    """The driver tells the rows of an embedded engine's answer as rows read; the engine knows what it read."""
    backend: Any = client._backend  # type: ignore[attr-defined]

    def summary(result: Any) -> dict[str, Any]:
        return {"read_rows": result.storage_rows_read(), "read_bytes": result.storage_bytes_read()}

    backend._summary = summary
    return client


def sending_once(client: Client) -> Client:
    """Over HTTP, by its own: urllib3 logs what it tries again, with the values that the query binds, and the driver
    sends a SELECT again over the next connection, which may be as dead as the first."""
    backend: Any = client._backend  # type: ignore[attr-defined]
    backend.http_retries = 0
    backend.request = partial(_once, backend.request)
    return client


def _once(request: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return request(*args, **kwargs | {"retryable": False})


def limit_waiting(client: Client, *, connect: float, read: float) -> None:
    """Over HTTP, from the next statement on: seconds for a connection, and from one piece of an answer to the next."""
    from urllib3 import Timeout

    backend: Any = client._backend  # type: ignore[attr-defined]
    backend.timeout = Timeout(connect=connect, read=read)


def forget_connections() -> None:
    """Where one is dead its neighbours may be: a frozen function's were all closed while it could not notice."""
    from clickhouse_connect.driver.httputil import default_pool_manager

    default_pool_manager().clear()
