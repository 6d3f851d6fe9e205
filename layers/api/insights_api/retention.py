"""`/insights/retention`: who came back, for flat parameters and for RetentionQuery nodes, as JSON or CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl.access import Access

from insights_api.csv_answers import file_response
from insights_api.insight_address import InsightAddress

if TYPE_CHECKING:
    from insights_engine.retention.answer import Retention

router = APIRouter()


def _wide(request: Request, access: Access, found: Retention) -> Response:
    from insights_engine.retention.csv import retention_csv

    return file_response(request, found, retention_csv(found.result, found.labels))


_ADDRESS = InsightAddress("RetentionQuery", {"RetentionQuery": _wide})


@router.api_route("/api/projects/{project_id}/insights/retention", methods=["GET", "POST"])
async def retention(request: Request) -> Response:
    """Flat parameters give triangular rows; a RetentionQuery node, alone or as `query`, gives rectangular ones."""
    return await _ADDRESS.answer(request)
