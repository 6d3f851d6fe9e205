"""The people (or groups) who are counted in a point of a trend, a page at a time."""

from __future__ import annotations

from typing import Any, Literal

from insights_acl.access import Access
from insights_engine.nodes import Text, Whole
from insights_engine.trend.answer import actors
from insights_engine.trend.breakdowns import NULL
from insights_engine.trend.people import Chosen, group_listed

from insights_api.actor_filters import Asked
from insights_api.actor_pages import InsightActors, Page, Place, check_may_read, shown

_Value = Text | Whole | float


class TrendActors(InsightActors):
    day: Text | None = None
    interval: Place | None = None
    series: Place | None = None
    breakdown: _Value | list[_Value | None] | None = None
    compare: Literal["current", "previous"] | None = None


def node_page(access: Access, node: TrendActors, field: str, asked: Asked) -> Page:
    """`field` is where the trend's own node stands in the request."""
    from insights_engine.trend.node import parse_node

    query = parse_node(node.source, field)
    chosen = Chosen(node.day, node.interval, node.series or 0, _value_of(node.breakdown), node.compare)
    listed = group_listed(query, chosen)
    check_may_read(access, listed)
    wanted = asked.wanted(access, listed)
    return shown(access, actors(query, access.project, access.services, access.now, chosen, wanted), listed)


def _value_of(value: Any) -> tuple[str, ...] | None:
    """As rows of the answer have it: a value, a cohort's id, or a list of values; no value is an empty text too."""
    if value is None:
        return None
    values = value if isinstance(value, list) else [value]
    return tuple(NULL if one is None or one == "" else str(one) for one in values)
