"""An EventsQuery answered: one statement over the events, and one more for the persons of a page where it has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from itertools import batched
from typing import Any

import orjson

from insights_engine.clickhouse import Cost
from insights_engine.definitions import Definitions
from insights_engine.hogql.events.node import EventsQuery
from insights_engine.hogql.events.rows import with_action, with_person, within
from insights_engine.hogql.events.tree import ALL_FIELDS, without_comments
from insights_engine.hogql.statements.answer import Table, dotted, known_to, run
from insights_engine.hogql.statements.compile import compile_statement
from insights_engine.hogql.statements.scope import Filters
from insights_engine.project import Project
from insights_engine.scan import Scan
from insights_engine.services import Services
from insights_engine.sql import Sql

# Over HTTP, bound values travel in the address of the request.
_PERSONS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Events(Table):
    @property
    def additions(self) -> dict[str, Any]:
        return {**super(Events, self).additions, "types": list(self.types)}


def answer(query: EventsQuery, project: Project, services: Services, now: datetime) -> Events:
    """Raises ValidationError, and Overloaded when ClickHouse hits a limit."""
    query = with_person(query, project, services, now)
    asked = Filters(properties=query.filter, filter_test_accounts=query.filter_test_accounts)
    known, before = known_to(query.tree, asked, project, services)
    known = with_action(known, query.action_id, project, services)
    compiled = compile_statement(query.tree, "", project, known, now, rows=within(query, project, now))
    names = {f"r{place}": (name, None) for place, name in enumerate(query.columns.names)}
    compiled = replace(compiled, columns=query.columns.names, names={**compiled.names, **names})
    table = run(compiled, query, project, services, written(query), before)
    rows, cost = shown(query, table.result, project, services, now)
    own = {field.name: getattr(table, field.name) for field in fields(table)}
    return Events(**own | {"result": rows, "cost": table.cost + cost})


def written(query: EventsQuery) -> str:
    """As a statement; `{filters}` stands for what is asked for beside its expressions."""
    clauses = [
        ("SELECT", ", ".join(query.columns.texts)),
        ("FROM", "events"),
        ("WHERE", " AND ".join([*(f"({without_comments(text)})" for text in query.where), "{filters}"])),
        ("ORDER BY", ", ".join(map(without_comments, query.order_by or ()))),
        ("LIMIT", str(query.limit)),
        ("OFFSET", str(query.offset or "")),
    ]
    return " ".join(f"{word} {text}" for word, text in clauses if text)


def shown(
    query: EventsQuery, rows: Iterable[list[Any]], project: Project, services: Services, now: datetime
) -> tuple[list[list[Any]], Cost]:
    """The rows with objects in the columns that are cells of several values."""
    rows = [list(row) for row in rows]
    places = [place for place, cell in enumerate(query.columns.cells) if cell == "person"]
    numbers = {row[place][0] for row in rows for place in places}
    persons, cost = _persons(sorted(numbers), Scan(project, Definitions(), now), services)
    shapes: dict[str, Callable[[Any], dict[str, Any]]] = {
        "*": lambda cell: _event(cell, project),
        "person": lambda cell: {**persons.get(cell[0], {}), "distinct_id": cell[1]},
        "person_display_name": lambda cell: dict(zip(("display_name", "id", "distinct_id"), cell, strict=True)),
    }
    for place, name in enumerate(query.columns.cells):
        for row in rows if name else ():
            row[place] = shapes[str(name)](row[place])
    return rows, cost


def _event(cell: tuple[Any, ...], project: Project) -> dict[str, Any]:
    event = dict(zip(ALL_FIELDS, cell, strict=True))
    return {**event, "properties": dotted(orjson.loads(event["properties"])), "team_id": project.id}


def _persons(numbers: list[int], scan: Scan, services: Services) -> tuple[dict[int, dict[str, Any]], Cost]:
    found, cost = dict[int, dict[str, Any]](), Cost()
    for part in batched(numbers, _PERSONS_AT_ONCE, strict=False):
        sql = Sql(
            "SELECT person, toString(uuid) AS uuid, created_at, toJSONString(properties) AS properties "
            "{source} AND person IN {persons:Array(UInt32)}",
            source=scan.persons_source(),
            persons=list(part),
        )
        read = services.clickhouse.read(sql, project_id=scan.project.id)
        cost += read.cost
        for row in read.dicts():
            number, properties = row.pop("person"), dotted(orjson.loads(row["properties"]))
            at = row["created_at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            found[number] = {**row, "created_at": at, "properties": properties}
    return found, cost
