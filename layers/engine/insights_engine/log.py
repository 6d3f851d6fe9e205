"""Structured logs, by Powertools. Never a key, a token, a body or a query string.

Every line of an invocation has what is known of it by then (`request_id`, `project`, …), and an HTTP request ends with
one line, `request`, that has all of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import logging

    from aws_lambda_powertools import Logger

Handler = Callable[[Mapping[str, Any], Any], dict[str, Any]]

_known: ContextVar[dict[str, Any]] = ContextVar("known")


def service() -> str:
    """The installation, which tells the lines and figures of two in one account apart."""
    return os.environ.get("POWERTOOLS_SERVICE_NAME") or "insights"


@cache
def logger() -> Logger:
    from aws_lambda_powertools import Logger

    made = Logger(service=service(), utc=True, use_rfc3339=True)  # the form that Lambda takes a line's time from
    made.addFilter(_with_what_is_known)
    return made


def known() -> Mapping[str, Any]:
    """What lines of the present invocation have; nothing outside of one."""
    return _known.get({})


def note(**fields: Any) -> None:
    """For the lines of the present invocation from here on."""
    if (about := _known.get(None)) is not None:
        about.update(fields)


@contextmanager
def invocation(event: Mapping[str, Any], context: Any) -> Iterator[None]:
    """`request_id` is Lambda's, as in the lines that it writes itself; `correlation_id` is the access log's `id`."""
    about = {
        "request_id": getattr(context, "aws_request_id", None),
        "correlation_id": (event.get("requestContext") or {}).get("requestId"),
    }
    token = _known.set({name: value for name, value in about.items() if value})
    try:
        yield
    finally:
        _known.reset(token)


def naming_invocations(handler: Handler) -> Handler:
    """For functions that answer no requests: their lines name the invocation as well."""

    def named(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        with invocation(event, context):
            return handler(event, context)

    return named


def answered(event: Mapping[str, Any], status: int, ms: float) -> None:
    """The one line of an HTTP request."""
    method = event.get("requestContext", {}).get("http", {}).get("method")
    logger().info("request", extra={"method": method, "status": status, "ms": round(ms, 1)})


def _with_what_is_known(record: logging.LogRecord) -> bool:
    for name, value in known().items():
        record.__dict__.setdefault(name, value)
    return True
