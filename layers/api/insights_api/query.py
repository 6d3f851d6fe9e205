"""`POST /query`: query nodes of every kind that this product answers."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl.access import Access, authorize
from insights_engine.http import JsonResponse, iso, json_object
from insights_engine.kinds import people_node

from insights_api.asked import Asked
from insights_api.costs import wants_explanation
from insights_api.csv_answers import exported, tidy_response
from insights_api.insight_saving import saving
from insights_api.questions import question_of_node
from insights_api.refresh import asked_refresh
from insights_api.serving import Asking, Served, pending, serve
from insights_api.tabular import csv_response, layout_of

router = APIRouter()


@router.post("/api/projects/{project_id}/query")
async def query(request: Request) -> Response:
    """The answer of one node: `results`, and what it cost."""
    access = await authorize(request)
    layout = layout_of(request, ("tidy",))
    body = await json_object(request)
    node: Any = body.get("query")
    keep = saving(request, access, Asked(node, {}, body))
    if (asked := people_node(node)) is not None:
        from insights_api import actor_queries  # which knows the engine of every insight that has people

        actors = actor_queries.answer(*asked, access)
        if layout is not None:
            return _actors_csv(actors)
        return JsonResponse(actors | _circumstances(access, node))
    question = question_of_node(node)
    if layout is not None:
        return tidy_response(request, question.kind, exported(question, access))
    served = serve(
        Asking.of(access), question, asked_refresh(request, body, "blocking"), explain=wants_explanation(request)
    )
    if served.entry is None:
        return pending(served, keep)
    return JsonResponse(results_of(served, node) | keep())


def results_of(served: Served, node: dict[str, Any]) -> dict[str, Any]:
    """What the query endpoint says of a result."""
    entry = served.entry
    assert entry is not None
    return {
        "results": served.rows,
        **served.further,
        "hogql": "",
        **entry.additions,
        "resolved_date_range": entry.resolved_date_range,
        "error": "",
        "modifiers": node.get("modifiers") or {},
        **served.circumstances(),
        **served.cost(),
    }


def _actors_csv(actors: dict[str, Any]) -> Response:
    """As people are listed elsewhere: what is said of one, in columns of its own."""
    rows = [dict(zip(actors["columns"], row, strict=True)) for row in actors["results"]]
    return csv_response(rows, () if rows else actors["columns"])


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
