"""How many questions of one project are computed at the same time, over all environments: QUERIES_AT_ONCE.

Who computes holds a lease, one of so many in the project's item; who finds none free waits for one, and not for long.
A lease ends by itself some seconds after the computation must have, so a function that was killed frees its own. Where
the store fails, questions are computed, and a metric says how many.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import ceil
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from insights_engine import deadline, keys
from insights_engine.errors import Throttled
from insights_engine.store import Item

from insights_acl.contended import change

if TYPE_CHECKING:
    from insights_engine.services import Services

# The longest that somebody waits; at most half of their time, so that enough is left to compute in.
MOST_WAIT = 30.0
# How much longer a lease lasts than its computation may: for what comes after it, and for clocks that differ.
GRACE_SECONDS = 5.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 0.5
_ADVICE_SECONDS = 5
_KEPT_SECONDS = 60

# When each lease ends, in epoch seconds, by its id.
Leases = Mapping[str, float]


class _Full(Exception):
    """Every lease is somebody's."""


@contextmanager
def slot(services: Services, project_id: int, seconds: float | None = None) -> Iterator[None]:
    """For as long as a question is computed. Raises Throttled where none comes free in time.

    `seconds`: how long it may take; by itself, until the deadline, or else ClickHouse's limit for a query. A question
    takes one slot: whoever holds one and waits for a second may wait for themselves.
    """
    most = services.settings.queries_at_once
    if most <= 0:
        yield
        return
    if seconds is None:
        left = deadline.left()
        seconds = services.settings.query_seconds if left is None else max(0.0, left)
    lease = uuid4().hex
    held = _taken(services, project_id, lease, most, seconds)
    try:
        yield
    finally:
        if held is not None:
            _give_back(services, project_id, lease, held)


def live(leases: Leases, at: float) -> dict[str, float]:
    return {lease: ends for lease, ends in leases.items() if ends > at}


def _taken(services: Services, project_id: int, lease: str, most: int, seconds: float) -> Item | None:
    """The item with the lease; None where the store does not answer."""
    until = time.monotonic() + min(MOST_WAIT, seconds / 2)
    pause = _FIRST_PAUSE
    try:
        while True:
            try:
                return _with_lease(services, project_id, lease, most, seconds)
            except _Full:
                left = until - time.monotonic()
                if left <= 0:
                    break
            # Somebody waits for a length of their own, so that those who wait do not all come at once.
            time.sleep(min(left, random.uniform(pause / 2, pause)))  # noqa: S311  # jitter, not a secret
            pause = min(_LONGEST_PAUSE, pause * 2)
    except Exception as error:  # whatever it is, it is no reason to refuse an answer
        _not_limited(project_id, error)
        return None
    are = "question is" if most == 1 else "questions are"
    raise Throttled(_ADVICE_SECONDS, f"{most} {are} being computed for this project, as many as may be at once.")


def _with_lease(services: Services, project_id: int, lease: str, most: int, seconds: float) -> Item | None:
    at, key = services.now().timestamp(), keys.slots(project_id)

    def step(item: Item | None) -> Item:
        others = live(item["leases"], at) if item else {}
        others.pop(lease, None)  # written already, and the answer to that got lost
        if len(others) >= most:
            raise _Full
        return _fields({**others, lease: at + seconds + GRACE_SECONDS})

    return change(services.results, key, services.results.get(*key), step, first_version=int(at * 1e6))


def _give_back(services: Services, project_id: int, lease: str, held: Item) -> None:
    at = services.now().timestamp()

    def step(item: Item | None) -> Item | None:
        if item is None or lease not in item["leases"]:
            return None
        return _fields({other: ends for other, ends in live(item["leases"], at).items() if other != lease}, at)

    try:
        change(services.results, keys.slots(project_id), held, step, first_version=int(at * 1e6))
    except Exception as error:  # it ends by itself
        _not_limited(project_id, error)


def _fields(leases: Leases, at: float = 0.0) -> dict[str, Any]:
    return {"leases": dict(leases), "expires_at": ceil(max([at, *leases.values()])) + _KEPT_SECONDS}


def _not_limited(project_id: int, error: Exception) -> None:
    from insights_engine import metrics
    from insights_engine.log import logger

    metrics.count("SlotUnknown", service="limits")
    logger().warning("a slot is not known", extra={"project": project_id, "why": repr(error)[:300]})
