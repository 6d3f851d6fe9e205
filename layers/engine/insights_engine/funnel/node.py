"""The FunnelsQuery node -> FunnelQuery."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field

from insights_engine.errors import ValidationError, attr_of, unknown
from insights_engine.funnel.model import (
    ATTRIBUTIONS,
    DEFAULT_UNIT,
    DEFAULT_WINDOW,
    FIRST_TOUCH,
    MAX_BINS,
    ORDERED,
    ORDERS,
    STEP,
    STEPS,
    STRICT,
    UNITS,
    VIZ_TYPES,
    Exclusion,
    FunnelQuery,
)
from insights_engine.funnel.rules import check, is_same, window_of
from insights_engine.nodes import ActionsNode, EventsNode, Node, QueryNode, Whole, common, read, series_of
from insights_engine.trend.model import MAX_SERIES
from insights_engine.trend.node import BreakdownFilter, breakdown_by

# Of funnelsFilter: how the chart looks. They never change the numbers.
VISUAL_FIELDS = frozenset(
    {
        "breakdownSorting",
        "funnelStepReference",
        "goalLines",
        "hiddenLegendBreakdowns",
        "layout",
        "resultCustomizations",
        "showTrendLines",
        "showValuesOnSeries",
        "useUdf",
    }
)


class _ExcludedEvent(EventsNode):
    from_step: Whole = Field(alias="funnelFromStep")
    to_step: Whole = Field(alias="funnelToStep")


class _ExcludedAction(ActionsNode):
    from_step: Whole = Field(alias="funnelFromStep")
    to_step: Whole = Field(alias="funnelToStep")


_Excluded = Annotated[_ExcludedEvent | _ExcludedAction, Field(discriminator="kind")]


class _FunnelsFilter(Node):
    """Visual fields are dropped before this is read."""

    viz: str | None = Field(None, alias="funnelVizType")
    order: str | None = Field(None, alias="funnelOrderType")
    window: Annotated[Whole, Field(ge=1)] | None = Field(None, alias="funnelWindowInterval")
    unit: str | None = Field(None, alias="funnelWindowIntervalUnit")
    from_step: Whole | None = Field(None, alias="funnelFromStep")
    to_step: Whole | None = Field(None, alias="funnelToStep")
    bins: Annotated[Whole, Field(ge=1, le=MAX_BINS)] | None = Field(None, alias="binCount")
    aggregate_by: Annotated[str, Field(max_length=10_000)] | None = Field(None, alias="funnelAggregateByHogQL")
    attribution: str | None = Field(None, alias="breakdownAttributionType")
    attribution_step: Annotated[Whole, Field(ge=0)] | None = Field(None, alias="breakdownAttributionValue")
    exclusions: Annotated[list[_Excluded], Field(max_length=MAX_SERIES)] | None = None


class FunnelsQueryNode(QueryNode):
    kind: Literal["FunnelsQuery"]
    funnels_filter: _FunnelsFilter | None = Field(None, alias="funnelsFilter")
    breakdown_filter: BreakdownFilter | None = Field(None, alias="breakdownFilter")


def parse_node(node: dict[str, Any], field: str = "query") -> FunnelQuery:
    """Raises ParseError for what the schema forbids and ValidationError for what is unknown or contradicts itself."""
    shown = node.get("funnelsFilter")
    if isinstance(shown, dict):
        node = {**node, "funnelsFilter": {k: v for k, v in shown.items() if k not in VISUAL_FIELDS}}
    found = read(FunnelsQueryNode, node, field)
    chosen = found.funnels_filter or _FunnelsFilter()
    for name, value, known in (
        ("funnelVizType", chosen.viz, VIZ_TYPES),
        ("funnelOrderType", chosen.order, ORDERS),
        ("funnelWindowIntervalUnit", chosen.unit, UNITS),
        ("breakdownAttributionType", chosen.attribution, ATTRIBUTIONS),
    ):
        if value is not None and value not in known:
            raise unknown(f"funnelsFilter.{name}", value, known)
    attribution = chosen.attribution or FIRST_TOUCH
    query = replace(
        FunnelQuery.of(common(found)),
        actor_expression=chosen.aggregate_by or None,
        order=chosen.order or ORDERED,
        viz=chosen.viz or STEPS,
        window=window_of(
            chosen.window or DEFAULT_WINDOW, chosen.unit or DEFAULT_UNIT, "funnelsFilter.funnelWindowInterval"
        ),
        from_step=chosen.from_step,
        to_step=chosen.to_step,
        bins=chosen.bins,
        exclusions=tuple(_exclusion(x, i) for i, x in enumerate(chosen.exclusions or ())),
        breakdown=breakdown_by(found.breakdown_filter or BreakdownFilter()),
        attribution=attribution,
        attribution_step=(chosen.attribution_step or 0) if attribution == STEP else 0,
    )
    check(query)
    _check_optional(found, query)
    return query


def _exclusion(node: _ExcludedEvent | _ExcludedAction, index: int) -> Exclusion:
    series = series_of(node, f"funnelsFilter.exclusions[{index}]")
    return Exclusion(series.entity, node.from_step, node.to_step, series.filter)


def _check_optional(node: FunnelsQueryNode, query: FunnelQuery) -> None:
    """Optional steps are refused: for what contradicts itself first, else for not being answered."""
    optional = [index for index, step in enumerate(node.series) if step.optional_in_funnel]
    if not optional:
        return
    if query.order not in (ORDERED, STRICT) or query.viz != STEPS:
        raise ValidationError(
            "Optional funnel steps are only supported in funnels with step order Sequential or Strict "
            "and the graph type Conversion Steps.",
            code="funnel_optional_steps_invalid",
        )
    if 0 in optional:
        raise ValidationError("The first step of a funnel cannot be optional.", code="funnel_optional_steps_invalid")
    for index in optional:
        following = next((i for i in range(index + 1, len(query.steps)) if i not in optional), None)
        if following is not None and _is_same_step(query, index, following):
            raise ValidationError(
                "An optional step cannot be the same as the following required step.",
                code="funnel_optional_steps_invalid",
            )
    place = f"series[{optional[0]}].optionalInFunnel"
    raise ValidationError(f"{place}: optional steps are not answered here; leave the step out", attr=attr_of(place))


def _is_same_step(query: FunnelQuery, one: int, other: int) -> bool:
    first, second = query.steps[one], query.steps[other]
    return is_same(first.entity, second.entity) and first.filter == second.filter
