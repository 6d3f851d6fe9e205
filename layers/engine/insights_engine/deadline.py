"""How much time there is: from the function's own end down to every statement, and to every pause before a retry.

The end is a moment of the monotonic clock in a ContextVar, so that it follows the request and no signature has it; a
thread that works for a request runs in a copy of its context. Where nobody handed an end down (the command line), there
is none, and the configured limits hold alone.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

# Of a function's time, what is kept back: to take in a late answer, to shape it, and to send it.
GRACE_SECONDS = 2.0

_end: ContextVar[float | None] = ContextVar("end", default=None)
_allowed: ContextVar[float | None] = ContextVar("allowed", default=None)


@contextmanager
def of(context: Any) -> Iterator[None]:
    """For the time of one call of a function: the end that Lambda's context tells, where it tells one."""
    tell = getattr(context, "get_remaining_time_in_millis", None)
    if tell is None:
        yield
    else:
        with ends_in(tell() / 1000):
            yield


@contextmanager
def ends_in(seconds: float) -> Iterator[None]:
    """After so many seconds nobody takes the answer any more. An end that was handed down before is not put off."""
    end, outer = time.monotonic() + seconds, _end.get()
    token = _end.set(end if outer is None else min(end, outer))
    try:
        yield
    finally:
        _end.reset(token)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Statements have so many seconds together, more or less than the configured limit of each; the end still holds."""
    token = _allowed.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _allowed.reset(token)


def remaining() -> float | None:
    """Seconds until nobody waits any more, below zero when that is past; None where no end is known."""
    return _until(_end.get(), _allowed.get())


def left() -> float | None:
    """As `remaining`, without what is kept back to answer: the time for work, and for waiting before it."""
    end = _end.get()
    return _until(end if end is None else end - GRACE_SECONDS, _allowed.get())


def statement_seconds(configured: float) -> float:
    """What a statement that starts now may take."""
    seconds = left()
    if _allowed.get() is not None:
        assert seconds is not None
        return seconds
    return configured if seconds is None else min(configured, seconds)


def _until(*ends: float | None) -> float | None:
    known = [end for end in ends if end is not None]
    return min(known) - time.monotonic() if known else None
