"""A statement as one SELECT over a project's rows, with a limit. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from insights_engine.definitions import Definitions
from insights_engine.errors import ValidationError, attr_of
from insights_engine.hogql.kinds import Typed
from insights_engine.hogql.statements.limits import whole
from insights_engine.hogql.statements.parse import fill
from insights_engine.hogql.statements.scope import Filters, Node, Statement
from insights_engine.hogql.statements.select import printed
from insights_engine.project import Project
from insights_engine.scan import Scan
from insights_engine.sql import Sql, Written

_TYPES = {"n": "Float64", "s": "String", "p": "String", "d": "DateTime64(6)", "b": "Bool", "null": "Nothing"}
DEFAULT_LIMIT, MAX_LIMIT = 100, 50_000


@dataclass(frozen=True, slots=True)
class Compiled:
    """`sql` asks for one row more than `limit`, which tells whether there are more; `columns` are their names."""

    sql: Sql
    columns: tuple[str, ...]
    limit: int
    offset: int
    # Columns of the SQL, as the statement calls them, and where.
    names: Mapping[str, tuple[str, int | None]]
    # What the columns will be, for an answer without rows, of which an embedded ClickHouse says nothing.
    types: tuple[str, ...]


def compile_statement(
    tree: Node,
    text: str,
    project: Project,
    definitions: Definitions,
    now: datetime,
    *,
    values: Mapping[str, Any] | None = None,
    filters: Filters | None = None,
    rows: Callable[[Scan], Sql] | None = None,
    field: str = "query",
) -> Compiled:
    """Raises ValidationError with the place of what is wrong; `text` is what the tree was parsed from.

    `rows`: what must hold of the events that the outermost SELECT reads.
    """
    statement = Statement(project, definitions, now, filters or Filters(), field, rows)
    try:
        return _compiled(tree, text, statement, values or {})
    except RecursionError:
        raise ValidationError(f"{field}: the statement is nested too deep", attr=attr_of(field)) from None


def _compiled(tree: Node, text: str, statement: Statement, values: Mapping[str, Any]) -> Compiled:
    filled = fill(tree, values, statement.place)
    limit, offset = _limit(statement, filled, "limit"), _limit(statement, filled, "offset") or 0
    most = DEFAULT_LIMIT if limit is None else min(limit, MAX_LIMIT)
    if filled.get("limit_with_ties"):
        most = MAX_LIMIT
        made = printed(statement, text, filled, {}, 0)
        columns = Sql(", ".join(f"r{place}" for place in range(len(made.columns))))
        sql = Sql("SELECT {c} FROM ({s}) {limit}", c=columns, s=made.sql, limit=Sql(f"LIMIT {most + 1}"))
    else:
        bare = {name: part for name, part in filled.items() if name not in ("limit", "offset")}
        made = printed(statement, text, bare, {}, 0)
        sql = Sql("{s} " + f"LIMIT {most + 1}" + (f" OFFSET {offset}" if offset else ""), s=made.sql)
    names = tuple(name for name, _ in made.columns)
    called = statement.names | {f"r{place}": (name, None) for place, name in enumerate(names)}
    types = tuple(_type(typed) for _, typed in made.columns)
    return Compiled(Sql.of((Written(statement.place), *sql.parts)), names, most, offset, called, types)


def _type(typed: Typed) -> str:
    plain = _TYPES.get(typed.kind, "String")
    return f"Nullable({plain})" if typed.is_nullable and typed.kind in _TYPES else plain


def _limit(statement: Statement, tree: Node, part: str) -> int | None:
    return whole(statement, tree[part], part.upper()) if tree.get(part) else None
