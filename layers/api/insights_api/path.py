"""`/insights/path`: which way people go, for flat parameters and for PathsQuery nodes, as JSON or CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl.access import Access, authorize
from insights_engine.errors import ParseError
from insights_engine.http import JsonResponse, iso

from insights_api.answers import INSIGHTS, answer_node, what_it_took
from insights_api.csv_answers import tidy_response
from insights_api.insight_saving import saving
from insights_api.questions import asked
from insights_api.tabular import layout_of

if TYPE_CHECKING:
    from insights_engine.answer import Answer

router = APIRouter()


@router.api_route("/api/projects/{project_id}/insights/path", methods=["GET", "POST"])
async def path(request: Request) -> Response:
    """Flat parameters, or a PathsQuery node, alone or as `query`; the form decides where the two differ."""
    access = await authorize(request)
    layout = layout_of(request, ("tidy",))
    node, values = await asked(request)
    keep = await saving(request, access, node, values, "PATHS")
    found = INSIGHTS["PATHS"](values, access) if node is None else _node(node, access)
    if layout is not None:
        return tidy_response(request, "PathsQuery", found)
    return JsonResponse(
        {
            "result": found.result,
            **found.additions,
            "timezone": access.project.timezone,
            "is_cached": False,
            "last_refresh": iso(access.now),
            **what_it_took(found, request),
            **keep(),
        }
    )


def _node(node: dict[str, Any], access: Access) -> Answer:
    from insights_engine.path.answer import Paths

    found = answer_node(node, access)
    if not isinstance(found, Paths):
        raise ParseError("query: only a PathsQuery is answered here")
    return found
