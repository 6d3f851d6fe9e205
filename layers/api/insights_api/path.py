"""`/insights/path`: which way people go, for flat parameters and for PathsQuery nodes, as JSON or CSV."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from insights_api.insight_address import InsightAddress

router = APIRouter()
_ADDRESS = InsightAddress("PathsQuery")


@router.api_route("/api/projects/{project_id}/insights/path", methods=["GET", "POST"])
async def path(request: Request) -> Response:
    """Flat parameters, or a PathsQuery node, alone or as `query`; the form decides where the two differ."""
    return await _ADDRESS.answer(request)
