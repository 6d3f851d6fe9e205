"""What no route answers: 401 without a key, 403 for a method that the path does not have, else 404. Mounted last."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl.access import authenticate, authorize
from insights_engine.errors import NotFound
from starlette.routing import Match

router = APIRouter(include_in_schema=False)
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]


@router.api_route("/api", methods=_METHODS)
@router.api_route("/api/{rest:path}", methods=_METHODS)
async def unknown_route(request: Request) -> Response:
    """Keys are asked for their rights before methods are looked at, so a wrong method is a 403, not a 405."""
    routes = request.app.router.routes
    if any(route.matches(request.scope)[0] == Match.PARTIAL for route in routes):
        await authorize(request)
    await authenticate(request)
    raise NotFound
