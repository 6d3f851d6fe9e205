"""What a page of people behind an insight's answer is, whichever insight: its node, and its rows."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

from insights_acl.access import Access
from insights_acl.restrictions import check_scopes
from insights_engine.actors import Actors
from insights_engine.clickhouse import Cost
from insights_engine.nodes import Node
from pydantic import Field

from insights_api import people

# The number of a series or of a bucket, from 0.
Place = Annotated[int, Field(strict=True, ge=0)]


class Choosing(Node):
    """What the node has for every insight; an insight adds the fields that choose a part of its answer."""

    source: dict[str, Any]
    include_recordings: bool | None = Field(None, alias="includeRecordings")
    modifiers: dict[str, Any] | None = None
    tags: dict[str, Any] | None = None
    response: Any = None
    version: float | None = None


class InsightActors(Choosing):
    kind: Literal["InsightActorsQuery"]


class Counted(NamedTuple):
    """Of an actor: how many events they are there for, and distinct ids of these."""

    events: int
    distinct_ids: list[str]


class Page(NamedTuple):
    """(person or group, what the insight says of them), those that there are no longer left out, and how many those
    were."""

    found: list[tuple[dict[str, Any], Any]]
    missing: int
    has_more: bool
    cost: Cost


def check_may_read(access: Access, group_index: int | None) -> None:
    """Raises PermissionDenied for a key that may not read persons, or groups."""
    check_scopes(access.key, ("person:read" if group_index is None else "group:read",))


def shown(access: Access, actors: Actors, group_index: int | None) -> Page:
    """Persons, or groups of a type, as answers describe them."""
    described: dict[Any, dict[str, Any]]
    if group_index is None:
        described = dict(people.persons(access, [int(who) for who, *_ in actors.found]))
    else:
        described = dict(people.groups(access, group_index, [str(who) for who, *_ in actors.found]))
    kept = [(described[who], Counted(events, ids)) for who, events, ids in actors.found if who in described]
    return Page(kept, len(actors.found) - len(kept), actors.has_more, actors.cost)
