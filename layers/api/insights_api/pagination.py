"""Limit and offset: `{"count", "next", "previous", "results"}` with absolute addresses.

A limit or offset that is not a number takes its default, as the API's clients have come to expect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from fastapi import Request
from insights_engine.services import current

DEFAULT_LIMIT = 100
_MOST = 2**31


class Window(NamedTuple):
    limit: int
    offset: int


def window(request: Request, default: int = DEFAULT_LIMIT) -> Window:
    limit = _number(request.query_params.get("limit"))
    return Window(limit or default, _number(request.query_params.get("offset")) or 0)


def page[T](
    request: Request, found: Sequence[T], shape: Callable[[T], Any], default: int = DEFAULT_LIMIT, most: int = _MOST
) -> dict[str, Any]:
    limit, offset = window(request, default)
    limit = min(limit, most)
    return {
        "count": len(found),
        "next": link(request, limit, offset + limit) if offset + limit < len(found) else None,
        "previous": link(request, limit, max(offset - limit, 0)) if offset > 0 else None,
        "results": [shape(one) for one in found[offset : offset + limit]],
    }


def link(request: Request, limit: int, offset: int, asked: Mapping[str, str] | None = None) -> str:
    """This request's address at another offset; the first page has none. `asked`: what its body said."""
    url = request.url
    if asked:
        url = url.replace(query=urlencode({**request.query_params, **asked}))
    url = url.include_query_params(limit=limit)
    url = url.include_query_params(offset=offset) if offset else url.remove_query_params("offset")
    site = current().settings.site_url.rstrip("/")
    return f"{site}{url.path}?{url.query}" if site else str(url)


def _number(text: str | None) -> int | None:
    """A whole number that is not negative; None for anything else."""
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 18:
        return None
    return min(int(text), _MOST)
