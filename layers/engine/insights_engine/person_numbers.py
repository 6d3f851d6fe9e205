"""The number of a person that is named from outside, whoever that person has become."""

from __future__ import annotations

from uuid import UUID

from insights_engine import keys
from insights_engine.scan import Scan
from insights_engine.services import Services
from insights_engine.sql import Sql
from insights_engine.store import Store

# Of no person: numbers are given from 1 on.
NOBODY = 0


def of_uuid(scan: Scan, services: Services, uuid: UUID) -> int:
    """NOBODY where there is none. One that became part of another is that one."""
    sql = Sql(
        "SELECT person FROM persons FINAL WHERE {mine} AND uuid = {uuid:UUID} ORDER BY is_deleted, person LIMIT 1",
        mine=scan.is_mine,
        uuid=str(uuid),
    )
    rows = services.clickhouse.read(sql, project_id=scan.project.id).rows
    return survivor(services.policies, scan.project.id, int(rows[0][0])) if rows else NOBODY


def survivor(store: Store, project_id: int, number: int) -> int:
    """Merges are remembered in the policies store, also those that are written into the events already."""
    while (item := store.get(*keys.person(project_id, number))) and item.get("merged_into"):
        number = int(item["merged_into"])
    return number
