"""The flat parameters of the older stickiness -> StickinessQuery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from insights_engine.errors import ValidationError, unknown
from insights_engine.flat import json_value, whole
from insights_engine.stickiness.model import COMPUTED_AS, CRITERIA, StickinessQuery
from insights_engine.trend.legacy import parse_shared
from insights_engine.trend.maths import MATHS
from insights_engine.trend.model import Series, TrendQuery

# Where the maths take their actors from that this form may name; of all others they are persons.
_OF_ACTORS = frozenset({"actors", "rolling", "groups", "hogql"})


def parse_legacy(values: Mapping[str, Any]) -> StickinessQuery:
    """Raises ValidationError. Of the maths, only those that choose an actor are kept."""
    trend = _plain(parse_shared(values))
    series = tuple(s if s.math.source in _OF_ACTORS else _by_person(s) for s in trend.series)
    computed = values.get("stickiness_computed_as") or values.get("computed_as")
    if computed is not None and computed not in COMPUTED_AS:
        raise unknown("stickiness_computed_as", computed, COMPUTED_AS)
    count = whole(values, "interval_count", 1, 10_000)
    return StickinessQuery(replace(trend, series=series), count, computed == "cumulative", _criteria(values))


def _plain(trend: TrendQuery) -> TrendQuery:
    """Displays, breakdowns and formulas have no meaning here."""
    plain = TrendQuery(trend.series)
    return replace(trend, display=plain.display, breakdown=plain.breakdown, formulas=plain.formulas, smoothing=1)


def _by_person(series: Series) -> Series:
    return replace(series, math=MATHS["dau"], math_name="dau")


def _criteria(values: Mapping[str, Any]) -> tuple[str, int] | None:
    raw = json_value(values, "stickiness_criteria")
    if raw is None or raw == "":
        return None
    value = whole(raw, "value", 0, 2**31 - 1) if isinstance(raw, dict) else None
    if value is None or raw.get("operator") not in list(CRITERIA):
        raise ValidationError(
            f"stickiness_criteria must be an operator ({', '.join(CRITERIA)}) and a value", attr="stickiness_criteria"
        )
    return raw["operator"], value
