"""`/insights/retention`: who came back, for flat parameters and for RetentionQuery nodes, as JSON or CSV."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl.access import Access, authorize
from insights_engine.errors import ParseError
from insights_engine.http import JsonResponse, iso

from insights_api.answers import answer_node, what_it_took
from insights_api.csv_answers import file_response, tidy_response
from insights_api.insight_saving import saving
from insights_api.questions import as_text, asked, in_address
from insights_api.tabular import layout_of

if TYPE_CHECKING:
    from insights_engine.retention.answer import Retention

router = APIRouter()


@router.api_route("/api/projects/{project_id}/insights/retention", methods=["GET", "POST"])
async def retention(request: Request) -> Response:
    """Flat parameters give triangular rows; a RetentionQuery node, alone or as `query`, gives rectangular ones."""
    access = await authorize(request)
    layout = layout_of(request)
    node, values = await asked(request)
    keep = await saving(request, access, node, values, "RETENTION")
    found = _node(node, access) if node is not None else _flat(request, access, values)
    if layout is not None:
        return _csv(request, found, layout)
    return JsonResponse(
        {
            "result": found.result,
            "mean": found.mean,
            "timezone": access.project.timezone,
            "is_cached": False,
            "last_refresh": iso(access.now),
            **what_it_took(found, request),
            **keep(),
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
    from insights_engine.trend.breakdowns import OTHER

    found = answer(parse_legacy(values), access.project, access.services, access.now)
    question = in_address(values) | {"project_id": str(access.project.id)}
    path = f"/api/person/retention/?{urlencode(question)}"
    site = access.services.settings.site_url.rstrip("/") or str(request.base_url).rstrip("/")
    for number, row in enumerate(found.result):
        if row["label"] == OTHER and "breakdown_values" in row:
            continue  # a sum, not a value that could be asked for
        chosen = as_text(row.get("breakdown_values", [number]))
        own = {"breakdown_values": chosen} if "breakdown_values" in row else {"selected_interval": number}
        row["people_url"] = f"{path}&{urlencode(own)}"
        for column, cell in enumerate(row["values"]):
            if cell["count"]:
                where = urlencode({"breakdown_values": chosen, "selected_interval": column})
                cell["people_url"] = f"{site}{path}&{where}"
    return found


def _csv(request: Request, found: Retention, layout: str) -> Response:
    if layout == "tidy":
        return tidy_response(request, "RetentionQuery", found)
    from insights_engine.retention.csv import retention_csv

    return file_response(request, found, retention_csv(found.result, found.labels))
