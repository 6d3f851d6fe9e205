"""The TrendsQuery node -> TrendQuery. The node's schema is closed: an unknown field is an error.

pydantic checks shape and types; what a name means is checked by the tables, so that both forms of the request answer
alike. Fields that change nothing but the picture are named here and not looked at.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic import ValidationError as PydanticError

from insights_engine.entities import ActionEntity, Entity, EventEntity
from insights_engine.errors import ParseError, ValidationError, nearest, unknown
from insights_engine.filters import Group, parse_filters
from insights_engine.intervals import INTERVALS
from insights_engine.trend.breakdowns import BREAKDOWN_TYPES
from insights_engine.trend.displays import DEFAULT_DISPLAY, DISPLAYS
from insights_engine.trend.legacy import cohort_values, property_type
from insights_engine.trend.maths import MATHS, TOTAL
from insights_engine.trend.model import (
    MAX_BREAKDOWN_LIMIT,
    MAX_BREAKDOWNS,
    MAX_SERIES,
    Breakdown,
    BreakdownBy,
    Formula,
    Series,
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

_Index = Annotated[int, Field(ge=0, le=4)]
_Text = Annotated[str, Field(max_length=1000)]


class _Node(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class _DateRange(_Node):
    date_from: _Text | None = None
    date_to: _Text | None = None
    explicit_date: bool | None = Field(None, alias="explicitDate")


class _Measured(_Node):
    name: _Text | None = None
    custom_name: _Text | None = None
    math: str | None = None
    math_property: _Text | None = None
    math_property_type: str | None = None
    math_property_revenue_currency: Any = None
    math_hogql: Annotated[str, Field(max_length=10_000)] | None = None
    math_group_type_index: _Index | None = None
    math_multiplier: float | None = None
    properties: list[Any] | dict[str, Any] | None = None
    fixed_properties: list[Any] | dict[str, Any] | None = Field(None, alias="fixedProperties")
    optional_in_funnel: bool | None = Field(None, alias="optionalInFunnel")
    version: float | None = None
    response: Any = None


class _EventsNode(_Measured):
    kind: Literal["EventsNode"]
    event: _Text | None = None
    limit: int | None = None
    order_by: list[str] | None = Field(None, alias="orderBy")


class _ActionsNode(_Measured):
    kind: Literal["ActionsNode"]
    id: Annotated[int, Field(gt=0, lt=2**31)]


_Series = Annotated[_EventsNode | _ActionsNode, Field(discriminator="kind")]


class _FormulaNode(_Node):
    formula: str
    custom_name: _Text | None = None


class _TrendsFilter(BaseModel):
    """Visual fields are dropped before this is read."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    display: str | None = None
    formula: str | None = None
    formulas: list[str] | None = None
    formula_nodes: list[_FormulaNode] | None = Field(None, alias="formulaNodes")
    smoothing_intervals: Annotated[int, Field(ge=1, le=1000)] | None = Field(None, alias="smoothingIntervals")


class _BreakdownItem(_Node):
    property: _Text | int
    type: str | None = None
    normalize_url: bool | None = None
    histogram_bin_count: Annotated[int, Field(ge=1, le=1000)] | None = None
    group_type_index: _Index | None = None


class _BreakdownFilter(_Node):
    breakdown: _Text | int | list[_Text | int] | None = None
    breakdown_type: str | None = None
    breakdown_limit: Annotated[int, Field(ge=1, le=MAX_BREAKDOWN_LIMIT)] | None = None
    breakdown_hide_other_aggregation: bool | None = None
    breakdown_histogram_bin_count: Annotated[int, Field(ge=1, le=1000)] | None = None
    breakdown_normalize_url: bool | None = None
    breakdown_group_type_index: _Index | None = None
    breakdowns: Annotated[list[_BreakdownItem], Field(max_length=MAX_BREAKDOWNS)] | None = None


class _CompareFilter(_Node):
    compare: bool | None = None
    compare_to: _Text | None = None


class TrendsQueryNode(_Node):
    kind: Literal["TrendsQuery"]
    series: Annotated[list[_Series], Field(max_length=MAX_SERIES)]
    date_range: _DateRange | None = Field(None, alias="dateRange")
    interval: str | None = None
    trends_filter: _TrendsFilter | None = Field(None, alias="trendsFilter")
    breakdown_filter: _BreakdownFilter | None = Field(None, alias="breakdownFilter")
    compare_filter: _CompareFilter | None = Field(None, alias="compareFilter")
    properties: list[Any] | dict[str, Any] | None = None
    filter_test_accounts: bool | None = Field(None, alias="filterTestAccounts")
    sampling_factor: Annotated[float, Field(ge=0, le=1)] | None = Field(None, alias="samplingFactor")
    aggregation_group_type_index: _Index | None = None
    conversion_goal: None = Field(None, alias="conversionGoal")
    data_color_theme: float | None = Field(None, alias="dataColorTheme")
    modifiers: dict[str, Any] | None = None
    tags: dict[str, Any] | None = None
    response: Any = None
    version: float | None = None


def parse_node(node: dict[str, Any], field: str = "query") -> TrendQuery:
    """Raises ParseError for what the schema forbids and ValidationError for names that are not known."""
    shown = node.get("trendsFilter")
    if isinstance(shown, dict):
        node = {**node, "trendsFilter": {k: v for k, v in shown.items() if k not in VISUAL_FIELDS}}
    try:
        read = TrendsQueryNode.model_validate(node)
    except PydanticError as error:
        raise ParseError(schema_error(error, field, TrendsQueryNode)) from None
    return _query(read, field)


def schema_error(error: PydanticError, field: str, model: type[BaseModel]) -> str:
    """The first fault, with its place and, for an unknown field, the nearest known one."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = field
    for part in first["loc"]:
        if isinstance(part, int):
            place += f"[{part}]"
        elif part not in ("EventsNode", "ActionsNode"):
            place += f".{part}"
    if first["type"] == "extra_forbidden":
        name = str(first["loc"][-1])
        known = [f.alias or n for n, f in model.model_fields.items()] if len(first["loc"]) == 1 else []
        return f"{place}: unknown field{nearest(name, known)}"
    return f"{place}: {first['msg']}"


def _query(node: TrendsQueryNode, field: str) -> TrendQuery:
    dates, compare = node.date_range or _DateRange(), node.compare_filter or _CompareFilter()
    shown = node.trends_filter or _TrendsFilter()
    if node.interval is not None and node.interval not in INTERVALS:
        raise unknown("interval", node.interval, INTERVALS)
    if shown.display is not None and shown.display not in DISPLAYS:
        raise unknown("trendsFilter.display", shown.display, DISPLAYS)
    return TrendQuery(
        series=tuple(_series(s, f"series[{i}]") for i, s in enumerate(node.series)),
        date_from=dates.date_from or None,
        date_to=dates.date_to or None,
        explicit_date=bool(dates.explicit_date),
        interval=INTERVALS[node.interval or "day"],
        filter=parse_filters(node.properties, field="properties"),
        filter_test_accounts=bool(node.filter_test_accounts),
        breakdown=_breakdown(node.breakdown_filter or _BreakdownFilter()),
        display=DISPLAYS[shown.display] if shown.display else DEFAULT_DISPLAY,
        formulas=_formulas(shown),
        compare=bool(compare.compare),
        compare_to=compare.compare_to or None,
        smoothing=shown.smoothing_intervals or 1,
        sampling=node.sampling_factor or None,
    )


def _formulas(shown: _TrendsFilter) -> tuple[Formula, ...]:
    """The first that is present: formulaNodes, formulas, formula."""
    if shown.formula_nodes:
        return tuple(Formula(node.formula, node.custom_name) for node in shown.formula_nodes)
    if shown.formulas:
        return tuple(Formula(text) for text in shown.formulas)
    return (Formula(shown.formula),) if shown.formula else ()


def _series(node: _EventsNode | _ActionsNode, field: str) -> Series:
    if node.math is not None and node.math not in MATHS:
        raise unknown(f"{field}.math", node.math, MATHS)
    entity: Entity = (
        EventEntity(node.event, node.custom_name)
        if isinstance(node, _EventsNode)
        else ActionEntity(node.id, node.custom_name)
    )
    own = parse_filters(node.properties, field=f"{field}.properties")
    fixed = parse_filters(node.fixed_properties, field=f"{field}.fixedProperties")
    return Series(
        entity=entity,
        math=MATHS[node.math] if node.math else TOTAL,
        math_name=node.math,
        math_property=node.math_property or None,
        math_property_type=property_type(node.math_property_type, f"{field}.math_property_type"),
        math_hogql=node.math_hogql,
        math_group_type_index=node.math_group_type_index,
        math_multiplier=node.math_multiplier,
        filter=Group("AND", (own, fixed)) if fixed.values else own,
        field=field,
    )


def _breakdown(by: _BreakdownFilter) -> BreakdownBy:
    limit, hide = by.breakdown_limit, bool(by.breakdown_hide_other_aggregation)
    if by.breakdowns:
        made = tuple(
            _one(item.property, item.type, item.group_type_index, item.normalize_url, item.histogram_bin_count, i)
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
            i,
        )
        for i, name in enumerate(names)
    )
    return BreakdownBy(made, as_list=isinstance(by.breakdown, list), limit=limit, hide_other=hide)


def _one(
    name: str | int, kind: str | None, group: int | None, normalize: bool | None, bins: int | None, index: int
) -> Breakdown:
    field = f"breakdownFilter.breakdowns[{index}]"
    if (kind or "event") not in BREAKDOWN_TYPES or kind == "cohort":
        raise unknown(f"{field}.type", kind, [known for known in BREAKDOWN_TYPES if known != "cohort"])
    return Breakdown(str(name), kind or "event", group, bool(normalize), bins, field)
