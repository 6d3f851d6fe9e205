"""Requests as bytes: paths, headers and bodies that no HTTP client would send, straight into the gateway."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

from insights_local.gateway import Gateway


@dataclass(frozen=True)
class Raw:
    """`target` is the path as it stands on the request line, with its query string."""

    method: str
    target: bytes
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def words(self) -> str:
        """All that the caller has said, in clear: what an answer may repeat."""
        said = [unquote_to_bytes(self.target.replace(b"+", b" ")), self.body, *(v.encode() for _, v in self.headers)]
        text = b"\n".join(said).decode("utf-8", "replace")
        return text + _unescaped(text)


@dataclass
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def kind(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]

    def json(self) -> Any:
        return json.loads(self.body)


async def send(app: Gateway, request: Raw) -> Answer:
    """As uvicorn hands a request over."""
    path, _, query = request.target.partition(b"?")
    answer = Answer()
    messages = [{"type": "http.request", "body": request.body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        return messages.pop() if messages else {"type": "http.disconnect"}

    async def respond(message: Any) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in message["headers"]}
        else:
            answer.body += message["body"]

    named = [("host", "testserver"), *request.headers, ("content-length", str(len(request.body)))]
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": unquote_to_bytes(path).decode("utf-8", "replace"),
        "raw_path": path,
        "query_string": query,
        "headers": [(name.encode(), value.encode("latin-1", "replace")) for name, value in named],
        "client": ("127.0.0.1", 50000),
        "server": ("testserver", 80),
    }
    await app(scope, receive, respond)
    return answer


def _unescaped(text: str) -> str:
    """JSON's escapes undone, roughly."""
    return text.replace('\\"', '"').replace("\\\\", "\\")
