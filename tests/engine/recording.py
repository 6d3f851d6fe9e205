"""A ClickHouse that keeps what it is asked for a project."""

from __future__ import annotations

from typing import Any

from insights_engine.clickhouse import ClickHouse, Cost, Rows
from insights_engine.services import Services
from insights_engine.sql import Sql


class Recording(ClickHouse):
    """`is_asked` False: a project without rows answers most statements with none, so these need not be run."""

    asked: list[Sql]
    is_asked = True

    def read(self, sql: Sql, *, project_id: int) -> Rows:
        self.asked.append(sql)
        return super().read(sql, project_id=project_id) if self.is_asked else Rows((), [], Cost())


def recorded(services: Services) -> tuple[Services, Recording]:
    """The same stores and the same database, and what is asked of it from now on."""
    made = Services(services.settings)
    clickhouse = Recording(services.settings.clickhouse_dsn, services.settings)
    clickhouse.asked = []
    made.__dict__["clickhouse"] = clickhouse
    return made, clickhouse


def put(services: Services, key: tuple[str, str], **item: Any) -> None:
    services.policies.put({"pk": key[0], "sk": key[1], **item})
