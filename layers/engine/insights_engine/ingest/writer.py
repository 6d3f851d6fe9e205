"""Inserts that lose no batch to one bad row: what ClickHouse refuses is halved until the row is found."""

from __future__ import annotations

import re
from collections.abc import Sequence

from insights_engine.clickhouse import ClickHouse

# ClickHouse's codes for a row that it cannot read. Any other failure is the table's or the server's: nothing is lost,
# the batch comes again.
_ROW_CODES = frozenset({6, 25, 26, 27, 33, 38, 41, 43, 53, 69, 70, 72, 117, 130, 131, 321, 349, 376, 467, 637})
_CODE = re.compile(r"[Cc]ode: (\d+)")


def insert(clickhouse: ClickHouse, table: str, columns: Sequence[str], lines: Sequence[bytes]) -> list[tuple[int, str]]:
    """Insert what ClickHouse takes; gives back the place of each line that it refused, and why."""
    if not lines:
        return []
    from clickhouse_connect.driver.exceptions import ClickHouseError

    try:
        clickhouse.insert_json(table, columns, b"".join(lines))
    except ClickHouseError as error:
        found = _CODE.search(str(error))
        if found is None or int(found.group(1)) not in _ROW_CODES:
            raise
        if len(lines) == 1:
            return [(0, str(error).splitlines()[0][:300])]
        middle = len(lines) // 2
        head = insert(clickhouse, table, columns, lines[:middle])
        tail = insert(clickhouse, table, columns, lines[middle:])
        return head + [(middle + place, why) for place, why in tail]
    return []
