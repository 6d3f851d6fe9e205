"""The flat parameters of the older lifecycle -> TrendQuery."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from insights_engine.lifecycle.model import of_one_series
from insights_engine.trend.legacy import parse_shared
from insights_engine.trend.model import TrendQuery


def parse_legacy(raw: Mapping[str, Any]) -> TrendQuery:
    """Raises ValidationError."""
    return of_one_series(parse_shared(raw))
