"""What every insight gives back, before it becomes JSON or CSV."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from insights_engine.clickhouse import Cost
from insights_engine.sql import Sql

# How values are written as JSON. Times without a zone are those that ClickHouse gives in UTC.
AS_SHOWN = orjson.OPT_NON_STR_KEYS | orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z


def resolved_dates(start: datetime, end: datetime) -> dict[str, str]:
    """`resolved_date_range`: both ends, in the project's time zone."""
    ends = {"date_from": start, "date_to": end}
    return {name: at.isoformat().replace("+00:00", "Z") for name, at in ends.items()}


@dataclass(frozen=True, slots=True)
class Preliminary:
    """A statement that had to be run before the question could be put, and what it cost."""

    sql: Sql
    cost: Cost
    why: str


@dataclass(frozen=True, slots=True)
class Answer:
    """`result` is as the API shows it; `cost` is of `sql` alone, `before` is what was run first."""

    result: Any
    has_more: bool
    resolved_date_range: dict[str, str]
    sql: Sql
    cost: Cost
    # Retention alone has it: the mean share per column.
    mean: list[float] | None = None
    applied_filters: dict[str, Any] = field(default_factory=dict)
    before: Preliminary | None = None

    @property
    def total_cost(self) -> Cost:
        return self.cost if self.before is None else self.cost + self.before.cost

    @property
    def additions(self) -> dict[str, Any]:
        """What an answer's envelope has for this insight alone, beside what the API gives."""
        return {}
