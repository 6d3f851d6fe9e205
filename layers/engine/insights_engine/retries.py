"""How often, and after which pauses, something is tried again: with full jitter, and never past the deadline."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from insights_engine import deadline


@dataclass(frozen=True, slots=True)
class Backoff:
    """`attempts` in all. The pauses between them are up to `first`, then twice that and so on, up to `most` seconds.

    `least` is the share of a pause that is not left to chance.
    """

    attempts: int
    first: float
    most: float
    least: float = 0.0


def pauses(
    backoff: Backoff,
    *,
    left: Callable[[], float | None] = deadline.left,
    chance: Callable[[], float] = random.random,
) -> Iterator[float | None]:
    """Seconds to wait after each attempt; None after the last one, and where the time left would not outlast it."""
    for attempt in range(backoff.attempts - 1):
        longest = min(backoff.most, backoff.first * 2**attempt)
        pause = longest * (backoff.least + (1 - backoff.least) * chance())
        time_left = left()
        if time_left is not None and pause >= time_left:
            break
        yield pause
    yield None


class Retrying:
    """The attempts of one call. Each kind of fault has its own count, as a call may meet several.

    `least`: seconds without which an attempt is not worth its pause.
    """

    def __init__(self, sleep: Callable[[float], object] = time.sleep, *, least: float = 0.0) -> None:
        self._sleep = sleep
        self._least = least
        self._pauses: dict[Backoff, Iterator[float | None]] = {}

    def wait(self, backoff: Backoff | None) -> bool:
        """Whether to try again, now that it is time to; never, where the fault has no `backoff`."""
        if backoff is None:
            return False
        pause = next(self._pauses.setdefault(backoff, pauses(backoff, left=self._left)), None)
        if pause is None:
            return False
        self._sleep(pause)
        return True

    def _left(self) -> float | None:
        seconds = deadline.left()
        return None if seconds is None else seconds - self._least
