"""`/api/person/funnel`: the people behind a step of the older form of funnels, or behind a point of its trend."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl.access import authorize
from insights_engine.flat import flag, json_value, text, whole

from insights_api.asked import asked_of_people, choose_project
from insights_api.older_people import page_response, slice_of

router = APIRouter()
_MOST = 2**31 - 1


@router.api_route("/api/person/funnel", methods=["GET", "POST"])
@router.api_route("/api/projects/{project_id}/persons/funnel", methods=["GET", "POST"])
async def person_funnel(request: Request) -> Response:
    """The parameters of a funnel, and what chooses. Without a project in the path, `project_id` names it.

    Needs `person:read` as well, or of groups `group:read`.
    """
    from insights_engine.funnel.legacy import parse_legacy
    from insights_engine.funnel.people import Chosen

    from insights_api.funnel_actors import page, value_of

    await choose_project(request)
    access = await authorize(request)
    values = await asked_of_people(request, "funnels")
    chosen = Chosen(
        step=whole(values, "funnel_step", -_MOST, _MOST),
        value=value_of(json_value(values, "funnel_step_breakdown")),
        period=text(values, "entrance_period_start"),
        drop_off=flag(values, "drop_off"),
    )
    limit, offset = slice_of(values)
    found = page(access, parse_legacy(values), chosen, limit, offset)
    return page_response(request, access, values, found, limit, offset)
