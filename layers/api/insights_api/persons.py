"""`/api/projects/{id}/persons`: who did what the events say, with properties and distinct ids."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl.access import authorize
from insights_engine import keys
from insights_engine.flat import whole
from insights_engine.http import JsonResponse
from starlette.datastructures import URL

from insights_api import cohorts, objects, person_lists
from insights_api.cursors import Walk
from insights_api.person_filters import required_text, short_text
from insights_api.tabular import csv_response, wants_csv

router = APIRouter()
_ALL = "/api/projects/{project_id}/persons"
_VALUES, _MOST_VALUES = 20, 1000


@router.get(_ALL)
async def list_persons(request: Request) -> Response:
    """The newest first. All that is given must hold. `next` leads on from where the page ends; of CSV it is the header
    `Link`.
    """
    access = await authorize(request)
    is_csv = wants_csv(request)
    page = person_lists.page(access, Walk.asked(request, access.project.id, person_lists.ORDER))
    if not is_csv:
        return JsonResponse({"next": page.next, "previous": page.previous, "results": page.rows})
    answer = csv_response(page.rows, ("id", "email", "name", "created_at"), last=("distinct_ids",))
    if page.next:
        answer.headers["Link"] = f'<{URL(page.next).include_query_params(format="csv")}>; rel="next"'
    return answer


@router.get(_ALL + "/values")
async def person_values(request: Request) -> Response:
    """What to offer who types the value of a property: values as text, and how many persons have each."""
    access = await authorize(request)
    query = request.query_params
    limit = whole(query, "limit", 1, _MOST_VALUES) or _VALUES
    return JsonResponse(person_lists.values(access, required_text(query, "key"), short_text(query, "value"), limit))


@router.get(_ALL + "/properties")
async def person_properties(request: Request) -> Response:
    """Names of properties, and how many persons have each, the most frequent first."""
    access = await authorize(request)
    return JsonResponse(person_lists.properties(access))


@router.get(_ALL + "/cohorts")
async def person_cohorts(request: Request) -> Response:
    """The cohorts that a person is in now, the newest first."""
    access = await authorize(request)
    every = objects.listed(access.services.policies, keys.cohort, access.project.id)
    found = person_lists.cohorts_of(access, required_text(request.query_params, "person_id"), every)
    return JsonResponse({"results": [cohorts.shown(item) for item in found]})


@router.get(_ALL + "/{person_id}")
async def get_person(request: Request, person_id: str) -> Response:
    """By uuid or number. One that became part of another is answered as that one."""
    access = await authorize(request)
    return JsonResponse(person_lists.one(access, person_id))
