"""Lists that go on from a place instead of past a number of rows: a late page costs what the first one does.

Rows are in the order of their creation, the newest first, and by their key where that is the same. A cursor is the
place of a row in this order, of one list of one project; callers hand it back as they got it. Whatever is created
while somebody walks along `next`, no row is shown twice for it.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
from fastapi import Request
from insights_engine.errors import ValidationError
from insights_engine.services import current
from insights_engine.sql import TRUE, Sql

from insights_api.pagination import window

MAX_LIMIT = 1000
# Rows that are passed over are read. Who goes on by `next` never comes to it.
MAX_OFFSET = 1_000_000
_MAX_CHARACTERS = 4_000
_INT64, _UINT32 = 2**63, 2**32


class Place(NamedTuple):
    """A row's creation in microseconds since 1970, and its key. `is_before`: what is asked for stands before it."""

    at: int
    key: int | str
    is_before: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """A list whose rows are told apart by `column`, a number or a text; `name` tells its cursors from other lists'."""

    name: str
    column: str
    type: str


class Page(NamedTuple):
    rows: list[dict[str, Any]]
    next: str | None
    previous: str | None


@dataclass(frozen=True, slots=True)
class Walk:
    """Which rows of a list a request asks for."""

    request: Request
    project_id: int
    order: Order
    limit: int
    offset: int
    place: Place | None

    @classmethod
    def asked(cls, request: Request, project_id: int, order: Order) -> Walk:
        """`cursor`, or else `offset`; and `limit`, of which there is always some. Raises ValidationError."""
        limit, offset = window(request)
        text = request.query_params.get("cursor")
        place = _place(unpacked(text, order.name, project_id), order) if text else None
        return cls(request, project_id, order, min(limit, MAX_LIMIT), 0 if place else possible(offset), place)

    @property
    def condition(self) -> Sql:
        if self.place is None:
            return TRUE
        return Sql(
            "(toUnixTimestamp64Micro(created_at), {column}) {sign} ({at:Int64}, {key})",
            column=Sql(self.order.column),
            sign=Sql(">" if self.place.is_before else "<"),
            at=self.place.at,
            key=Sql(f"{{key:{self.order.type}}}", key=self.place.key),
        )

    @property
    def nearest_first(self) -> Sql:
        """The order of a SELECT: what is next to the place, or to the newest, comes first."""
        return Sql(
            "ORDER BY created_at {way}, {column} {way}",
            way=Sql("ASC" if self._is_backward else "DESC"),
            column=Sql(self.order.column),
        )

    @property
    def range(self) -> Sql:
        """One row more than a page has, which says that there is more."""
        return Sql("LIMIT {limit:UInt32} OFFSET {offset:UInt32}", limit=self.limit + 1, offset=self.offset)

    def page(self, found: Sequence[dict[str, Any]]) -> Page:
        """Of rows that are the nearest first; each has its creation in microseconds as `at`, and its key's column."""
        has_more, rows = len(found) > self.limit, list(found[: self.limit])
        if self._is_backward:
            rows.reverse()
        if not rows:
            return Page(rows, None, None)
        came = self.place is not None or self.offset > 0
        goes_on, goes_back = (True, has_more) if self._is_backward else (has_more, came)
        return Page(
            rows,
            self._address(rows[-1], is_before=False) if goes_on else None,
            self._address(rows[0], is_before=True) if goes_back else None,
        )

    @property
    def _is_backward(self) -> bool:
        return self.place is not None and self.place.is_before

    def _address(self, row: dict[str, Any], *, is_before: bool) -> str:
        place = Place(row["at"], row[self.order.column], is_before)
        return address(self.request, self.limit, packed(self.order.name, self.project_id, place))


def packed(name: str, project_id: int, place: Iterable[Any]) -> str:
    """The cursor of a place in the list of that name."""
    return urlsafe_b64encode(orjson.dumps([name, project_id, *place])).decode().rstrip("=")


def unpacked(cursor: str, name: str, project_id: int) -> list[Any]:
    """What `packed` was given. Raises ValidationError for a cursor of another list or project, or of none."""
    try:
        text = cursor.encode("ascii") if len(cursor) <= _MAX_CHARACTERS else b""
        found: list[Any] = orjson.loads(urlsafe_b64decode(text + b"=" * (-len(text) % 4)))
    except ValueError:
        raise invalid() from None
    if not isinstance(found, list) or found[:2] != [name, project_id]:
        raise invalid()
    return found[2:]


def possible(offset: int) -> int:
    """Raises ValidationError for one that nobody would come to the end of."""
    if offset > MAX_OFFSET:
        raise ValidationError(f"offset must be at most {MAX_OFFSET}; follow `next` instead", attr="offset")
    return offset


def address(request: Request, limit: int, cursor: str, **fixed: str) -> str:
    """The request's own, at another place."""
    url = request.url.remove_query_params("offset").include_query_params(limit=limit, **fixed, cursor=cursor)
    site = current().settings.site_url.rstrip("/")
    return f"{site}{url.path}?{url.query}" if site else str(url)


def _place(parts: list[Any], order: Order) -> Place:
    """Raises ValidationError for what no page of this list has named."""
    if len(parts) != 3:
        raise invalid()
    at, key, is_before = parts
    if type(at) is not int or type(is_before) is not bool:
        raise invalid()
    is_key = type(key) is str if order.type == "String" else type(key) is int and 0 <= key < _UINT32
    if not is_key or not -_INT64 <= at < _INT64:
        raise invalid()
    return Place(at, key, is_before)


def invalid() -> ValidationError:
    return ValidationError("Invalid cursor.", attr="cursor")
