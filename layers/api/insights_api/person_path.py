"""`/api/person/path`: the people behind an edge or a node of the older form of paths."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl.access import authorize

from insights_api.asked import asked_of_people, choose_project
from insights_api.older_people import page_response, slice_of

router = APIRouter()


@router.api_route("/api/person/path", methods=["GET", "POST"])
@router.api_route("/api/projects/{project_id}/persons/path", methods=["GET", "POST"])
async def person_path(request: Request) -> Response:
    """The parameters of paths, and the nodes that choose. Without a project in the path, `project_id` names it."""
    from insights_engine.path.legacy import parse_legacy

    from insights_api.path_actors import page

    await choose_project(request)
    access = await authorize(request)
    values = await asked_of_people(request, "paths")
    limit, offset = slice_of(values)
    found = page(access, parse_legacy(values), limit, offset)
    return page_response(request, access, values, found, limit, offset)
