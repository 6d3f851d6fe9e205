"""`/insights/retention`: who came back, for flat parameters and for RetentionQuery nodes, as JSON or CSV."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl.access import Access, authorize
from insights_engine.errors import ParseError
from insights_engine.http import JsonResponse, iso, json_object

from insights_api.answers import answer_node, what_it_took
from insights_api.trend import node_of, require_json, wants_csv

if TYPE_CHECKING:
    from insights_engine.retention.answer import Retention

router = APIRouter()
# What is about the request and not about the question: nothing of it belongs into an address that is handed out.
_NOT_ASKED = frozenset({"personal_api_key", "token", "api_key", "format", "explain", "refresh", "limit", "offset"})


@router.api_route("/api/projects/{project_id}/insights/retention", methods=["GET", "POST"])
async def retention(request: Request) -> Response:
    """Flat parameters give triangular rows; a RetentionQuery node, alone or as `query`, gives rectangular ones."""
    access = await authorize(request, "insight:read", body_token=True)
    values: dict[str, Any] = dict(request.query_params)
    node = None
    if request.method == "POST":
        require_json(request)
        body = await json_object(request)
        node = node_of(body)
        values |= body
    found = _node(node, access) if node is not None else _flat(request, access, values)
    if wants_csv(request):
        return _csv(request, found)
    return JsonResponse(
        {
            "result": found.result,
            "mean": found.mean,
            "timezone": access.project.timezone,
            "is_cached": False,
            "last_refresh": iso(access.now),
            **what_it_took(found, request),
        }
    )


def _node(node: dict[str, Any], access: Access) -> Retention:
    from insights_engine.retention.answer import Retention

    found = answer_node(node, access)
    if not isinstance(found, Retention):
        raise ParseError("query: only a RetentionQuery is answered here")
    return found


def _flat(request: Request, access: Access, values: Mapping[str, Any]) -> Retention:
    from insights_engine.retention.answer import answer
    from insights_engine.retention.legacy import parse_legacy

    found = answer(parse_legacy(values), access.project, access.services, access.now)
    asked = {name: _text(v) for name, v in values.items() if v is not None and name not in _NOT_ASKED}
    path = f"/api/person/retention/?{urlencode(asked | {'project_id': access.project.id})}"
    site = access.services.settings.site_url.rstrip("/") or str(request.base_url).rstrip("/")
    for number, row in enumerate(found.result):
        chosen = _text(row.get("breakdown_values", [number]))
        own = {"breakdown_values": chosen} if "breakdown_values" in row else {"selected_interval": number}
        row["people_url"] = f"{path}&{urlencode(own)}"
        for column, cell in enumerate(row["values"]):
            if cell["count"]:
                where = urlencode({"breakdown_values": chosen, "selected_interval": column})
                cell["people_url"] = f"{site}{path}&{where}"
    return found


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _csv(request: Request, found: Retention) -> Response:
    from insights_engine.retention.csv import retention_csv
    from insights_engine.trend.csv import file_name

    dates = found.resolved_date_range
    name = file_name(request.query_params.get("export_name"), dates["date_from"], dates["date_to"])
    return Response(
        retention_csv(found.result, found.labels),
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
