"""The errors of the API, read from the classes and from the places that give a code of their own."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from insights_engine.errors import ApiError, Overloaded, ValidationError

from insights_local.routes import ROOT

# Of a class whose status is given with each error.
_STATUSES: dict[type[ApiError], tuple[int, ...]] = {Overloaded: (503, 504, 512)}


def _classes(root: type[ApiError] = ApiError) -> Iterator[type[ApiError]]:
    for one in root.__subclasses__():
        if one.__module__ == ApiError.__module__:
            yield one
            yield from _classes(one)


def _codes_of_values() -> set[str]:
    """Every `code="..."` that the layers give a ValidationError, beside the usual one."""
    found = {ValidationError.code}
    for path in sorted((ROOT / "layers").rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "ValidationError":
                codes = [k.value.value for k in call.keywords if k.arg == "code" and isinstance(k.value, ast.Constant)]
                found |= {code for code in codes if isinstance(code, str)}
    return found


def _rows() -> Iterator[tuple[int, str, str, str]]:
    """Status, type, code, usual words."""
    for one in _classes():
        codes = sorted(_codes_of_values()) if one is ValidationError else [one.code]
        for status in _STATUSES.get(one, (one.status,)):
            for code in codes:
                yield status, one.type, code, "" if one is ValidationError else one.default_detail


ROWS = tuple(sorted(_rows()))
TYPES = frozenset(row[1] for row in ROWS)
CODES = {status: sorted({row[2] for row in ROWS if row[0] == status}) for status in sorted({row[0] for row in ROWS})}
MEANINGS = {
    400: "A value, or the request as a whole, is wrong.",
    401: "No key, or a wrong one.",
    403: "The key, or its owner, may not do this.",
    404: "What the path names is not there.",
    405: "The path does not have the method.",
    409: "Somebody else changed it meanwhile; read it again.",
    413: "The body is too large.",
    415: "The body must be JSON.",
    429: "Too many requests, or questions at once; wait as long as `Retry-After` says.",
    500: "A fault of ours; it is logged.",
    503: "ClickHouse or a store is busy, or does not answer; try again.",
    504: "The query takes too long.",
    512: "The query needs more memory, or reads more, than is allowed.",
}
