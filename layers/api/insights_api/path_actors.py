"""The people behind an edge or a node of a paths answer, a page at a time."""

from __future__ import annotations

from insights_acl.access import Access
from insights_acl.restrictions import check_scopes
from insights_engine.actors import Kept, everybody
from insights_engine.path.answer import actors
from insights_engine.path.model import PathQuery

from insights_api import people
from insights_api.actor_filters import Asked
from insights_api.actor_pages import InsightActors, Page


class PathActors(InsightActors):
    """Edges and nodes are named by the keys of the source's `pathsFilter`."""


def page(access: Access, query: PathQuery, limit: int, offset: int, kept: Kept = everybody) -> Page:
    """Raises PermissionDenied for a key that may not read persons."""
    check_scopes(access.key, ("person:read",))
    found = actors(query, access.project, access.services, access.now, limit=limit, offset=offset, kept=kept)
    shown = people.persons(access, found.found)
    there = [(shown[person], None) for person in found.found if person in shown]
    return Page(there, len(found.found) - len(there), found.has_more, found.cost)


def node_page(access: Access, node: PathActors, field: str, asked: Asked) -> Page:
    """`field` is where the paths' own node stands in the request."""
    from insights_engine.path.node import parse_node

    return page(access, parse_node(node.source, field), asked.limit, asked.offset, asked.kept(access, None))
