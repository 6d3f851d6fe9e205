"""`refresh`: whether a result may come from the cache, and whether one that is not there is computed. A row a value."""

from __future__ import annotations

from typing import Any, NamedTuple

from fastapi import Request


class Refresh(NamedTuple):
    """`computes`: a result that is not there is computed before the answer is given."""

    name: str
    computes: bool
    uses_cache: bool = True


MODES = {
    mode.name: mode
    for mode in (
        Refresh("force_cache", computes=False),
        Refresh("blocking", computes=True),
        Refresh("async", computes=False),
        Refresh("lazy_async", computes=False),
        Refresh("async_except_on_cache_miss", computes=True),
        Refresh("force_blocking", computes=True, uses_cache=False),
        Refresh("force_async", computes=False, uses_cache=False),
    )
}
_SPELLINGS = dict.fromkeys(("true", "1", "yes", ""), "force_blocking")


def refresh_of(request: Request, body: dict[str, Any] | None = None, default: str = "force_cache") -> Refresh:
    """Of the query string, else of the body; what is not known is the default."""
    asked = request.query_params.get("refresh")
    value = asked if asked is not None else (body or {}).get("refresh")
    text = str(value).lower() if isinstance(value, str | bool | int) else ""
    if value is None:
        return MODES[default]
    return MODES.get(_SPELLINGS.get(text, text), MODES[default])
