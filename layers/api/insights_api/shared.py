"""`/shared/{token}` and `/embedded/{token}`: what a sharing link shows, to whoever has it.

A browser gets a page, any other client JSON, and so does everybody at `/shared/{token}.json`. A password comes in the
header `X-Share-Password`, or as `password` in the body of a POST, such as the form that the page shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl import shares
from insights_acl.access import Access, of_share
from insights_acl.credentials import body_fields
from insights_acl.permissions import permission_of
from insights_engine.errors import ApiError, NotFound
from insights_engine.http import JsonResponse, plain_json
from insights_engine.services import current

from insights_api import shared_page
from insights_api.dashboard_results import results_of
from insights_api.dashboards import Dashboards
from insights_api.insights import Insights
from insights_api.refresh import asked_refresh
from insights_api.saved_questions import SavedQuestion

router = APIRouter()
_METHODS = ["GET", "HEAD", "POST"]
# A link that was switched off is not to be seen in a cache, its token not in other sites' logs, nor in search engines.
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors "


@router.api_route("/shared/{token}", methods=_METHODS)
async def shared(request: Request, token: str) -> Response:
    """The insight or dashboard of a link, with its results; 404 for a link that is off, 401 without its password."""
    return await _answer(request, token, frames="'none'")


@router.api_route("/embedded/{token}", methods=_METHODS)
async def embedded(request: Request, token: str) -> Response:
    """The same, for a frame on any other site."""
    return await _answer(request, token, frames="*")


async def _answer(request: Request, named: str, *, frames: str) -> Response:
    token, dot, ending = named.partition(".")
    is_page = not dot and "text/html" in request.headers.get("accept", "")
    try:
        if dot and ending != "json":
            raise NotFound
        access = _opened(token, await _password(request))
        found = _found(request, access)
    except ApiError as error:
        if not is_page:
            return JsonResponse(error.body(), status_code=error.status, headers={**_HEADERS, **error.headers})
        return _page(shared_page.refused(error.status, error.detail), frames, error.status, error.headers)
    if is_page:
        return _page(shared_page.page(plain_json(found)), frames, 200)
    return JsonResponse(found, headers=_HEADERS)


def _opened(token: str, password: str | None) -> Access:
    """Nobody, with what the link shows. Raises NotFound, NotAuthenticated, AuthenticationFailed, Throttled."""
    services = current()
    now = services.now()
    share = shares.open_share(services.policies, token, password, now)
    permission = permission_of("GET", "/api/projects/{project_id}/insights/{insight_id}")
    return of_share(share, services, now, permission)


def _found(request: Request, access: Access) -> dict[str, Any]:
    share = access.share
    assert share is not None
    refresh = asked_refresh(request)
    if share.kind == "dashboard":
        shown = Dashboards(request, access).with_results(share.item, refresh)
    else:
        view = Insights(request, access)
        asked = SavedQuestion(share.item)
        shown = {**view.shown(share.item, asked), **results_of(access, [asked], refresh)[share.item["id"]]}
    return {share.kind: shown, "settings": dict(share.settings)}


async def _password(request: Request) -> str | None:
    """Of the header, or of a body. Nothing in the address: addresses are written down everywhere."""
    if request.method == "POST":
        value = (await body_fields(request)).get("password")
        return value if isinstance(value, str) else None
    return request.headers.get(shares.HEADER)


def _page(text: str, frames: str, status: int, further: Mapping[str, str] | None = None) -> Response:
    headers = {**_HEADERS, "Content-Security-Policy": _POLICY + frames, **(further or {})}
    return Response(text, status_code=status, media_type="text/html", headers=headers)
