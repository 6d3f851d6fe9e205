"""The edge that all functions share: how paths are folded, what bodies may be, and what leaves when it is too much."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest
from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse
from insights_engine.http import (
    MAX_ANSWER_BYTES,
    JsonResponse,
    add_header,
    create_app,
    fold,
    json_body,
    json_object,
    loggable,
)

router = APIRouter()
# Without it large answers are compressed before they are measured.
AS_IT_IS = {"Accept-Encoding": "identity"}


@pytest.mark.parametrize(
    ("path", "folded"),
    [
        ("/", ("/", None)),
        ("", ("/", None)),
        ("///", ("/", None)),
        ("//api///projects/7//insights//", ("/api/projects/7/insights", None)),
        ("/api/environments/7/insights/", ("/api/projects/7/insights", None)),
        ("/api/environments", ("/api/projects", None)),
        ("//api//environments//", ("/api/projects", None)),
        ("/api/environmentsx/7", ("/api/environmentsx/7", None)),
        ("/api/projects/7/environments/1", ("/api/projects/7/environments/1", None)),
        ("/x/api/environments/7", ("/x/api/environments/7", None)),
        ("/api/projects/7/insights/trend.csv", ("/api/projects/7/insights/trend", "csv")),
        ("/api/projects/7/insights/trend.csv/", ("/api/projects/7/insights/trend", "csv")),
        ("/api/projects/7/insights/a.b.json", ("/api/projects/7/insights/a.b", "json")),
        ("/api/projects/7/insights/trend.xlsx", ("/api/projects/7/insights/trend.xlsx", None)),
        ("/shared/abc.json", ("/shared/abc.json", None)),
        ("/static/array.csv", ("/static/array.csv", None)),
    ],
)
def test_a_path_has_one_form(path: str, folded: tuple[str, str | None]) -> None:
    assert fold(path) == folded


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/api/signup/inv_secret", "/api/signup/…"),
        ("/shared/secret", "/shared/…"),
        ("/shared/secret.json", "/shared/…"),
        ("/embedded/secret", "/embedded/…"),
        ("/api/projects/7/shared/x", "/api/projects/7/shared/x"),
        ("/api/projects/7", "/api/projects/7"),
    ],
)
def test_what_lets_somebody_in_is_in_no_log(path: str, shown: str) -> None:
    assert loggable(path) == shown


@router.get("/text/{count}")
async def text(request: Request, count: int) -> Response:
    return Response(request.query_params["of"] * count, media_type="text/plain")


@router.get("/packed/{count}")
async def packed(count: int) -> Response:
    return Response(b"\x1f" * count, headers={"Content-Encoding": "gzip"})


@router.get("/pieces/{count}")
async def pieces(count: int) -> Response:
    async def each() -> AsyncIterator[bytes]:
        for _ in range(count):
            yield b"x" * 1_000_000

    return StreamingResponse(each(), media_type="text/csv")


@router.post("/api/body")
async def body(request: Request) -> Response:
    return JsonResponse(await json_body(request))


@router.post("/api/object")
async def object_(request: Request) -> Response:
    add_header("X-Added", "whatever comes of it")
    return JsonResponse(await json_object(request))


@router.get("/api/broken")
async def broken() -> Response:
    add_header("X-Added", "whatever comes of it")
    raise RuntimeError("secret")


def ask(method: str, path: str, **kwargs: Any) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=create_app(router))
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            async with client.stream(method, path, **kwargs) as answer:
                raw = b"".join([piece async for piece in answer.aiter_raw()])
            return httpx.Response(answer.status_code, headers=_plain(answer), content=raw)

    return asyncio.run(send())


def _plain(answer: httpx.Response) -> dict[str, str]:
    """Without what would have the bytes unpacked, which are none."""
    return {name: value for name, value in answer.headers.items() if name not in ("content-encoding", "content-length")}


@pytest.mark.parametrize(
    ("path", "of", "most"),
    [
        ("text", "x", MAX_ANSWER_BYTES),
        ("text", "é", MAX_ANSWER_BYTES // 2),
        ("text", '"', MAX_ANSWER_BYTES // 2),  # a backslash before each
        ("text", "\n", MAX_ANSWER_BYTES // 2),
        ("packed", "", MAX_ANSWER_BYTES * 3 // 4),  # base64 makes four bytes of three
        ("pieces", "", MAX_ANSWER_BYTES // 1_000_000),
    ],
    ids=["text", "two bytes each", "quotes", "lines", "packed", "in pieces"],
)
def test_an_answer_is_as_large_as_a_function_may_answer(path: str, of: str, most: int) -> None:
    """As it is in the JSON that the function answers."""
    fits = ask("GET", f"/{path}/{most}", params={"of": of}, headers=AS_IT_IS)
    assert fits.status_code == 200
    assert len(fits.content) == {"text": len(of.encode()) * most, "packed": most, "pieces": most * 1_000_000}[path]
    refused = ask("GET", f"/{path}/{most + 1}", params={"of": of}, headers=AS_IT_IS)
    assert refused.status_code == 400
    assert refused.headers["content-type"] == "application/json"
    assert "larger than 6 MB" in orjson.loads(refused.content)["detail"]


def test_what_can_be_packed_may_be_larger() -> None:
    answer = ask("GET", f"/text/{4 * MAX_ANSWER_BYTES}", params={"of": "x"}, headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert len(answer.content) < MAX_ANSWER_BYTES // 10


@pytest.mark.parametrize(
    ("path", "content", "status", "said"),
    [
        ("body", b"", 200, {}),
        ("body", b" \n", 200, {}),
        ("body", b"[1]", 200, [1]),
        ("body", b"{", 400, "JSON parse error"),
        ("body", b"\xff", 400, "JSON parse error"),
        ("body", b"NaN", 400, "JSON parse error"),
        ("object", b'{"a": 1}', 200, {"a": 1}),
        ("object", b"", 200, {}),
        ("object", b"[]", 400, "the body must be an object, not an array"),
        ("object", b'"a"', 400, "not a string"),
        ("object", b"true", 400, "not a boolean"),
        ("object", b"1.5", 400, "not a number"),
        ("object", b"null", 400, "not null"),
    ],
)
def test_a_body_is_json(path: str, content: bytes, status: int, said: Any) -> None:
    answer = ask("POST", f"/api/{path}", content=content)
    found = orjson.loads(answer.content)
    assert answer.status_code == status
    assert found == said if status == 200 else (found["code"], said in found["detail"]) == ("parse_error", True)
    assert answer.headers.get("x-added") == ("whatever comes of it" if path == "object" else None)


def test_what_nobody_expected_says_nothing_of_itself() -> None:
    answer = ask("GET", "/api/broken")
    assert (answer.status_code, orjson.loads(answer.content)["type"]) == (500, "server_error")
    assert b"secret" not in answer.content
    assert answer.headers["x-added"] == "whatever comes of it"


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/api/nothing", 404), ("PUT", "/api/body", 405)])
def test_what_is_not_there_is_said_in_the_same_shape(method: str, path: str, status: int) -> None:
    answer = ask(method, path)
    assert answer.status_code == status
    assert orjson.loads(answer.content).keys() == {"type", "code", "detail", "attr"}
