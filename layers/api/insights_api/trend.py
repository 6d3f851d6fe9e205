"""`/insights/trend`: the legacy trend endpoint, as JSON or CSV, for flat filters and for query nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl.access import Access, authorize
from insights_engine.errors import ParseError
from insights_engine.http import JsonResponse
from insights_engine.trend.displays import DEFAULT_BREAKDOWN_LIMIT

from insights_api.answers import STATEMENTS, question_of_flat, question_of_node, unwrapped, wants_explanation
from insights_api.csv_answers import export_filters, export_node, file_response, tidy_response
from insights_api.insight_saving import saving
from insights_api.questions import CREDENTIALS, asked
from insights_api.refresh import asked_refresh
from insights_api.serving import Asking, pending, serve
from insights_api.tabular import layout_of

router = APIRouter()
# The kinds whose answers are series over buckets, which is what a column a bucket can show.
_WIDE = frozenset({"TrendsQuery", "LifecycleQuery", "StickinessQuery"})


@router.api_route("/api/projects/{project_id}/insights/trend", methods=["GET", "POST"])
async def trend(request: Request) -> Response:
    """Flat filters (query string or JSON body), or a body that is a query node or holds one as `query`."""
    access = await authorize(request)
    layout, (node, values) = layout_of(request), await asked(request)
    keep = await saving(request, access, node, values)
    if node is not None and unwrapped(node)[0]["kind"] in STATEMENTS:
        raise ParseError("query: SQL and events are asked for at /api/projects/:project_id/query/")
    if layout is not None:
        return _csv(request, access, layout, node, values)
    question = question_of_flat(values) if node is None else question_of_node(node)
    served = serve(
        Asking.of(access), question, asked_refresh(request, values, "blocking"), explain=wants_explanation(request)
    )
    if served.entry is None:
        return pending(served, keep)
    return JsonResponse(
        {
            "result": served.rows,
            **served.entry.additions,
            **served.circumstances(),
            "next": _next(request, served.entry.rows),
            **served.cost(),
            **keep(),
        }
    )


def _csv(request: Request, access: Access, layout: str, node: Any, values: Mapping[str, Any]) -> Response:
    kind, found = export_filters(values, access) if node is None else export_node(node, access)
    if kind not in _WIDE:
        layout = layout_of(request, ("tidy",)) or layout
    if layout == "tidy":
        return tidy_response(request, kind, found)
    from insights_engine.trend.csv import trend_csv

    insight = request.query_params.get("export_insight_id")
    site = access.services.settings.site_url.rstrip("/") or str(request.base_url).rstrip("/")
    # What no id has in it becomes part of the address, not of the file.
    first_line = f"{site}/insights/{quote(insight, safe='')}/" if insight else None
    return file_response(request, found, trend_csv(found.result), first_line)


def _next(request: Request, length: int) -> str | None:
    """A further page's address once there are `breakdown_limit` rows, of the query string, as upstream gives."""
    limit = _number(request, "breakdown_limit", DEFAULT_BREAKDOWN_LIMIT)
    if not limit or length < limit:
        return None
    parameters = {name: value for name, value in request.query_params.items() if name not in CREDENTIALS}
    query = parameters | {"offset": str(_number(request, "offset", 0) + limit)}
    return f"{request.url.replace(query=urlencode(query))}"


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 9 else default
