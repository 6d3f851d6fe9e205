"""One project's REST API, PostHog's or this product's: both speak the same.

1. A list is read page by page; `next` is followed on the host that was named and no other, since the key goes along.
2. 429 and 5xx of a read, and a connection that breaks, are tried again, after `Retry-After` where it is told. A write
   is sent again after a 429 alone: after anything else nobody knows whether it was done. What was done is found by its
   mark when the whole is run once more.
3. The key is in no message and no `repr`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx

TRIES = 6
_MOST_SECONDS = 60.0
_PAGE = 100
_SHOWN = 300

Row = dict[str, Any]
Pause = Callable[[float], None]


class ApiFailure(Exception):
    """The API cannot be used: it is away, the key is wrong, or the project is not to be seen."""


class Refused(Exception):
    """A 4xx of a write; the text is the API's `detail`."""


class Api:
    def __init__(
        self,
        url: str,
        key: str,
        project: str,
        *,
        transport: httpx.BaseTransport | None = None,
        pause: Pause = time.sleep,
    ) -> None:
        base = httpx.URL(url)
        if base.scheme not in ("http", "https") or not base.host:
            raise ApiFailure(f"{url} is no address; it begins with https://")
        self.host = base.netloc.decode()
        self.project = project
        self._origin = f"{base.scheme}://{self.host}"
        self._path = base.path.rstrip("/")
        self._key = key
        self._pause = pause
        headers = {"Authorization": f"Bearer {key}"}
        self._client = httpx.Client(transport=transport, headers=headers, timeout=60, follow_redirects=False)

    def __repr__(self) -> str:
        return f"Api({self._origin!r}, {self.project!r})"

    def get(self, path: str, **asked: str | int) -> Any:
        return self._read(self._address(path), {name: str(value) for name, value in asked.items()})

    def rows(self, path: str, **asked: str | int) -> Iterator[Row]:
        """Of all pages, those that are not deleted."""
        address, parameters, seen = (
            self._address(path),
            {"limit": str(_PAGE)} | {k: str(v) for k, v in asked.items()},
            set(),
        )
        while address not in seen:
            seen.add(address)
            page = self._read(address, parameters)
            rows = page.get("results") if isinstance(page, dict) else None
            if not isinstance(rows, list):
                raise ApiFailure(f"{self._origin} answered {path} with no list")
            yield from (row for row in rows if isinstance(row, dict) and not row.get("deleted"))
            if not page.get("next"):
                return
            address, parameters = self._origin + httpx.URL(page["next"]).raw_path.decode(), {}

    def post(self, path: str, body: Row) -> Row:
        return self._write("POST", path, body)

    def patch(self, path: str, body: Row) -> Row:
        return self._write("PATCH", path, body)

    def close(self) -> None:
        self._client.close()

    def _address(self, path: str) -> str:
        return f"{self._origin}{self._path}/api/projects/{self.project}/{path}/"

    def _read(self, address: str, parameters: dict[str, str]) -> Any:
        for attempt in range(TRIES):
            try:
                answer = self._client.get(address, params=parameters or None)
            except httpx.ConnectError as error:
                raise ApiFailure(self._hidden(f"{self._origin} cannot be reached: {error}")) from None
            except httpx.TransportError as error:
                problem, wait = self._hidden(f"{self._origin} did not answer: {error}"), None
            else:
                if answer.status_code < 300:
                    return self._json(answer)
                problem, wait = self._problem(answer), answer.headers.get("retry-after")
                if answer.status_code < 500 and answer.status_code != 429:
                    raise ApiFailure(problem)
            if attempt < TRIES - 1:
                self._pause(_seconds(wait, attempt))
        raise ApiFailure(problem)

    def _write(self, method: str, path: str, body: Row) -> Row:
        for attempt in range(TRIES):
            try:
                answer = self._client.request(method, self._address(path), json=body)
            except httpx.TransportError as error:
                raise ApiFailure(self._hidden(f"{self._origin} cannot be reached: {error}; run it again")) from None
            if answer.status_code == 429 and attempt < TRIES - 1:
                self._pause(_seconds(answer.headers.get("retry-after"), attempt))
                continue
            if answer.status_code < 300:
                written: Row = self._json(answer)
                return written
            if answer.status_code in (400, 402, 409):
                raise Refused(self._detail(answer))
            raise ApiFailure(self._problem(answer))
        raise AssertionError("unreachable")

    def _json(self, answer: httpx.Response) -> Any:
        try:
            return answer.json()
        except ValueError:
            raise ApiFailure(f"{self._origin} answered no JSON; is it the address of an API?") from None

    def _problem(self, answer: httpx.Response) -> str:
        if answer.is_redirect:
            return f"{self._origin} leads elsewhere, to {answer.headers.get('location', '')}: name that address"
        asked = f"{answer.request.method} {answer.request.url.path}"
        return f"{self._origin} answered {answer.status_code} to {asked}: {self._detail(answer)}"

    def _detail(self, answer: httpx.Response) -> str:
        try:
            said = answer.json()
        except ValueError:
            said = None
        words = said.get("detail") if isinstance(said, dict) else None
        return self._hidden(str(words or answer.text[:_SHOWN] or answer.reason_phrase))

    def _hidden(self, words: str) -> str:
        """Servers have been seen to repeat the key that they refuse."""
        return words.replace(self._key, "…") if self._key else words


class InProcess(httpx.BaseTransport):
    """Requests to an ASGI application of this process."""

    def __init__(self, app: Any) -> None:
        self._inner = httpx.ASGITransport(app=app)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        async def send() -> httpx.Response:
            answer = await self._inner.handle_async_request(request)
            content = b"".join([part async for part in answer.aiter_raw()])
            return httpx.Response(answer.status_code, headers=answer.headers, content=content)

        return asyncio.run(send())


def _seconds(told: str | None, attempt: int) -> float:
    """What `Retry-After` says in seconds; else twice as long each time."""
    wait = float(told) if told and told.isascii() and told.isdigit() else 2.0**attempt
    return min(wait, _MOST_SECONDS)
