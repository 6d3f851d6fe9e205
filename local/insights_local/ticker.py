"""The schedule of the Report function, as a thread: a tick at the start of every minute, as EventBridge gives it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from insights_local.turns import Turns

_MINUTE = 60.0
_PAUSE_SECONDS = 1.0


class Ticker(Turns):
    """`tick` calls the function."""

    def __init__(self, tick: Callable[[], Any]) -> None:
        super().__init__("ticker", pause=_PAUSE_SECONDS)
        self._tick = tick

    def turn(self) -> None:
        if not self._stopping.wait(_MINUTE - time.time() % _MINUTE):
            self._tick()
