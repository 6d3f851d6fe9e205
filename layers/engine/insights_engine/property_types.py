"""The types of properties, learned as events come in: one bit a type, so that what was seen at two places is their OR.

A property is of a type where each of its values was of that one; what came in several types is String, as every value
can be read as text. A property that was always null has no type.
"""

from __future__ import annotations

from collections.abc import Collection

from insights_engine.answer import Preliminary
from insights_engine.definitions import Definitions
from insights_engine.project import MAX_GROUP_TYPES, Project
from insights_engine.scan import Scan
from insights_engine.services import Services
from insights_engine.sql import Sql

NUMERIC, BOOLEAN, DATETIME, STRING = 1, 2, 4, 8
TYPES = {NUMERIC: "Numeric", BOOLEAN: "Boolean", DATETIME: "DateTime", STRING: "String"}
# Where a property can be; the number of a group is its type's.
GROUPS = tuple(f"group{index}" for index in range(MAX_GROUP_TYPES))
SOURCES = ("event", "person", *GROUPS)
# The texts that are times: a date of ISO 8601, alone or with a time, whatever of seconds and zone it gives. In the
# syntax that Python and ClickHouse share.
TIME = (
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    r"(?:[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_WHY = "what a property is compared as is what its values were when they came in, so its type is looked up first"


def type_of(types: int) -> str | None:
    """The type of what was seen; None where nothing but null was."""
    return TYPES.get(types, "String") if types else None


def learned(
    services: Services, project_id: int, wanted: Collection[tuple[str, str]]
) -> tuple[dict[tuple[str, str], str], Preliminary | None]:
    """The type of each (source, name) that has one, and what it cost to ask; nothing is asked for nothing.

    What is not known, or has no type, is left out. Raises what `ClickHouse.read` raises.
    """
    if not wanted:
        return {}, None
    statement = Sql(
        "SELECT source, name, groupBitOr(types) FROM property_definitions WHERE {mine} "
        "AND source IN {sources:Array(String)} AND name IN {names:Array(String)} GROUP BY source, name",
        mine=Scan(Project(project_id), Definitions(), services.now()).is_mine,
        sources=sorted({source for source, _ in wanted}),
        names=sorted({name for _, name in wanted}),
    )
    found = services.clickhouse.read(statement, project_id=project_id)
    types = {(source, name): kind for source, name, seen in found.rows if (kind := type_of(seen))}
    return {key: types[key] for key in wanted if key in types}, Preliminary(statement, found.cost, _WHY)
