"""`/insights/trend`: the legacy trend endpoint, as JSON or CSV, for flat filters and for query nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl.access import Access
from insights_engine.results.entry import Entry
from insights_engine.trend.displays import DEFAULT_BREAKDOWN_LIMIT

from insights_api.asked import CREDENTIALS
from insights_api.csv_answers import file_response
from insights_api.insight_address import InsightAddress, site_of

if TYPE_CHECKING:
    from insights_engine.answer import Answer

router = APIRouter()


def _wide(request: Request, access: Access, found: Answer) -> Response:
    """A column a bucket."""
    from insights_engine.trend.csv import trend_csv

    insight = request.query_params.get("export_insight_id")
    # What no id has in it becomes part of the address, not of the file.
    first_line = f"{site_of(request, access)}/insights/{quote(insight, safe='')}/" if insight else None
    return file_response(request, found, trend_csv(found.result), first_line)


def _next(request: Request, entry: Entry) -> dict[str, Any]:
    """A further page's address once there are `breakdown_limit` rows, of the query string, as upstream gives."""
    limit = _number(request, "breakdown_limit", DEFAULT_BREAKDOWN_LIMIT)
    if not limit or entry.rows < limit:
        return {"next": None}
    parameters = {name: value for name, value in request.query_params.items() if name not in CREDENTIALS}
    query = parameters | {"offset": str(_number(request, "offset", 0) + limit)}
    return {"next": f"{request.url.replace(query=urlencode(query))}"}


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 9 else default


_WIDE = dict.fromkeys(("TrendsQuery", "LifecycleQuery", "StickinessQuery"), _wide)
_ADDRESS = InsightAddress(wide=_WIDE, beside=_next)


@router.api_route("/api/projects/{project_id}/insights/trend", methods=["GET", "POST"])
async def trend(request: Request) -> Response:
    """Flat filters (query string or JSON body), or a body that is a query node or holds one as `query`."""
    return await _ADDRESS.answer(request)
