"""`/insights/retention`: who came back, for flat parameters and for RetentionQuery nodes, as JSON or CSV."""

from __future__ import annotations

from typing import cast

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl.access import Access
from insights_engine.spreadsheets import LAYOUTS

from insights_api.answers import Question, answered_now
from insights_api.csv_answers import file_response, tidy_response
from insights_api.insight_answers import InsightAddress

router = APIRouter()


def _csv(request: Request, access: Access, question: Question, layout: str) -> Response:
    from insights_engine.retention.answer import Retention
    from insights_engine.retention.csv import retention_csv

    found = cast(Retention, answered_now(question, access))
    if layout == "tidy":
        return tidy_response(request, question.kind, found)
    return file_response(request, found, retention_csv(found.result, found.labels))


_RETENTION = InsightAddress("RetentionQuery", "RETENTION", _csv, LAYOUTS)


@router.api_route("/api/projects/{project_id}/insights/retention", methods=["GET", "POST"])
async def retention(request: Request) -> Response:
    """Flat parameters give triangular rows; a RetentionQuery node, alone or as `query`, gives rectangular ones."""
    return await _RETENTION.answer(request)
