"""The people (or groups) behind a step of a funnel, or behind a point of its trend, a page at a time."""

from __future__ import annotations

from typing import Any, Literal

from insights_acl.access import Access
from insights_acl.restrictions import check_scopes
from insights_engine.actors import Kept, everybody
from insights_engine.errors import ValidationError
from insights_engine.funnel.answer import actors
from insights_engine.funnel.model import FunnelQuery
from insights_engine.funnel.people import Chosen
from insights_engine.nodes import Node, Text, Whole
from pydantic import Field

from insights_api import people
from insights_api.actor_filters import Asked
from insights_api.actor_pages import Page

_Value = Text | int | float


class FunnelActors(Node):
    kind: Literal["FunnelsActorsQuery"]
    source: dict[str, Any]
    step: Whole | None = Field(None, alias="funnelStep")
    value: _Value | list[_Value] | None = Field(None, alias="funnelStepBreakdown")
    drop_off: bool | None = Field(None, alias="funnelTrendsDropOff")
    period: Text | None = Field(None, alias="funnelTrendsEntrancePeriodStart")
    include_recordings: bool | None = Field(None, alias="includeRecordings")
    modifiers: dict[str, Any] | None = None
    tags: dict[str, Any] | None = None
    response: Any = None
    version: float | None = None


def page(access: Access, query: FunnelQuery, chosen: Chosen, limit: int, offset: int, kept: Kept = everybody) -> Page:
    """Raises PermissionDenied for a key that may not read what the query is about."""
    by_group = query.group_index is not None and not query.actor_expression
    check_scopes(access.key, ("group:read" if by_group else "person:read",))
    found = actors(query, access.project, access.services, access.now, chosen, limit=limit, offset=offset, kept=kept)
    shown: dict[Any, dict[str, Any]]
    if by_group and query.group_index is not None:
        shown = dict(people.groups(access, query.group_index, [str(actor) for actor in found.found]))
    else:
        shown = dict(people.persons(access, [int(actor) for actor in found.found]))
    there = [(shown[actor], None) for actor in found.found if actor in shown]
    return Page(there, len(found.found) - len(there), found.has_more, found.cost)


def node_page(access: Access, node: FunnelActors, field: str, asked: Asked) -> Page:
    """`field` is where the funnel's own node stands in the request."""
    from insights_engine.funnel.node import parse_node

    chosen = Chosen(node.step, value_of(node.value), node.period, bool(node.drop_off))
    query = parse_node(node.source, field)
    listed = None if query.actor_expression else query.group_index
    return page(access, query, chosen, asked.limit, asked.offset, asked.kept(access, listed))


def value_of(value: Any) -> tuple[str, ...] | None:
    """A value of the breakdown, or one a property. Raises ValidationError for what is none."""
    if value is None or value == "" or value == []:
        return None if value is None else ("",)
    values = value if isinstance(value, list) else [value]
    if any(isinstance(one, bool | dict | list) for one in values):
        raise ValidationError("funnel_step_breakdown must be a value or a list of them", attr="funnel_step_breakdown")
    return tuple("" if one is None else str(one) for one in values)
