"""The lists of docs/hogql.md that are tables of the code."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from insights_engine.hogql.functions import (
    COUNTED,
    FUNCTIONS,
    IN_STATEMENTS,
    PARAMETRIC,
    SEVERAL,
    WINDOWS,
    Function,
)
from insights_engine.hogql.statements.compile import DEFAULT_LIMIT, MAX_LIMIT
from insights_engine.hogql.statements.joins import JOINS
from insights_engine.hogql.statements.node import MOST_VALUES
from insights_engine.hogql.statements.parse import MAX_LENGTH, MAX_TOKENS
from insights_engine.hogql.statements.scope import MAX_DEPTH, MAX_NODES, MAX_SOURCES
from insights_engine.hogql.statements.select import MAX_COLUMNS
from insights_engine.hogql.statements.tables import SYNONYMS, TABLES


def _tables() -> str:
    parts = []
    for name, table in TABLES.items():
        rows = "\n".join(f"| `{field}` | {what} |" for field, what in table.fields.items())
        parts.append(f"### `{name}`\n\n{table.help}\n\n| field | what it is |\n| --- | --- |\n{rows}")
    older = ", ".join(f"`{table}.{name}` is `{now}`" for (table, name), now in SYNONYMS.items())
    return "\n\n".join(parts) + f"\n\nOlder names: {older}."


def _functions() -> str:
    return "\n\n".join(
        [
            _calls("Aggregates", (one for one in FUNCTIONS.values() if one.is_aggregate)),
            _calls("Only in statements", IN_STATEMENTS.values()),
            _calls("Only with OVER", WINDOWS.values()),
        ]
    )


def _calls(title: str, functions: Iterable[Function]) -> str:
    return f"**{title}**: {', '.join(map(_call, functions))}."


def _call(function: Function) -> str:
    gives = {"=first": "="}.get(function.gives, function.gives)
    name, share = function.name, ""
    if name in PARAMETRIC:
        share = "(count)" if name in COUNTED else "(shares)" if name in SEVERAL else "(share)"
    return f"`{name}{share}({', '.join(function.takes)}) → {gives}`"


def _scalars() -> str:
    """How many there are, and the groups that expressions.md lists them in."""
    found = [one for one in FUNCTIONS.values() if not one.is_aggregate]
    groups = dict.fromkeys(one.group.lower() for one in found)
    return (
        f"{len(found)} functions of single values, in [expressions.md](expressions.md#functions): {', '.join(groups)}."
    )


def _joins() -> str:
    return ", ".join(f"`{name}`" for name in JOINS) + "."


def _limits() -> str:
    rows = (
        ("rows of an answer, without a `LIMIT`", DEFAULT_LIMIT),
        ("rows of an answer, and of a file", MAX_LIMIT),
        ("characters of a statement", MAX_LENGTH),
        ("words and signs of a statement", MAX_TOKENS),
        ("`SELECT`s within each other", MAX_DEPTH),
        ("tables and sub-selects", MAX_SOURCES),
        ("columns of a `SELECT`, once `*` is written out", MAX_COLUMNS),
        ("parts of a statement, once its `WITH` clauses are written out", MAX_NODES),
        ("values of placeholders", MOST_VALUES),
    )
    lines = "\n".join(f"| {what} | {most:,} |" for what, most in rows)
    return f"| what | at most |\n| --- | --- |\n{lines}"


LISTS: dict[str, Callable[[], str]] = {
    "tables": _tables,
    "functions": _functions,
    "scalars": _scalars,
    "joins": _joins,
    "limits": _limits,
}
