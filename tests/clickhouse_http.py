"""ClickHouse's HTTP interface, with the users that tests sign in as."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from insights_local import clickhouse_http

PASSWORD = "p@ss/wörd?#:%40"
USERS: dict[str, tuple[str, dict[str, Any]]] = {"app": (PASSWORD, {}), "locked": (PASSWORD, {"readonly": 2})}


@dataclass
class ClickHouseProcess(clickhouse_http.ClickHouseProcess):
    users: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=lambda: USERS)

    def dsn(self, database: str, user: str = "app", password: str = PASSWORD) -> str:
        return f"http://{user}:{quote(password, safe='')}@{self.host}:{self.port}/{database}"
