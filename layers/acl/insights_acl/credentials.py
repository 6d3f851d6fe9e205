"""Where a request carries its personal key: the header, then the body, then the query string.

The first candidate is the one that counts: a wrong key in the header is not made good by a right one elsewhere.
The words of a refusal are fixed, as clients compare them. `extra.hint` says what may mend it, by the form of what was
sent alone: whether a key of that form was ever one of ours is nobody's business.
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
_SEND = "Send a personal API key in the header: Authorization: Bearer KEY"
# What an Authorization header without a key looks like, and what to do; the first that fits.
_HEADERS = (
    (re.compile(r"^\Z"), f"{_SEND} (insights keys add EMAIL makes one)."),
    (re.compile(r"^Bearer:?\Z"), "No key follows the word Bearer; is the variable that holds it empty?"),
    (re.compile(r"^phx_"), "The word Bearer is missing before the key: Authorization: Bearer KEY"),
    (re.compile(r"^Bearer\s+pha_"), f"An OAuth token is not taken here. {_SEND}"),
    (re.compile(r"^bearer[:\s]", re.IGNORECASE), "Write Bearer with a capital B, a space, and the key."),
    (re.compile(r""), f"This scheme is not taken here. {_SEND}"),
)
# The same of what came in the place of a key.
_VALUES = (
    (re.compile(r"^phc_"), "This is a project token, which sends events; a personal API key begins with phx_."),
    (re.compile(r"…|\.\.\.|[^\x20-\x7e]"), "The key is shortened, as in documentation; paste the whole of it."),
    (re.compile(r"^\$|[\"'<>{}\s]"), "Send the key alone: no quotes, brackets or spaces, and not a variable's name."),
    (re.compile(r"^(?!phx_)"), "A personal API key begins with phx_."),
    (re.compile(r"^(?!phx_[A-Za-z0-9]{44}\Z)"), "A key is phx_ and 44 letters and digits; paste the whole of it."),
    (
        re.compile(r""),
        "It is mistyped, or was revoked, or its owner was deactivated. Whoever runs this makes another: "
        "insights keys add EMAIL",
    ),
)


@dataclass(frozen=True, slots=True)
class Candidate:
    value: str
    place: str

    def refused(self) -> AuthenticationFailed:
        detail = f"Personal API key found in request {self.place} is invalid."
        return AuthenticationFailed(detail, extra={"hint": _hint(_VALUES, self.value)})


async def find_key(request: Request) -> Candidate:
    """Raises NotAuthenticated when there is none; an OAuth token in the header counts as none."""
    header = request.headers.get("authorization", "").strip()
    if bearer := _BEARER.fullmatch(header):
        value = bearer[1].strip()
        if value.startswith(OAUTH_PREFIX):
            raise _none_in(header)
        return Candidate(value, "Authorization header")
    body = await body_fields(request)
    if _FIELD in body:
        return Candidate(str(body[_FIELD]), "body")
    if _FIELD in request.query_params:
        return Candidate(request.query_params[_FIELD], "query string")
    raise _none_in(header)


def _none_in(header: str) -> NotAuthenticated:
    return NotAuthenticated(extra={"hint": _hint(_HEADERS, header)})


def _hint(rows: tuple[tuple[re.Pattern[str], str], ...], text: str) -> str:
    return next(words for pattern, words in rows if pattern.search(text))


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
