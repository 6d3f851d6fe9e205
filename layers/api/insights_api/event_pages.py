"""Which events a list is asked for, and where a page of it ends: by the time, and by the uuid where that is the same.

A cursor is the place of a page's last event; callers hand it back as they got it. Whatever comes in while somebody
walks along `next`, no event is shown twice or left out for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from fastapi import Request
from insights_acl.access import Access
from insights_engine.errors import ValidationError, unknown
from insights_engine.filters import parse_filters
from insights_engine.flat import action_id, flag, json_value
from insights_engine.hogql.events.node import ALL, EventsQuery, person_named
from insights_engine.hogql.events.rows import AHEAD, moment
from insights_engine.sql import TRUE, Sql

from insights_api.cursors import address, invalid, packed, possible, unpacked
from insights_api.pagination import window
from insights_api.person_filters import short_text

MAX_LIMIT = 10_000
_ORDERS = {"-timestamp": True, "timestamp DESC": True, "timestamp": False, "timestamp ASC": False}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Of the year 2148, in microseconds: what ClickHouse's days can hold.
_MOST = 5_600_000_000_000_000
_NAME = "events"


class Place(NamedTuple):
    """Of an event: its time in microseconds since 1970, and its uuid."""

    at: int
    uuid: str


@dataclass(frozen=True, slots=True)
class Pages:
    """`lower` and `upper` are out of the range. `is_latest_first`, or the other way round."""

    request: Request
    project_id: int
    query: EventsQuery
    distinct_id: str | None
    lower: datetime | None
    upper: datetime
    is_latest_first: bool
    limit: int
    offset: int
    place: Place | None

    @classmethod
    def asked(cls, request: Request, access: Access) -> Pages:
        """Raises ValidationError for what cannot be meant."""
        values, project = request.query_params, access.project
        if values.get("select"):
            raise ValidationError("select is not answered here: POST an EventsQuery to query/", attr="select")
        limit, offset = window(request)
        place = _place(unpacked(values["cursor"], _NAME, project.id)) if values.get("cursor") else None
        after, before = values.get("after") or ALL, values.get("before")
        return cls(
            request,
            project.id,
            _query(request),
            values.get("distinct_id") or None,
            moment(after, "after", project, access.now) if after != ALL else None,
            moment(before, "before", project, access.now) if before else access.now + AHEAD,
            _is_latest_first(json_value(values, "orderBy")),
            min(limit, MAX_LIMIT),
            0 if place else possible(offset),
            place,
        )

    @property
    def beyond(self) -> Sql:
        """The condition that leads on from the place."""
        if self.place is None:
            return TRUE
        return Sql(
            "(ts, uuid) {sign} (fromUnixTimestamp64Micro({at:Int64}), {uuid:UUID})",
            sign=Sql("<" if self.is_latest_first else ">"),
            at=self.place.at,
            uuid=self.place.uuid,
        )

    @property
    def order(self) -> Sql:
        return Sql("ORDER BY ts {way}, uuid {way}", way=Sql("DESC" if self.is_latest_first else "ASC"))

    @property
    def bounds(self) -> tuple[datetime | None, datetime]:
        """The range from the place on, which itself may have further events."""
        if self.place is None:
            return self.lower, self.upper
        at, smallest = _EPOCH + timedelta(microseconds=self.place.at), timedelta(microseconds=1)
        if self.is_latest_first:
            return self.lower, min(self.upper, at + smallest)
        return max(self.lower or _EPOCH, at - smallest), self.upper

    def next(self, last: Place) -> str:
        """The address of the page after an event. What was said of time stays as it was understood at first."""
        said = self.request.query_params
        fixed = {
            name: at.astimezone(UTC).isoformat()
            for name, at in (("after", self.lower), ("before", self.upper))
            if said.get(name) and at
        }
        return address(self.request, self.limit, packed(_NAME, self.project_id, last), **fixed)


def _query(request: Request) -> EventsQuery:
    values = request.query_params
    event, action = short_text(values, "event"), values.get("action_id")
    return EventsQuery(
        ("*",),
        events=(event,) if event else (),
        action_id=action_id(action, "action_id") if action else None,
        person=person_named(values.get("person_id"), "person_id"),
        filter=parse_filters(json_value(values, "properties")),
        filter_test_accounts=flag(values, "filter_test_accounts"),
    )


def _is_latest_first(order: Any) -> bool:
    """By time alone, as that is what `next` goes on by."""
    wanted = order[0] if isinstance(order, list) and len(order) == 1 else order or "-timestamp"
    if not isinstance(wanted, str) or wanted not in _ORDERS:
        raise unknown("orderBy", wanted, _ORDERS)
    return _ORDERS[wanted]


def _place(parts: list[Any]) -> Place:
    """Raises ValidationError for what no page of this list has named."""
    try:
        at, uuid = parts
        place = Place(at, str(UUID(uuid)))
    except (AttributeError, TypeError, ValueError):
        raise invalid() from None
    if type(at) is not int or not 0 <= at < _MOST:
        raise invalid()
    return place
