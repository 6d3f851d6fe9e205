"""Which insight answers a request: one row a kind of query node, and one a value of the legacy `insight` parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from insights_acl.access import Access
from insights_engine.errors import ParseError, nearest, unknown

if TYPE_CHECKING:
    from fastapi import Request
    from insights_engine.answer import Answer

# Nodes that wrap the one to answer, as `source`.
WRAPPERS = frozenset({"InsightVizNode", "DataVisualizationNode", "DataTableNode"})


def _trend_node(node: dict[str, Any], access: Access) -> Answer:
    from insights_engine.trend.answer import answer
    from insights_engine.trend.node import parse_node

    return answer(parse_node(node), access.project, access.services, access.now)


def _lifecycle_node(node: dict[str, Any], access: Access) -> Answer:
    from insights_engine.lifecycle.answer import answer, parse_node

    return answer(parse_node(node), access.project, access.services, access.now)


def _stickiness_node(node: dict[str, Any], access: Access) -> Answer:
    from insights_engine.stickiness.answer import answer
    from insights_engine.stickiness.model import parse_node

    return answer(parse_node(node), access.project, access.services, access.now)


def _trend_filters(values: Mapping[str, Any], access: Access) -> Answer:
    from insights_engine.trend.answer import answer
    from insights_engine.trend.legacy import parse_legacy

    return answer(parse_legacy(values), access.project, access.services, access.now)


def _lifecycle_filters(values: Mapping[str, Any], access: Access) -> Answer:
    from insights_engine.lifecycle.answer import answer
    from insights_engine.trend.legacy import parse_legacy

    return answer(parse_legacy(values), access.project, access.services, access.now)


def _stickiness_filters(values: Mapping[str, Any], access: Access) -> Answer:
    from insights_engine.stickiness.answer import answer
    from insights_engine.stickiness.model import parse_filters_form

    return answer(parse_filters_form(values), access.project, access.services, access.now)


def _retention_node(node: dict[str, Any], access: Access) -> Answer:
    from insights_engine.retention.answer import answer
    from insights_engine.retention.node import parse_node

    return answer(parse_node(node), access.project, access.services, access.now)


def _paths_node(node: dict[str, Any], access: Access) -> Answer:
    from insights_engine.path.answer import answer
    from insights_engine.path.node import parse_node

    return answer(parse_node(node), access.project, access.services, access.now)


def _paths_filters(values: Mapping[str, Any], access: Access) -> Answer:
    from insights_engine.path.answer import answer
    from insights_engine.path.legacy import parse_legacy

    return answer(parse_legacy(values), access.project, access.services, access.now)


def _funnels_node(node: dict[str, Any], access: Access) -> Answer:
    from insights_engine.funnel.answer import answer
    from insights_engine.funnel.node import parse_node

    return answer(parse_node(node), access.project, access.services, access.now)


def _funnels_filters(values: Mapping[str, Any], access: Access) -> Answer:
    from insights_engine.funnel.answer import answer
    from insights_engine.funnel.legacy import parse_legacy

    return answer(parse_legacy(values), access.project, access.services, access.now)


KINDS: dict[str, Callable[[dict[str, Any], Access], Answer]] = {
    "TrendsQuery": _trend_node,
    "LifecycleQuery": _lifecycle_node,
    "StickinessQuery": _stickiness_node,
    "RetentionQuery": _retention_node,
    "PathsQuery": _paths_node,
    "FunnelsQuery": _funnels_node,
}
INSIGHTS: dict[str, Callable[[Mapping[str, Any], Access], Answer]] = {
    "TRENDS": _trend_filters,
    "SESSIONS": _trend_filters,
    "LIFECYCLE": _lifecycle_filters,
    "STICKINESS": _stickiness_filters,
    "PATHS": _paths_filters,
    "FUNNELS": _funnels_filters,
}
# The kinds that the older parameters ask for.
KIND_OF = {
    "TRENDS": "TrendsQuery",
    "SESSIONS": "TrendsQuery",
    "LIFECYCLE": "LifecycleQuery",
    "STICKINESS": "StickinessQuery",
    "PATHS": "PathsQuery",
    "FUNNELS": "FunnelsQuery",
}


def answer_node(value: Any, access: Access, field: str = "query") -> Answer:
    """The answer of a query node, wrappers taken off. Raises ParseError for what is none."""
    node, _ = unwrapped(value, field)
    return KINDS[node["kind"]](node, access)


def unwrapped(value: Any, field: str = "query") -> tuple[dict[str, Any], str]:
    """The node of a known kind inside its wrappers, and where it is. Raises ParseError."""
    for _ in range(5):
        if not isinstance(value, dict):
            raise ParseError(f"{field} must be a query node, an object with a kind")
        kind = value.get("kind")
        if isinstance(kind, str) and kind in WRAPPERS:
            value, field = value.get("source"), f"{field}.source"
            continue
        if not isinstance(kind, str) or kind not in KINDS:
            raise ParseError(f'{field}.kind "{str(kind)[:100]}" is not known{nearest(kind, KINDS)}')
        return value, field
    raise ParseError(f"{field} is wrapped too often")


def answer_filters(values: Mapping[str, Any], access: Access) -> Answer:
    """The answer of flat filters."""
    return INSIGHTS[_insight(values)](values, access)


def kind_of_filters(values: Mapping[str, Any]) -> str:
    """The kind of node that asks the same."""
    return KIND_OF[_insight(values)]


def _insight(values: Mapping[str, Any]) -> str:
    """By `insight`; `shown_as=Stickiness` chooses by itself."""
    insight = values.get("insight") or "TRENDS"
    name = insight.upper() if isinstance(insight, str) else insight
    if name == "TRENDS" and values.get("shown_as") == "Stickiness":
        name = "STICKINESS"
    if not isinstance(name, str) or name not in INSIGHTS:
        raise unknown("insight", insight, INSIGHTS)
    return name


def what_it_took(found: Answer, request: Request) -> dict[str, Any]:
    """What the answer cost in ClickHouse, and with `?explain=true` the statements that gave it and why."""
    took = what_it_cost(found)
    if request.query_params.get("explain", "").lower() in ("true", "1"):
        took["explain"] = explanation(found)
    return took


def what_it_cost(found: Answer) -> dict[str, Any]:
    cost = found.total_cost
    return {
        "timings": [{"k": "clickhouse", "t": round(cost.milliseconds / 1000, 6)}],
        "query_cost": {
            "rows_read": cost.rows_read,
            "bytes_read": cost.bytes_read,
            "clickhouse_ms": cost.milliseconds,
        },
    }


def explanation(found: Answer) -> dict[str, Any]:
    """The statements that gave the answer, and why there are two where there are."""
    explain: dict[str, Any] = {
        "sql": found.sql.text,
        "parameters": found.sql.params,
        "resolved_date_range": found.resolved_date_range,
        "applied_filters": found.applied_filters,
    }
    if found.before is not None:
        first = {"sql": found.before.sql.text, "parameters": found.before.sql.params, "why": found.before.why}
        explain["ran_before"] = [first]
    return explain
