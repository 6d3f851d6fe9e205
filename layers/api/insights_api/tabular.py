"""Lists as CSV: nested values become columns named by their path, lists become JSON text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson
from fastapi.responses import Response


def csv_response(rows: Sequence[dict[str, Any]], first: Iterable[str] = (), last: Iterable[str] = ()) -> Response:
    flat = [dict(_flat(row)) for row in rows]
    found = list(dict.fromkeys(name for row in flat for name in row))
    ends = (*first, *last)
    columns = [*first, *(name for name in found if name not in ends), *last]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="")
    writer.writeheader()
    writer.writerows(flat)
    return Response(text.getvalue(), media_type="text/csv")


def _flat(value: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, inner in value.items():
        if isinstance(inner, dict) and inner:
            yield from _flat(inner, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", orjson.dumps(inner).decode() if isinstance(inner, list | dict) else inner
