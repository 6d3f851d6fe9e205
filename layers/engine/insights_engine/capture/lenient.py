"""JSON that a strict reader refuses, and values that a strict writer does: mended instead of lost."""

from __future__ import annotations

import json
import math
from typing import Any

import orjson

# Deeper values become their JSON text: ClickHouse, the queue and this process all have a limit somewhere above.
MAX_DEPTH = 100


def lenient_json(body: bytes) -> Any:
    """NaN and infinities become null, halves of surrogate pairs and wrong UTF-8 U+FFFD, numbers over 64 bits floats.

    Raises ValueError, or RecursionError for what is nested far beyond any use.
    """
    return mended(json.loads(body.decode("utf-8", "replace").removeprefix("\ufeff")))


def mended(value: Any, depth: int = 0) -> Any:
    """The value as every JSON writer takes it."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**64 else _float(value)
    if depth >= MAX_DEPTH:
        return _text(_as_text(value))
    if isinstance(value, list):
        return [mended(item, depth + 1) for item in value]
    return {_text(name): mended(item, depth + 1) for name, item in value.items()}


def storable(value: Any) -> bytes:
    """JSON text, after mending where there is need. Raises RecursionError, ValueError."""
    try:
        return orjson.dumps(value)
    except (TypeError, ValueError):
        return orjson.dumps(mended(value))


def _text(value: str) -> str:
    return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _float(value: int) -> float | None:
    try:
        return float(value)
    except OverflowError:
        return None


def _as_text(value: Any) -> str:
    """Of what is too deep; its own depth may be over the writer's limit as well."""
    try:
        return json.dumps(value)
    except RecursionError:
        return ""
