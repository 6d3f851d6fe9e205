"""The people (or groups) who were active in so many intervals, a page at a time."""

from __future__ import annotations

from typing import Literal

from insights_acl.access import Access
from insights_engine.errors import ValidationError
from insights_engine.nodes import Text, Whole
from insights_engine.stickiness.answer import Chosen, actors, group_listed
from insights_engine.stickiness.node import parse_node

from insights_api.actor_filters import Asked
from insights_api.actor_pages import Choosing, Page, Place, check_may_read, shown


class StickinessActors(Choosing):
    kind: Literal["InsightActorsQuery", "StickinessActorsQuery"]
    day: Whole | Text | None = None
    series: Place | None = None
    compare: Literal["current", "previous"] | None = None
    operator: Literal["exact", "gte", "lte"] | None = None


def node_page(access: Access, node: StickinessActors, field: str, asked: Asked) -> Page:
    """`field` is where the stickiness's own node stands in the request."""
    query = parse_node(node.source, field)
    chosen = Chosen(_intervals(node.day), node.series or 0, node.compare, node.operator)
    listed = group_listed(query, chosen)
    check_may_read(access, listed)
    wanted = asked.wanted(access, listed)
    return shown(access, actors(query, access.project, access.services, access.now, chosen, wanted), listed)


def _intervals(day: int | str | None) -> int:
    """Of the answer's `days`, which are numbers of intervals."""
    if day is None:
        raise ValidationError("day is required: a number of intervals", attr="day", code="required")
    if isinstance(day, int):
        return day
    if not (day.isascii() and day.isdigit() and len(day) <= 6):
        raise ValidationError(f"day {day[:50]!r} is not a number of intervals", attr="day")
    return int(day)
