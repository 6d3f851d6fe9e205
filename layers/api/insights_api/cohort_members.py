"""Who is in a cohort: stored lists written and read, and the count of either kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import batched
from typing import Any

import orjson
from insights_acl import fields
from insights_acl.access import Access
from insights_engine import definitions, keys
from insights_engine.cohorts import people
from insights_engine.definitions import Cohort
from insights_engine.errors import ValidationError
from insights_engine.scan import Scan
from insights_engine.sql import Sql
from insights_engine.store import Item

from insights_api.people import described

MAX_MEMBERS = 100_000  # of one request
_BATCH = 5_000


def members_sql(access: Access, item: Item) -> Sql:
    """A SELECT of the person numbers. Raises ValidationError for filters that cannot be asked."""
    cohort = Cohort.from_item(item)
    named = definitions.cohort_ids([cohort.filters])
    loaded = definitions.load(access.services.policies, access.project.id, (), named)
    return people(access.project, cohort, loaded, access.now)


def check_references(access: Access, item: Item) -> None:
    """Every cohort that the filters name exists, and none of them leads back here."""
    own, project_id = item["id"], access.project.id
    named = definitions.cohort_ids([Cohort.from_item(item).filters])
    if not named:
        return
    loaded = definitions.load(access.services.policies, project_id, (), named).cohorts
    for cohort in loaded.values():
        if own == cohort.id or own in definitions.cohort_ids([cohort.filters]):
            raise ValidationError("Cohorts cannot reference other cohorts in a loop.", attr="filters")
    absent = sorted(named - loaded.keys() - {own})
    if own in named:
        raise ValidationError("Cohorts cannot reference other cohorts in a loop.", attr="filters")
    if absent:
        detail = f"Cohort {absent[0]} does not exist in this project."
        raise ValidationError(detail, attr="filters", code="does_not_exist")


def count(access: Access, item: Item) -> int:
    """Of the persons that there still are: a stored list may name some that became part of others."""
    members, source = members_sql(access, item), _scan(access).persons_source()
    sql = Sql("SELECT count() {source} AND person IN ({members})", source=source, members=members)
    return int(access.services.clickhouse.read(sql, project_id=access.project.id).rows[0][0])


def numbers(access: Access, item: Item) -> list[int]:
    rows = access.services.clickhouse.read(members_sql(access, item), project_id=access.project.id).rows
    return [row[0] for row in rows]


def of_distinct_ids(access: Access, values: Any, attr: str) -> list[int]:
    """The persons of distinct ids; those that nobody has are left out."""
    given = [fields.text(v, f"{attr}__{i}") for i, v in enumerate(fields.array(values, attr, maximum=MAX_MEMBERS))]
    found = access.services.policies.get_many([keys.distinct_id(access.project.id, v) for v in dict.fromkeys(given)])
    return [item["person"] for item in found if item and "person" in item]


def of_person_ids(access: Access, values: Any, attr: str) -> list[int]:
    """The persons of uuids; those that nobody has are left out."""
    given = [fields.uuid(v, f"{attr}__{i}") for i, v in enumerate(fields.array(values, attr, maximum=MAX_MEMBERS))]
    return list(_matching(access, Sql("toString(uuid)"), given))


def of_emails(access: Access, values: Iterable[str]) -> list[int]:
    return list(_matching(access, Sql("CAST(properties.email, 'Nullable(String)')"), values))


def write(access: Access, cohort_id: int, persons: Iterable[int], *, deleted: bool = False) -> None:
    """The latest row of a person counts, so adding and removing are both inserts."""
    version = int(access.now.timestamp() * 1_000_000)
    fixed = {"project": access.project.id, "cohort": cohort_id, "is_deleted": int(deleted), "version": version}
    lines = [orjson.dumps({**fixed, "person": person}) for person in dict.fromkeys(persons)]
    if lines:
        columns = ("project", "cohort", "person", "is_deleted", "version")
        access.services.clickhouse.insert_json("cohort_people", columns, b"\n".join(lines))


def page_of_persons(access: Access, item: Item, limit: int, offset: int) -> list[dict[str, Any]]:
    """One person more than `limit`, where there is one: it says that there is a next page."""
    scan, read = _scan(access), access.services.clickhouse.read
    sql = Sql(
        "SELECT person, toString(uuid) AS id, created_at, toJSONString(properties) AS properties "
        "{source} AND person IN ({members}) ORDER BY person LIMIT {limit:UInt64} OFFSET {offset:UInt64}",
        source=scan.persons_source(),
        members=members_sql(access, item),
        limit=limit + 1,
        offset=offset,
    )
    found = list(read(sql, project_id=access.project.id).dicts())
    return [person["shown"] for person in described(access, found)]


def _matching(access: Access, column: Sql, values: Iterable[str]) -> Iterator[int]:
    scan = _scan(access)
    for batch in batched(dict.fromkeys(values), _BATCH, strict=False):
        sql = Sql(
            "SELECT person {source} AND {column} IN {values:Array(String)}",
            source=scan.persons_source(),
            column=column,
            values=list(batch),
        )
        yield from (row[0] for row in access.services.clickhouse.read(sql, project_id=access.project.id).rows)


def _scan(access: Access) -> Scan:
    return Scan(access.project, definitions.Definitions(), access.now)
