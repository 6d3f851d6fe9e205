"""ActorsQuery and InsightActorsQuery nodes: the people behind a part of an insight's answer."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from insights_acl.access import Access
from insights_engine.errors import ParseError, ValidationError, nearest
from insights_engine.nodes import Node, Text, read
from pydantic import Field

from insights_api.retention_actors import Page, page

KINDS = ("ActorsQuery", "InsightActorsQuery")
SOURCES = ("RetentionQuery",)
# The one order there is; clients name it in either way.
_ORDERS = ("length(appearances) DESC", "length(appearances) DESC, actor_id", "appearances DESC")
_PERIOD = re.compile(r"(?:hour|day|week|month|interval)_(\d{1,4})")


class _InsightActors(Node):
    kind: Literal["InsightActorsQuery"]
    source: dict[str, Any]
    interval: Annotated[int, Field(ge=0)] | None = None
    breakdown: Text | int | list[Text | int] | None = None
    include_recordings: bool | None = Field(None, alias="includeRecordings")
    modifiers: dict[str, Any] | None = None
    tags: dict[str, Any] | None = None
    response: Any = None
    version: float | None = None


class _Actors(Node):
    kind: Literal["ActorsQuery"]
    source: dict[str, Any]
    select: Annotated[list[Text], Field(max_length=2000)] | None = None
    order_by: list[Text] | None = Field(None, alias="orderBy")
    limit: Annotated[int, Field(ge=1, le=1000)] | None = None
    offset: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    modifiers: dict[str, Any] | None = None
    tags: dict[str, Any] | None = None
    response: Any = None
    version: float | None = None


def is_actors(node: Any) -> bool:
    return isinstance(node, dict) and node.get("kind") in KINDS


def answer_actors(node: dict[str, Any], access: Access, field: str = "query") -> dict[str, Any]:
    """What the query endpoint answers: rows of the selected columns, and whether there are more."""
    outer = _Actors(kind="ActorsQuery", source=node)
    if node["kind"] == "ActorsQuery":
        outer = read(_Actors, node, field)
        field = f"{field}.source"
    if outer.order_by and (len(outer.order_by) > 1 or outer.order_by[0] not in _ORDERS):
        raise ValidationError(f'orderBy can be "{_ORDERS[0]}" only', attr="orderBy")
    if outer.source.get("kind") != "InsightActorsQuery":
        raise ParseError(f'{field}.kind "{str(outer.source.get("kind"))[:100]}" is not InsightActorsQuery')
    columns = outer.select or ["person", "appearances"]
    for name in columns:
        if name not in ("person", "actor", "id", "appearances") and not _PERIOD.fullmatch(name):
            raise ValidationError(
                f'select "{name[:100]}" is not known{nearest(name, ("person", "appearances", "day_0"))}',
                attr="select",
                code="invalid_choice",
            )
    limit, offset = outer.limit or 100, outer.offset or 0
    found = _page(read(_InsightActors, outer.source, field), access, field, limit, offset)
    return {
        "results": [[_value(name, actor, came) for name in columns] for actor, came in found.found],
        "columns": columns,
        "hasMore": found.actors.has_more,
        "limit": limit,
        "offset": offset,
        "missing_actors_count": found.missing,
        "timings": [{"k": "clickhouse", "t": round(found.actors.cost.milliseconds / 1000, 6)}],
    }


def _page(node: _InsightActors, access: Access, field: str, limit: int, offset: int) -> Page:
    from insights_engine.retention.answer import Chosen
    from insights_engine.retention.node import parse_node

    kind = node.source.get("kind")
    if kind not in SOURCES:
        raise ParseError(f'{field}.source.kind "{str(kind)[:100]}" is not known; known are: {", ".join(SOURCES)}')
    value = node.breakdown
    if isinstance(value, list):
        if len(value) != 1:
            raise ValidationError("breakdown must be one value", attr="breakdown")
        value = value[0]
    chosen = Chosen(row=node.interval or 0, value=None if value is None else str(value))
    return page(access, parse_node(node.source, f"{field}.source"), chosen, limit, offset)


def _value(name: str, actor: dict[str, Any], came: list[int]) -> Any:
    if name in ("person", "actor"):
        return actor
    if name == "id":
        return actor["id"]
    if period := _PERIOD.fullmatch(name):
        return int(int(period[1]) in came)
    return came
