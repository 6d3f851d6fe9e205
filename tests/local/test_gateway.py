"""What API Gateway makes of a request and of a function's answer. docs/deploy.md names where each rule comes from."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from insights_local.gateway import MAX_INVOCATION, MAX_REQUEST, Gateway
from insights_local.routes import Function, Route, Routes

ECHO = Function("Echo", Path("echo"), "app.handler")
ROUTES = Routes([Route("ANY", "/echo", ECHO), Route("ANY", "/echo/{proxy+}", ECHO), Route("GET", "/get/{id}", ECHO)])

Call = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as threads:
        yield threads


@pytest.fixture
def events() -> list[dict[str, Any]]:
    """What the function was called with."""
    return []


@pytest.fixture
def call(threads: ThreadPoolExecutor, events: list[dict[str, Any]]) -> Call:
    """`call(method, path, answer=…, **httpx)`: a request through a gateway whose one function gives `answer`."""

    def request(
        method: str, path: str, *, answer: Any = None, cors: dict[str, Any] | None = None, **options: Any
    ) -> httpx.Response:
        def invoke(function: Function, event: dict[str, Any]) -> Any:
            events.append(json.loads(json.dumps(event)))
            if isinstance(answer, Exception):
                raise answer
            return answer

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=Gateway(ROUTES, invoke, cors=cors, threads=threads))
            async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as client:
                return await client.request(method, path, **options)

        return asyncio.run(send())

    return request


PATHS = [
    # sent, rawPath, rawQueryString, queryStringParameters
    ("/echo", "/echo", "", None),
    ("/echo/", "/echo/", "", None),
    ("/echo//a/", "/echo//a/", "", None),
    ("/echo/a%20b%C3%A9", "/echo/a bé", "", None),
    ("/echo/a%2Fb", "/echo/a/b", "", None),
    ("/echo/100%25", "/echo/100%25", "", None),
    ("/echo/a%3Fb/c", "/echo/a", "", None),
    ("/echo?a=1&b=x%20y", "/echo", "a=1&b=x%20y", {"a": "1", "b": "x y"}),
    ("/echo?a=1&a=2&a=3", "/echo", "a=1&a=2&a=3", {"a": "1,2,3"}),
    ("/echo?a=&b", "/echo", "a=&b", {"a": "", "b": ""}),
    ("/echo?a=x+y", "/echo", "a=x+y", {"a": "x y"}),
    ("/echo?a[]=1", "/echo", "a[]=1", {"a[]": "1"}),
]


@pytest.mark.parametrize(("sent", "path", "query", "parameters"), PATHS)
def test_the_path_is_decoded_and_the_query_is_given_twice(
    call: Call,
    events: list[dict[str, Any]],
    sent: str,
    path: str,
    query: str,
    parameters: dict[str, str] | None,
) -> None:
    call("GET", sent)
    (event,) = events
    assert (event["rawPath"], event["rawQueryString"]) == (path, query)
    assert event.get("queryStringParameters") == parameters
    assert event["requestContext"]["http"]["path"] == path


def test_a_request_without_a_body_is_an_event_of_format_2(call: Call, events: list[dict[str, Any]]) -> None:
    call("GET", "/get/7?x=1", headers={"User-Agent": "test/1", "X-Forwarded-For": "203.0.113.9"})
    (event,) = events
    context = event.pop("requestContext")
    headers = event.pop("headers")
    assert event == {
        "version": "2.0",
        "routeKey": "GET /get/{id}",
        "rawPath": "/get/7",
        "rawQueryString": "x=1",
        "queryStringParameters": {"x": "1"},
        "pathParameters": {"id": "7"},
        "isBase64Encoded": False,
    }
    http = context.pop("http")
    assert (http["method"], http["path"], http["protocol"]) == ("GET", "/get/7", "HTTP/1.1")
    assert (http["sourceIp"], http["userAgent"]) == ("127.0.0.1", "test/1")
    assert context.keys() == {
        *("accountId", "apiId", "domainName", "domainPrefix", "requestId", "routeKey", "stage", "time", "timeEpoch")
    }
    assert (context["stage"], context["domainName"], context["domainPrefix"]) == ("$default", "api.test", "api")
    assert headers["host"] == "api.test"
    assert headers["x-forwarded-for"] == "203.0.113.9"
    assert headers["x-forwarded-proto"] == "http"
    assert headers["x-amzn-trace-id"].startswith("Root=1-")


def test_headers_are_lower_case_and_joined_and_cookies_stand_apart(call: Call, events: list[dict[str, Any]]) -> None:
    call("GET", "/echo", headers=[("X-Two", "a"), ("x-two", "b"), ("Cookie", "a=1; b=2,3"), ("cookie", "c=4")])
    (event,) = events
    assert event["headers"]["x-two"] == "a,b"
    assert event["cookies"] == ["a=1", "b=2,3", "c=4"]
    assert "cookie" not in event["headers"]


# Without the time, so that every pytest worker has the same one.
GZIPPED = gzip.compress(b"{}", mtime=0)
BODIES = [
    # content type, content encoding, body, is it base64 in the event
    ("application/json", None, b'{"a": "\xc3\xa9"}', False),
    ("application/json; charset=utf-8", None, b"{}", False),
    ("APPLICATION/JSON", None, b"{}", False),
    ("text/plain", None, b"hello", False),
    ("text/csv", None, b"a,b", False),
    ("application/xml", None, b"<a/>", False),
    ("application/javascript", None, b"1", False),
    ("application/x-www-form-urlencoded", None, b"data=1", True),
    ("application/octet-stream", None, b"hello", True),
    ("application/problem+json", None, b"{}", True),
    ("multipart/form-data; boundary=x", None, b"--x--", True),
    (None, None, b"hello", True),
    ("application/json", "gzip", GZIPPED, True),
    ("text/plain", None, GZIPPED, True),
    ("text/plain", "br", b"hello", True),  # whatever is in it
    ("application/json", "identity", b"{}", False),
]


@pytest.mark.parametrize(("kind", "encoding", "body", "is_base64"), BODIES)
def test_a_body_is_text_or_base64_by_its_type_and_its_bytes_survive(
    call: Call, events: list[dict[str, Any]], kind: str | None, encoding: str | None, body: bytes, is_base64: bool
) -> None:
    headers = {"content-type": kind} if kind else {}
    if encoding:
        headers["content-encoding"] = encoding
    call("POST", "/echo", content=body, headers=headers)
    (event,) = events
    assert event["isBase64Encoded"] is is_base64
    assert (base64.b64decode(event["body"]) if is_base64 else event["body"].encode()) == body
    assert event["headers"]["content-length"] == str(len(body))


def test_an_empty_body_is_no_body(call: Call, events: list[dict[str, Any]]) -> None:
    call("POST", "/echo", content=b"", headers={"content-type": "application/json"})
    assert "body" not in events[0]
    assert events[0]["isBase64Encoded"] is False


def coded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


ANSWERS = [
    # the function's answer, status, body, some headers
    ({"statusCode": 200, "body": "hello"}, 200, b"hello", {"content-type": "text/plain;charset=UTF-8"}),
    ({"statusCode": 201, "body": "{}", "headers": {"Content-Type": "application/json"}}, 201, b"{}",
     {"content-type": "application/json"}),
    ({"statusCode": 204}, 204, b"", {"content-length": "0"}),
    ({"statusCode": "202", "body": None}, 202, b"", {}),
    ({"statusCode": 200, "body": coded(b"\x00\xff"), "isBase64Encoded": True}, 200, b"\x00\xff",
     {"content-length": "2"}),
    ({"statusCode": 200, "body": "plain", "isBase64Encoded": False}, 200, b"plain", {}),
    ({"statusCode": 200, "headers": {"content-length": "99", "x-n": 5}, "body": "ab"}, 200, b"ab",
     {"content-length": "2", "x-n": "5"}),
    # Without a statusCode the whole answer is the body.
    ({"message": "hi"}, 200, b'{"message":"hi"}', {"content-type": "application/json"}),
    ("hi", 200, b"hi", {"content-type": "application/json"}),
    ([1, 2], 200, b"[1,2]", {"content-type": "application/json"}),
    (None, 200, b"null", {"content-type": "application/json"}),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "status", "body", "headers"), ANSWERS)
def test_an_answer_becomes_a_response(
    call: Call, answer: Any, status: int, body: bytes, headers: dict[str, str]
) -> None:
    response = call("GET", "/echo", answer=answer)
    assert (response.status_code, response.content) == (status, body)
    assert headers.items() <= response.headers.items()


def test_an_answer_may_be_as_large_as_lambda_allows(call: Call) -> None:
    """Counted as the JSON that the function answers."""
    body = "x" * (MAX_INVOCATION - len('{"statusCode":200,"body":""}'))
    response = call("GET", "/echo", answer={"statusCode": 200, "body": body})
    assert (response.status_code, len(response.content)) == (200, len(body))


def test_each_cookie_is_a_header(call: Call) -> None:
    response = call("GET", "/echo", answer={"statusCode": 200, "cookies": ["a=1; Path=/", "b=2"], "body": ""})
    assert response.headers.get_list("set-cookie") == ["a=1; Path=/", "b=2"]


FAULTS: dict[str, Any] = {
    "it raises": RuntimeError("boom"),
    "a status that is no number": {"statusCode": "many"},
    "a status that is none of HTTP's": {"statusCode": 1000, "body": ""},
    "a body that is not base64": {"statusCode": 200, "body": "not base64!", "isBase64Encoded": True},
    "not JSON": {"statusCode": 200, "body": object()},
    "over Lambda's limit": {"statusCode": 200, "body": "x" * (MAX_INVOCATION + 1)},
    "one byte over it": {"statusCode": 200, "body": "x" * (MAX_INVOCATION - len('{"statusCode":200,"body":""}') + 1)},
}


@pytest.mark.parametrize("answer", FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_of_the_function_is_a_500_and_its_trace_is_logged(
    call: Call, caplog: pytest.LogCaptureFixture, answer: Any
) -> None:
    with caplog.at_level(logging.ERROR, "insights.gateway"):
        response = call("GET", "/echo", answer=answer)
    assert (response.status_code, response.json()) == (500, {"message": "Internal Server Error"})
    assert response.headers["content-type"] == "application/json"
    (record,) = caplog.records
    assert record.getMessage() == "Echo failed on GET /echo"
    assert record.exc_info


@pytest.mark.parametrize("line", ["GET /nowhere", "POST /get/7", "GET /get/7/", "GET /"])
def test_without_a_route_api_gateway_answers_itself(call: Call, events: list[dict[str, Any]], line: str) -> None:
    response = call(*line.split())
    assert (response.status_code, response.json(), events) == (404, {"message": "Not Found"}, [])


SIZES = [
    # bytes, content type, status
    (MAX_INVOCATION - 100_000, "text/plain", 200),
    (MAX_INVOCATION, "text/plain", 413),  # with its envelope it is over Lambda's limit
    (MAX_INVOCATION - 100_000, "application/octet-stream", 413),  # base64 adds a third
    (MAX_INVOCATION * 3 // 4 - 100_000, "application/octet-stream", 200),
    (MAX_REQUEST + 1, "text/plain", 413),
]


@pytest.mark.parametrize(("size", "kind", "status"), SIZES)
def test_a_body_over_a_limit_is_a_413(
    call: Call, events: list[dict[str, Any]], size: int, kind: str, status: int
) -> None:
    response = call("POST", "/echo", content=b"x" * size, headers={"content-type": kind}, answer={"statusCode": 200})
    assert response.status_code == status
    assert len(events) == (status == 200)
    if status == 413:
        assert response.json() == {"message": "Request Entity Too Large"}


def test_head_has_the_headers_of_get_and_no_body(call: Call) -> None:
    response = call("HEAD", "/echo", answer={"statusCode": 200, "body": "hello"})
    assert (response.status_code, response.content, response.headers["content-length"]) == (200, b"", "5")


CORS = {"AllowOrigins": ["https://a.test"], "AllowMethods": ["GET", "POST"], "AllowHeaders": ["x-a"], "MaxAge": 60}
PREFLIGHT = {"origin": "https://a.test", "access-control-request-method": "GET"}


def test_without_a_cors_configuration_options_is_the_functions(call: Call, events: list[dict[str, Any]]) -> None:
    response = call("OPTIONS", "/echo", headers=PREFLIGHT, answer={"statusCode": 200, "body": "mine"})
    assert (response.text, len(events)) == ("mine", 1)


def test_with_a_cors_configuration_api_gateway_answers_the_preflight(call: Call, events: list[dict[str, Any]]) -> None:
    response = call("OPTIONS", "/nowhere", headers=PREFLIGHT, cors=CORS)
    assert (response.status_code, events) == (204, [])
    assert response.headers["access-control-allow-origin"] == "https://a.test"
    assert response.headers["access-control-allow-methods"] == "GET,POST"
    assert response.headers["access-control-allow-headers"] == "x-a"
    assert response.headers["access-control-max-age"] == "60"


ORIGINS = [
    ({"AllowOrigins": ["*"]}, "https://b.test", "*"),
    ({"AllowOrigins": ["*"], "AllowCredentials": True}, "https://b.test", "https://b.test"),
    (CORS, "https://a.test", "https://a.test"),
    (CORS, "https://b.test", None),
    (CORS, None, None),
]


@pytest.mark.parametrize(("cors", "origin", "allowed"), ORIGINS)
def test_a_cors_configuration_adds_its_headers_to_answers(
    call: Call, cors: dict[str, Any], origin: str | None, allowed: str | None
) -> None:
    headers = {"origin": origin} if origin else {}
    response = call("GET", "/echo", headers=headers, cors=cors, answer={"statusCode": 200, "body": ""})
    assert response.headers.get("access-control-allow-origin") == allowed


def test_the_lifespan_protocol_is_spoken(threads: ThreadPoolExecutor) -> None:
    """Servers send it; an application that refuses it is logged as broken."""
    sent: list[str] = []

    async def talk() -> None:
        messages = iter(["lifespan.startup", "lifespan.shutdown"])

        async def receive() -> dict[str, Any]:
            return {"type": next(messages)}

        async def send(message: Any) -> None:
            sent.append(message["type"])

        await Gateway(ROUTES, lambda *_: None, cors=None, threads=threads)({"type": "lifespan"}, receive, send)

    asyncio.run(talk())
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
