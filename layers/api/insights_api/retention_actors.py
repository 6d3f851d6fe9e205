"""The people (or groups) behind a row of a retention answer, a page at a time."""

from __future__ import annotations

from typing import Any, NamedTuple

from insights_acl.access import Access
from insights_acl.restrictions import check_scopes
from insights_engine.retention.answer import Actors, Chosen, actors
from insights_engine.retention.model import RetentionQuery
from insights_engine.services import Services

from insights_api import people


class Page(NamedTuple):
    """(person or group, columns), those that there are no longer left out, and how many those were."""

    found: list[tuple[dict[str, Any], list[int]]]
    missing: int
    actors: Actors


def scope_of(query: RetentionQuery) -> str:
    return "person:read" if query.group_index is None else "group:read"


def page(access: Access, query: RetentionQuery, chosen: Chosen, limit: int, offset: int) -> Page:
    """Raises PermissionDenied for a key that may not read what the query is about."""
    check_scopes(access.key, (scope_of(query),))
    services: Services = access.services
    found = actors(query, access.project, services, access.now, chosen, limit=limit, offset=offset)
    shown: dict[Any, dict[str, Any]]
    if query.group_index is None:
        shown = dict(people.persons(access, [int(actor) for actor, _ in found.found]))
    else:
        shown = dict(people.groups(access, query.group_index, [str(actor) for actor, _ in found.found]))
    kept = [(shown[actor], columns) for actor, columns in found.found if actor in shown]
    return Page(kept, len(found.found) - len(kept), found)
