"""`/api/person/path`: the people behind an edge or a node of the older form of paths."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl.access import authorize
from insights_engine.flat import whole
from insights_engine.http import JsonResponse, iso

from insights_api.pagination import DEFAULT_LIMIT
from insights_api.questions import asked_of_people, choose_project, next_page

router = APIRouter()
MAX_LIMIT = 1000
_MOST = 2**31 - 1


@router.api_route("/api/person/path", methods=["GET", "POST"])
@router.api_route("/api/projects/{project_id}/persons/path", methods=["GET", "POST"])
async def person_path(request: Request) -> Response:
    """The parameters of paths, and the nodes that choose. Without a project in the path, `project_id` names it."""
    from insights_engine.path.legacy import parse_legacy

    from insights_api.path_actors import page

    await choose_project(request)
    access = await authorize(request)
    values = await asked_of_people(request, "paths")
    limit = whole(values, "limit", 1, MAX_LIMIT) or DEFAULT_LIMIT
    offset = whole(values, "offset", 0, _MOST) or 0
    found = page(access, parse_legacy(values), limit, offset)
    persons = [person for person, _ in found.found]
    return JsonResponse(
        {
            "results": [{"people": persons, "count": len(persons)}],
            "next": next_page(request, access, values, limit, offset + limit) if found.has_more else None,
            "initial": next_page(request, access, values, limit, 0),
            "missing_persons": found.missing,
            "is_cached": False,
            "last_refresh": iso(access.now),
        }
    )
