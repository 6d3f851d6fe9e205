"""ActorsQuery and the nodes inside of it: the people behind a part of an insight's answer.

One row a kind of insight: its node's schema, the columns that only it has, and who answers a page.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from insights_acl.access import Access
from insights_engine.errors import ParseError, ValidationError, nearest
from insights_engine.nodes import Node, Text, read
from pydantic import ConfigDict, Field

from insights_api import funnel_actors, path_actors, retention_actors
from insights_api.actor_pages import Page
from insights_api.actors import INNER_KINDS

_OF_ALL = ("person", "actor", "id")


@dataclass(frozen=True, slots=True)
class Source:
    """`page` answers (access, node, field, limit, offset). `value` is that of a column of its own, from what the page
    says of an actor; `further` names those columns of (node, field). `orders`: the one there is, in all its
    spellings."""

    node: type[Node]
    page: Callable[[Access, Any, str, int, int], Page]
    columns: tuple[str, ...] = ("person",)
    further: Callable[[Any, str], tuple[str, ...]] = lambda node, field: ()
    value: Callable[[str, Any], Any] = lambda name, detail: None
    orders: tuple[str, ...] = ("actor_id",)


SOURCES = {
    "RetentionQuery": Source(
        retention_actors.RetentionActors,
        retention_actors.node_page,
        ("person", "appearances"),
        retention_actors.columns_of,
        retention_actors.value,
        retention_actors.ORDERS,
    ),
    "PathsQuery": Source(path_actors.PathActors, path_actors.node_page),
    "FunnelsQuery": Source(funnel_actors.FunnelActors, funnel_actors.node_page),
}


class ActorsQueryNode(Node):
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


class _AnyInsight(Node):
    """Read first, to learn of which insight it is."""

    model_config = ConfigDict(extra="allow")
    source: dict[str, Any]


def answer(node: dict[str, Any], access: Access, field: str) -> dict[str, Any]:
    """What the query endpoint answers: rows of the selected columns, and whether there are more."""
    outer = ActorsQueryNode(kind="ActorsQuery", source=node)
    if node["kind"] == "ActorsQuery":
        outer = read(ActorsQueryNode, node, field)
        field = f"{field}.source"
    source, inner = _source(outer.source, field)
    columns = _columns(outer, source, inner, f"{field}.source")
    limit, offset = outer.limit or 100, outer.offset or 0
    found = source.page(access, inner, f"{field}.source", limit, offset)
    return {
        "results": [[_value(source, name, actor, detail) for name in columns] for actor, detail in found.found],
        "columns": columns,
        "hasMore": found.has_more,
        "limit": limit,
        "offset": offset,
        "missing_actors_count": found.missing,
        "timings": [{"k": "clickhouse", "t": round(found.cost.milliseconds / 1000, 6)}],
    }


def _source(node: dict[str, Any], field: str) -> tuple[Source, Node]:
    if node.get("kind") not in INNER_KINDS:
        raise ParseError(f'{field}.kind "{str(node.get("kind"))[:100]}" is not {" or ".join(INNER_KINDS)}')
    kind = read(_AnyInsight, node, field).source.get("kind")
    if not isinstance(kind, str) or kind not in SOURCES:
        raise ParseError(f'{field}.source.kind "{str(kind)[:100]}" is not known; known are: {", ".join(SOURCES)}')
    source = SOURCES[kind]
    return source, read(source.node, node, field)


def _columns(outer: ActorsQueryNode, source: Source, inner: Node, field: str) -> list[str]:
    if outer.order_by and (len(outer.order_by) > 1 or outer.order_by[0] not in source.orders):
        raise ValidationError(f'orderBy can be "{source.orders[0]}" only', attr="orderBy")
    columns = outer.select or list(source.columns)
    known = dict.fromkeys((*source.columns, *_OF_ALL, *source.further(inner, field)))
    for name in columns:
        if name not in known:
            raise ValidationError(
                f'select "{name[:100]}" is not known{nearest(name, known)}',
                attr="select",
                code="invalid_choice",
            )
    return columns


def _value(source: Source, name: str, actor: dict[str, Any], detail: Any) -> Any:
    if name == "id":
        return actor["id"]
    return actor if name in ("person", "actor") else source.value(name, detail)
