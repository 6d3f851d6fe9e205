"""Where a request carries its personal key: the header, then the body, then the query string.

The first candidate is the one that counts: a wrong key in the header is not made good by a right one elsewhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import Request
from insights_engine.errors import AuthenticationFailed, NotAuthenticated, ParseError

from insights_acl.forms import MULTIPART, URLENCODED, form_fields, media_type
from insights_acl.tokens import OAUTH_PREFIX

_FIELD = "personal_api_key"
_BEARER = re.compile(r"Bearer\s+(\S.*)")


@dataclass(frozen=True, slots=True)
class Candidate:
    value: str
    place: str

    def refused(self) -> AuthenticationFailed:
        return AuthenticationFailed(f"Personal API key found in request {self.place} is invalid.")


async def find_key(request: Request) -> Candidate:
    """Raises NotAuthenticated when there is none; an OAuth token in the header counts as none."""
    bearer = _BEARER.fullmatch(request.headers.get("authorization", "").strip())
    if bearer:
        value = bearer[1].strip()
        if value.startswith(OAUTH_PREFIX):
            raise NotAuthenticated
        return Candidate(value, "Authorization header")
    body = await body_fields(request)
    if _FIELD in body:
        return Candidate(str(body[_FIELD]), "body")
    if _FIELD in request.query_params:
        return Candidate(request.query_params[_FIELD], "query string")
    raise NotAuthenticated


async def body_fields(request: Request) -> dict[str, Any]:
    """The fields of a JSON or form body. One that cannot be read has none: its error comes after authentication."""
    kind = media_type(request)
    if kind in (URLENCODED, MULTIPART):
        try:
            return {name: value.decode("utf-8", "replace") for name, value in (await form_fields(request)).items()}
        except ParseError:
            return {}
    try:
        body = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}
