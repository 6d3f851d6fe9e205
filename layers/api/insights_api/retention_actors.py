"""The people (or groups) behind a row of a retention answer, a page at a time."""

from __future__ import annotations

import re
from typing import Annotated, Any, NamedTuple

from insights_acl.access import Access
from insights_acl.restrictions import check_scopes
from insights_engine.actors import Kept, everybody
from insights_engine.errors import ValidationError
from insights_engine.nodes import Text
from insights_engine.retention.answer import Actors, Chosen, actors
from insights_engine.retention.model import RetentionQuery
from insights_engine.services import Services
from pydantic import Field

from insights_api import actor_pages, people
from insights_api.actor_filters import Asked

# The one order there is; clients name it in either way.
ORDERS = ("length(appearances) DESC", "length(appearances) DESC, actor_id", "appearances DESC")
_PERIOD = re.compile(r"(?:hour|day|week|month|interval)_(\d{1,4})")


class RetentionActors(actor_pages.InsightActors):
    interval: Annotated[int, Field(ge=0)] | None = None
    breakdown: Text | int | list[Text | int] | None = None


class Page(NamedTuple):
    """(person or group, columns), those that there are no longer left out, and how many those were."""

    found: list[tuple[dict[str, Any], list[int]]]
    missing: int
    actors: Actors


def scope_of(query: RetentionQuery) -> str:
    return "person:read" if query.group_index is None else "group:read"


def page(
    access: Access, query: RetentionQuery, chosen: Chosen, limit: int, offset: int, kept: Kept = everybody
) -> Page:
    """Raises PermissionDenied for a key that may not read what the query is about."""
    check_scopes(access.key, (scope_of(query),))
    services: Services = access.services
    found = actors(query, access.project, services, access.now, chosen, limit=limit, offset=offset, kept=kept)
    shown: dict[Any, dict[str, Any]]
    if query.group_index is None:
        shown = dict(people.persons(access, [int(actor) for actor, _ in found.found]))
    else:
        shown = dict(people.groups(access, query.group_index, [str(actor) for actor, _ in found.found]))
    there = [(shown[actor], columns) for actor, columns in found.found if actor in shown]
    return Page(there, len(found.found) - len(there), found)


def node_page(access: Access, node: RetentionActors, field: str, asked: Asked) -> actor_pages.Page:
    """`field` is where the retention's own node stands in the request."""
    from insights_engine.retention.node import parse_node

    value = node.breakdown
    if isinstance(value, list):
        if len(value) != 1:
            raise ValidationError("breakdown must be one value", attr="breakdown")
        value = value[0]
    chosen = Chosen(row=node.interval or 0, value=None if value is None else str(value))
    query = parse_node(node.source, field)
    found = page(access, query, chosen, asked.limit, asked.offset, asked.kept(access, query.group_index))
    return actor_pages.Page(found.found, found.missing, found.actors.has_more, found.actors.cost)


def columns_of(node: RetentionActors, field: str) -> tuple[str, ...]:
    """The columns that the retention's own answer has: `day_0`, `day_1`, … of days."""
    from insights_engine.retention.node import parse_node

    query = parse_node(node.source, field)
    named = (query.period.name.lower(), "interval")
    return ("appearances", *(f"{name}_{k}" for name in named for k in range(query.columns)))


def value(name: str, came: list[int]) -> Any:
    """All periods in which they came back, or 1 or 0 for the one that is named."""
    period = _PERIOD.fullmatch(name)
    return int(int(period[1]) in came) if period else came
