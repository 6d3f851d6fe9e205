"""The RetentionQuery node -> RetentionQuery."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from insights_engine.entities import ActionEntity, EventEntity
from insights_engine.errors import ValidationError, unknown
from insights_engine.filters import parse_filters
from insights_engine.flat import action_id
from insights_engine.nodes import DateRange, Index, Node, Text, read
from insights_engine.retention.model import (
    AGGREGATIONS,
    MAX_INTERVALS,
    MEANS,
    PERIODS,
    RECURRING,
    RETENTION_TYPES,
    WINDOW_MODES,
    RetentionQuery,
    Side,
)
from insights_engine.trend.node import BreakdownFilter, breakdown_by

_Brackets = Annotated[list[Annotated[int, Field(ge=1, le=MAX_INTERVALS)]], Field(max_length=100)]


class _Entity(Node):
    id: Text | int | None = None
    type: Text | None = None
    kind: Text | None = None
    name: Text | None = None
    custom_name: Text | None = None
    order: int | None = None
    uuid: Text | None = None
    properties: list[Any] | dict[str, Any] | None = None


class _RetentionFilter(Node):
    period: str | None = None
    total_intervals: Annotated[int, Field(ge=1, le=MAX_INTERVALS)] | None = Field(None, alias="totalIntervals")
    retention_type: str | None = Field(None, alias="retentionType")
    target_entity: _Entity | None = Field(None, alias="targetEntity")
    returning_entity: _Entity | None = Field(None, alias="returningEntity")
    cumulative: bool | None = None
    minimum_occurrences: Annotated[int, Field(ge=1, lt=2**31)] | None = Field(None, alias="minimumOccurrences")
    custom_brackets: _Brackets | None = Field(None, alias="retentionCustomBrackets")
    time_window_mode: str | None = Field(None, alias="timeWindowMode")
    aggregation_type: str | None = Field(None, alias="aggregationType")
    aggregation_property: Text | None = Field(None, alias="aggregationProperty")
    aggregation_property_type: str | None = Field(None, alias="aggregationPropertyType")
    retention_reference: Literal["total", "previous"] | None = Field(None, alias="retentionReference")
    mean: str | None = Field(None, alias="meanRetentionCalculation")
    selected_interval: int | None = Field(None, alias="selectedInterval")
    display: str | None = None
    dashboard_display: str | None = Field(None, alias="dashboardDisplay")
    show_trend_lines: bool | None = Field(None, alias="showTrendLines")
    show_mean: bool | None = Field(None, alias="showMean")


class RetentionQueryNode(Node):
    kind: Literal["RetentionQuery"]
    retention_filter: _RetentionFilter | None = Field(None, alias="retentionFilter")
    date_range: DateRange | None = Field(None, alias="dateRange")
    properties: list[Any] | dict[str, Any] | None = None
    filter_test_accounts: bool | None = Field(None, alias="filterTestAccounts")
    aggregation_group_type_index: Index | None = None
    sampling_factor: Annotated[float, Field(ge=0, le=1)] | None = Field(None, alias="samplingFactor")
    breakdown_filter: BreakdownFilter | None = Field(None, alias="breakdownFilter")
    data_color_theme: float | None = Field(None, alias="dataColorTheme")
    modifiers: dict[str, Any] | None = None
    tags: dict[str, Any] | None = None
    response: Any = None
    version: float | None = None


def parse_node(node: dict[str, Any], field: str = "query") -> RetentionQuery:
    """Raises ParseError for what the schema forbids and ValidationError for what is unknown or contradicts itself."""
    found = read(RetentionQueryNode, node, field)
    chosen, dates = found.retention_filter or _RetentionFilter(), found.date_range or DateRange()
    for name, value, known in (
        ("period", chosen.period, PERIODS),
        ("retentionType", chosen.retention_type, RETENTION_TYPES),
        ("timeWindowMode", chosen.time_window_mode, WINDOW_MODES),
        ("aggregationType", chosen.aggregation_type, AGGREGATIONS),
        ("aggregationPropertyType", chosen.aggregation_property_type, ("event", "person")),
        ("meanRetentionCalculation", chosen.mean, MEANS),
    ):
        if value is not None and value not in known:
            raise unknown(f"retentionFilter.{name}", value, known)
    query = RetentionQuery(
        target=_side(chosen.target_entity, "retentionFilter.targetEntity"),
        returning=_side(chosen.returning_entity, "retentionFilter.returningEntity"),
        period=PERIODS[chosen.period or "Day"],
        total_intervals=_total(chosen),
        date_from=dates.date_from or None,
        date_to=dates.date_to or None,
        retention_type=chosen.retention_type or RECURRING,
        filter=parse_filters(found.properties, field="properties"),
        filter_test_accounts=bool(found.filter_test_accounts),
        group_index=found.aggregation_group_type_index,
        sampling=found.sampling_factor or None,
        breakdown=breakdown_by(found.breakdown_filter or BreakdownFilter()),
        cumulative=bool(chosen.cumulative),
        minimum_occurrences=chosen.minimum_occurrences or 1,
        brackets=tuple(chosen.custom_brackets or ()),
        rolling_windows=chosen.time_window_mode == "24_hour_windows",
        aggregation=chosen.aggregation_type or "count",
        aggregation_property=chosen.aggregation_property or None,
        aggregation_property_type=chosen.aggregation_property_type or "event",
        mean=chosen.mean or "simple",
    )
    _check(query)
    return query


def _total(chosen: _RetentionFilter) -> int:
    """8 unless given; 7 when given as null, as upstream's runner has it."""
    if chosen.total_intervals is not None:
        return chosen.total_intervals
    return 7 if "total_intervals" in chosen.model_fields_set else 8


def _side(entity: _Entity | None, field: str) -> Side:
    """$pageview unless given; an id of null is every event."""
    if entity is None or not entity.model_fields_set:
        return Side()
    own = parse_filters(entity.properties, field=f"{field}.properties")
    if entity.type == "actions" or entity.kind == "ActionsNode":
        return Side(ActionEntity(action_id(entity.id, f"{field}.id"), entity.custom_name), own, field)
    if entity.type not in (None, "events"):
        raise unknown(f"{field}.type", entity.type, ("events", "actions"))
    return Side(EventEntity(None if entity.id is None else str(entity.id), entity.custom_name), own)


def _check(query: RetentionQuery) -> None:
    """Options that contradict each other."""
    if query.aggregation != "count" and not query.aggregation_property:
        raise ValidationError(
            f'retentionFilter.aggregationProperty is required for aggregationType "{query.aggregation}"',
            attr="retentionFilter__aggregationProperty",
        )
    if any(breakdown.bins is not None for breakdown in query.breakdown.properties):
        raise ValidationError(
            "breakdownFilter: retention does not cut values into bins",
            attr="breakdownFilter__breakdown_histogram_bin_count",
        )
    if query.aggregation != "count" and query.cumulative and not query.rolling_windows:
        raise ValidationError(
            "Cumulative retention is not supported for sums and averages.", attr="retentionFilter__cumulative"
        )
    if query.rolling_windows and query.cumulative:
        raise ValidationError(
            "Cumulative retention is not supported for 24 hour windows.",
            code="retention_cumulative_24_hour_windows_unsupported",
        )
    if query.rolling_windows and query.aggregation != "count":
        raise ValidationError(
            "Sum and average aggregation are not supported for 24 hour windows.",
            code="retention_24_hour_windows_property_aggregation_unsupported",
        )
