"""One computation a question, however many ask at once: who takes the lock computes, all others wait for the result.

The lock is an item with a lease, so that a function that was killed holds nobody up for longer. It is taken by a
conditional write, in whichever Lambda environment, and says for some seconds how the computation has ended. Where the
store does not answer, everybody computes.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from insights_engine.errors import ApiError, Cancelled, Overloaded
from insights_engine.results.cache import ResultsCache, key_of
from insights_engine.results.entry import Entry
from insights_engine.store import ConflictError, Key

if TYPE_CHECKING:
    from insights_engine.services import Services

# How long the end of a computation can be seen: by those who wait, and by those who looked just before it for a result.
_ENDED_SECONDS = 3
# A lock is for so long, and is renewed while the computation goes on: who is killed holds nobody up for longer.
_LEASE_SECONDS = 30.0
_RENEWED_EVERY = 10.0
# Moments of other machines are believed as far as their clocks may differ.
_SKEW_SECONDS = 5.0
# Between looks at whether the result is wanted still.
_ASKED_EVERY = 20
_FIRST_PAUSE, _LONGEST_PAUSE = 0.01, 0.25
_TOO_LONG = "The query took too long. Ask for a shorter range, or fewer breakdown values."


class Landed(NamedTuple):
    """`joined`: somebody else computed it."""

    entry: Entry
    joined: bool


class _Lock(NamedTuple):
    """`began`: when our computation did."""

    began: datetime
    version: int


@dataclass(frozen=True, slots=True)
class Flight:
    """`seconds`: how long a computation may take, and so how long somebody waits for another's.

    `check` is called now and then while somebody waits, and raises where nobody wants the result any more.
    """

    services: Services
    project_id: int
    key: str
    seconds: float
    check: Callable[[], None] = lambda: None

    def land(
        self, asked_at: datetime, suffices: Callable[[Entry], bool], compute: Callable[[datetime], Entry]
    ) -> Landed:
        """A result that `suffices`, computed here or by who was first. `compute` is told when it begins.

        Raises what `compute` raises, here or there, and Overloaded when neither comes to an end in time.
        """
        until = time.monotonic() + self.seconds
        for number, pause in enumerate(_pauses(until), 1):
            if number % _ASKED_EVERY == 0:
                self.check()
            try:
                taken = self._take(asked_at, suffices)
            except ApiError:
                raise
            except Exception:  # the store is ill: nobody waits for anybody
                return Landed(compute(self.services.now()), joined=False)
            if isinstance(taken, Entry):
                return Landed(taken, joined=True)
            if taken is not None:
                return Landed(self._computed(taken, compute), joined=False)
            time.sleep(pause)
        raise Overloaded(_TOO_LONG, status=504)

    def _take(self, asked_at: datetime, suffices: Callable[[Entry], bool]) -> Entry | _Lock | None:
        """The lock; or a result that has come meanwhile; or neither, while another computes.

        Raises the error that another's computation, which began since we asked, has ended in.
        """
        # A version that no earlier lock has: who comes back beyond its lease does not take this one for its own.
        lock = _Lock(self.services.now(), random.getrandbits(48))
        try:
            self.services.results.put(self._item(lock, self._lease), "absent")
            return lock
        except ConflictError as conflict:
            held = conflict.item
        kept = ResultsCache(self.services).entry_of(self.services.results.get(*key_of(self.project_id, self.key)))
        soon = (self.services.now() + timedelta(seconds=_SKEW_SECONDS)).timestamp()
        if kept is not None and kept.started_at.timestamp() <= soon and suffices(kept):
            return kept
        if held is None or not held["has_ended"]:
            return None
        if "error" in held and asked_at.timestamp() <= held["began"] <= soon:
            raise _told(held["error"])
        lock = _Lock(lock.began, held["version"] + 1)
        try:
            self.services.results.put(self._item(lock, self._lease), held["version"])
        except ConflictError:
            return None
        return lock

    def _computed(self, lock: _Lock, compute: Callable[[datetime], Entry]) -> Entry:
        error: ApiError | None = None
        renewals = _Renewals(self, lock)
        try:
            with renewals:
                entry = compute(lock.began)
            ResultsCache(self.services).put(self.project_id, self.key, entry)
            return entry
        except Cancelled:  # by one caller, and not for the others
            raise
        except ApiError as raised:
            # What is wrong with a question is said in the words of the form that it came in, and soon found again.
            error = raised if raised.status >= 500 else None
            raise
        finally:
            self._leave(_Lock(lock.began, renewals.version), error)

    def _leave(self, lock: _Lock, error: ApiError | None) -> None:
        """Whatever fails here ends with the lease."""
        item = self._item(_Lock(lock.began, lock.version + 1), _ENDED_SECONDS) | {"has_ended": True}
        if error is not None:
            item["error"] = {"status": error.status, "detail": error.detail}
        try:
            self.services.results.put(item, lock.version)
        except Exception:
            from insights_engine.log import logger

            logger().warning("a lock could not be left", extra={"project": self.project_id, "cache_key": self.key})

    def _item(self, lock: _Lock, seconds: float) -> dict[str, Any]:
        pk, sk = self._lock
        ends = int(self.services.now().timestamp() + seconds) + 1
        began = lock.began.timestamp()
        return {"pk": pk, "sk": sk, "version": lock.version, "began": began, "has_ended": False, "expires_at": ends}

    @property
    def _lease(self) -> float:
        return min(self.seconds, _LEASE_SECONDS)

    @property
    def _lock(self) -> Key:
        return f"RESULT#{self.project_id}#{self.key}", "LOCK"


class _Renewals:
    """Puts the end of a lock off while its computation goes on, from a thread of its own."""

    def __init__(self, flight: Flight, lock: _Lock) -> None:
        self.version = lock.version
        self._flight, self._began = flight, lock.began
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="insights-lock", daemon=True)

    def __enter__(self) -> None:
        if self._flight.seconds > _LEASE_SECONDS:
            self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._done.wait(_RENEWED_EVERY):
            item = self._flight._item(_Lock(self._began, self.version + 1), _LEASE_SECONDS)
            try:
                self._flight.services.results.put(item, self.version)
            except Exception:  # it is somebody else's by now, or the store is ill: both end with the lease
                return
            self.version += 1


def _told(error: dict[str, Any]) -> ApiError:
    """Another's error, as it was said there."""
    return Overloaded(error["detail"], status=error["status"])


def _pauses(until: float) -> Any:
    """Seconds between looks, growing, with jitter, until the time is over."""
    pause = _FIRST_PAUSE
    while time.monotonic() < until:
        yield random.uniform(0.5, 1) * pause  # noqa: S311  # jitter, not a secret
        pause = min(pause * 1.5, _LONGEST_PAUSE)
