"""One stickiness query, and its two forms of request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import Field

from insights_engine.errors import ValidationError, unknown
from insights_engine.flat import json_value, whole
from insights_engine.nodes import CompareFilter, Node, QueryNode, common, read
from insights_engine.trend.legacy import parse_legacy
from insights_engine.trend.maths import MATHS
from insights_engine.trend.model import Series, TrendQuery

# What qualifies an interval: its number of events compared with the criteria's value.
CRITERIA = {"gte": ">=", "lte": "<=", "exact": "="}
COMPUTED_AS = ("non_cumulative", "cumulative")
# Of the maths that the legacy form may name, these choose another actor; all others are persons.
_ACTOR_MATHS = frozenset({"dau", "weekly_active", "monthly_active", "unique_group", "hogql"})


@dataclass(frozen=True, slots=True)
class StickinessQuery:
    """`trend` is the query's common part; with `interval_count`, buckets are so many intervals back from the end."""

    trend: TrendQuery
    interval_count: int | None = None
    is_cumulative: bool = False
    criteria: tuple[str, int] | None = None


class _Criteria(Node):
    operator: str
    value: Annotated[int, Field(ge=0, lt=2**31)]


class _StickinessFilter(Node):
    computed_as: str | None = Field(None, alias="computedAs")
    stickiness_criteria: _Criteria | None = Field(None, alias="stickinessCriteria")
    display: str | None = None
    show_legend: bool | None = Field(None, alias="showLegend")
    show_multiple_y_axes: bool | None = Field(None, alias="showMultipleYAxes")
    show_values_on_series: bool | None = Field(None, alias="showValuesOnSeries")
    hidden_legend_indexes: list[int] | None = Field(None, alias="hiddenLegendIndexes")
    result_customization_by: str | None = Field(None, alias="resultCustomizationBy")
    result_customizations: dict[str, Any] | None = Field(None, alias="resultCustomizations")


class StickinessQueryNode(QueryNode):
    kind: Literal["StickinessQuery"]
    interval_count: Annotated[int, Field(ge=1, le=10_000)] | None = Field(None, alias="intervalCount")
    stickiness_filter: _StickinessFilter | None = Field(None, alias="stickinessFilter")
    compare_filter: CompareFilter | None = Field(None, alias="compareFilter")


def parse_node(node: dict[str, Any], field: str = "query") -> StickinessQuery:
    found = read(StickinessQueryNode, node, field)
    compare = found.compare_filter or CompareFilter()
    chosen = found.stickiness_filter or _StickinessFilter()
    trend = replace(common(found), compare=bool(compare.compare), compare_to=compare.compare_to or None)
    if chosen.computed_as is not None and chosen.computed_as not in COMPUTED_AS:
        raise unknown("stickinessFilter.computedAs", chosen.computed_as, COMPUTED_AS)
    criteria = chosen.stickiness_criteria
    if criteria is not None and criteria.operator not in CRITERIA:
        raise unknown("stickinessFilter.stickinessCriteria.operator", criteria.operator, CRITERIA)
    return StickinessQuery(
        trend,
        interval_count=found.interval_count,
        is_cumulative=chosen.computed_as == "cumulative",
        criteria=(criteria.operator, criteria.value) if criteria else None,
    )


def parse_filters_form(values: Mapping[str, Any]) -> StickinessQuery:
    """The legacy form: of the maths, only those that choose an actor are kept."""
    trend = parse_legacy(values)
    series = tuple(s if s.math.name in _ACTOR_MATHS else _by_person(s) for s in trend.series)
    computed = values.get("stickiness_computed_as") or values.get("computed_as")
    if computed is not None and computed not in COMPUTED_AS:
        raise unknown("stickiness_computed_as", computed, COMPUTED_AS)
    count = whole(values, "interval_count", 1, 10_000)
    return StickinessQuery(replace(trend, series=series), count, computed == "cumulative", _criteria(values))


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
