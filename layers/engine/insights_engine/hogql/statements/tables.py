"""The tables that a statement may name: each is a project's view of its rows, one row of TABLES each.

Nothing else can be read. A column is an expression over the stored table, which `sources` puts into a sub-select.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from insights_engine.conditions import people
from insights_engine.hogql.fields import FIELDS
from insights_engine.scan import SESSION_PROPERTIES, Scan
from insights_engine.sql import Sql, both


@dataclass(frozen=True, slots=True)
class Column:
    """`sql` is a template with the hole `local` for the project's time of what is in braces; kinds as in `kinds`."""

    sql: str
    kind: str
    help: str
    is_nullable: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` is the FROM clause and what follows, given further conditions. `properties`: whose those are.

    `has_person`: person_id and person.x are read over the number in the column `person`. `shown` are what `*` is.
    """

    help: str
    columns: dict[str, Column]
    rows: Callable[[Scan, Sql], Sql]
    properties: str = ""
    has_person: bool = False
    further: dict[str, str] = field(default_factory=dict)

    @property
    def fields(self) -> dict[str, str]:
        """Every name and what it is, for the documentation."""
        return {name: column.help for name, column in self.columns.items()} | self.further


def _events(scan: Scan, where: Sql) -> Sql:
    return Sql("{source} WHERE {c}", source=scan.from_clause(), c=both(scan.is_mine, where))


def _sessions(scan: Scan, where: Sql) -> Sql:
    return scan.sessions_source()


def _persons(scan: Scan, where: Sql) -> Sql:
    return scan.persons_source()


def _groups(scan: Scan, where: Sql) -> Sql:
    return Sql("FROM groups FINAL WHERE {mine}", mine=scan.is_mine)


def _distinct_ids(scan: Scan, where: Sql) -> Sql:
    return Sql("{source} WHERE {mine}", source=scan.from_clause("person_distinct_ids FINAL"), mine=scan.is_mine)


def _cohort_people(scan: Scan, where: Sql) -> Sql:
    """Stored lists, and who matches the filters of the others now."""
    members = [
        Sql("SELECT toUInt32({id:UInt32}) AS cohort, person FROM ({people})", id=cohort.id, people=people(scan, cohort))
        for cohort in scan.definitions.cohorts.values()
    ]
    none = Sql("SELECT toUInt32(0) AS cohort, toUInt32(0) AS person WHERE false")
    rows = Sql("({all}) AS members", all=Sql.join(" UNION ALL ", members or [none]))
    return Sql.join(" ", [Sql("FROM {rows}", rows=rows), scan.joins()])


_OF_PERSON = {
    "person_id": "the person's id; also `person.id`",
    "person.properties.x": "a property of the person; also `person.created_at`",
}
_CREATED = Column("{local(created_at)}", "d", "when it was first seen")
_SESSION_KINDS = {"$session_duration": "n", "$start_timestamp": "d", "$end_timestamp": "d"}
_SESSION_KINDS |= {name: "n" for name in SESSION_PROPERTIES if name.endswith("_count")}
_COUNTS, _AT_ENDS = "how many there were in it", "what it had at its begin or end"
_SESSION_HELP = {
    "$session_duration": "seconds from its first to its last event",
    "$start_timestamp": "when its first event was",
    "$end_timestamp": "when its last event was",
}

TABLES: dict[str, Table] = {
    "events": Table(
        "What happened.",
        {},
        _events,
        properties="event",
        has_person=True,
        further=FIELDS | {"properties": "all properties of the event as JSON"},
    ),
    "persons": Table(
        "Who did it, as of now; without those that were deleted or became part of another.",
        {
            "id": Column("toString(uuid)", "s", "the person's id"),
            "created_at": _CREATED,
            "is_identified": Column("CAST(is_identified, 'Bool')", "b", "whether it was ever named by `$identify`"),
        },
        _persons,
        properties="person",
        further={"properties": "all properties as JSON", "properties.x": "one of them"},
    ),
    "person_distinct_ids": Table(
        "Which distinct id is whose.",
        {"distinct_id": Column("distinct_id", "s", "the distinct id, of one person only")},
        _distinct_ids,
        has_person=True,
        further=_OF_PERSON,
    ),
    "groups": Table(
        "Companies, workspaces and other groups.",
        {
            "index": Column("type", "n", "the number of the group's type, from 0"),
            "key": Column("key", "s", "the group's key"),
            "created_at": _CREATED,
        },
        _groups,
        properties="group",
        further={"properties": "all properties as JSON", "properties.x": "one of them"},
    ),
    "sessions": Table(
        "Events of one `$session_id`, taken together; every session is read, whatever is asked of it.",
        {
            "session_id": Column("any(properties.`$session_id`)", "s", "the session's id", is_nullable=True),
            "distinct_id": Column("argMin(distinct_id, ts)", "s", "of its first event"),
            **{
                name: Column(
                    f"{{local({sql})}}" if _SESSION_KINDS.get(name) == "d" else sql,
                    _SESSION_KINDS.get(name, "s"),
                    _SESSION_HELP.get(name, _COUNTS if name.endswith("_count") else _AT_ENDS),
                    is_nullable=name not in _SESSION_KINDS,
                )
                for name, sql in SESSION_PROPERTIES.items()
            },
        },
        _sessions,
        further={"$channel_type": "the kind of source that it came from"},
    ),
    "cohort_people": Table(
        "Who is in which cohort now.",
        {"cohort_id": Column("cohort", "n", "the cohort's number")},
        _cohort_people,
        has_person=True,
        further=_OF_PERSON,
    ),
}
# Names that older statements use for the same.
SYNONYMS = {
    ("persons", "person_id"): "id",
    ("groups", "group_type_index"): "index",
    ("groups", "group_key"): "key",
    ("groups", "group_properties"): "properties",
    ("sessions", "id"): "session_id",
}
