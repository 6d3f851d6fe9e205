"""Stores in which somebody else comes first, once, at a moment that a test chooses: races without threads."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

from insights_engine.clickhouse import ClickHouse
from insights_engine.services import Services
from insights_engine.store import Expect, Item
from insights_engine.store.sqlite import SqliteStore

Action = Callable[[], Any]


class _Policies(SqliteStore):
    is_it: Callable[[Item], bool]
    action: Action | None = None

    def put(self, item: Item, expect: Expect = "any") -> None:
        if self.action is not None and self.is_it(item):
            action, self.action = self.action, None
            action()
        super().put(item, expect)


class _ClickHouse(ClickHouse):
    table: str
    action: Action | None = None

    def insert_json(self, table: str, columns: Sequence[str], lines: bytes) -> None:
        if self.action is not None and table == self.table:
            action, self.action = self.action, None
            action()
        super().insert_json(table, columns, lines)


def before_put(services: Services, is_it: Callable[[Item], bool], action: Action) -> Services:
    """The same stores; the action is done before the first put of an item of that kind into the policies."""
    policies = _Policies(services.settings.policies_table.removeprefix("sqlite://"))
    policies.is_it, policies.action = is_it, action
    made = Services(services.settings)
    made.policies, made.clickhouse = policies, services.clickhouse
    return made


def before_result(services: Services, is_it: Callable[[Item], bool], action: Action) -> Services:
    """The same store of results; the action is done before the first put of an item of that kind into it."""
    results, pending = copy.copy(services.results), [action]
    inner = results.put

    def put(item: Item, expect: Expect = "any") -> None:
        if pending and is_it(item):
            pending.pop()()
        inner(item, expect)

    results.put = put  # type: ignore[method-assign]
    made = Services(services.settings)
    made.results = results
    return made


def before_insert(services: Services, table: str, action: Action) -> Services:
    """The same stores; the action is done before the first insert into a table of ClickHouse."""
    clickhouse = _ClickHouse(services.settings.clickhouse_dsn, services.settings)
    clickhouse.table, clickhouse.action = table, action
    made = Services(services.settings)
    made.policies, made.clickhouse = services.policies, clickhouse
    return made
