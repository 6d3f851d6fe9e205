"""Lists of events as a client reads them: one page, or page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.api.world import Api


def listed(api: Api, **params: Any) -> list[dict[str, Any]]:
    answer = api("GET", "events", params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def pages(api: Api, **params: Any) -> Iterator[list[dict[str, Any]]]:
    path, asked = "events", params
    while True:
        answer = api("GET", path, params=asked)
        assert answer.status_code == 200, answer.text
        yield answer.json()["results"]
        if answer.json()["next"] is None:
            return
        parts = urlsplit(answer.json()["next"])
        path, asked = parts.path, {name: value for name, (value,) in parse_qs(parts.query).items()}
