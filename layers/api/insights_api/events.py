"""`/api/projects/{id}/events`: what happened, event by event."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl.access import authorize
from insights_engine.flat import whole
from insights_engine.http import JsonResponse
from starlette.datastructures import URL

from insights_api import event_lists
from insights_api.event_pages import Pages
from insights_api.person_filters import required_text, short_text
from insights_api.tabular import csv_response, wants_csv

router = APIRouter()
_ALL = "/api/projects/{project_id}/events"
_VALUES, _MOST_VALUES = 20, 1000


@router.get(_ALL)
async def list_events(request: Request) -> Response:
    """The latest first. All that is given must hold. `next` leads on from where the page ends; of CSV it is the header
    `Link`.
    """
    access = await authorize(request)
    is_csv = wants_csv(request)
    rows, following = event_lists.page(access, Pages.asked(request, access))
    if not is_csv:
        return JsonResponse({"next": following, "results": rows})
    answer = csv_response(rows, ("id", "event", "timestamp", "distinct_id"), last=("elements", "elements_chain"))
    if following:
        answer.headers["Link"] = f'<{URL(following).include_query_params(format="csv")}>; rel="next"'
    return answer


@router.get(_ALL + "/values")
async def event_values(request: Request) -> Response:
    """What to offer who types the value of a property: values as text, and how many events of late have each."""
    access = await authorize(request)
    query = request.query_params
    limit = whole(query, "limit", 1, _MOST_VALUES) or _VALUES
    key, part = required_text(query, "key"), short_text(query, "value")
    return JsonResponse(event_lists.values(access, key, part, query.getlist("event_name"), limit))


@router.get(_ALL + "/{event_id}")
async def get_event(request: Request, event_id: str) -> Response:
    """By its uuid."""
    access = await authorize(request)
    return JsonResponse(event_lists.one(access, event_id))
