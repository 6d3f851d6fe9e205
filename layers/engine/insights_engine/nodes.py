"""What the query nodes of all insights share: the closed schema, series, date ranges, and the words for its faults.

pydantic checks shape and types; what a name means is checked by the tables, so that both forms of the request answer
alike.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic import ValidationError as PydanticError
from pydantic_core import PydanticCustomError

from insights_engine.entities import ActionEntity, AnyOf, Entity, EventEntity
from insights_engine.errors import ParseError, ValidationError, attr_of, nearest, unknown
from insights_engine.filters import Group, parse_filters
from insights_engine.flat import property_type
from insights_engine.intervals import INTERVALS, Interval
from insights_engine.trend.maths import MATHS, TOTAL
from insights_engine.trend.model import MAX_SERIES, Series, TrendQuery


def _is_no_flag(value: Any) -> Any:
    if isinstance(value, bool):
        raise PydanticCustomError("int_type", "Input should be a valid integer")
    return value


# A whole number, which true is not; and a flag, which no text and no number is.
Whole = Annotated[int, BeforeValidator(_is_no_flag)]
Flag = Annotated[bool, Field(strict=True)]
Index = Annotated[Whole, Field(ge=0, le=4)]
Text = Annotated[str, Field(max_length=1000)]


class Node(BaseModel):
    """A node's schema is closed: an unknown field is an error."""

    model_config = ConfigDict(extra="forbid")


class DateRange(Node):
    date_from: Text | None = None
    date_to: Text | None = None
    explicit_date: bool | None = Field(None, alias="explicitDate")


class Measured(Node):
    name: Text | None = None
    custom_name: Text | None = None
    math: str | None = None
    math_property: Text | None = None
    math_property_type: str | None = None
    math_property_revenue_currency: Any = None
    math_hogql: Annotated[str, Field(max_length=10_000)] | None = None
    math_group_type_index: Index | None = None
    math_multiplier: float | None = None
    properties: list[Any] | dict[str, Any] | None = None
    fixed_properties: list[Any] | dict[str, Any] | None = Field(None, alias="fixedProperties")
    optional_in_funnel: bool | None = Field(None, alias="optionalInFunnel")
    version: float | None = None
    response: Any = None


class EventsNode(Measured):
    kind: Literal["EventsNode"]
    event: Text | None = None
    limit: int | None = None
    order_by: list[str] | None = Field(None, alias="orderBy")


class ActionsNode(Measured):
    kind: Literal["ActionsNode"]
    id: Annotated[int, Field(gt=0, lt=2**31)]


class GroupNode(Measured):
    """Several events and actions as one series."""

    kind: Literal["GroupNode"]
    operator: Literal["OR"] = "OR"
    nodes: Annotated[
        list[Annotated[EventsNode | ActionsNode, Field(discriminator="kind")]],
        Field(min_length=1, max_length=MAX_SERIES),
    ]


SeriesNode = Annotated[EventsNode | ActionsNode | GroupNode, Field(discriminator="kind")]


class CompareFilter(Node):
    compare: bool | None = None
    compare_to: Text | None = None


class QueryNode(Node):
    """The fields that every insight's node has."""

    series: Annotated[list[SeriesNode], Field(max_length=MAX_SERIES)]
    date_range: DateRange | None = Field(None, alias="dateRange")
    interval: str | None = None
    properties: list[Any] | dict[str, Any] | None = None
    filter_test_accounts: bool | None = Field(None, alias="filterTestAccounts")
    sampling_factor: Annotated[float, Field(gt=0, le=1)] | None = Field(None, alias="samplingFactor")
    aggregation_group_type_index: Index | None = None
    data_color_theme: float | None = Field(None, alias="dataColorTheme")
    modifiers: dict[str, Any] | None = None
    tags: dict[str, Any] | None = None
    response: Any = None
    version: float | None = None


def read[N: BaseModel](model: type[N], node: dict[str, Any], field: str) -> N:
    """The node by its schema. Raises ParseError with the first fault and its place."""
    try:
        return model.model_validate(node)
    except PydanticError as error:
        raise ParseError(_schema_error(error, node, field, model)) from None


def _schema_error(error: PydanticError, node: dict[str, Any], field: str, model: type[BaseModel]) -> str:
    """The first fault, with its place and, for an unknown field, the nearest known one."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place, value = field, cast(Any, node)
    is_missing = first["type"] == "missing"
    for number, part in enumerate(first["loc"], 1):
        if isinstance(part, int):
            place, value = f"{place}[{part}]", value[part]
        elif isinstance(value, dict) and (part in value or (is_missing and number == len(first["loc"]))):
            place, value = f"{place}.{part}", value.get(part)
        # else it names one of the types that the value may have
    if first["type"] == "extra_forbidden":
        name = str(first["loc"][-1])
        known = [f.alias or n for n, f in model.model_fields.items()] if len(first["loc"]) == 1 else []
        return f"{place}: unknown field{nearest(name, known)}"
    return f"{place}: {first['msg']}"


def interval_of(name: str | None) -> Interval:
    if (name or "day") not in INTERVALS:
        raise unknown("interval", name, INTERVALS)
    return INTERVALS[name or "day"]


def series_of(node: EventsNode | ActionsNode | GroupNode, field: str) -> Series:
    if node.math is not None and node.math not in MATHS:
        raise unknown(f"{field}.math", node.math, MATHS)
    if node.math_property_revenue_currency is not None:
        place = f"{field}.math_property_revenue_currency"
        raise ValidationError(f"{place}: currencies are not converted", attr=attr_of(place))
    return Series(
        entity=_entity(node, field),
        math=MATHS[node.math] if node.math else TOTAL,
        math_name=node.math,
        math_property=node.math_property or None,
        math_property_type=property_type(node.math_property_type, f"{field}.math_property_type"),
        math_hogql=node.math_hogql,
        math_group_type_index=node.math_group_type_index,
        math_multiplier=node.math_multiplier,
        filter=_filter(node, field),
        field=field,
    )


def _entity(node: EventsNode | ActionsNode | GroupNode, field: str) -> Entity:
    if isinstance(node, GroupNode):
        members = enumerate(node.nodes)
        return AnyOf(
            tuple((_one(member), _filter(member, f"{field}.nodes[{i}]")) for i, member in members),
            node.name,
            node.custom_name,
        )
    return _one(node)


def _one(node: EventsNode | ActionsNode) -> EventEntity | ActionEntity:
    if isinstance(node, EventsNode):
        return EventEntity(node.event, node.custom_name)
    return ActionEntity(node.id, node.custom_name)


def _filter(node: Measured, field: str) -> Group:
    own = parse_filters(node.properties, field=f"{field}.properties")
    fixed = parse_filters(node.fixed_properties, field=f"{field}.fixedProperties")
    return Group("AND", (own, fixed)) if fixed.values else own


def common(node: QueryNode) -> TrendQuery:
    """The part of a query that all these insights share."""
    dates = node.date_range or DateRange()
    return TrendQuery(
        series=tuple(series_of(s, f"series[{i}]") for i, s in enumerate(node.series)),
        date_from=dates.date_from or None,
        date_to=dates.date_to or None,
        explicit_date=bool(dates.explicit_date),
        interval=interval_of(node.interval),
        filter=parse_filters(node.properties, field="properties"),
        filter_test_accounts=bool(node.filter_test_accounts),
        sampling=node.sampling_factor or None,
        actor_group_index=node.aggregation_group_type_index,
    )
