"""ORDER BY: expressions, names and numbers of columns, and where what is missing comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from insights_engine.sql import Sql

if TYPE_CHECKING:
    from insights_engine.hogql.statements.walk import StatementWalk

_NULLS = {"FIRST": " NULLS FIRST", "LAST": " NULLS LAST"}


def ordered(walk: StatementWalk, members: list[dict[str, Any]]) -> Sql:
    return Sql.join(", ", (_one(walk, member) for member in members))


def _one(walk: StatementWalk, member: dict[str, Any]) -> Sql:
    if member.get("node") != "OrderExpr":
        return walk.value(member).sql
    known = {"node", "start", "end", "expr", "order", "nulls", "nulls_order"}
    if further := sorted(member.keys() - known):
        raise walk.error(member, f"{further[0].replace('_', ' ').upper()} is not allowed here")
    nulls = str(member.get("nulls") or member.get("nulls_order") or "").replace("NULLS ", "").upper()
    return Sql(
        "{x}" + (" DESC" if member.get("order") == "DESC" else "") + _NULLS.get(nulls, ""),
        x=walk.position(member["expr"]).sql,
    )
