"""The TrendsQuery node -> TrendQuery. Fields that change nothing but the picture are named here and not looked at."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from insights_engine.errors import ValidationError, unknown
from insights_engine.flat_breakdowns import cohort_values, listed_cohorts
from insights_engine.nodes import CompareFilter, Index, Node, QueryNode, Text, common, read
from insights_engine.trend.breakdowns import BREAKDOWN_TYPES
from insights_engine.trend.displays import DEFAULT_DISPLAY, DISPLAYS
from insights_engine.trend.formula import check_formulas
from insights_engine.trend.model import (
    MAX_BREAKDOWN_LIMIT,
    MAX_BREAKDOWNS,
    Breakdown,
    BreakdownBy,
    Formula,
    TrendQuery,
)

# Of trendsFilter: how the chart looks. They never change the numbers.
VISUAL_FIELDS = frozenset(
    {
        "aggregationAxisFormat",
        "aggregationAxisPostfix",
        "aggregationAxisPrefix",
        "breakdown_histogram_bin_count",
        "confidenceLevel",
        "decimalPlaces",
        "detailedResultsAggregationType",
        "excludeBoxPlotOutliers",
        "goalLines",
        "heatmap",
        "hiddenLegendIndexes",
        "hideWeekends",
        "minDecimalPlaces",
        "movingAverageIntervals",
        "resultCustomizationBy",
        "resultCustomizations",
        "showAlertThresholdLines",
        "showAnnotations",
        "showConfidenceIntervals",
        "showLabelsOnSeries",
        "showLegend",
        "showMovingAverage",
        "showMultipleYAxes",
        "showPercentStackView",
        "showTrendLines",
        "showValuesOnSeries",
        "yAxisScaleType",
    }
)


class _FormulaNode(Node):
    formula: str
    custom_name: Text | None = None


class _TrendsFilter(BaseModel):
    """Visual fields are dropped before this is read."""

    model_config = ConfigDict(extra="forbid")
    display: str | None = None
    formula: str | None = None
    formulas: list[str] | None = None
    formula_nodes: list[_FormulaNode] | None = Field(None, alias="formulaNodes")
    smoothing_intervals: Annotated[int, Field(ge=1, le=1000)] | None = Field(None, alias="smoothingIntervals")


class _BreakdownItem(Node):
    property: Text | int
    type: str | None = None
    normalize_url: bool | None = None
    histogram_bin_count: Annotated[int, Field(ge=1, le=1000)] | None = None
    group_type_index: Index | None = None


class BreakdownFilter(Node):
    breakdown: Text | int | list[Text | int] | None = None
    breakdown_type: str | None = None
    breakdown_limit: Annotated[int, Field(ge=1, le=MAX_BREAKDOWN_LIMIT)] | None = None
    breakdown_hide_other_aggregation: bool | None = None
    breakdown_histogram_bin_count: Annotated[int, Field(ge=1, le=1000)] | None = None
    breakdown_normalize_url: bool | None = None
    breakdown_group_type_index: Index | None = None
    breakdowns: Annotated[list[_BreakdownItem], Field(max_length=MAX_BREAKDOWNS)] | None = None


class TrendsQueryNode(QueryNode):
    kind: Literal["TrendsQuery"]
    trends_filter: _TrendsFilter | None = Field(None, alias="trendsFilter")
    breakdown_filter: BreakdownFilter | None = Field(None, alias="breakdownFilter")
    compare_filter: CompareFilter | None = Field(None, alias="compareFilter")
    conversion_goal: None = Field(None, alias="conversionGoal")


def parse_node(node: dict[str, Any], field: str = "query") -> TrendQuery:
    """Raises ParseError for what the schema forbids and ValidationError for names that are not known."""
    shown = node.get("trendsFilter")
    if isinstance(shown, dict):
        node = {**node, "trendsFilter": {k: v for k, v in shown.items() if k not in VISUAL_FIELDS}}
    query = _query(read(TrendsQueryNode, node, field))
    check_formulas(query)
    return query


def _query(node: TrendsQueryNode) -> TrendQuery:
    compare = node.compare_filter or CompareFilter()
    shown = node.trends_filter or _TrendsFilter()
    if shown.display is not None and shown.display not in DISPLAYS:
        raise unknown("trendsFilter.display", shown.display, DISPLAYS)
    return replace(
        common(node),
        breakdown=breakdown_by(node.breakdown_filter or BreakdownFilter()),
        display=DISPLAYS[shown.display] if shown.display else DEFAULT_DISPLAY,
        formulas=_formulas(shown),
        compare=bool(compare.compare),
        compare_to=compare.compare_to or None,
        smoothing=shown.smoothing_intervals or 1,
    )


def _formulas(shown: _TrendsFilter) -> tuple[Formula, ...]:
    """The first that is present: formulaNodes, formulas, formula."""
    if shown.formula_nodes:
        return tuple(
            Formula(node.formula, node.custom_name, f"trendsFilter.formulaNodes[{i}].formula")
            for i, node in enumerate(shown.formula_nodes)
        )
    if shown.formulas:
        return tuple(Formula(text, field=f"trendsFilter.formulas[{i}]") for i, text in enumerate(shown.formulas))
    return (Formula(shown.formula, field="trendsFilter.formula"),) if shown.formula else ()


def breakdown_by(by: BreakdownFilter) -> BreakdownBy:
    """The node's breakdowns; the list form has list values."""
    limit, hide = by.breakdown_limit, bool(by.breakdown_hide_other_aggregation)
    if by.breakdowns:
        listed = [{"type": item.type, "property": item.property} for item in by.breakdowns]
        if (cohorts := listed_cohorts(listed, "breakdownFilter.breakdowns")) is not None:
            return BreakdownBy(cohorts=cohorts, as_list=True, limit=limit, hide_other=hide)
        made = tuple(
            _one(
                item.property,
                item.type,
                item.group_type_index,
                item.normalize_url,
                item.histogram_bin_count,
                f"breakdownFilter.breakdowns[{i}]",
            )
            for i, item in enumerate(by.breakdowns)
        )
        return BreakdownBy(made, as_list=True, limit=limit, hide_other=hide)
    if by.breakdown is None or by.breakdown in ("", []):
        return BreakdownBy(limit=limit, hide_other=hide)
    if by.breakdown_type == "cohort":
        return BreakdownBy(cohorts=cohort_values(by.breakdown, "breakdown"), limit=limit, hide_other=hide)
    names = by.breakdown if isinstance(by.breakdown, list) else [by.breakdown]
    if len(names) > MAX_BREAKDOWNS:
        raise ValidationError(f"breakdownFilter.breakdown: at most {MAX_BREAKDOWNS}", attr="breakdownFilter__breakdown")
    made = tuple(
        _one(
            name,
            by.breakdown_type,
            by.breakdown_group_type_index,
            by.breakdown_normalize_url,
            by.breakdown_histogram_bin_count,
            "breakdownFilter.breakdown",
        )
        for name in names
    )
    return BreakdownBy(made, as_list=isinstance(by.breakdown, list), limit=limit, hide_other=hide)


def _one(
    name: str | int, kind: str | None, group: int | None, normalize: bool | None, bins: int | None, field: str
) -> Breakdown:
    if (kind or "event") not in BREAKDOWN_TYPES:
        place = f"{field}_type" if field.endswith("breakdown") else f"{field}.type"
        raise unknown(place, kind, BREAKDOWN_TYPES)
    return Breakdown(str(name), kind or "event", group, bool(normalize), bins, field)
