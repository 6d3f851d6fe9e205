"""A statement in layers: each selects from the one below, so that it may name what that one worked out. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from insights_engine.funnel.arrays import listed
from insights_engine.sql import Sql


@dataclass(frozen=True, slots=True)
class Rows:
    """One row an actor; `carried` are the columns that say whose it is, which every further layer has as well.

    They are no more than are asked for in the end: each column of a layer is work to plan.
    """

    sql: Sql
    carried: tuple[str, ...]

    def select(self, *columns: str | Sql) -> Rows:
        return replace(self, sql=Sql("SELECT {c} FROM ({s})", c=listed([*self.carried, *columns]), s=self.sql))
