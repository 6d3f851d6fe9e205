"""`/query/{query_id}`: how far a question in the background is, its result once there, and an end to it.

Only who asked is told.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl.access import Access, authorize
from insights_engine.errors import NotFound
from insights_engine.http import JsonResponse
from insights_engine.results.cache import ResultsCache
from insights_engine.results.jobs import CANCELLED, Job, Jobs

from insights_api.background import query_name
from insights_api.query import results_of
from insights_api.serving import PAST_ITS_TIME, Asking, Served

router = APIRouter()
_PATH = "/api/projects/{project_id}/query/{query_id}"


@router.get(_PATH)
async def status(request: Request) -> Response:
    """`query_status`, with `results` once it is `complete`: 202 until then, 200 from then on."""
    access = await authorize(request)
    job = _found(access, request.path_params["query_id"])
    told = job.status(access.now, _results(access, job))
    return JsonResponse({"query_status": told}, status_code=200 if told["complete"] else 202)


@router.delete(_PATH)
async def cancel(request: Request) -> Response:
    """The question ends, and with it what ClickHouse does for it; 204. One that has ended stays as it is."""
    access = await authorize(request)
    job = _found(access, request.path_params["query_id"])
    jobs = Jobs(access.services)
    while not job.complete:
        ended = jobs.change(job, complete=True, end_time=access.now.isoformat(), error_message=CANCELLED)
        if ended is not None:
            access.services.clickhouse.kill(query_name(job))
            break
        job = _found(access, request.path_params["query_id"])
    return Response(status_code=204)


def _found(access: Access, query_id: str) -> Job:
    """Raises NotFound, for another's question too."""
    job = Jobs(access.services).get(access.project.id, query_id)
    if job is None or job.user_id != access.user.uuid:
        raise NotFound
    return job


def _results(access: Access, job: Job) -> dict[str, Any] | None:
    if not job.complete or job.error_message is not None:
        return None
    entry = ResultsCache(access.services).kept(access.project.id, job.cache_key)
    if entry is None:
        return None
    reason = None if entry.freshness(access.now).is_fresh else PAST_ITS_TIME
    served = Served(Asking.of(access), job.cache_key, entry, is_cached=True, stale_reason=reason)
    return results_of(served, job.question["asked"])
