"""`refresh` of a request: the query string's before the body's. What the values mean stands in `results.modes`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from insights_engine.results.modes import MODES, Refresh, refresh_of

# What a sharing link may ask for: whoever has it can have a project's questions computed, but not at will.
# Who comes by a link cannot ask how far a question in the background is, so what was never computed is computed.
_SHARED = {"force_blocking": "blocking", "blocking": "blocking"}
_SHARED_ELSE = "async_except_on_cache_miss"


def asked_refresh(request: Request, body: Mapping[str, Any] | None = None, default: str = "force_cache") -> Refresh:
    """What is not known is the default."""
    value = request.query_params.get("refresh")
    return refresh_of(value if value is not None else (body or {}).get("refresh"), default)


def of_shared(refresh: Refresh) -> Refresh:
    return MODES[_SHARED.get(refresh.name, _SHARED_ELSE)]
