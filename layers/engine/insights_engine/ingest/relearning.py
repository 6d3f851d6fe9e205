"""Definitions learned from what is stored already: what a database from before definitions has to be brought to.

1. Months are taken from the newest back, and no longer than the time there is: what has not come since is the least
   missed, and is learned when it comes again. Doing it again adds nothing.
2. ClickHouse tells which paths, and of which types, the JSON of each event and day has. Texts are looked at only where
   a property was nothing but text: are they all times?
3. A property with a declared path is stored as text whatever it was. Where it may have been a number, its type is left
   to the next event.
4. What fails is one project's, and is logged: a migration does not hang on it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import batched
from typing import Any

from insights_engine.clickhouse import ClickHouse
from insights_engine.ingest.knowledge import Lesson
from insights_engine.ingest.learning import read, write
from insights_engine.property_types import GROUPS, TIME
from insights_engine.scan import json_path
from insights_engine.services import Services
from insights_engine.sql import Sql
from insights_engine.tables import TEXT_EVENT_PROPERTIES, TYPED_EVENT_PROPERTIES

_SECONDS = 150.0
# Told apart by a few rows, most texts need not be read as a whole.
_SAMPLE = 10_000
# Columns of one statement.
_PATHS = 100
_TYPED = sorted(TYPED_EVENT_PROPERTIES)
# A value of each type, to learn from instead of all that ClickHouse has read.
_A_NUMBER, _A_TIME, _A_TEXT = 0, "2000-01-01", ""
_MINE = "project = {project:UInt32}"
_PROJECTS = Sql(
    "SELECT project FROM (SELECT DISTINCT project FROM events UNION DISTINCT SELECT DISTINCT project FROM persons "
    "UNION DISTINCT SELECT DISTINCT project FROM groups) ORDER BY project"
)

# Path -> the types that its values have, as ClickHouse names them.
Paths = Mapping[str, Sequence[str]]


def learn_stored(services: Services, *, clock: Callable[[], float] = time.monotonic) -> None:
    """All projects' definitions, from the events, persons and groups that ClickHouse has."""
    until = clock() + _SECONDS
    unread = []
    for (project_id,) in services.clickhouse.admin_read(_PROJECTS).rows:
        try:
            is_whole = clock() < until and _project(services, project_id, lambda: clock() < until)
        except Exception as error:
            _log("stored events could not be learned from", project=project_id, why=repr(error)[:500])
            continue
        if not is_whole:
            unread.append(project_id)
    if unread:
        _log("there was no time to learn from all stored events", projects=unread[:1000])


def _project(services: Services, project_id: int, has_time: Callable[[], bool]) -> bool:
    """Whether all of it was read."""
    clickhouse, today = services.clickhouse, services.now().date().isoformat()
    knowledge = read(services, project_id)
    for learn in (_persons, _groups):
        lesson = Lesson(knowledge, today)
        learn(clickhouse, project_id, lesson)
        write(services, project_id, lesson)
    months = Sql(
        "SELECT DISTINCT toYYYYMM(day) AS month FROM events WHERE {mine} ORDER BY month DESC", mine=_mine(project_id)
    )
    for (month,) in clickhouse.admin_read(months).rows:
        if not has_time():
            return False
        lesson = Lesson(knowledge, today)
        _events(clickhouse, Sql("{mine} AND toYYYYMM(day) = {m:UInt32}", mine=_mine(project_id), m=month), lesson)
        write(services, project_id, lesson)
    return True


def _events(clickhouse: ClickHouse, where: Sql, lesson: Lesson) -> None:
    statement = Sql(
        "SELECT event, toString(toDate(ts)), distinctJSONPathsAndTypes(properties), [{typed}] "
        "FROM events WHERE {where} GROUP BY event, toDate(ts)",
        typed=Sql.join(", ", (Sql("count({p}) > 0", p=json_path(name)) for name in _TYPED)),
        where=where,
    )
    rows = clickhouse.admin_read(statement).rows
    dynamic = [_without_typed(paths) for _, _, paths, _ in rows]
    times = _times(clickhouse, Sql("FROM events WHERE {where}", where=where), dynamic)
    for (event, day, _, typed), paths in zip(rows, dynamic, strict=True):
        found = (name for name, is_there in zip(_TYPED, typed, strict=True) if is_there)
        lesson.event(event, day, {name: _A_TEXT if name in TEXT_EVENT_PROPERTIES else None for name in found})
        for values in _values(paths, times):
            lesson.event(event, day, values)


def _persons(clickhouse: ClickHouse, project_id: int, lesson: Lesson) -> None:
    source = Sql("FROM persons FINAL WHERE {mine} AND is_deleted = 0", mine=_mine(project_id))
    _actors(clickhouse, "person", source, lesson)


def _groups(clickhouse: ClickHouse, project_id: int, lesson: Lesson) -> None:
    for index, source in enumerate(GROUPS):
        mine = Sql("FROM groups FINAL WHERE {mine} AND type = {i:UInt8}", mine=_mine(project_id), i=index)
        _actors(clickhouse, source, mine, lesson)


def _actors(clickhouse: ClickHouse, name: str, source: Sql, lesson: Lesson) -> None:
    rows = clickhouse.admin_read(
        Sql(
            "SELECT toString(toDate(created_at)), distinctJSONPathsAndTypes(properties) {source} "
            "GROUP BY toDate(created_at)",
            source=source,
        )
    ).rows
    times = _times(clickhouse, source, [paths for _, paths in rows])
    for day, paths in rows:
        for values in _values(paths, times):
            lesson.values(name, day, values)


def _times(clickhouse: ClickHouse, source: Sql, found: Iterable[Paths]) -> set[str]:
    """The paths whose texts are all times, of those that are nothing but text."""
    types: dict[str, set[str]] = {}
    for paths in found:
        for path, of_path in paths.items():
            types.setdefault(path, set()).update(of_path)
    texts = sorted(path for path, of_path in types.items() if of_path == {"String"})
    sample = Sql("FROM (SELECT properties {source} LIMIT {n:UInt32})", source=source, n=_SAMPLE)
    for rows in (sample, source):
        texts = [path for part in batched(texts, _PATHS, strict=False) for path in _all_times(clickhouse, rows, part)]
    return set(texts)


def _all_times(clickhouse: ClickHouse, source: Sql, paths: Sequence[str]) -> Iterator[str]:
    """A path without any text among the rows may be one of times."""
    one = "max(ifNull(NOT match(dynamicElement({p}, 'String'), {time:String}), 0))"
    each = (Sql(one, p=json_path(_name(path)), time=f"^(?:{TIME})$") for path in paths)
    (others,) = clickhouse.admin_read(Sql("SELECT [{each}] {source}", each=Sql.join(", ", each), source=source)).rows[0]
    return (path for path, has_other in zip(paths, others, strict=True) if not has_other)


def _values(paths: Paths, times: set[str]) -> list[dict[str, Any]]:
    """For each type, a value of it for each property that has it."""
    by_type: dict[str, dict[str, Any]] = {}
    for path, of_path in paths.items():
        for one in of_path:
            by_type.setdefault(one, {})[_name(path)] = _value(one, path in times)
    return list(by_type.values())


def _value(kind: str, is_time: bool) -> Any:
    if kind.startswith(("Int", "UInt", "Float")):
        return _A_NUMBER
    if kind == "Bool":
        return True
    return _A_TIME if is_time else _A_TEXT


def _without_typed(paths: Paths) -> Paths:
    return {path: types for path, types in paths.items() if path not in TYPED_EVENT_PROPERTIES}


def _name(path: str) -> str:
    """The property's name: ClickHouse keeps a dot in it as `%2E`."""
    return path.replace("%2E", ".")


def _mine(project_id: int) -> Sql:
    return Sql(_MINE, project=project_id)


def _log(what: str, **details: object) -> None:
    from insights_engine.log import logger

    logger().warning(what, extra=details)
