"""Arithmetic of answers that never leaves what JSON can say: no infinity, no exception."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence


def smoothed(values: list[float], n: int) -> list[float]:
    """The floor of the mean of the last up to n values, itself included."""
    windows = (values[max(0, i - n + 1) : i + 1] for i in range(len(values)))
    return [float(math.floor(total(w) / len(w))) for w in windows]


def total(values: Sequence[float]) -> float:
    try:
        return math.fsum(values)
    except OverflowError:
        return bounded(sum(values))


def bounded(value: float) -> float:
    """JSON has no infinity: what overflows is the largest number there is."""
    return max(-sys.float_info.max, min(sys.float_info.max, value))


def shortest(value: float) -> float | int:
    """Counts are whole numbers, and are written as such."""
    return int(value) if value.is_integer() and abs(value) < 2**53 else value
