"""The people (or groups) who are new, returning, resurrecting or dormant in an interval, a page at a time."""

from __future__ import annotations

from insights_acl.access import Access
from insights_engine.lifecycle.answer import Chosen, actors
from insights_engine.lifecycle.node import parse_node
from insights_engine.nodes import Text

from insights_api.actor_filters import Asked
from insights_api.actor_pages import InsightActors, Page, Place, check_may_read, shown


class LifecycleActors(InsightActors):
    day: Text | None = None
    interval: Place | None = None
    status: Text | None = None


def node_page(access: Access, node: LifecycleActors, field: str, asked: Asked) -> Page:
    """`field` is where the lifecycle's own node stands in the request."""
    query = parse_node(node.source, field)
    listed = query.actor_group_index
    check_may_read(access, listed)
    chosen, wanted = Chosen(node.status, node.day, node.interval), asked.wanted(access, listed)
    return shown(access, actors(query, access.project, access.services, access.now, chosen, wanted), listed)
