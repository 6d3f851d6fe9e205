"""People behind an insight, asked for with flat parameters: what the insights' own addresses have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastapi import Request
from fastapi.responses import Response
from insights_acl.access import Access
from insights_engine.flat import whole
from insights_engine.http import JsonResponse, iso

from insights_api.asked import next_page
from insights_api.pagination import DEFAULT_LIMIT

if TYPE_CHECKING:
    from insights_api.actor_pages import Page

MAX_LIMIT = 1000
_MAX_OFFSET = 2**31 - 1


def slice_of(values: Mapping[str, Any]) -> tuple[int, int]:
    """`limit` and `offset`."""
    return whole(values, "limit", 1, MAX_LIMIT) or DEFAULT_LIMIT, whole(values, "offset", 0, _MAX_OFFSET) or 0


def page_response(
    request: Request, access: Access, values: Mapping[str, Any], found: Page, limit: int, offset: int
) -> Response:
    """As funnels and paths show it."""
    persons = [person for person, _ in found.found]
    return JsonResponse(
        {
            "results": [{"people": persons, "count": len(persons)}],
            "next": next_page(request, access, values, limit, offset + limit) if found.has_more else None,
            "initial": next_page(request, access, values, limit, 0),
            "missing_persons": found.missing,
            "is_cached": False,
            "last_refresh": iso(access.now),
        }
    )
