"""`POST /query`: query nodes of every kind that this product answers."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl.access import Access, authorize
from insights_engine.errors import ParseError, nearest
from insights_engine.http import JsonResponse, iso, json_object

router = APIRouter()

# Nodes that wrap the one to answer, as `source`.
WRAPPERS = frozenset({"InsightVizNode", "DataVisualizationNode", "DataTableNode"})
KINDS = ("TrendsQuery",)


@router.post("/api/projects/{project_id}/query")
async def query(request: Request) -> Response:
    """The answer of one node: `results`, and what it cost."""
    access = await authorize(request, "query:read")
    node = _node((await json_object(request)).get("query"))
    return JsonResponse(_trends(node, access))


def _node(value: Any, field: str = "query") -> dict[str, Any]:
    """The node to answer, wrappers taken off. Raises ParseError."""
    for _ in range(5):
        if not isinstance(value, dict):
            raise ParseError(f"{field} must be a query node, an object with a kind")
        kind = value.get("kind")
        if kind in WRAPPERS if isinstance(kind, str) else False:
            value, field = value.get("source"), f"{field}.source"
            continue
        if kind not in KINDS:
            raise ParseError(f'{field}.kind "{str(kind)[:100]}" is not known{nearest(kind, KINDS)}')
        return value
    raise ParseError(f"{field} is wrapped too often")


def _trends(node: dict[str, Any], access: Access) -> dict[str, Any]:
    from insights_engine.trend.answer import answer
    from insights_engine.trend.node import parse_node

    assert access.project is not None
    found = answer(parse_node(node), access.project, access.services, access.now)
    return {
        "results": found.result,
        "hasMore": found.has_more,
        "resolved_date_range": found.resolved_date_range,
        "timezone": access.project.timezone,
        "is_cached": False,
        "last_refresh": iso(access.now),
        "error": "",
        "hogql": "",
        "modifiers": node.get("modifiers") or {},
        "query_status": None,
        "timings": [{"k": "clickhouse", "t": round(found.cost.milliseconds / 1000, 6)}],
        "query_cost": {
            "rows_read": found.cost.rows_read,
            "bytes_read": found.cost.bytes_read,
            "clickhouse_ms": found.cost.milliseconds,
        },
    }
