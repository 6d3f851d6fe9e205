"""The capture endpoints: `/i/v0/e`, `/e`, `/capture`, `/track`, `/engage`, `/batch` and `/i/v1/analytics/events`.

There is no key but the project's token inside the payload, and errors are plain text. 200 means that the queue has the
events. Validation is pure (`insights_engine.capture`); here are only the request, the queue and the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from insights_engine.capture.decode import decode
from insights_engine.capture.errors import TOO_LARGE, UNAVAILABLE, CaptureError
from insights_engine.capture.payload import Event, Sender, Verdicts, query_sent_at, read, read_v1
from insights_engine.capture.timestamps import parse_timestamp
from insights_engine.http import JsonResponse
from insights_engine.queue import EventTooLarge, QueueUnavailable, pack
from insights_engine.services import current

router = APIRouter()

_MIB = 1024 * 1024
# Of a body, packed and unpacked.
_LIMITS = {"/batch": 20 * _MIB, "/i/v1/analytics/events": 20 * _MIB}
_EVENT_LIMIT = 2 * _MIB
_PATHS = ("/i/v0/e", "/e", "/capture", "/track", "/engage", "/batch")
_METHODS = ["GET", "POST", "OPTIONS"]


class TooMuch(CaptureError):
    def __init__(self) -> None:
        super().__init__("length limit exceeded", 413)


async def _capture(request: Request) -> Response:
    if request.method == "OPTIONS":
        return answer(request, JsonResponse({"status": "Ok"}))
    try:
        events = read(await _payload(request), _sender(request))
        _queue(events)
    except CaptureError as error:
        return answer(request, PlainTextResponse(error.text, error.status))
    if request.query_params.get("beacon") == "1":
        return answer(request, Response(status_code=204))
    return answer(request, JsonResponse({"status": "Ok"}))


for path in _PATHS:
    router.add_api_route(path, _capture, methods=_METHODS)


@router.api_route("/i/v1/analytics/events", methods=["POST", "OPTIONS"])
async def capture_v1(request: Request) -> Response:
    """The newest SDKs' protocol: a verdict for each event, so that one bad event costs no other."""
    if request.method == "OPTIONS":
        return answer(request, JsonResponse({"status": "Ok"}))
    try:
        payload = await _payload(request)
        sender = _sender(request, sent_at=parse_timestamp(request.headers.get("posthog-request-timestamp")))
        verdicts = read_v1(payload, request.headers.get("authorization", ""), sender)
        _queue_fitting(verdicts)
    except CaptureError as error:
        body = {"error": error.text, "error_description": error.text}
        return answer(request, JsonResponse(body, status_code=error.status))
    return answer(request, JsonResponse({"results": verdicts.results}))


@router.get("/")
@router.get("/_readiness")
async def ready(request: Request) -> Response:
    return answer(request, PlainTextResponse("capture"))


def answer(request: Request, response: Response) -> Response:
    """Any page may send events: its origin and its headers are mirrored, and its cookies allowed."""
    asked = request.headers
    response.headers["Access-Control-Allow-Origin"] = asked.get("origin", "*")
    response.headers["Access-Control-Allow-Credentials"] = "true"
    response.headers["Vary"] = "Origin"
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
        response.headers["Access-Control-Allow-Headers"] = asked.get("access-control-request-headers", "*")
        response.headers["Access-Control-Max-Age"] = "86400"
    return response


async def _payload(request: Request) -> Any:
    limit = _LIMITS.get(request.scope["path"], _EVENT_LIMIT)
    if int(request.headers.get("content-length") or 0) > limit:
        raise TooMuch
    body = await request.body()
    if len(body) > limit:
        raise TooMuch
    return decode(body, request.headers.get("content-type", ""), request.query_params, limit)


def _sender(request: Request, sent_at: datetime | None = None) -> Sender:
    return Sender(
        now=current().now(),
        ip=request.client.host if request.client else "",
        sent_at=sent_at or query_sent_at(request.query_params.get("_")),
        may_omit_name=request.scope["path"] == "/engage",
    )


def _queue(events: Sequence[Event]) -> None:
    """Returns when the queue has them. Raises CaptureError."""
    try:
        current().events.send(pack(events))
    except EventTooLarge:
        raise CaptureError(TOO_LARGE) from None
    except QueueUnavailable:
        raise CaptureError(UNAVAILABLE, 503) from None


def _queue_fitting(verdicts: Verdicts) -> None:
    """Events that fill more than a message are dropped by name, the rest is queued."""
    events = verdicts.events
    while events:
        try:
            bodies = pack(events)
        except EventTooLarge as error:
            verdicts.results[events[error.index]["uuid"]] = {"result": "drop", "details": TOO_LARGE}
            events = [event for place, event in enumerate(events) if place != error.index]
            continue
        try:
            current().events.send(bodies)
        except QueueUnavailable:
            raise CaptureError(UNAVAILABLE, 503) from None
        return
