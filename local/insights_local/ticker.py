"""The schedule of the Report function, as a thread: a tick at the start of every minute, as EventBridge gives it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

_MINUTE = 60.0

log = logging.getLogger("insights.ticker")


class Ticker:
    """`tick` calls the function."""

    def __init__(self, tick: Callable[[], Any]) -> None:
        self._tick = tick
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="insights-ticker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when the tick in work is done."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(_MINUTE - time.time() % _MINUTE):
            try:
                self._tick()
            except Exception:  # a thread that dies would stop every report that comes later
                log.exception("the tick failed")
