"""The HTTP factory that all functions share: one app, one handler, errors in the API's shape.

`create_app(*routers)` gives the FastAPI application, `lambda_handler(app)` the function's handler. Paths are folded
before routing, so that routes are written once: no final slash, no doubled slashes, `environments` = `projects`,
and a `.csv` ending as `request.state.format`.
"""

from __future__ import annotations

import asyncio
import logging
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import orjson
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response
from mangum import Mangum
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware

from insights_engine import deadline, log, metrics, snapstart
from insights_engine.errors import (
    ApiError,
    MethodNotAllowed,
    NotFound,
    Overloaded,
    ParseError,
    ServerError,
    ValidationError,
)
from insights_engine.mounting import Mounted, with_heads
from insights_engine.store import StoreUnavailable

_ALIAS = re.compile(r"^/api/environments(?=/|$)")
# What follows these in a path lets somebody in, so logs do not have it.
_SECRET = re.compile(r"(?<=/api/signup/).+|(?<=^/shared/).+|(?<=^/embedded/).+")
_local = threading.local()
# Lambda answers at most 6 MB, and its answer is JSON: see `_as_answered`.
MAX_ANSWER_BYTES = 6_000_000
COMPRESSED_FROM_BYTES = 500_000

Handler = Callable[[Mapping[str, Any], Any], dict[str, Any]]

# What a key has left of its rate: for programs in pages of any origin too.
LIMIT_HEADERS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
_added: ContextVar[dict[str, str]] = ContextVar("added")


class JsonResponse(Response):
    """Ready bytes; NaN and infinities become null."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS)


def plain_json(content: Any) -> Any:
    """What a client would read of an answer: results that are ready JSON are values again."""
    return orjson.loads(JsonResponse(content).body)


def fold(path: str) -> tuple[str, str | None]:
    """`//api/environments/7//insights/trend.csv/` -> (`/api/projects/7/insights/trend`, `csv`)."""
    path = re.sub(r"/{2,}", "/", path)
    path = path.rstrip("/") or "/"
    path = _ALIAS.sub("/api/projects", path)
    if path.startswith("/api/") and path.endswith((".csv", ".json")):
        path, _, ending = path.rpartition(".")
        return path, ending
    return path, None


def loggable(path: str) -> str:
    """`/api/signup/inv_abc` -> `/api/signup/…`."""
    return _SECRET.sub("…", path)


def _note_route(scope: Mapping[str, Any]) -> None:
    """The route as it is declared, because paths may hold what lets somebody in."""
    if (route := scope.get("route")) is None:
        return
    log.note(route=route.path)
    project = scope.get("path_params", {}).get("project_id", "")
    if project.isdecimal() and len(project) < 10:
        log.note(project=int(project))


class _Edge:
    """ASGI: folds the path (the suffix stays in `request.state.format`), and answers what nobody caught as a 500."""

    def __init__(self, app: Any) -> None:
        self.app = app
        # A page of any origin may ask: who asks is told by the key, never by a cookie. Capture answers for itself.
        self.for_browsers = CORSMiddleware(
            app,
            allow_origins=["*"],
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=["Content-Disposition", "Retry-After", *LIMIT_HEADERS],
            max_age=86400,
        )

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path, ending = fold(scope["path"])
        scope = {**scope, "path": path, "raw_path": path.encode()}
        scope["state"] = {**scope.get("state", {}), "format": ending}
        added: dict[str, str] = {}
        _added.set(added)
        send = _Outgoing(scope, receive, _with_headers(added, send))
        try:
            await (self.for_browsers if path.startswith("/api/") else self.app)(scope, receive, send)
        except Exception:  # the outermost edge: whatever it is, the caller gets the API's shape
            log.logger().exception("unexpected error", extra={"method": scope["method"], "path": loggable(path)})
            await error_response(ServerError())(scope, receive, send)
        _note_route(scope)


def _with_headers(added: Mapping[str, str], send: Any) -> Any:
    async def sending(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            own = [(name.lower().encode(), value.encode()) for name, value in added.items()]
            message = {**message, "headers": [*message["headers"], *own]}
        await send(message)

    return sending


class _Outgoing:
    """The end of the way out: what is too large for a function's answer (6 MB) is said in the API's shape.

    So nothing of an answer in several pieces leaves before the last one: a function's answer is sent whole anyway.
    """

    def __init__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope, self.receive, self.send = scope, receive, send
        self.start: Any = None
        self.pieces: deque[bytes] = deque()
        self.size = 0.0

    async def __call__(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.start, self.pieces, self.size = message, deque(), 0.0
            return
        if self.start is None:  # too large, which has been said
            return
        packed = any(name.lower() == b"content-encoding" for name, _ in self.start["headers"])
        self.pieces.append(message.get("body", b""))
        self.size += _as_answered(self.pieces[-1], is_packed=packed)
        if self.size > MAX_ANSWER_BYTES:
            self.start, self.pieces = None, deque()
            too_large = ValidationError("The answer is larger than 6 MB; ask for fewer values or a shorter range")
            await error_response(too_large)(self.scope, self.receive, self.send)
        elif not message.get("more_body"):
            await self._send_all()

    async def _send_all(self) -> None:
        """Each piece is let go of once it is sent: what takes it keeps it."""
        await self.send(self.start)
        while self.pieces:
            piece = self.pieces.popleft()
            await self.send({"type": "http.response.body", "body": piece, "more_body": bool(self.pieces)})


def _as_answered(piece: bytes, *, is_packed: bool) -> float:
    """How long it is in a function's answer: as base64, a third longer, or as a JSON text with its escapes."""
    return len(piece) * 4 / 3 if is_packed else len(orjson.dumps(piece.decode(errors="replace"))) - 2


def create_app(*routers: APIRouter | Mounted) -> FastAPI:
    app = FastAPI(redirect_slashes=False, docs_url=None, redoc_url=None, openapi_url=None)
    for router in routers:
        if isinstance(router, Mounted):
            app.router.routes.append(router)
        else:
            app.include_router(with_heads(router))
    # Innermost: large answers shrink tenfold, for the caller and below the limit of what a function may answer.
    app.add_middleware(GZipMiddleware, minimum_size=COMPRESSED_FROM_BYTES)
    app.add_middleware(_Edge)
    app.add_exception_handler(ApiError, _api_error)
    app.add_exception_handler(StoreUnavailable, _store_error)
    app.add_exception_handler(HTTPException, _http_error)
    return app


def lambda_handler(app: FastAPI) -> Handler:
    """The handler for API Gateway's payload 2.0. Endpoints may block: an environment has one request at a time."""
    adapter = Mangum(app, lifespan="off")
    # It would log the path of every request as it came.
    logging.getLogger("mangum.http").setLevel(logging.WARNING)
    snapstart.prepare(*(route.load for route in app.router.routes if isinstance(route, Mounted)))
    is_cold = True  # in a snapshot too, so that an environment which is made of one says so as well

    def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        nonlocal is_cold
        started = time.perf_counter()
        _loop()
        with deadline.of(context), log.invocation(event, context):
            if is_cold:
                is_cold = False
                metrics.cold_start(context.function_name)
            answer = adapter(dict(event), context)
            log.answered(event, answer["statusCode"], (time.perf_counter() - started) * 1000)
        return answer

    return handler


def iso(at: datetime) -> str:
    """A moment in answers: UTC, to the second, `2021-09-20T16:00:00Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def add_header(name: str, value: str) -> None:
    """To the answer of the request in work, whatever the answer comes to be. Outside of a request: to nothing."""
    if (added := _added.get(None)) is not None:
        added[name] = value


def error_response(error: ApiError) -> Response:
    return JsonResponse(error.body(), status_code=error.status, headers=dict(error.headers))


async def json_body(request: Request) -> Any:
    """The body as JSON; an empty one is `{}`. Raises ParseError."""
    body = await request.body()
    if not body.strip():
        return {}
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ParseError(f"JSON parse error - {error}") from error


async def json_object(request: Request) -> dict[str, Any]:
    body = await json_body(request)
    if not isinstance(body, dict):
        raise ParseError(f"JSON parse error - the body must be an object, not {_json_type(body)}")
    return body


def _json_type(value: object) -> str:
    names = {list: "an array", str: "a string", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(value), "null")


async def _api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    if error.status >= 500:
        # What the caller is told says less than the error does: not which server cannot be reached, and why.
        log.logger().warning(str(error), extra={"status": error.status, "path": loggable(request.url.path)})
    return error_response(error)


async def _store_error(request: Request, error: Exception) -> Response:
    problem = Overloaded("The store of accounts and settings does not answer; try again in a moment.", status=503)
    problem.args = (str(error),)
    return await _api_error(request, problem)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        return error_response(MethodNotAllowed(f'Method "{request.method}" not allowed.'))
    return error_response(NotFound())


def _loop() -> None:
    """Mangum asks for the thread's event loop; Lambda's thread and the local stack's threads have none, nor has one in
    which `asyncio.run` was called before.
    """
    if not hasattr(_local, "loop"):
        _local.loop = asyncio.new_event_loop()
    asyncio.set_event_loop(_local.loop)
