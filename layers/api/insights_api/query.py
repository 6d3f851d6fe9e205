"""`POST /query`: query nodes of every kind that this product answers."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl.access import authorize
from insights_engine.http import JsonResponse, iso, json_object

from insights_api.answers import answer_node, what_it_took

router = APIRouter()


@router.post("/api/projects/{project_id}/query")
async def query(request: Request) -> Response:
    """The answer of one node: `results`, and what it cost."""
    access = await authorize(request, "query:read")
    body = await json_object(request)
    found = answer_node(body.get("query"), access)
    return JsonResponse(
        {
            "results": found.result,
            "hasMore": found.has_more,
            "resolved_date_range": found.resolved_date_range,
            "timezone": access.project.timezone,
            "is_cached": False,
            "last_refresh": iso(access.now),
            "error": "",
            "hogql": "",
            "modifiers": body["query"].get("modifiers") or {},
            "query_status": None,
            **what_it_took(found, request),
        }
    )
