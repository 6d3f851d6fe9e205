"""Persons and groups as answers describe them, read by the numbers and keys that queries give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from insights_acl.access import Access
from insights_engine import definitions
from insights_engine.scan import Scan
from insights_engine.sql import Sql

# Best first: the first that a person has is its name.
NAMING_PROPERTIES = ("email", "name", "username")


def persons(access: Access, numbers: Sequence[int]) -> dict[int, dict[str, Any]]:
    """By number; persons that there are no longer are left out."""
    if not numbers:
        return {}
    sql = Sql(
        "SELECT person, toString(uuid) AS id, created_at, toJSONString(properties) AS properties "
        "{source} AND person IN {persons:Array(UInt32)}",
        source=_scan(access).persons_source(),
        persons=list(numbers),
    )
    rows = list(access.services.clickhouse.read(sql, project_id=access.project.id).dicts())
    return {person["number"]: person["shown"] for person in described(access, rows)}


def described(access: Access, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """`{"number", "shown"}` of rows of (person, id, created_at, properties), in their order."""
    if not rows:
        return []
    scan = _scan(access)
    ids = Sql(
        "SELECT {owner} AS owner, arraySort(groupArray(distinct_id)) FROM person_distinct_ids FINAL "
        "WHERE {mine} AND owner IN {persons:Array(UInt32)} GROUP BY owner",
        owner=scan.person,  # an id that was copied while its person was merged away still has that number
        mine=scan.is_mine,
        persons=[row["person"] for row in rows],
    )
    names = {row[0]: list(row[1]) for row in access.services.clickhouse.read(ids, project_id=access.project.id).rows}
    return [{"number": row["person"], "shown": _person(row, names.get(row["person"], []))} for row in rows]


def groups(access: Access, index: int, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
    """By key; a group of which nothing is known but its key has no properties."""
    sql = Sql(
        "SELECT key, created_at, toJSONString(properties) AS properties {source} AND key IN {keys:Array(String)}",
        source=_scan(access).groups_source(index),
        keys=list(keys),
    )
    found = {}
    if keys:
        rows = access.services.clickhouse.read(sql, project_id=access.project.id)
        found = {row["key"]: row for row in rows.dicts()}
    return {key: _group(key, index, found.get(key)) for key in keys}


def _person(row: dict[str, Any], distinct_ids: list[str]) -> dict[str, Any]:
    properties = _with_dots(orjson.loads(row["properties"]))
    named = next((str(properties[key]) for key in NAMING_PROPERTIES if properties.get(key)), None)
    return {
        "type": "person",
        "id": row["id"],
        "uuid": row["id"],
        "name": named or (distinct_ids[0] if distinct_ids else row["id"]),
        "distinct_ids": distinct_ids,
        "properties": properties,
        "created_at": _moment(row),
    }


def _group(key: str, index: int, row: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "type": "group",
        "id": key,
        "group_key": key,
        "group_type_index": index,
        "properties": _with_dots(orjson.loads(row["properties"])) if row else {},
        "created_at": _moment(row) if row else None,
    }


def _moment(row: dict[str, Any]) -> str:
    return str(row["created_at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ"))


def _with_dots(value: Any) -> Any:
    """A dot in a name is stored as `%2E`, so that it makes no level."""
    if isinstance(value, dict):
        return {name.replace("%2E", "."): _with_dots(inner) for name, inner in value.items()}
    return [_with_dots(inner) for inner in value] if isinstance(value, list) else value


def _scan(access: Access) -> Scan:
    return Scan(access.project, definitions.Definitions(), access.now)
