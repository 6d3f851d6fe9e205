"""A page of the actors that a statement finds: who of them is wanted, and in which order. Pure.

A statement of actors has rows of (who, event_count, event_distinct_ids): a person's number or a group's key, how many
events they are there for, and some of the distinct ids of these.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from insights_engine.clickhouse import Cost, Rows
from insights_engine.scan import Scan
from insights_engine.sql import TRUE, Sql

# Of one actor; more are not listed.
MAX_DISTINCT_IDS = 100
# What actors can be ordered by; their numbers are in the order in which they were first seen.
ORDERS = {
    "event_count": Sql("event_count"),
    "actor_id": Sql("who"),
    "id": Sql("who"),
    "created_at": Sql("created_at"),
}
_NO_IDS = Sql("CAST([], 'Array(String)')")

Kept = Callable[[Sql], Sql]


def everybody(who: Sql) -> Sql:
    return TRUE


@dataclass(frozen=True, slots=True)
class Wanted:
    """`kept` makes the condition that an actor passes of their number or key.

    `order` is of names of ORDERS, each with whether it descends; what ties is in the order of numbers or keys.
    """

    limit: int = 100
    offset: int = 0
    kept: Kept = everybody
    order: tuple[tuple[str, bool], ...] = (("event_count", True),)
    has_distinct_ids: bool = False


@dataclass(frozen=True, slots=True)
class Actors:
    """A page of (person's number or group's key, number of events, distinct ids of them)."""

    found: list[tuple[Any, int, list[str]]]
    has_more: bool
    cost: Cost


def everyone(scan: Scan) -> Sql:
    """All of the project's persons, each there for nothing."""
    return Sql(
        "SELECT person AS who, toUInt64(0) AS event_count, {ids} AS event_distinct_ids {source}",
        ids=_NO_IDS,
        source=scan.persons_source(),
    )


def distinct_ids(wanted: Wanted, condition: Sql = TRUE) -> Sql:
    """Of an actor's events that pass the condition; none where nobody asks, as reading them takes long."""
    if not wanted.has_distinct_ids:
        return _NO_IDS
    if condition == TRUE:
        return Sql("groupUniqArray({n:UInt32})(distinct_id)", n=MAX_DISTINCT_IDS)
    return Sql("groupUniqArrayIf({n:UInt32})(distinct_id, {c})", n=MAX_DISTINCT_IDS, c=condition)


def page(people: Sql, wanted: Wanted, group_index: int | None, scan: Scan) -> Sql:
    """Those of a statement's actors who pass, one more than asked for: that one says that there is a next page."""
    kept = wanted.kept(Sql("who"))
    source = Sql("({p})", p=people)
    if any(name == "created_at" for name, _ in wanted.order):
        source = _with_creation(people, group_index, scan)
    order = [Sql("{o} DESC" if descends else "{o}", o=ORDERS[name]) for name, descends in wanted.order]
    return Sql(
        "SELECT who, event_count, event_distinct_ids FROM {source}{kept} ORDER BY {order} "
        "LIMIT {limit:UInt64} OFFSET {offset:UInt64}",
        source=source,
        kept=Sql("") if kept == TRUE else Sql(" WHERE {k}", k=kept),
        order=Sql.join(", ", [*order, Sql("who")]),
        limit=wanted.limit + 1,
        offset=wanted.offset,
    )


def _with_creation(people: Sql, group_index: int | None, scan: Scan) -> Sql:
    key, source = Sql("person"), scan.persons_source()
    if group_index is not None:
        key, source = Sql("key"), scan.groups_source(group_index)
    return Sql(
        "({p}) AS found LEFT ANY JOIN (SELECT {key} AS known, created_at {source}) AS known ON who = known",
        p=people,
        key=key,
        source=source,
    )


def found_in(rows: Rows, wanted: Wanted) -> Actors:
    found = [(who, int(count), list(ids)) for who, count, ids in rows.rows]
    return Actors(found[: wanted.limit], len(found) > wanted.limit, rows.cost)
