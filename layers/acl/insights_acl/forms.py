"""Form bodies, by the standard library: urlencoded and multipart."""

from __future__ import annotations

from urllib.parse import parse_qsl

from fastapi import Request
from insights_engine.errors import ParseError

URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
_MAX_FIELDS = 1000


def media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def form_fields(request: Request) -> dict[str, bytes]:
    """Each field's bytes, the last one of a name; files are fields as well. Raises ParseError."""
    body = await request.body()
    if media_type(request) == URLENCODED:
        try:
            pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
        except ValueError as error:
            raise ParseError(f"Form parse error - {error}") from error
        return {name: value.encode() for name, value in pairs}
    return _multipart(body, request.headers.get("content-type", ""))


def _multipart(body: bytes, content_type: str) -> dict[str, bytes]:
    from email import policy
    from email.parser import BytesParser

    head = b"Content-Type: " + content_type.encode("latin-1", "replace") + b"\r\n\r\n"
    message = BytesParser(policy=policy.HTTP).parsebytes(head + body)
    parts = list(message.iter_parts()) if message.is_multipart() else []
    if not parts or len(parts) > _MAX_FIELDS:
        raise ParseError("Multipart form parse error - Invalid boundary in multipart")
    found: dict[str, bytes] = {}
    for part in parts:
        name = part.get_param("name", header="content-disposition")
        value = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(value, bytes):
            found[name] = value
    return found
