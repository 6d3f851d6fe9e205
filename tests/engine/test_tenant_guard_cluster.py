"""On a cluster a table distributes what each node's own table has: that can be named too, and is guarded as well."""

from __future__ import annotations

import pytest
from insights_engine.tables import TENANT_TABLES

from tests.engine.test_tenant_guard import _COUNTS as COUNTS
from tests.engine.test_tenant_guard import MINE, THEIRS, House, house

__all__ = ["house"]


@pytest.mark.parametrize("table", TENANT_TABLES)
def test_a_table_of_one_node_has_the_projects_rows_only(house: House, table: str) -> None:
    house.clickhouse.command(f"CREATE TABLE {table}_local AS {table}")
    try:
        house.clickhouse.command(f"INSERT INTO {table}_local SELECT * FROM {table}")
        assert house.read(f"SELECT project FROM {table}_local") == [MINE] * COUNTS[MINE]
        assert house.read(f"SELECT count() FROM {{db}}.{table}_local WHERE project = {THEIRS} OR true") == [
            COUNTS[MINE]
        ]
    finally:
        house.clickhouse.command(f"DROP TABLE {table}_local SYNC")
