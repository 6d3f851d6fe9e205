"""What a request asks, as it came: a query node, or flat values; and flat values in an address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson
from fastapi import Request
from insights_acl.access import Access
from insights_acl.credentials import body_fields
from insights_engine.errors import ParseError, UnsupportedMedia, ValidationError
from insights_engine.http import json_object

from insights_api.pagination import link

# What is about the request and not about the question: nothing of it belongs into an address that is handed out.
CREDENTIALS = frozenset({"personal_api_key", "token", "api_key", "sharing_access_token"})
NOT_ASKED = CREDENTIALS | {"format", "layout", "export_name", "explain", "refresh", "limit", "offset"}


class Asked(NamedTuple):
    """`node` is null where nothing but the flat values ask; `body` is that of a POST, also in the values."""

    node: Any
    values: dict[str, Any]
    body: dict[str, Any]


async def asked_of(request: Request) -> Asked:
    """A query node, and the flat values beside it, of which a body's are preferred."""
    values: dict[str, Any] = dict(request.query_params)
    node = _in_address(values["query"]) if values.get("query") else None
    if request.method != "POST":
        return Asked(node, values, {})
    require_json(request)
    body = await json_object(request)
    own = node_of(body)
    return Asked(node if own is None else own, values | body, body)


async def asked_of_people(request: Request, insight: str) -> dict[str, Any]:
    """The flat values that people are asked for with. Raises ValidationError for a node: it is asked for elsewhere."""
    node, values, _ = await asked_of(request)
    if node is not None:
        raise ValidationError(
            "Query nodes are not answered here: POST an ActorsQuery to /api/projects/:project_id/query/, or send the "
            f"flat parameters of {insight}",
            attr="query",
        )
    return values


def node_of(body: dict[str, Any]) -> Any:
    """The query node of a body, whatever was written there: `query`, or the body itself when it has a `kind`."""
    if "query" in body:
        if body["query"] is None:
            raise ParseError("query must be a query node, an object with a kind")
        return body["query"]
    return body if body.get("kind") is not None else None


def _in_address(text: str) -> Any:
    try:
        return node_of({"query": orjson.loads(text)})
    except orjson.JSONDecodeError:
        raise ParseError("query is not valid JSON") from None


def require_json(request: Request) -> None:
    media = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if media and media != "application/json":
        raise UnsupportedMedia(f'Unsupported media type "{media}" in request.')


async def choose_project(request: Request) -> None:
    """Where the path names no project: `project_id`, in the body or the query string, or else the caller's current
    one."""
    body = await body_fields(request) if request.method == "POST" else {}
    named = body.get("project_id") or request.query_params.get("project_id") or "@current"
    request.path_params.setdefault("project_id", str(named))


def next_page(request: Request, access: Access, values: Mapping[str, Any], limit: int, offset: int) -> str:
    """The address of the page at `offset`; of a body's question too, so that it can be followed by GET."""
    if request.method == "GET":
        return link(request, limit, offset)
    return link(request, limit, offset, in_address(values) | {"project_id": str(access.project.id)})


def in_address(values: Mapping[str, Any]) -> dict[str, str]:
    """The flat values as parameters of an address: what is no text is JSON."""
    return {name: as_text(v) for name, v in values.items() if v is not None and name not in NOT_ASKED}


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
