"""Events as the events table has them: page by page, one by one, and the values of their properties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import batched
from typing import Any
from uuid import UUID

import orjson
from insights_acl.access import Access
from insights_engine import definitions
from insights_engine.definitions import Definitions
from insights_engine.errors import NotFound, ValidationError
from insights_engine.filters import MAX_TEXT, parse_filters
from insights_engine.hogql.events.node import EventsQuery
from insights_engine.hogql.events.rows import between, conditions, with_action, with_person
from insights_engine.hogql.statements.answer import dotted
from insights_engine.reads import read_rows
from insights_engine.scan import Scan
from insights_engine.sql import TRUE, Sql, both
from insights_engine.tables import TYPED_EVENT_PROPERTIES

from insights_api import person_lists
from insights_api.event_pages import Pages, Place
from insights_api.person_filters import contains

_MOST_NAMES = 100
# The days that values are looked for in: the second only where the first have none.
_LATELY = (timedelta(days=7), timedelta(days=30))
# A first look goes so far: where events are many, the page is in it, and no more is read.
_NEAR = timedelta(days=1)
# Over HTTP, bound values travel in the address of the request.
_PERSONS_AT_ONCE = 1000
_COLUMNS = (
    "toString(uuid) AS id, toString(event) AS event_name, ts, toUnixTimestamp64Micro(ts) AS at, distinct_id, "
    "elements_chain, toJSONString(properties) AS own"
)


def page(access: Access, pages: Pages) -> tuple[list[dict[str, Any]], str | None]:
    """The events of one page, and the address of the next. Raises ValidationError."""
    pages = replace(pages, query=with_person(pages.query, access.project, access.services, access.now))
    scan = Scan(access.project, _known(access, pages.query), access.now)
    rows: list[dict[str, Any]] = []
    for lower, upper in _ranges(pages):
        wanted = pages.limit + 1 - len(rows)
        rows += _page(access, pages, scan, between(scan, lower, upper), wanted)
        if len(rows) > pages.limit:
            break
    # An event that was sent twice is there twice until ClickHouse has merged its parts.
    found = list({(row["at"], row["id"]): row for row in rows}.values())[: pages.limit]
    has_more = len(rows) > pages.limit
    last = Place(found[-1]["at"], found[-1]["id"]) if found else None
    return _shown(access, found), pages.next(last) if last and has_more else None


def one(access: Access, named: str) -> dict[str, Any]:
    """By uuid. Raises NotFound."""
    try:
        uuid = str(UUID(named))
    except ValueError:
        raise NotFound from None
    scan = Scan(access.project, Definitions(), access.now)
    sql = Sql(
        "SELECT {columns}, {person} AS number FROM events WHERE {mine} AND uuid = {uuid:UUID} ORDER BY ts DESC LIMIT 1",
        columns=Sql(_COLUMNS),
        person=scan.person,
        mine=scan.is_mine,
        uuid=uuid,
    )
    rows = list(access.services.clickhouse.read(sql, project_id=access.project.id).dicts())
    if not rows:
        raise NotFound
    return _shown(access, rows)[0]


def values(access: Access, key: str, part: str, events: Sequence[str], limit: int) -> list[dict[str, Any]]:
    """The values of a property as text and how many events have each, the most frequent first.

    What is longer than a filter's value may be is left out: nobody could ask for it.
    """
    if len(events) > _MOST_NAMES:
        raise ValidationError(f"event_name may be given {_MOST_NAMES} times at most", attr="event_name")
    scan = Scan(access.project, Definitions(), access.now)
    for days in _LATELY:
        sql = Sql(
            "SELECT value AS name, count() AS count FROM (SELECT {text} AS value FROM events "
            "WHERE {mine} AND {lately} AND {named}) "
            "WHERE isNotNull(value) AND lengthUTF8(value) <= {most:UInt32} AND {contains} "
            "GROUP BY value ORDER BY count DESC, name LIMIT {limit:UInt32}",
            text=scan.text("event", key),
            mine=scan.is_mine,
            lately=scan.within(access.now - days, access.now),
            named=Sql("event IN {events:Array(String)}", events=list(events)) if events else TRUE,
            most=MAX_TEXT,
            contains=contains(Sql("value"), part) if part else TRUE,
            limit=limit,
        )
        if found := list(access.services.clickhouse.read(sql, project_id=access.project.id).dicts()):
            return found
    return []


def _known(access: Access, query: EventsQuery) -> Definitions:
    trees = [query.filter]
    if query.filter_test_accounts:
        trees.append(parse_filters(list(access.project.test_account_filters), field="test_account_filters"))
    store, project = access.services.policies, access.project
    named = definitions.cohort_ids(trees)
    known = definitions.load(store, project.id, (), named) if named else Definitions()
    return with_action(known, query.action_id, project, access.services, "action_id")


def _ranges(pages: Pages) -> list[tuple[datetime | None, datetime]]:
    """What is near first, then the rest. Rows that are passed over have to be counted, so then it is one range."""
    lower, upper = pages.bounds
    middle = upper - _NEAR if pages.is_latest_first else (lower + _NEAR if lower else None)
    if middle is None or pages.offset or middle >= upper or (lower and middle <= lower):
        return [(lower, upper)]
    # Each range is without its ends, so one of them holds what is between.
    beside = middle + timedelta(microseconds=1)
    near, far = (middle, upper), (lower, beside)
    return [near, far] if pages.is_latest_first else [(lower, beside), (middle, upper)]


def _page(access: Access, pages: Pages, scan: Scan, within: Sql, wanted: int) -> list[dict[str, Any]]:
    """Those of the page are chosen by narrow columns alone; properties, which are wide, are read of no other event."""
    holds = both(
        conditions(scan, pages.query),
        Sql("distinct_id = {id:String}", id=pages.distinct_id) if pages.distinct_id else TRUE,
        pages.beyond,
    )
    chosen = Sql(
        "SELECT ts, uuid {source} WHERE {mine} AND {within} AND {holds} {order} LIMIT {n:UInt32} OFFSET {m:UInt32}",
        source=scan.from_clause(),
        mine=scan.is_mine,
        within=within,
        holds=holds,
        order=pages.order,
        n=wanted,
        m=pages.offset,
    )
    sql = Sql(
        "SELECT {columns}, {person} AS number FROM events "
        "WHERE {mine} AND {within} AND (ts, uuid) IN ({chosen}) {order}",
        columns=Sql(_COLUMNS),
        person=scan.person,
        mine=scan.is_mine,
        within=within,
        chosen=chosen,
        order=pages.order,
    )
    return list(read_rows(access.services, sql, pages.query, access.project).dicts())


def _shown(access: Access, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    persons: dict[int, dict[str, Any]] = {}
    for part in batched(sorted({row["number"] for row in rows}), _PERSONS_AT_ONCE, strict=False):
        persons |= person_lists.numbered(access, part)
    return [_event(row, persons.get(row["number"])) for row in rows]


def _event(row: dict[str, Any], person: dict[str, Any] | None) -> dict[str, Any]:
    """A declared property that an event has not is null in the stored JSON."""
    own = orjson.loads(row["own"])
    return {
        "id": row["id"],
        "distinct_id": row["distinct_id"],
        "properties": dotted({k: v for k, v in own.items() if v is not None or k not in TYPED_EVENT_PROPERTIES}),
        "event": row["event_name"],
        "timestamp": row["ts"].strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "person": person,
        "elements": [],
        "elements_chain": row["elements_chain"],
    }
