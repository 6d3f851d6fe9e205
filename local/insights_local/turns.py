"""A thread that takes its turn again and again until it is stopped."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod


class Turns(ABC):
    """`name` is the thread's and the log's. After a turn that failed it waits `pause` seconds."""

    def __init__(self, name: str, *, pause: float) -> None:
        self._log = logging.getLogger(f"insights.{name}")
        self._pause_seconds = pause
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"insights-{name}", daemon=True)

    @abstractmethod
    def turn(self) -> None:
        """Waits until there is something to do, no longer than `stop` may have to wait, and does it."""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when the turn in work is done."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.turn()
            except Exception:  # a thread that dies would stop everything that comes later
                self._log.exception("a turn failed")
                self._stopping.wait(self._pause_seconds)
