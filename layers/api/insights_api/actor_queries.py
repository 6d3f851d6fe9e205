"""ActorsQuery and the nodes inside of it: the people behind a part of an insight's answer, or all there are.

One row a kind of insight: its node's schema, the columns that only it has, and who answers a page.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from insights_acl.access import Access
from insights_engine.actors import ORDERS
from insights_engine.errors import ParseError, ValidationError, nearest
from insights_engine.kinds import OF_PEOPLE
from insights_engine.nodes import Node, Text, read
from pydantic import ConfigDict, Field

from insights_api import (
    all_actors,
    funnel_actors,
    lifecycle_actors,
    path_actors,
    retention_actors,
    stickiness_actors,
    trend_actors,
)
from insights_api.actor_filters import Asked, filters_of, order_of
from insights_api.actor_pages import Counted, Page

# What any person or group has; `properties.email` is one of their properties.
OF_ACTORS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "person": lambda actor: actor,
    "actor": lambda actor: actor,
    "id": lambda actor: actor["id"],
    "created_at": lambda actor: actor["created_at"],
    "properties": lambda actor: actor["properties"],
}
_PROPERTY = "properties."
# What they have where their events are counted.
COUNTED: dict[str, Callable[[Counted], Any]] = {
    "event_count": lambda counted: counted.events,
    "event_distinct_ids": lambda counted: counted.distinct_ids,
}


@dataclass(frozen=True, slots=True)
class Source:
    """`page` answers (access, node, field, page asked for). `value` is that of a column of its own, from what the page
    says of an actor; `further` names those columns of (node, field). `orders` are names to order by; where there is
    none, `order` is the one that there is, in all its spellings."""

    node: type[Node]
    page: Callable[[Access, Any, str, Asked], Page]
    columns: tuple[str, ...] = ("person",)
    further: Callable[[Any, str], tuple[str, ...]] = lambda node, field: ()
    value: Callable[[str, Any], Any] = lambda name, detail: None
    orders: tuple[str, ...] = ()
    order: tuple[str, ...] = ("actor_id",)


def _counted(node: type[Node], page: Callable[[Access, Any, str, Asked], Page]) -> Source:
    """One whose actors are there for some of their events."""
    return Source(
        node,
        page,
        ("person", "event_count"),
        lambda node, field: tuple(COUNTED),
        lambda name, counted: COUNTED[name](counted),
        tuple(ORDERS),
    )


SOURCES = {
    "TrendsQuery": _counted(trend_actors.TrendActors, trend_actors.node_page),
    "LifecycleQuery": _counted(lifecycle_actors.LifecycleActors, lifecycle_actors.node_page),
    "StickinessQuery": _counted(stickiness_actors.StickinessActors, stickiness_actors.node_page),
    "RetentionQuery": Source(
        retention_actors.RetentionActors,
        retention_actors.node_page,
        ("person", "appearances"),
        retention_actors.columns_of,
        retention_actors.value,
        order=retention_actors.ORDERS,
    ),
    "PathsQuery": Source(path_actors.PathActors, path_actors.node_page),
    "FunnelsQuery": Source(funnel_actors.FunnelActors, funnel_actors.node_page),
}
# Without a source: all persons of the project.
_ALL = Source(Node, all_actors.node_page, ("person", "id", "created_at"), orders=all_actors.ORDERS)


class ActorsQueryNode(Node):
    kind: Literal["ActorsQuery"]
    source: dict[str, Any] | None = None
    select: Annotated[list[Text], Field(max_length=2000)] | None = None
    search: Text | None = None
    properties: list[Any] | dict[str, Any] | None = None
    fixed_properties: list[Any] | dict[str, Any] | None = Field(None, alias="fixedProperties")
    order_by: list[Text] | None = Field(None, alias="orderBy")
    limit: Annotated[int, Field(ge=1, le=1000)] | None = None
    offset: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    modifiers: dict[str, Any] | None = None
    tags: dict[str, Any] | None = None
    response: Any = None
    version: float | None = None


class _AnyInsight(Node):
    """Read first, to learn of which insight it is."""

    model_config = ConfigDict(extra="allow")
    source: dict[str, Any]


def answer(node: dict[str, Any], field: str, access: Access) -> dict[str, Any]:
    """What the query endpoint answers: rows of the selected columns, and whether there are more."""
    outer = ActorsQueryNode(kind="ActorsQuery", source=node)
    if node["kind"] == "ActorsQuery":
        outer = read(ActorsQueryNode, node, field)
        field = f"{field}.source"
    source, inner = (_ALL, Node()) if outer.source is None else _source(outer.source, field)
    asked = Asked(
        tuple(_columns(outer, source, inner, f"{field}.source")),
        _order(outer, source),
        outer.limit or 100,
        outer.offset or 0,
        outer.search or "",
        filters_of(outer.properties, outer.fixed_properties),
    )
    found = source.page(access, inner, f"{field}.source", asked)
    return {
        "results": [[_value(source, name, actor, detail) for name in asked.columns] for actor, detail in found.found],
        "columns": list(asked.columns),
        "hasMore": found.has_more,
        "limit": asked.limit,
        "offset": asked.offset,
        "missing_actors_count": found.missing,
        "timings": [{"k": "clickhouse", "t": round(found.cost.milliseconds / 1000, 6)}],
    }


def _source(node: dict[str, Any], field: str) -> tuple[Source, Node]:
    if node.get("kind") not in OF_PEOPLE:
        raise ParseError(f'{field}.kind "{str(node.get("kind"))[:100]}" is not {" or ".join(OF_PEOPLE)}')
    kind = read(_AnyInsight, node, field).source.get("kind")
    if not isinstance(kind, str) or kind not in SOURCES:
        raise ParseError(f'{field}.source.kind "{str(kind)[:100]}" is not known; known are: {", ".join(SOURCES)}')
    source = SOURCES[kind]
    return source, read(source.node, node, field)


def _order(outer: ActorsQueryNode, source: Source) -> tuple[tuple[str, bool], ...]:
    asked = outer.order_by or []
    if source.orders:
        return order_of(asked, source.orders)
    if asked and (len(asked) > 1 or asked[0] not in source.order):
        raise ValidationError(f'orderBy can be "{source.order[0]}" only', attr="orderBy")
    return ()


def _columns(outer: ActorsQueryNode, source: Source, inner: Node, field: str) -> list[str]:
    columns = outer.select or list(source.columns)
    known = dict.fromkeys((*source.columns, *OF_ACTORS, *source.further(inner, field)))
    for name in columns:
        if name not in known and not name.startswith(_PROPERTY):
            # Of a retention's columns there are as many as it has periods.
            named = ", ".join(one for one in known if not one[-1].isdigit())
            hint = nearest(name, known) or f"; known are: {named}, {_PROPERTY}…"
            raise ValidationError(f'select "{name[:100]}" is not known{hint}', attr="select", code="invalid_choice")
    return columns


def _value(source: Source, name: str, actor: dict[str, Any], detail: Any) -> Any:
    if name in OF_ACTORS:
        return OF_ACTORS[name](actor)
    if name.startswith(_PROPERTY):
        return actor["properties"].get(name.removeprefix(_PROPERTY))
    return source.value(name, detail)
