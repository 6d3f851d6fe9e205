"""The SDK's clients, one a service and environment: making one costs a cold start about 0.25 s."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from typing import Any

from insights_engine import retries

CONNECTIONS = 16
ATTEMPTS = 8

# The SDK's own attempts and their time limits: together well below a function's 29 s, so that a service that does not
# answer costs an error, not the function. DynamoDB answers in milliseconds; SES takes a message of some MB.
_SDK_ATTEMPTS = 3
_CONNECT_SECONDS = 2
_READ_SECONDS = {"dynamodb": 3, "sesv2": 20}
_OTHER_READ_SECONDS = 5

# What the SDK takes a client's endpoint and identity from: where these differ, so do the clients.
_VARIABLES = ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ACCESS_KEY_ID")
_clients: dict[tuple[str | None, ...], Any] = {}
_lock = threading.Lock()


def client(service: str, *, is_repeatable: bool = True) -> Any:
    """Safe for threads. What is not repeatable is tried once, as a request without an answer may have been acted on."""
    own_endpoint = f"AWS_ENDPOINT_URL_{service.upper()}"
    attempts = _SDK_ATTEMPTS if is_repeatable else 1
    where = (service, str(attempts), os.environ.get(own_endpoint), *map(os.environ.get, _VARIABLES))
    with _lock:  # making a client is not safe for threads, unlike using one
        if where not in _clients:
            import boto3
            from botocore.config import Config

            session: Any = boto3.session.Session()  # its stub has one overload a service, and `service` is any
            made = session.client(
                service,
                config=Config(
                    connect_timeout=_CONNECT_SECONDS,
                    read_timeout=_READ_SECONDS.get(service, _OTHER_READ_SECONDS),
                    max_pool_connections=CONNECTIONS,
                    retries={"mode": "standard", "total_max_attempts": attempts},
                ),
            )
            made.meta.events.register("needs-retry", _forget_connections)
            made.meta.events.register("after-call", _refuse_cut)
            _clients[where] = made
        return _clients[where]


def pauses() -> Iterator[float | None]:
    """Seconds to wait after each attempt; None after the last one, and where the request has no time for it."""
    return retries.pauses(retries.Backoff(attempts=ATTEMPTS, first=0.02, most=1.28, least=0.5))


def is_passing(error: Exception) -> bool:
    """Whether the service is at fault and not what it was asked: throttled, not reached, no answer, or a broken one."""
    from botocore.exceptions import ClientError, ConnectionError, HTTPClientError
    from botocore.parsers import ResponseParserError

    if not isinstance(error, ClientError):
        return isinstance(error, HTTPClientError | ConnectionError | ResponseParserError)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= 500 or error.response.get("Error", {}).get("Code") in _THROTTLED


_THROTTLED = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)


def _forget_connections(endpoint: Any, caught_exception: Exception | None, **_: Any) -> None:
    """Where one is dead its neighbours may be: a function that was frozen finds all of its own closed."""
    from botocore.exceptions import ConnectionClosedError

    if isinstance(caught_exception, ConnectionClosedError):
        endpoint.http_session.close()


def _refuse_cut(http_response: Any, model: Any, **_: Any) -> None:
    """The SDK reads an answer that broke off as one that says nothing: no item there, no message refused."""
    from botocore.exceptions import ResponseStreamingError

    if model.has_streaming_output or model.http.get("method") == "HEAD" or "content-encoding" in http_response.headers:
        return
    announced = http_response.headers.get("content-length", "")
    if announced.isdecimal() and len(http_response.content) != int(announced):
        raise ResponseStreamingError(error=f"{len(http_response.content)} bytes of {announced}")
