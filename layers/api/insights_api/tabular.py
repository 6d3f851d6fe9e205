"""CSV over HTTP: whether it is asked for and in which layout, and answers that are written piece by piece.

Nothing ever holds all of a text but the pieces themselves, and those once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Any

import orjson
from fastapi import Request
from fastapi.responses import Response, StreamingResponse
from insights_engine.errors import unknown
from insights_engine.spreadsheets import FORMATS, LAYOUTS, Line, pieces


def wants_csv(request: Request) -> bool:
    """By `format`, else by the path's ending, else by what is accepted. Raises ValidationError for another format."""
    asked = request.query_params.get("format") or getattr(request.state, "format", None)
    if asked is None:
        return request.headers.get("accept", "").startswith("text/csv")
    if asked not in FORMATS:
        raise unknown("format", asked, FORMATS)
    return bool(asked == "csv")


def layout_of(request: Request, known: Sequence[str] = LAYOUTS) -> str | None:
    """The layout of the CSV that is asked for, the first one where none is named; None asks for JSON.

    Raises ValidationError, also where a layout is named that nothing would be written in.
    """
    asked = request.query_params.get("layout") or known[0]
    if asked not in known:
        raise unknown("layout", asked, known)
    return asked if wants_csv(request) else None


def csv_lines(lines: Iterable[Line], name: str | None = None, first_line: str | None = None) -> Response:
    """What is short is sent at once, with its length; `name` is the file's."""
    written = pieces(lines, first_line)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'} if name else {}
    first, second = next(written, b""), next(written, None)
    if second is None:
        return Response(first, media_type="text/csv", headers=headers)
    return StreamingResponse(_all(first, second, written), media_type="text/csv", headers=headers)


async def _all(first: bytes, second: bytes, rest: Iterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    yield second
    for piece in rest:
        yield piece


def csv_response(rows: Sequence[dict[str, Any]], first: Iterable[str], last: Iterable[str] = ()) -> Response:
    """A list: nested values become columns named by their path, lists become JSON."""
    found = list(dict.fromkeys(name for row in rows for name, _ in _flat(row)))
    ends = (*first, *last)
    columns = [*first, *(name for name in found if name not in ends), *last]
    return csv_lines(_table(columns, rows))


def _table(columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> Iterator[Line]:
    yield columns
    for row in rows:
        cells = dict(_flat(row))
        yield [cells.get(name) for name in columns]


def _flat(value: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, inner in value.items():
        if isinstance(inner, dict) and inner:
            yield from _flat(inner, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", orjson.dumps(inner).decode() if isinstance(inner, list | dict) else inner
