"""A store in which somebody else is faster: what a request has read is not so any more when it writes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from insights_engine.store import Store


class Between:
    """After the first answer of the method `name` that `when` is about, `happens` is done, by another thread."""

    def __init__(self, store: Store, name: str, when: Callable[..., bool], happens: Callable[[], object]) -> None:
        self.store, self.name, self.when, self.happens = store, name, when, happens

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.store, name)
        return self._watched(method) if name == self.name else method

    def _watched(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            found = method(*args, **kwargs)
            if self.when(*args):
                happens, self.happens = self.happens, lambda: None
                with ThreadPoolExecutor(1) as another:
                    another.submit(happens).result()
            return found

        return call
