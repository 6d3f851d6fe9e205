"""`/insights/funnel`: how many take which steps, for flat parameters and for FunnelsQuery nodes, as JSON or CSV."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from insights_api.insight_address import InsightAddress

router = APIRouter()
_ADDRESS = InsightAddress("FunnelsQuery")


@router.api_route("/api/projects/{project_id}/insights/funnel", methods=["GET", "POST"])
async def funnel(request: Request) -> Response:
    """Flat parameters, or a FunnelsQuery node, alone or as `query`; only the former's steps tell who took them."""
    return await _ADDRESS.answer(request)
