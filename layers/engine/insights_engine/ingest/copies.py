"""The copies of persons, distinct ids, merges and groups in ClickHouse, which queries read.

Versions make the order of writes irrelevant, so that two consumers, or one that repeats itself, end in the same rows:
a person's is that of its item in the policies store; the one of a distinct id and of a merge grows by a step each time
that the person it points to is merged into another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import batched
from typing import Any

from insights_engine import keys
from insights_engine.ingest.groups import Group
from insights_engine.ingest.identity import Resolution
from insights_engine.ingest.persons import Person
from insights_engine.ingest.rows import json_lines, stored_properties
from insights_engine.ingest.writer import insert
from insights_engine.services import Services
from insights_engine.store import ConflictError, Store

_ATTEMPTS = 20
# Bound to one statement: over HTTP they travel in the address.
_MOVES = 2000


def copy_persons(services: Services, project_id: int, resolution: Resolution, *, everything: bool) -> None:
    """Copy what the run changed; `everything` that it saw, where an earlier try may have died before its copies.

    Merges come last, and only after them the policies store learns that they were copied.
    """
    numbers = resolution.persons.keys() if everything else resolution.changed
    ids = resolution.ids.keys() if everything else resolution.new_ids
    _insert(services, "persons", (_person(project_id, resolution.persons[n]) for n in numbers))
    _insert(
        services,
        "person_distinct_ids",
        ({"project": project_id, "distinct_id": i, "person": resolution.ids[i], "version": 1} for i in ids),
    )
    _copy_merges(services, project_id, resolution)


def copy_groups(services: Services, project_id: int, groups: Iterable[Group]) -> None:
    _insert(
        services,
        "groups",
        (
            {
                "project": project_id,
                "type": group.index,
                "key": group.key,
                "created_at": group.created_at,
                "properties": stored_properties(group.properties),
                "version": group.version,
            }
            for group in groups
        ),
    )


def set_pending_merges(store: Store, project_id: int, value: bool) -> None:
    for _ in range(_ATTEMPTS):
        item = store.get(*keys.project(project_id))
        if item is None or bool(item.get("has_pending_merges")) == value:
            return
        version = item.get("version")
        try:
            store.put(
                {**item, "has_pending_merges": value, "version": (version or 0) + 1},
                "present" if version is None else version,
            )
        except ConflictError:
            continue
        return
    raise ConflictError(f"Project {project_id} is being changed by others")


def repoint_distinct_ids(services: Services, project_id: int, moves: Sequence[tuple[int, int, int]]) -> None:
    """(number, survivor, steps between them): ids that are copied under the number go to its survivor."""
    services.clickhouse.command(
        "INSERT INTO person_distinct_ids (project, distinct_id, person, version) SELECT project, distinct_id, "
        "transform(person, {gone:Array(UInt32)}, {kept:Array(UInt32)}), "
        "version + transform(person, {gone:Array(UInt32)}, {steps:Array(UInt64)}) "
        "FROM person_distinct_ids FINAL WHERE project = {project:UInt32} AND person IN {gone:Array(UInt32)}",
        _columns(project_id, moves),
    )


def _copy_merges(services: Services, project_id: int, resolution: Resolution) -> None:
    if not resolution.merged:
        return
    set_pending_merges(services.policies, project_id, True)
    moves = _moves(services.policies, project_id, resolution.merged.values())
    _insert(services, "persons", (_person(project_id, person) for person in resolution.merged.values()))
    for part in batched(moves, _MOVES, strict=False):
        repoint_distinct_ids(services, project_id, part)
        _copy_cohorts(services, project_id, part)
    _insert(
        services,
        "person_merges",
        (
            {"project": project_id, "person": gone, "survivor": kept, "is_deleted": 0, "version": steps}
            for gone, kept, steps in moves
        ),
    )
    # A squash that ended meanwhile may have cleared the flag again.
    set_pending_merges(services.policies, project_id, True)


def _moves(store: Store, project_id: int, merged: Iterable[Person]) -> list[tuple[int, int, int]]:
    """All that the survivors, as they are now, absorbed: what pointed at one of these points at them from now on."""
    roots = _heads(store, project_id, [person.number for person in merged]).values()
    return sorted({(number, root.number, steps) for root in roots for number, steps in root.absorbed})


def _heads(store: Store, project_id: int, numbers: Iterable[int]) -> dict[int, Person]:
    """The person that each number has become, by the store."""
    heads: dict[int, Person] = {}
    at = {number: number for number in numbers}
    while at:
        items = store.get_many([keys.person(project_id, number) for number in at.values()])
        following: dict[int, int] = {}
        for (start, number), item in zip(at.items(), items, strict=True):
            if item is None:
                continue
            person = Person.from_item(number, item)
            if person.merged_into:
                following[start] = person.merged_into
            else:
                heads[start] = person
        at = following
    return heads


def _copy_cohorts(services: Services, project_id: int, moves: Sequence[tuple[int, int, int]]) -> None:
    """The survivor is in each cohort that a merged person was in, until the cohort is calculated again."""
    services.clickhouse.command(
        "INSERT INTO cohort_people (project, cohort, person, is_deleted, version) SELECT project, cohort, "
        "transform(person, {gone:Array(UInt32)}, {kept:Array(UInt32)}) AS survivor, 0, max(version) FROM "
        "(SELECT * FROM cohort_people FINAL WHERE project = {project:UInt32} AND person IN {gone:Array(UInt32)}) "
        "WHERE is_deleted = 0 GROUP BY project, cohort, survivor",
        _columns(project_id, moves),
    )


def _columns(project_id: int, moves: Sequence[tuple[int, int, int]]) -> dict[str, Any]:
    gone, kept, steps = (list(column) for column in zip(*moves, strict=True))
    return {"project": project_id, "gone": gone, "kept": kept, "steps": steps}


def _person(project_id: int, person: Person) -> dict[str, Any]:
    return {
        "project": project_id,
        "person": person.number,
        "uuid": person.uuid,
        "created_at": person.created_at,
        "is_identified": int(person.is_identified),
        "properties": stored_properties(person.properties),
        "is_deleted": int(person.merged_into is not None),
        "version": person.version,
    }


def _insert(services: Services, table: str, rows: Iterable[dict[str, Any]]) -> None:
    rows = list(rows)
    if not rows:
        return
    lines = json_lines(rows)
    refused = insert(services.clickhouse, table, list(rows[0]), lines)
    if refused:
        from insights_engine.log import logger

        logger().warning("ClickHouse refused rows", extra={"table": table, "rows": len(refused), "why": refused[0][1]})
        _insert_bare(services, table, [rows[place] for place, _ in refused])


def _insert_bare(services: Services, table: str, rows: list[dict[str, Any]]) -> None:
    """A person or a group whose properties cannot be stored still has its row, so that it is found."""
    lines = json_lines([{**row, "properties": {}} for row in rows if "properties" in row])
    if lines:
        insert(services.clickhouse, table, list(rows[0]), lines)
