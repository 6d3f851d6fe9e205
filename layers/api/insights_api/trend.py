"""`/insights/trend`: the legacy trend endpoint, as JSON or CSV, for flat filters and for query nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl.access import Access, authorize
from insights_engine.errors import UnsupportedMedia
from insights_engine.http import JsonResponse, iso, json_object
from insights_engine.trend.displays import DEFAULT_BREAKDOWN_LIMIT

from insights_api.answers import answer_filters, answer_node, what_it_took

if TYPE_CHECKING:
    from insights_engine.trend.answer import Trend

router = APIRouter()


@router.api_route("/api/projects/{project_id}/insights/trend", methods=["GET", "POST"])
async def trend(request: Request) -> Response:
    """Flat filters (query string or JSON body), or a body that is a query node or holds one as `query`."""
    access = await authorize(request, "insight:read", body_token=True)
    found = await _answer(request, access)
    if wants_csv(request):
        return _csv(request, access, found.result, found.resolved_date_range)
    return JsonResponse(
        {
            "result": found.result,
            "timezone": access.project.timezone,
            "is_cached": False,
            "last_refresh": iso(access.now),
            "next": _next(request, len(found.result)),
            **what_it_took(found, request),
        }
    )


async def _answer(request: Request, access: Access) -> Trend:
    values: dict[str, Any] = dict(request.query_params)
    if request.method == "POST":
        require_json(request)
        body = await json_object(request)
        if (node := node_of(body)) is not None:
            return answer_node(node, access)
        values |= body
    return answer_filters(values, access)


def node_of(body: dict[str, Any]) -> Any:
    """The query node of a body, whatever was written there: `query`, or the body itself when it has a `kind`."""
    if body.get("query") is not None:
        return body["query"]
    return body if body.get("kind") is not None else None


def require_json(request: Request) -> None:
    media = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if media and media != "application/json":
        raise UnsupportedMedia(f'Unsupported media type "{media}" in request.')


def wants_csv(request: Request) -> bool:
    asked = request.query_params.get("format") or getattr(request.state, "format", None)
    return asked == "csv" or (asked is None and request.headers.get("accept", "").startswith("text/csv"))


def _csv(request: Request, access: Access, result: list[dict[str, Any]], dates: dict[str, str]) -> Response:
    from insights_engine.trend.csv import file_name, trend_csv

    insight = request.query_params.get("export_insight_id")
    site = access.services.settings.site_url.rstrip("/") or str(request.base_url).rstrip("/")
    text = trend_csv(result, f"{site}/insights/{insight}/" if insight else None)
    name = file_name(request.query_params.get("export_name"), dates["date_from"], dates["date_to"])
    return Response(text, media_type="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _next(request: Request, length: int) -> str | None:
    """A further page's address once there are `breakdown_limit` rows, of the query string, as upstream gives."""
    limit = _number(request, "breakdown_limit", DEFAULT_BREAKDOWN_LIMIT)
    if not limit or length < limit:
        return None
    query = dict(request.query_params) | {"offset": str(_number(request, "offset", 0) + limit)}
    return f"{request.url.replace(query=urlencode(query))}"


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 9 else default
