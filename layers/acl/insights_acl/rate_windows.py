"""Sliding windows that are counted in parts: the arithmetic of a rate, without a clock or a store.

The last minute is six parts of ten seconds and the one before them, of which only the end is still in it; the hour is
twelve of five minutes, and one. A part counts whole until all of it has left, so never more than the rate pass in any
window, and one that is refused would have been refused by a window that is one part longer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import floor
from typing import NamedTuple

from insights_engine.rate_classes import Rate

# Requests by the number of the part: how many parts fit between the epoch and its beginning.
Parts = Mapping[int, int]


class Window(NamedTuple):
    name: str
    seconds: int
    parts: int

    @property
    def width(self) -> int:
        return self.seconds // self.parts

    def number(self, at: float) -> int:
        return floor(at / self.width)

    def leaves(self, number: int) -> int:
        """From this moment on, nothing of the part is in the window."""
        return (number + self.parts + 1) * self.width

    def live(self, parts: Parts, at: float) -> dict[int, int]:
        """Those that are in the window. Clocks differ, so parts of the next window count too; later ones are none."""
        now = self.number(at)
        return {number: parts[number] for number in sorted(parts) if abs(now - number) <= self.parts}


MINUTE = Window("minute", 60, 6)
HOUR = Window("hour", 3600, 12)
WINDOWS = (MINUTE, HOUR)


@dataclass(frozen=True, slots=True)
class Budget:
    """What is left of a rate. `reset`: seconds until some of what was used comes back."""

    limit: int
    remaining: int
    reset: float


@dataclass(frozen=True, slots=True)
class Used:
    """The requests of one key in one class, by window."""

    minute: Parts = field(default_factory=dict)
    hour: Parts = field(default_factory=dict)

    def and_one(self, at: float) -> Used:
        """With a request at this moment, and without what has left."""
        return Used(*(_counted(window, parts, at) for window, parts in self._windows()))

    def wait(self, rate: Rate, at: float) -> float:
        """Seconds until a request may pass, if no other does: 0 for now."""
        return max(
            _wait(window, window.live(parts, at), limit, at)
            for (window, parts), limit in zip(self._windows(), rate, strict=True)
        )

    def budget(self, rate: Rate, at: float) -> Budget:
        """Of the window that has less left; of two alike, the one that takes longer."""
        budgets = [
            _budget(window, window.live(parts, at), limit, at)
            for (window, parts), limit in zip(self._windows(), rate, strict=True)
        ]
        return min(budgets, key=lambda budget: (budget.remaining, -budget.reset))

    def leaves(self) -> int:
        """From this moment on, nothing that was used counts any more."""
        return max((window.leaves(number) for window, parts in self._windows() for number in parts), default=0)

    def _windows(self) -> Iterator[tuple[Window, Parts]]:
        yield from zip(WINDOWS, (self.minute, self.hour), strict=True)


def _counted(window: Window, parts: Parts, at: float) -> Parts:
    live, number = window.live(parts, at), window.number(at)
    return live | {number: live.get(number, 0) + 1}


def _wait(window: Window, live: Parts, limit: int, at: float) -> float:
    """The parts leave one by one, oldest first, until what is left is below the limit."""
    left = sum(live.values())
    wait = 0.0
    for number, requests in live.items():
        if left < limit:
            break
        left -= requests
        wait = window.leaves(number) - at
    return wait


def _budget(window: Window, live: Parts, limit: int, at: float) -> Budget:
    remaining = max(0, limit - sum(live.values()))
    if not remaining:
        return Budget(limit, 0, _wait(window, live, limit, at))
    oldest = next(iter(live), None)
    return Budget(limit, remaining, 0.0 if oldest is None else window.leaves(oldest) - at)
