"""`POST /query`: query nodes of every kind that this product answers."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl.access import Access, authorize
from insights_engine.http import JsonResponse, iso, json_object

from insights_api.actors import answer_actors, is_actors
from insights_api.answers import answer_node, what_it_took

router = APIRouter()


@router.post("/api/projects/{project_id}/query")
async def query(request: Request) -> Response:
    """The answer of one node: `results`, and what it cost."""
    access = await authorize(request, "query:read")
    body = await json_object(request)
    if is_actors(body.get("query")):
        return JsonResponse(answer_actors(body["query"], access) | _circumstances(access, body["query"]))
    found = answer_node(body.get("query"), access)
    # Retention has a mean row, and no further rows.
    further = {"hasMore": found.has_more} if found.mean is None else {"mean": found.mean}
    return JsonResponse(
        {
            "results": found.result,
            **further,
            "resolved_date_range": found.resolved_date_range,
            **_circumstances(access, body["query"]),
            **what_it_took(found, request),
        }
    )


def _circumstances(access: Access, node: dict[str, Any]) -> dict[str, Any]:
    return {
        "timezone": access.project.timezone,
        "is_cached": False,
        "last_refresh": iso(access.now),
        "error": "",
        "hogql": "",
        "modifiers": node.get("modifiers") or {},
        "query_status": None,
    }
