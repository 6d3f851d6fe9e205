"""`/api/projects/{id}/feature_flags`: there are none. Clients that list what a project has read an empty list."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl.access import authorize
from insights_engine.errors import MethodNotAllowed, NotFound
from insights_engine.http import JsonResponse

from insights_api.flags import DEFINITIONS
from insights_api.pagination import page

router = APIRouter()
_ALL = "/api/projects/{project_id}/feature_flags"


@router.get(_ALL)
async def list_flags(request: Request) -> Response:
    """There are none."""
    await authorize(request)
    return JsonResponse(page(request, (), lambda flag: flag))


@router.post(_ALL)
async def create_flag(request: Request) -> Response:
    """Refused: feature flags are not part of this product."""
    await authorize(request)
    raise MethodNotAllowed('Method "POST" not allowed: feature flags are not part of this product.')


@router.get(_ALL + "/local_evaluation")
async def local_evaluation(request: Request) -> Response:
    """What an SDK asks for that works out flags itself: there are none."""
    await authorize(request)
    return JsonResponse(DEFINITIONS)


@router.api_route(_ALL + "/{feature_flag_id}", methods=["GET", "PUT", "PATCH", "DELETE"])
async def flag(request: Request) -> Response:
    """A 404, whatever is asked for."""
    await authorize(request)
    raise NotFound
