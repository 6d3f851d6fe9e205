"""The SDK's clients, one a service and environment: making one costs a cold start about 0.25 s."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Iterator
from typing import Any

CONNECTIONS = 16
ATTEMPTS = 8

# What the SDK takes a client's endpoint and identity from: where these differ, so do the clients.
_VARIABLES = ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ACCESS_KEY_ID")
_clients: dict[tuple[str | None, ...], Any] = {}
_lock = threading.Lock()


def client(service: str) -> Any:
    """Safe for threads. Time limits are well below a function's own, so that a retry still has time to succeed."""
    own_endpoint = f"AWS_ENDPOINT_URL_{service.upper()}"
    where = (service, os.environ.get(own_endpoint), *map(os.environ.get, _VARIABLES))
    with _lock:  # making a client is not safe for threads, unlike using one
        if where not in _clients:
            import boto3
            from botocore.config import Config

            session: Any = boto3.session.Session()  # its stub has one overload a service, and `service` is any
            _clients[where] = session.client(
                service,
                config=Config(
                    connect_timeout=3,
                    read_timeout=5,
                    max_pool_connections=CONNECTIONS,
                    retries={"mode": "standard", "max_attempts": 4},
                ),
            )
        return _clients[where]


def pauses() -> Iterator[float | None]:
    """Seconds to wait after each attempt, doubling, with jitter; None after the last one."""
    for attempt in range(ATTEMPTS - 1):
        yield random.uniform(0.5, 1) * 0.02 * 2**attempt  # noqa: S311  # jitter, not a secret
    yield None
