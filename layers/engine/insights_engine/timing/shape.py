"""A report's rows as its answer. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, time
from typing import Any

from insights_engine.timing.compile import PERCENTILES
from insights_engine.timing.window import Window

# Clients write what they like for an insight and a context.
MOST_VALUES = 100
_NOTHING = (0, [math.nan] * len(PERCENTILES), 0, 0, 0, 0)


def shape(rows: Iterable[Sequence[Any]], window: Window) -> tuple[dict[str, Any], Window]:
    """The result, and the window with what `all` came to. `hidden` counts the values that are not shown."""
    found: dict[str, dict[str, Sequence[Any]]] = {"total": {}, "insight": {}, "context": {}, "day": {}}
    many = dict.fromkeys(found, 0)
    for part, value, *measured, count in rows:
        found[part][value] = measured
        many[part] = int(count)
    if window.is_all:
        window = _from_first(window, found["day"])
    result: dict[str, Any] = {"total": _measures(found["total"].get("", _NOTHING))}
    for part in ("insight", "context"):
        shown = list(found[part].items())[:MOST_VALUES]
        # What was not said has no name.
        result[f"by_{part}"] = [{part: value or None, **_measures(measured)} for value, measured in shown]
    result["by_day"] = [{"day": day, **_measures(found["day"].get(day, _NOTHING))} for day in window.days()]
    result["hidden"] = {f"by_{part}": max(0, many[part] - MOST_VALUES) for part in ("insight", "context")}
    return result, window


def _from_first(window: Window, days: Iterable[str]) -> Window:
    first = datetime.fromisoformat(min(days, default=f"{window.end.date()}")).date()
    return replace(window, start=datetime.combine(first, time(), window.start.tzinfo))


def _measures(measured: Sequence[Any]) -> dict[str, Any]:
    """Null where there is nothing to take a percentile or a share of."""
    loads, percentiles, fetched, cached, interactions, frustrating = measured
    return {
        "count": int(loads),
        **{name: _percentile(value) for name, value in zip(PERCENTILES, percentiles, strict=True)},
        "insights_fetched": int(fetched),
        "insights_fetched_cached": int(cached),
        "cached_share": int(cached) / int(fetched) if fetched else None,
        "interactions": int(interactions),
        "frustrating_interactions": int(frustrating),
    }


def _percentile(value: float) -> float | None:
    """Between two whole numbers, at a place of two decimals: beyond these is only what floats add."""
    return round(float(value), 2) if math.isfinite(value) else None
