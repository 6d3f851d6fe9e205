"""`/insights/funnel`: how many take which steps, for flat parameters and for FunnelsQuery nodes, as JSON or CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl.access import Access, authorize
from insights_engine.errors import ParseError
from insights_engine.http import JsonResponse, iso

from insights_api.answers import answer_node, what_it_took
from insights_api.csv_answers import tidy_response
from insights_api.insight_saving import saving
from insights_api.questions import as_text, asked, in_address
from insights_api.tabular import layout_of

if TYPE_CHECKING:
    from insights_engine.funnel.answer import Funnel

router = APIRouter()


@router.api_route("/api/projects/{project_id}/insights/funnel", methods=["GET", "POST"])
async def funnel(request: Request) -> Response:
    """Flat parameters, or a FunnelsQuery node, alone or as `query`; only the former's steps tell who took them."""
    access = await authorize(request)
    layout = layout_of(request, ("tidy",))
    node, values = await asked(request)
    keep = await saving(request, access, node, values, "FUNNELS")
    found = _flat(access, values) if node is None else _node(node, access)
    if layout is not None:
        return tidy_response(request, "FunnelsQuery", found)
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


def _node(node: dict[str, Any], access: Access) -> Funnel:
    from insights_engine.funnel.answer import Funnel

    found = answer_node(node, access)
    if not isinstance(found, Funnel):
        raise ParseError("query: only a FunnelsQuery is answered here")
    return found


def _flat(access: Access, values: Mapping[str, Any]) -> Funnel:
    from insights_engine.funnel.answer import answer
    from insights_engine.funnel.legacy import parse_legacy

    found = answer(parse_legacy(values), access.project, access.services, access.now)
    question = in_address(values) | {"project_id": str(access.project.id)}
    path = f"/api/person/funnel/?{urlencode(question)}"
    shown = list(_steps(found.result))
    for index, steps in enumerate(shown):
        # Other is a sum, not a value that could be asked for.
        is_other = found.shows_other and index == len(shown) - 1
        for step in steps:
            number, value = step["order"] + 1, step.get("breakdown_value")
            own = {} if value is None else {"funnel_step_breakdown": as_text(value)}
            for name, at in (("converted", number), ("dropped", -number)):
                url = None if is_other or at == -1 else f"{path}&{urlencode({'funnel_step': at} | own)}"
                step[f"{name}_people_url"] = url
    return found


def _steps(result: Any) -> Iterator[list[dict[str, Any]]]:
    """Those of every value; a histogram and a trend have none."""
    for row in result if isinstance(result, list) else []:
        if isinstance(row, list):
            yield row
        elif "order" in row:
            yield result
            return
