"""`/insights/timing`: how long people waited for what they wanted to see. POST records one load, GET is the report."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn
from uuid import uuid4

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl.access import Access, authorize
from insights_engine.errors import MethodNotAllowed, ParseError, PayloadTooLarge, ValidationError
from insights_engine.http import JsonResponse, error_response, iso

from insights_api.costs import what_it_took
from insights_api.tabular import wants_csv

if TYPE_CHECKING:
    from insights_engine.answer import Answer

router = APIRouter()

_PATH = "/api/projects/{project_id}/insights/timing"
_MOST_BYTES = 1024 * 1024
# More digits than any column holds; longer numbers stay as long as to fit none.
_DIGITS = 30


@router.post(_PATH)
async def record(request: Request) -> Response:
    """201 for any JSON object: what fits a column is kept. A load that cannot be queued is lost, and counted."""
    access = await authorize(request)
    _queue(await _object(request), access)
    return Response(status_code=201)


@router.get(_PATH)
async def report(request: Request) -> Response:
    """Percentiles, cached share and frustrating interactions, by insight, context and day. Without a date: 405."""
    access = await authorize(request)
    from insights_engine.timing import answer, model

    values = dict(request.query_params)
    if not model.asks_for_report(values):
        refused = error_response(MethodNotAllowed('Method "GET" not allowed. With date_from it is a report.'))
        refused.headers["Allow"] = "POST"
        return refused
    if wants_csv(request):
        raise ValidationError("format: the report is JSON only", attr="format")
    found = answer.answer(model.parse(values), access.project, access.services, access.now)
    return _answered(found, access, request)


def _answered(found: Answer, access: Access, request: Request) -> Response:
    return JsonResponse(
        {
            "result": found.result,
            "resolved_date_range": found.resolved_date_range,
            "timezone": access.project.timezone,
            "is_cached": False,
            "last_refresh": iso(access.now),
            **what_it_took(found, request),
        }
    )


async def _object(request: Request) -> dict[str, Any]:
    """The body, read with more patience than elsewhere: a text that a browser cut within a character is one too."""
    if int(request.headers.get("content-length") or 0) > _MOST_BYTES:
        raise PayloadTooLarge
    body = await request.body()
    if len(body) > _MOST_BYTES:
        raise PayloadTooLarge
    try:
        said = json.loads(body.decode() or "{}", parse_int=_whole, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise ParseError(f"JSON parse error - {error}") from error
    if not isinstance(said, dict):
        raise ParseError("JSON parse error - the body must be an object")
    return said


def _whole(digits: str) -> int:
    return int(digits[:_DIGITS])


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _queue(said: dict[str, Any], access: Access) -> None:
    """Whatever happens to the queue is no matter of the page that the caller waits for."""
    from insights_engine.queue import pack
    from insights_engine.timing.columns import item_of

    item = item_of(said, project_id=access.project.id, user_id=access.user.id, at=access.now, uuid=uuid4())
    try:
        access.services.events.send(pack([item]))
    except Exception as error:
        from insights_engine import metrics
        from insights_engine.log import logger

        logger().warning("a timing is lost", extra={"project": access.project.id, "why": repr(error)[:300]})
        metrics.count("TimingLost", service="timing")
