"""The clients of one environment, each opened on first use.

A Lambda environment has one `Services`, made from its variables. The local stack runs several in one process, so it
puts its own in place for the time of a call (`use`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import TYPE_CHECKING

from insights_engine.settings import Settings
from insights_engine.store import Store, open_store

if TYPE_CHECKING:
    from insights_engine.bus import EventBus
    from insights_engine.clickhouse import ClickHouse
    from insights_engine.queue import EventQueue

_current: ContextVar[Services] = ContextVar("services")


class Services:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def __repr__(self) -> str:
        return f"Services({self.settings!r})"

    @cached_property
    def policies(self) -> Store:
        return open_store(self.settings.policies_table)

    @cached_property
    def results(self) -> Store:
        return open_store(self.settings.results_table, durable=False)

    @cached_property
    def clickhouse(self) -> ClickHouse:
        from insights_engine.clickhouse import ClickHouse
        from insights_engine.dsn import secret_dsn

        dsn = self.settings.clickhouse_dsn or secret_dsn(self.settings.clickhouse_secret_arn)
        return ClickHouse(dsn, self.settings)

    @cached_property
    def events(self) -> EventQueue:
        from insights_engine.queue import open_queue

        return open_queue(self.settings.events_queue)

    @cached_property
    def queries(self) -> EventQueue:
        """Of questions to be computed in the background."""
        from insights_engine.queue import open_queue

        return open_queue(self.settings.queries_queue)

    @cached_property
    def reports(self) -> EventQueue:
        """Of reports to be delivered, and alerts to be checked."""
        from insights_engine.queue import open_queue

        return open_queue(self.settings.reports_queue)

    @cached_property
    def bus(self) -> EventBus:
        from insights_engine.bus import open_bus

        return open_bus(self.settings.event_bus)

    def now(self) -> datetime:
        """Read once per request, at its entry, and passed down from there. UTC."""
        return datetime.now(UTC)


@cache
def _environment() -> Services:
    return Services(Settings.read(os.environ))


def current() -> Services:
    return _current.get(None) or _environment()


@contextmanager
def use(services: Services) -> Iterator[None]:
    token = _current.set(services)
    try:
        yield
    finally:
        _current.reset(token)
