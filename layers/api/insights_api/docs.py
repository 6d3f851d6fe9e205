"""`/docs` and `/openapi.json`: the API described, by files made beforehand. Nothing is loaded from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import Response

router = APIRouter(include_in_schema=False)

_METHODS = ["GET", "HEAD"]
# A minute, so that a new release is seen soon.
_CACHED = {"Cache-Control": "public, max-age=60", "X-Content-Type-Options": "nosniff"}


@router.api_route("/openapi.json", methods=_METHODS)
async def openapi() -> Response:
    """Any page may read it: it is public and the same for all."""
    headers = {**_CACHED, "Access-Control-Allow-Origin": "*"}
    return Response(_file("openapi.json"), media_type="application/json", headers=headers)


@router.api_route("/docs", methods=_METHODS)
async def docs() -> Response:
    page = _file("docs.html")
    return Response(page, media_type="text/html", headers={**_CACHED, "Content-Security-Policy": _policy(page)})


@cache
def _file(name: str) -> bytes:
    return Path(__file__).with_name(name).read_bytes()


@cache
def _policy(page: bytes) -> str:
    """A key is typed into the page: only its own script runs, it talks to this host alone, and nobody frames it."""
    scripts = re.findall(rb"<script>(.*?)</script>", page, re.DOTALL)
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'" for script in scripts)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
