"""`/insights/funnel`: how many take which steps, for flat parameters and for FunnelsQuery nodes, as JSON or CSV."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from insights_api.insight_answers import InsightAddress, tidy

router = APIRouter()
_FUNNEL = InsightAddress("FunnelsQuery", "FUNNELS", tidy)


@router.api_route("/api/projects/{project_id}/insights/funnel", methods=["GET", "POST"])
async def funnel(request: Request) -> Response:
    """Flat parameters, or a FunnelsQuery node, alone or as `query`; only the former's steps tell who took them."""
    return await _FUNNEL.answer(request)
