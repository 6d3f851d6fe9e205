"""A statement answered: what it names is loaded, it is compiled, and its rows are shown as they come."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from insights_engine import definitions
from insights_engine.answer import Answer, Preliminary
from insights_engine.definitions import Definitions
from insights_engine.errors import ValidationError
from insights_engine.hogql.parse import Tree, cohorts_in, nodes
from insights_engine.hogql.statements.compile import Compiled, compile_statement
from insights_engine.hogql.statements.node import HogQLQuery
from insights_engine.hogql.statements.parse import filled_text
from insights_engine.hogql.statements.scope import Filters
from insights_engine.project import MAX_GROUP_TYPES, Project
from insights_engine.property_types import learned
from insights_engine.reads import MayHoldExpression, read_rows
from insights_engine.scan import SESSION_PROPERTIES
from insights_engine.services import Services

_COLUMN = re.compile(r"\b(?:t\d+\.c\d+|r\d+)\b")
_NOT_GROUPED = re.compile(r"Column '?(t\d+\.c\d+)'? is not under aggregate function")
# What sessions have is known without having been learned.
_OF_SESSIONS = {
    ("session", name): "UtcTime" if name.endswith("_timestamp") else "Numeric"
    for name in SESSION_PROPERTIES
    if name.endswith(("_count", "_timestamp", "$session_duration"))
}


@dataclass(frozen=True, slots=True)
class Table(Answer):
    """`result` is rows of values in the order of `columns`; `types` are ClickHouse's."""

    columns: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    limit: int = 0
    offset: int = 0
    hogql: str = ""

    @property
    def additions(self) -> dict[str, Any]:
        return {
            "columns": list(self.columns),
            "types": [[name, kind] for name, kind in zip(self.columns, self.types, strict=True)],
            "limit": self.limit,
            "offset": self.offset,
            "hogql": self.hogql,
            "clickhouse": self.sql.text,
        }


def answer(query: HogQLQuery, project: Project, services: Services, now: datetime) -> Table:
    """Raises ValidationError, and Overloaded when ClickHouse hits a limit."""
    known, before = known_to(query.tree, query.filters, project, services)
    compiled = compile_statement(
        query.tree, query.text, project, known, now, values=query.values, filters=query.filters
    )
    hogql = filled_text(query.text, query.tree, query.values, "query")
    return run(compiled, query, project, services, hogql, before)


def run(
    compiled: Compiled,
    query: MayHoldExpression,
    project: Project,
    services: Services,
    hogql: str,
    before: Preliminary | None,
) -> Table:
    try:
        rows = read_rows(services, compiled.sql, query, project)
    except ValidationError as error:
        raise ValidationError(_named_again(error.detail, compiled), attr=error.attr, code=error.code) from error
    shown = list(rows.rows[: compiled.limit])
    return Table(
        list(_with_dots(shown)),
        len(rows.rows) > compiled.limit,
        {},
        compiled.sql,
        rows.cost,
        before=before,
        columns=compiled.columns,
        types=rows.types or compiled.types,
        limit=compiled.limit,
        offset=compiled.offset,
        hogql=hogql,
    )


def _named_again(said: str, compiled: Compiled) -> str:
    """What ClickHouse says, in the statement's own names."""
    if (found := _NOT_GROUPED.search(said)) and found[1] in compiled.names:
        name, at = compiled.names[found[1]]
        place = "" if at is None else f" (at character {at})"
        return f"query: {name} must stand in GROUP BY or inside an aggregate{place}"
    return _COLUMN.sub(lambda found: compiled.names.get(found[0], (found[0],))[0], said)


def known_to(
    tree: Tree, filters: Filters, project: Project, services: Services
) -> tuple[Definitions, Preliminary | None]:
    """The cohorts that a statement names, and the types of the properties that it names."""
    wanted: set[int | str] = {*cohorts_in(tree)}
    if any(one.get("node") == "JoinExpr" and one["table"].get("chain") == ["cohort_people"] for one in nodes(tree)):
        wanted |= definitions.all_cohorts(services.policies, project.id)
    known = definitions.named_by(
        services.policies, project, [filters.properties], cohorts=wanted, without_tests=filters.filter_test_accounts
    )
    types, before = learned(services, project.id, set(_properties(tree)))
    return replace(known, types=types | _of_any_group(types) | _OF_SESSIONS), before


def _of_any_group(types: Mapping[tuple[str, str], str]) -> dict[tuple[str, str], str]:
    """Of the table of all groups: the types of properties that are of one type in every type of group."""
    found: dict[str, set[str]] = {}
    for (source, name), kind in types.items():
        if source.startswith("group"):
            found.setdefault(name, set()).add(kind)
    return {("group", name): kinds.pop() for name, kinds in found.items() if len(kinds) == 1}


def _properties(tree: Tree) -> Iterator[tuple[str, str]]:
    """Every property that may be meant, as it is not known yet whose it is."""
    sources = ["event", "person", *(f"group{index}" for index in range(MAX_GROUP_TYPES))]
    for name in _names(tree):
        yield from ((source, name) for source in sources)


def _names(tree: Tree) -> Iterator[str]:
    for one in nodes(tree):
        if one.get("node") == "Field":
            chain = one["chain"]
            yield from (str(chain[i + 1]) for i, part in enumerate(chain[:-1]) if part == "properties")
        elif one.get("node") == "ArrayAccess" and (one["array"].get("chain") or [""])[-1] == "properties":
            yield str(one["property"].get("value"))


def _with_dots(rows: Iterable[Sequence[Any]]) -> Iterator[list[Any]]:
    """A dot in a property's name is stored as `%2E`, which only whole properties as JSON show."""
    for row in rows:
        yield [_mended(cell) if isinstance(cell, str) and cell[:1] == "{" and "%2E" in cell else cell for cell in row]


def _mended(text: str) -> str:
    try:
        return orjson.dumps(dotted(orjson.loads(text))).decode()
    except orjson.JSONDecodeError:
        return text


def dotted(value: Any) -> Any:
    """Properties by the names that they came with: a dot in one is stored as `%2E`."""
    if isinstance(value, dict):
        return {name.replace("%2E", "."): dotted(inner) for name, inner in value.items()}
    return [dotted(inner) for inner in value] if isinstance(value, list) else value
