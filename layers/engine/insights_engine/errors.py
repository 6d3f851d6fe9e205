"""The errors that a caller may see, each with its HTTP status and the API's words for it.

ApiError
  ValidationError      400  a value of the request is wrong; `attr` names the field
  ParseError           400  the body or the query node cannot be read
  NotAuthenticated     401  no credentials
  AuthenticationFailed 401  credentials that are wrong
  PermissionDenied     403
  NotFound             404
  MethodNotAllowed     405
  Conflict             409
  PayloadTooLarge      413
  UnsupportedMedia     415
  Throttled            429
  ServerError          500
  Cancelled            503  the query was stopped from outside
  Overloaded           503 / 504 / 512: ClickHouse is busy, out of time, or over a limit
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

_MOST_CHARACTERS = 1000


class ApiError(Exception):
    """Answered as `{"type", "code", "detail", "attr"}` with `status`; `attr` joins a nested path by `__`.

    `extra`, where there is one, is what a program may want to know beside the sentence; `headers` go with it.
    """

    status = 500
    type = "server_error"
    code = "error"
    default_detail = "A server error occurred."
    headers: Mapping[str, str] = MappingProxyType({})

    def __init__(
        self,
        detail: str | None = None,
        *,
        attr: str | None = None,
        code: str | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        self.extra = extra
        self.detail = _cut(detail or self.default_detail)
        self.attr = attr and _cut(attr)
        self.code = code or type(self).code
        super().__init__(self.detail)

    def body(self) -> dict[str, Any]:
        body = {"type": self.type, "code": self.code, "detail": self.detail, "attr": self.attr}
        return body if self.extra is None else body | {"extra": self.extra}


class ValidationError(ApiError):
    status, type, code, default_detail = 400, "validation_error", "invalid_input", "Invalid input."


class ParseError(ApiError):
    status, type, code, default_detail = 400, "invalid_request", "parse_error", "Malformed request."


class NotAuthenticated(ApiError):
    status, type, code = 401, "authentication_error", "not_authenticated"
    default_detail = "Authentication credentials were not provided."


class AuthenticationFailed(ApiError):
    status, type, code = 401, "authentication_error", "authentication_failed"
    default_detail = "Incorrect authentication credentials."


class PermissionDenied(ApiError):
    status, type, code = 403, "authentication_error", "permission_denied"
    default_detail = "You do not have permission to perform this action."


class NotFound(ApiError):
    status, type, code, default_detail = 404, "invalid_request", "not_found", "Not found."


class MethodNotAllowed(ApiError):
    status, type, code, default_detail = 405, "invalid_request", "method_not_allowed", "Method not allowed."


class Conflict(ApiError):
    status, code, default_detail = 409, "conflict", "The object was changed by another request; read it again."


class PayloadTooLarge(ApiError):
    status, type, code, default_detail = 413, "invalid_request", "request_too_large", "The request body is too large."


class UnsupportedMedia(ApiError):
    status, type, code, default_detail = 415, "invalid_request", "unsupported_media_type", "Unsupported media type."


class Throttled(ApiError):
    """`seconds`: when it may be tried again, in the sentence and in the header Retry-After."""

    status, type, code, default_detail = 429, "throttled_error", "throttled", "Request was throttled."

    def __init__(self, seconds: float, detail: str = default_detail) -> None:
        whole = max(1, math.ceil(seconds))
        super().__init__(f"{detail} Expected available in {whole} second{'' if whole == 1 else 's'}.")
        self.headers = {"Retry-After": str(whole)}


class ServerError(ApiError):
    pass


class Cancelled(ApiError):
    status, code = 503, "cancelled"
    default_detail = "The query was cancelled before it was done; ask again where its answer is still wanted."


class Overloaded(ApiError):
    """`status` is given: 503 busy, 504 out of time, 512 over a memory or reading limit."""

    def __init__(self, detail: str, *, status: int) -> None:
        super().__init__(detail)
        self.status = status


def _cut(text: str) -> str:
    """Whatever a request says, and an error repeats, the error stays one that can be read."""
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "…"


def nearest(name: object, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: `; did you mean "p99"?`, or nothing when none is near."""
    from difflib import get_close_matches

    near = get_close_matches(str(name), list(known), n=1, cutoff=0.5)
    return f'; did you mean "{near[0]}"?' if near else ""


def unknown(field: str, name: object, known: Iterable[str]) -> ValidationError:
    """`events[0].math "p98" is not known; did you mean "p99"?`"""
    known = list(known)
    hint = nearest(name, known) or f"; known are: {', '.join(known)}"
    return ValidationError(
        f'{field} "{str(name)[:100]}" is not known{hint}', attr=attr_of(field), code="invalid_choice"
    )


def attr_of(field: str) -> str:
    """`events[0].math` -> `events__0__math`."""
    return field.replace("[", "__").replace("]", "").replace(".", "__")
