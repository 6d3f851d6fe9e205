"""The StickinessQuery node -> StickinessQuery."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field

from insights_engine.errors import unknown
from insights_engine.nodes import CompareFilter, Node, QueryNode, common, read
from insights_engine.stickiness.model import COMPUTED_AS, CRITERIA, StickinessQuery


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
    """Raises ParseError for what the schema forbids and ValidationError for names that are not known."""
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
