"""Persons as the persons table has them: found by filters, counted by property, and held against cohorts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import batched
from typing import Any
from uuid import UUID

from insights_acl.access import Access
from insights_engine import definitions, person_numbers
from insights_engine.conditions import people, person_matches
from insights_engine.definitions import Cohort, Definitions
from insights_engine.errors import NotFound, ValidationError
from insights_engine.filters import MAX_TEXT
from insights_engine.scan import Scan, person_text
from insights_engine.sql import TRUE, Sql
from insights_engine.store import Item

from insights_api.cursors import Order, Page, Walk
from insights_api.objects import object_id
from insights_api.people import described
from insights_api.person_filters import chosen_by, contains

ORDER = Order("persons", "person", "UInt32")
MAX_NAMES = 1000
_COHORTS_AT_ONCE = 50


def page(access: Access, walk: Walk) -> Page:
    """The persons of one page, as answers show them.

    Those of the page are chosen by narrow columns alone; properties, which are wide, are read of no other person.
    """
    scan, holds = chosen_by(access, walk.request.query_params)
    nearest = Sql(
        "SELECT person {source} AND ({holds}) AND {beyond} {order} {range}",
        source=scan.persons_source(),
        holds=holds,
        beyond=walk.condition,
        order=walk.nearest_first,
        range=walk.range,
    )
    found = walk.page(_rows(access, nearest, walk.nearest_first))
    return found._replace(rows=_shown(access, found.rows))


def one(access: Access, named: str) -> dict[str, Any]:
    """By uuid or number. A person that became part of another is that one. Raises NotFound."""
    rows = _rows(access, Sql("{person:UInt32}", person=_number_of(access, named)))
    if not rows:
        raise NotFound
    return _shown(access, rows)[0]


def numbered(access: Access, numbers: Sequence[int]) -> dict[int, dict[str, Any]]:
    """By number; persons that there are no longer are left out."""
    rows = _rows(access, Sql("{persons:Array(UInt32)}", persons=list(numbers))) if numbers else []
    return dict(zip((row["person"] for row in rows), _shown(access, rows), strict=True))


def values(access: Access, key: str, part: str, limit: int) -> list[dict[str, Any]]:
    """The values of a property as text and how many persons have each, the most frequent first.

    What is longer than a filter's value may be is left out: nobody could ask for it.
    """
    sql = Sql(
        "SELECT value AS name, count() AS count FROM (SELECT {text} AS value {source}) "
        "WHERE isNotNull(value) AND lengthUTF8(value) <= {most:UInt32} AND {contains} "
        "GROUP BY value ORDER BY count DESC, name LIMIT {limit:UInt32}",
        text=person_text(key),
        source=_scan(access).persons_source(),
        most=MAX_TEXT,
        contains=contains(Sql("value"), part) if part else TRUE,
        limit=limit,
    )
    return _read(access, sql)


def properties(access: Access) -> list[dict[str, Any]]:
    """The names of properties and how many persons have each, the most frequent first."""
    sql = Sql(
        "SELECT replaceAll(path, '%2E', '.') AS name, count() AS count "
        "FROM (SELECT arrayJoin(JSONAllPaths(properties)) AS path {source}) "
        "GROUP BY name ORDER BY count DESC, name LIMIT {limit:UInt32}",
        source=_scan(access).persons_source(),
        limit=MAX_NAMES,
    )
    return _read(access, sql)


def cohorts_of(access: Access, named: str, cohorts: Sequence[Item]) -> list[Item]:
    """Those of `cohorts` that a person is in now. One whose filters cannot be asked any more has nobody in it.

    Raises NotFound for a person that is not there.
    """
    number, source = _number_of(access, named), _scan(access).persons_source()
    if not _read(access, Sql("SELECT person {source} AND person = {person:UInt32}", source=source, person=number)):
        raise NotFound
    wanted = [Cohort.from_item(item) for item in cohorts]
    store, project_id = access.services.policies, access.project.id
    loaded = definitions.load(store, project_id, (), definitions.cohort_ids(one.filters for one in wanted))
    held = list(_memberships(_scan(access, loaded), wanted))
    inside: list[int] = []
    for part in batched(held, _COHORTS_AT_ONCE, strict=False):
        inside += _inside(access, Sql("{source} AND person = {p:UInt32}", source=source, p=number), part)
    return [item for item in cohorts if item["id"] in inside]


def _inside(access: Access, of_person: Sql, held: Sequence[tuple[int, Sql]]) -> list[int]:
    """The ids of the conditions that hold. One that ClickHouse cannot read, as a regular expression may be, does not:
    it is found by asking of halves."""
    sql = Sql(
        "SELECT arrayFilter((id, holds) -> holds, {ids:Array(UInt32)}, [{holds}]) AS inside {of_person}",
        ids=[cohort_id for cohort_id, _ in held],
        holds=Sql.join(", ", (Sql("toBool(ifNull({h}, false))", h=holds) for _, holds in held)),
        of_person=of_person,
    )
    try:
        return [cohort_id for row in _read(access, sql) for cohort_id in row["inside"]]
    except ValidationError:
        middle = len(held) // 2
        parts = (held[:middle], held[middle:]) if middle else ()
        return [cohort_id for part in parts for cohort_id in _inside(access, of_person, part)]


def _memberships(scan: Scan, cohorts: Sequence[Cohort]) -> Iterator[tuple[int, Sql]]:
    for cohort in cohorts:
        with suppress(ValidationError):
            yield cohort.id, _is_member(scan, cohort)


def _is_member(scan: Scan, cohort: Cohort) -> Sql:
    if cohort.is_static:
        return Sql("person IN ({members})", members=people(scan, cohort))
    return person_matches(scan, cohort.filters)


def _number_of(access: Access, named: str) -> int:
    """The number of a person that may be there. Raises NotFound for what is neither a uuid nor a number."""
    services = access.services
    try:
        uuid = UUID(named)
    except ValueError:
        return person_numbers.survivor(services.policies, access.project.id, object_id(named))
    if number := person_numbers.of_uuid(_scan(access), services, uuid):
        return number
    raise NotFound


def _rows(access: Access, chosen: Sql, order: Sql | None = None) -> list[dict[str, Any]]:
    sql = Sql(
        "SELECT person, toString(uuid) AS id, created_at, toUnixTimestamp64Micro(created_at) AS at, is_identified, "
        "toJSONString(properties) AS properties {source} AND person IN ({chosen}) {order}",
        source=_scan(access).persons_source(),
        chosen=chosen,
        order=order or Sql(""),
    )
    return _read(access, sql)


def _shown(access: Access, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """When a person was last seen would take a look at all of the project's events: it is always null."""
    return [
        {**person["shown"], "is_identified": bool(row["is_identified"]), "last_seen_at": None}
        for person, row in zip(described(access, rows), rows, strict=True)
    ]


def _read(access: Access, sql: Sql) -> list[dict[str, Any]]:
    return list(access.services.clickhouse.read(sql, project_id=access.project.id).dicts())


def _scan(access: Access, loaded: Definitions | None = None) -> Scan:
    return Scan(access.project, loaded or Definitions(), access.now)
