"""`/insights/retention`: who came back, for flat parameters and for RetentionQuery nodes."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl.access import authorize
from insights_engine.http import JsonResponse, iso, json_object

from insights_api.answers import answer_node, what_it_took
from insights_api.trend import require_json

router = APIRouter()


@router.api_route("/api/projects/{project_id}/insights/retention", methods=["GET", "POST"])
async def retention(request: Request) -> Response:
    """Flat parameters give triangular rows; a RetentionQuery node, alone or as `query`, gives rectangular ones."""
    access = await authorize(request, "insight:read", body_token=True)
    values: dict[str, Any] = dict(request.query_params)
    node = None
    if request.method == "POST":
        require_json(request)
        body = await json_object(request)
        node = body.get("query", body)
        values |= body
    if isinstance(node, dict) and isinstance(node.get("kind"), str):
        found = answer_node(node, access)
    else:
        from insights_engine.retention.answer import answer
        from insights_engine.retention.legacy import parse_legacy

        found = answer(parse_legacy(values), access.project, access.services, access.now)
    return JsonResponse(
        {
            "result": found.result,
            "mean": found.mean,
            "timezone": access.project.timezone,
            "is_cached": False,
            "last_refresh": iso(access.now),
            **what_it_took(found, request),
        }
    )
