"""The RetentionQuery node -> RetentionQuery."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field

from insights_engine.entities import ActionEntity, EventEntity
from insights_engine.errors import unknown
from insights_engine.filters import parse_filters
from insights_engine.flat import action_id
from insights_engine.nodes import DateRange, Flag, Index, Node, Text, Whole, read
from insights_engine.retention.contradictions import check
from insights_engine.retention.model import (
    AGGREGATIONS,
    MAX_INTERVALS,
    MEANS,
    REFERENCES,
    RETENTION_TYPES,
    WINDOW_MODES,
    RetentionQuery,
    Side,
)
from insights_engine.retention.periods import PERIODS
from insights_engine.trend.node import BreakdownFilter, breakdown_by

_Brackets = Annotated[list[Annotated[Whole, Field(ge=1, le=MAX_INTERVALS)]], Field(max_length=100)]


class _Entity(Node):
    id: Whole | Text | None = None
    type: Text | None = None
    kind: Literal["EventsNode", "ActionsNode"] | None = None
    name: Text | None = None
    custom_name: Text | None = None
    order: Whole | None = None
    uuid: Text | None = None
    properties: list[Any] | dict[str, Any] | None = None


class _RetentionFilter(Node):
    period: str | None = None
    total_intervals: Annotated[Whole, Field(ge=1, le=MAX_INTERVALS)] | None = Field(None, alias="totalIntervals")
    retention_type: str | None = Field(None, alias="retentionType")
    target_entity: _Entity | None = Field(None, alias="targetEntity")
    returning_entity: _Entity | None = Field(None, alias="returningEntity")
    cumulative: Flag | None = None
    minimum_occurrences: Annotated[Whole, Field(ge=1, lt=2**31)] | None = Field(None, alias="minimumOccurrences")
    custom_brackets: _Brackets | None = Field(None, alias="retentionCustomBrackets")
    time_window_mode: str | None = Field(None, alias="timeWindowMode")
    aggregation_type: str | None = Field(None, alias="aggregationType")
    aggregation_property: Text | None = Field(None, alias="aggregationProperty")
    aggregation_property_type: str | None = Field(None, alias="aggregationPropertyType")
    retention_reference: str | None = Field(None, alias="retentionReference")
    mean: str | None = Field(None, alias="meanRetentionCalculation")
    selected_interval: Whole | None = Field(None, alias="selectedInterval")
    display: str | None = None
    dashboard_display: str | None = Field(None, alias="dashboardDisplay")
    show_trend_lines: Flag | None = Field(None, alias="showTrendLines")
    show_mean: Flag | None = Field(None, alias="showMean")


class RetentionQueryNode(Node):
    kind: Literal["RetentionQuery"]
    retention_filter: _RetentionFilter | None = Field(None, alias="retentionFilter")
    date_range: DateRange | None = Field(None, alias="dateRange")
    properties: list[Any] | dict[str, Any] | None = None
    filter_test_accounts: Flag | None = Field(None, alias="filterTestAccounts")
    aggregation_group_type_index: Index | None = None
    sampling_factor: Annotated[float, Field(gt=0, le=1)] | None = Field(None, alias="samplingFactor")
    breakdown_filter: BreakdownFilter | None = Field(None, alias="breakdownFilter")
    data_color_theme: float | None = Field(None, alias="dataColorTheme")
    modifiers: dict[str, Any] | None = None
    tags: dict[str, Any] | None = None
    response: Any = None
    version: float | None = None


# What is checked by a table: the field of the model, what is known, and what is meant where it is absent.
_TABLES: dict[str, tuple[str, Iterable[str], str]] = {
    "period": ("period", PERIODS, "Day"),
    "retentionType": ("retention_type", RETENTION_TYPES, "retention_recurring"),
    "timeWindowMode": ("time_window_mode", WINDOW_MODES, "strict_calendar_dates"),
    "aggregationType": ("aggregation_type", AGGREGATIONS, "count"),
    "aggregationPropertyType": ("aggregation_property_type", ("event", "person"), "event"),
    "retentionReference": ("retention_reference", REFERENCES, "total"),
    "meanRetentionCalculation": ("mean", MEANS, "simple"),
}


def _named(chosen: _RetentionFilter, name: str, attribute: str, known: Iterable[str], default: str) -> str:
    value = getattr(chosen, attribute)
    if value is not None and value not in known:
        raise unknown(f"retentionFilter.{name}", value, known)
    return default if value is None else str(value)


def parse_node(node: dict[str, Any], field: str = "query") -> RetentionQuery:
    """Raises ParseError for what the schema forbids and ValidationError for what is unknown or contradicts itself."""
    found = read(RetentionQueryNode, node, field)
    chosen, dates = found.retention_filter or _RetentionFilter(), found.date_range or DateRange()
    named = {name: _named(chosen, name, *row) for name, row in _TABLES.items()}
    query = RetentionQuery(
        target=_side(chosen.target_entity, "retentionFilter.targetEntity"),
        returning=_side(chosen.returning_entity, "retentionFilter.returningEntity"),
        period=PERIODS[named["period"]],
        total_intervals=_total(chosen),
        date_from=dates.date_from or None,
        date_to=dates.date_to or None,
        retention_type=RETENTION_TYPES[named["retentionType"]],
        filter=parse_filters(found.properties, field="properties"),
        filter_test_accounts=bool(found.filter_test_accounts),
        group_index=found.aggregation_group_type_index,
        sampling=found.sampling_factor,
        breakdown=breakdown_by(found.breakdown_filter or BreakdownFilter()),
        cumulative=bool(chosen.cumulative),
        minimum_occurrences=chosen.minimum_occurrences or 1,
        brackets=tuple(chosen.custom_brackets or ()),
        rolling_windows=WINDOW_MODES[named["timeWindowMode"]],
        aggregation=AGGREGATIONS[named["aggregationType"]],
        aggregation_property=chosen.aggregation_property or None,
        aggregation_property_type=named["aggregationPropertyType"],
        reference=named["retentionReference"],
        mean=named["meanRetentionCalculation"],
    )
    check(query)
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
