"""The read of one project's events: its columns, properties, joins and conditions. Pure.

Every SELECT over tenants' rows is built here, so the project's id is put into SQL in this module alone. A `Scan` is
one such SELECT in the making: what it is asked for beyond the event's own columns becomes a join of its FROM clause.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import cached_property
from typing import NamedTuple

from insights_engine.channels import Origin, channel
from insights_engine.dates import END_OF_DAY
from insights_engine.definitions import Definitions
from insights_engine.errors import ValidationError, attr_of, unknown
from insights_engine.project import Project
from insights_engine.sql import TRUE, Sql, both, identifier
from insights_engine.tables import TYPED_EVENT_PROPERTIES

_MICRO = 1_000_000


class Metadata(NamedTuple):
    """`sql` is text, NULL where it is missing, of the event or, `of_person`, of the row of its person."""

    sql: str
    help: str
    of_person: bool = False


# What filters and breakdowns of type event_metadata may name.
EVENT_METADATA = {
    "event": Metadata("toString(event)", "name of the event"),
    "distinct_id": Metadata("distinct_id", "the id that it came with"),
    "timestamp": Metadata("toString({local})", "its time in the project's zone, as `2026-03-01 14:05:00.000000`"),
    "uuid": Metadata("toString(uuid)", "its own id"),
    "$session_id": Metadata("nullIf(properties.`$session_id`, '')", "id of its session"),
    "person_id": Metadata("toString(uuid)", "id of its person", of_person=True),
    "elements_chain": Metadata("nullIf(elements_chain, '')", "the elements of an autocaptured event"),
    **{f"$group_{i}": Metadata(f"nullIf(toString(group{i}), '')", f"key of its group of type {i}") for i in range(5)},
}

# What a session has, from all of its events.
SESSION_PROPERTIES = {
    "$session_duration": "dateDiff('second', min(ts), max(ts))",
    "$start_timestamp": "min(ts)",
    "$end_timestamp": "max(ts)",
    "$entry_current_url": "argMinIf(properties.`$current_url`, ts, isNotNull(properties.`$current_url`))",
    "$entry_pathname": "argMinIf(properties.`$pathname`, ts, isNotNull(properties.`$pathname`))",
    "$end_current_url": "argMaxIf(properties.`$current_url`, ts, isNotNull(properties.`$current_url`))",
    "$end_pathname": "argMaxIf(properties.`$pathname`, ts, isNotNull(properties.`$pathname`))",
    "$entry_referring_domain": (
        "argMinIf(properties.`$referring_domain`, ts, isNotNull(properties.`$referring_domain`))"
    ),
    "$pageview_count": "countIf(event = '$pageview')",
    "$autocapture_count": "countIf(event = '$autocapture')",
    "$screen_count": "countIf(event = '$screen')",
}


# The properties that a channel type follows from, in the order of Origin's fields.
_ORIGIN = ("$referring_domain", "utm_source", "utm_medium", "utm_campaign", "gclid", "gad_source", "fbclid")


def micros(at: datetime) -> int:
    return round(at.timestamp() * _MICRO)


def json_text(key: str, *, typed: frozenset[str] = frozenset()) -> Sql:
    """A property of a JSON column as Nullable text; a declared path is text already and keeps its dictionary."""
    if not key or "\0" in key:
        return Sql("CAST(NULL, 'Nullable(String)')")
    path = json_path(key)
    return path if key in typed else Sql("CAST({p}, 'Nullable(String)')", p=path)


def json_path(key: str) -> Sql:
    return Sql("properties.{k}", k=identifier(key.replace(".", "%2E")))


@dataclass(slots=True)
class _Join:
    on: Sql
    keys: Sql
    source: Sql
    values: dict[str, tuple[str, Sql]] = field(default_factory=dict)


class Scan:
    def __init__(self, project: Project, definitions: Definitions, now: datetime) -> None:
        self.project = project
        self.definitions = definitions
        self.now = now
        self._joins: dict[str, _Join] = {}

    def __repr__(self) -> str:
        return f"Scan(project={self.project.id}, now={self.now.isoformat()})"

    @cached_property
    def is_mine(self) -> Sql:
        return Sql("project = {project:UInt32}", project=self.project.id)

    @cached_property
    def person(self) -> Sql:
        """The person's number after the merges that the stored rows do not know of yet."""
        if not self.project.has_pending_merges:
            return Sql("person")
        pairs = Sql(
            "(SELECT person, survivor FROM person_merges FINAL WHERE {mine} AND is_deleted = 0 ORDER BY person)",
            mine=self.is_mine,
        )
        return Sql(
            "transform(person, (SELECT groupArray(person) FROM {pairs}), "
            "(SELECT groupArray(survivor) FROM {pairs}), person)",
            pairs=pairs,
        )

    @cached_property
    def days_are_local(self) -> bool:
        """Whether the stored day is the day in the project's zone as it is now."""
        return self.project.days_timezone == self.project.timezone

    @cached_property
    def local(self) -> Sql:
        return Sql("toTimeZone(ts, {zone:String})", zone=self.project.timezone)

    @cached_property
    def day(self) -> Sql:
        return Sql("day") if self.days_are_local else Sql("toDate({local})", local=self.local)

    def group_key(self, index: int) -> Sql:
        """The key of the event's group of a type; empty when it has none."""
        return Sql(f"group{int(index)}")

    # Ranges

    def within(self, lower: datetime, upper: datetime) -> Sql:
        """Events from `lower` through `upper`. Whole days read no time of day; other zones' days prune with room."""
        room = timedelta(days=0 if self.days_are_local else 2)
        days = Sql(
            "day >= {first:Date} AND day <= {last:Date}",
            first=(lower.date() - room).isoformat(),
            last=(upper.date() + room).isoformat(),
        )
        from_midnight = self.days_are_local and lower.timetz().replace(tzinfo=None) == time()
        to_midnight = self.days_are_local and upper.timetz().replace(tzinfo=None) == END_OF_DAY
        after = TRUE if from_midnight else Sql("ts >= fromUnixTimestamp64Micro({at:Int64})", at=micros(lower))
        before = TRUE if to_midnight else Sql("ts <= fromUnixTimestamp64Micro({at:Int64})", at=micros(upper))
        return both(days, after, before)

    def until(self, upper: datetime) -> Sql:
        """All events through `upper`."""
        room = timedelta(days=0 if self.days_are_local else 2)
        return Sql(
            "day <= {last:Date} AND ts <= fromUnixTimestamp64Micro({at:Int64})",
            last=(upper.date() + room).isoformat(),
            at=micros(upper),
        )

    # Properties

    def text(self, kind: str, key: str, group_index: int | None = None, where: str = "property") -> Sql:
        """A property as Nullable(String) of each event read; NULL when missing. Raises for a kind that has none."""
        match kind:
            case "event":
                return json_text(key, typed=TYPED_EVENT_PROPERTIES)
            case "event_metadata":
                return self.metadata(key, where)
            case "person" if key == "distinct_id":
                return Sql("distinct_id")
            case "person":
                return self._joined("persons", self.person, "person", self.persons_source(), person_text(key), key)
            case "group":
                index = require_group_index(group_index, f"{where}.group_type_index")
                source = self.groups_source(index)
                return self._joined(f"group{index}", self.group_key(index), "key", source, json_text(key), key)
            case "session":
                return self._joined(
                    "sessions", Sql("session"), "session", self.sessions_source(), session_text(key, where), key
                )
            case _:
                raise ValidationError(f'{where}: a property of type "{kind}" has no value to read', attr="properties")

    def metadata(self, key: str, where: str = "property") -> Sql:
        if key not in EVENT_METADATA:
            raise unknown(f"{where}.key", key, EVENT_METADATA)
        row = EVENT_METADATA[key]
        value = Sql(row.sql, local=self.local)
        if not row.of_person:
            return value
        return self._joined("persons", self.person, "person", self.persons_source(), value, f"\0{key}")

    def created_at(self, group_index: int | None) -> Sql:
        """When the event's person, or its group of a type, was created; 1970 when there is no such row."""
        value = Sql("created_at")
        if group_index is None:
            return self._joined("persons", self.person, "person", self.persons_source(), value, "\0created_at")
        source = self.groups_source(group_index)
        return self._joined(f"group{group_index}", self.group_key(group_index), "key", source, value, "\0created_at")

    def person_json(self) -> Sql:
        """All properties of the event's person; empty when there is no such row."""
        value = Sql("toJSONString(properties)")
        return self._joined("persons", self.person, "person", self.persons_source(), value, "\0properties")

    def persons_source(self) -> Sql:
        return Sql("FROM persons FINAL WHERE {mine} AND is_deleted = 0", mine=self.is_mine)

    def groups_source(self, index: int) -> Sql:
        return Sql("FROM groups FINAL WHERE {mine} AND type = {index:UInt8}", mine=self.is_mine, index=index)

    def sessions_source(self) -> Sql:
        """Grouped by session: what is selected from it is an aggregate over all events of each session."""
        return Sql("FROM events WHERE {mine} AND session != 0 GROUP BY session", mine=self.is_mine)

    def _joined(self, name: str, on: Sql, keys: str, source: Sql, value: Sql, key: str) -> Sql:
        join = self._joins.setdefault(name, _Join(on, Sql(keys), source))
        column, _ = join.values.setdefault(key, (f"{name}_value{len(join.values)}", value))
        return Sql(column)

    def from_clause(self, table: str = "events") -> Sql:
        """The table, and what is joined to it; call it when everything has been asked."""
        joins = self.joins()
        return Sql("FROM " + table + " {joins}", joins=joins) if joins else Sql("FROM " + table)

    def joins(self) -> Sql:
        """One hash join a table that was asked for."""
        parts = []
        for name, join in self._joins.items():
            values = Sql.join(", ", (Sql("{v} AS " + column, v=value) for column, value in join.values.values()))
            parts.append(
                Sql(
                    "LEFT ANY JOIN (SELECT {keys} AS {key}, {values} {source}) AS {name} ON {on} = {key}",
                    name=Sql(name),
                    key=Sql(f"{name}_key"),
                    keys=join.keys,
                    values=values,
                    source=join.source,
                    on=join.on,
                )
            )
        return Sql.join(" ", parts)


def session_text(key: str, where: str) -> Sql:
    if key == "$channel_type":
        return channel(Origin(*(_at_entry(name) for name in _ORIGIN)))
    if key not in SESSION_PROPERTIES:
        raise unknown(f"{where}.key", key, [*SESSION_PROPERTIES, "$channel_type"])
    return Sql("CAST({v}, 'Nullable(String)')", v=Sql(SESSION_PROPERTIES[key]))


def _at_entry(key: str) -> Sql:
    """A property of the session's first event that has it."""
    value = json_text(key, typed=TYPED_EVENT_PROPERTIES)
    return Sql("argMinIf({v}, ts, isNotNull({v}))", v=value)


def person_text(key: str) -> Sql:
    """A person's property, or one that follows from others."""
    if key == "$virt_initial_channel_type":
        return channel(Origin(*(json_text(f"$initial_{name.removeprefix('$')}") for name in _ORIGIN)))
    return json_text(key)


def is_plain(key: str) -> bool:
    """Whether a person's property is one that is stored, not one that follows from others or cannot be."""
    return bool(key) and "\0" not in key and key != "$virt_initial_channel_type"


def require_group_index(index: int | None, field: str) -> int:
    if index is None:
        raise ValidationError(f"{field} is required to tell which group", attr=attr_of(field))
    return index
