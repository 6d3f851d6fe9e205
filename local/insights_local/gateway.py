"""API Gateway's HTTP API in front of the handlers, as one ASGI application: payload format 2.0 in, its answer out.

What it does with a request and with a function's answer is what the service does (docs/deploy.md names the sources).
An answer of its own has a body `{"message": ...}`; everything else comes from a function.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from concurrent.futures import Executor
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

import orjson

from insights_local.routes import Function, Match, Routes

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Invoke = Callable[[Function, dict[str, Any]], Any]

MAX_REQUEST = 10 * 1024 * 1024
MAX_INVOCATION = 6 * 1024 * 1024
STAGE = "$default"
_JSON = (("content-type", "application/json"),)
_TEXT = ("application/json", "application/javascript", "application/xml")

log = logging.getLogger("insights.gateway")


class Answer:
    """A status, headers (several of one name are possible) and bytes."""

    def __init__(self, status: int, headers: Iterable[tuple[str, str]] = (), body: bytes = b"") -> None:
        self.status = status
        self.headers = list(headers)
        self.body = body

    @classmethod
    def message(cls, status: HTTPStatus, text: str | None = None) -> Answer:
        """An answer of API Gateway's own."""
        return cls(status, _JSON, orjson.dumps({"message": text or status.phrase}))

    def __repr__(self) -> str:
        return f"Answer({int(self.status)}, {self.headers!r}, {self.body[:200]!r})"


class Gateway:
    """The ASGI application. `invoke` calls a function's handler with an event; it runs in a thread of `threads`."""

    def __init__(self, routes: Routes, invoke: Invoke, *, cors: Mapping[str, Any] | None, threads: Executor) -> None:
        self._routes = routes
        self._invoke = invoke
        self._cors = cors
        self._threads = threads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await _lifespan(receive, send)
        if scope["type"] != "http":
            return await send({"type": "websocket.close", "code": 1000})
        headers = headers_of(scope)
        answer = _preflight(self._cors, scope, headers)
        if answer is None:
            answer = await self._answer(scope, headers, receive)
            answer.headers += _cors_headers(self._cors, headers)
        return await _respond(answer, scope["method"], send)

    async def _answer(self, scope: Scope, headers: dict[str, str], receive: Receive) -> Answer:
        match = self._routes.match(scope["method"], _path(scope))
        if match is None:
            return Answer.message(HTTPStatus.NOT_FOUND)
        body = await _read(receive)
        if body is None:
            return Answer.message(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Request Entity Too Large")
        event = event_of(scope, headers, body, match, datetime.now(UTC))
        if _exceeds_invocation(event, body):
            log.error("%s %s: the event is over Lambda's limit of 6 MB", scope["method"], scope["path"])
            return Answer.message(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Request Entity Too Large")
        try:
            loop = asyncio.get_running_loop()
            result = await loop.run_in_executor(self._threads, self._invoke, match.route.function, event)
            return answer_of(result)
        except Exception:  # Lambda reports a function error, whatever it was
            log.exception("%s failed on %s %s", match.route.function.name, scope["method"], scope["path"])
            return Answer.message(HTTPStatus.INTERNAL_SERVER_ERROR)


def headers_of(scope: Scope) -> dict[str, str]:
    """Lower-cased; several of one name are joined by a comma."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]


def event_of(scope: Scope, headers: dict[str, str], body: bytes, match: Match, now: datetime) -> dict[str, Any]:
    """The event of payload format 2.0. Absent parts (cookies, parameters, a body) are absent keys."""
    headers = {name: value for name, value in headers.items() if name != "cookie"}
    cookies = [c.strip() for c in "; ".join(_values(scope, b"cookie")).split(";") if c.strip()]
    client = (scope.get("client") or ("127.0.0.1", 0))[0]
    host = headers.get("host", "localhost")
    headers.setdefault("x-forwarded-for", client)
    headers.setdefault("x-forwarded-port", host.rpartition(":")[2] if ":" in host else "80")
    headers.setdefault("x-forwarded-proto", scope.get("scheme", "http"))
    headers.setdefault("x-amzn-trace-id", f"Root=1-{int(now.timestamp()):08x}-{uuid.uuid4().hex[:24]}")
    path, query = _path(scope), scope.get("query_string", b"").decode("latin-1")
    event: dict[str, Any] = {"version": "2.0", "routeKey": match.route.key, "rawPath": path, "rawQueryString": query}
    if cookies:
        event["cookies"] = cookies
    event["headers"] = headers
    if query:
        event["queryStringParameters"] = _query_parameters(query)
    if match.parameters:
        event["pathParameters"] = match.parameters
    event["requestContext"] = _request_context(scope, headers, match, client, now) | {
        "domainName": host,
        "domainPrefix": host.partition(".")[0],
    }
    is_base64 = bool(body) and _is_binary(headers, body)
    if body:
        event["body"] = base64.b64encode(body).decode() if is_base64 else body.decode()
    event["isBase64Encoded"] = is_base64
    return event


def _request_context(
    scope: Scope, headers: Mapping[str, str], match: Match, client: str, now: datetime
) -> dict[str, Any]:
    return {
        "accountId": "anonymous",
        "apiId": "local",
        "http": {
            "method": scope["method"],
            "path": _path(scope),
            "protocol": f"HTTP/{scope.get('http_version', '1.1')}",
            "sourceIp": client,
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": uuid.uuid4().hex[:16],
        "routeKey": match.route.key,
        "stage": STAGE,
        "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(now.timestamp() * 1000),
    }


def _path(scope: Scope) -> str:
    """Decoded but for `%25`, and cut at a question mark that came encoded."""
    raw = scope.get("raw_path") or quote(scope["path"]).encode()
    path = unquote(raw.decode("latin-1").partition("?")[0].replace("%25", "%2525"))
    return path.partition("?")[0] or "/"


def _query_parameters(query: str) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _is_binary(headers: Mapping[str, str], body: bytes) -> bool:
    """Text is `text/*` and JSON, XML and JavaScript; a form is not, nor is a body without a type."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if headers.get("content-encoding", "identity") != "identity" or not (kind.startswith("text/") or kind in _TEXT):
        return True
    try:
        body.decode()
    except UnicodeDecodeError:
        return True
    return False


def _exceeds_invocation(event: Mapping[str, Any], body: bytes) -> bool:
    """Counted only where it can be over: JSON's escapes make six bytes of one at most."""
    return len(body) * 6 > MAX_INVOCATION - 65_536 and len(orjson.dumps(event)) > MAX_INVOCATION


def answer_of(result: Any) -> Answer:
    """What API Gateway makes of a function's answer; raises ValueError where it would answer 500."""
    encoded = orjson.dumps(result, option=orjson.OPT_NON_STR_KEYS)
    if len(encoded) > MAX_INVOCATION:
        raise ValueError("the function's answer is over Lambda's limit of 6 MB")
    if not isinstance(result, dict) or "statusCode" not in result:
        return Answer(200, _JSON, result.encode() if isinstance(result, str) else encoded)
    status = int(result["statusCode"])
    if not 100 <= status <= 599:
        raise ValueError(f"statusCode {status} is not an HTTP status")
    headers = [(name.lower(), str(value)) for name, value in (result.get("headers") or {}).items()]
    headers += [("set-cookie", cookie) for cookie in result.get("cookies") or ()]
    body = result.get("body")
    text = body if isinstance(body, str) else "" if body is None else orjson.dumps(body).decode()
    raw = base64.b64decode(text, validate=True) if result.get("isBase64Encoded") else text.encode()
    if not any(name == "content-type" for name, _ in headers):
        headers.append(("content-type", "text/plain;charset=UTF-8"))
    return Answer(status, headers, raw)


def _preflight(cors: Mapping[str, Any] | None, scope: Scope, headers: Mapping[str, str]) -> Answer | None:
    """With a CORS configuration API Gateway answers OPTIONS itself, before any route."""
    if cors and scope["method"] == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers:
        allowed = _cors_headers(cors, headers)
        if allowed:
            for field, name in (("AllowMethods", "allow-methods"), ("AllowHeaders", "allow-headers")):
                if cors.get(field):
                    allowed.append((f"access-control-{name}", ",".join(cors[field])))
            if "MaxAge" in cors:
                allowed.append(("access-control-max-age", str(cors["MaxAge"])))
        return Answer(204, allowed)
    return None


def _cors_headers(cors: Mapping[str, Any] | None, headers: Mapping[str, str]) -> list[tuple[str, str]]:
    origin = headers.get("origin")
    if not cors or not origin or not {"*", origin} & set(cors.get("AllowOrigins", ())):
        return []
    credentials = bool(cors.get("AllowCredentials"))
    allowed = "*" if "*" in cors["AllowOrigins"] and not credentials else origin
    found = [("access-control-allow-origin", allowed)]
    if credentials:
        found.append(("access-control-allow-credentials", "true"))
    if cors.get("ExposeHeaders"):
        found.append(("access-control-expose-headers", ",".join(cors["ExposeHeaders"])))
    return found


async def _read(receive: Receive) -> bytes | None:
    """The whole body; None when it is over the limit, of which the rest is then read and dropped."""
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b""
        size += len(message.get("body", b""))
        if size <= MAX_REQUEST:
            parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts) if size <= MAX_REQUEST else None


async def _respond(answer: Answer, method: str, send: Send) -> None:
    drops = {"content-length", "transfer-encoding", "connection"}
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers if name not in drops]
    headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": int(answer.status), "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else answer.body})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
