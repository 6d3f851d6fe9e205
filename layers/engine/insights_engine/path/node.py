"""The PathsQuery node -> PathQuery."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from insights_engine.errors import ValidationError, attr_of, unknown
from insights_engine.filters import parse_filters
from insights_engine.nodes import DateRange, Index, Node, Text, Whole, read
from insights_engine.path import checks
from insights_engine.path.model import (
    DEFAULT_EDGES,
    DEFAULT_STEPS,
    EVENT_TYPES,
    FUNNEL_PATHS,
    MAX_EDGES,
    MAX_EXPRESSION,
    MAX_GROUPINGS,
    MAX_ITEM,
    MAX_ITEMS,
    MAX_NODE,
    MAX_STEPS,
    MAX_WEIGHT,
    FunnelPaths,
    NodeName,
    PathQuery,
)

_Item = Annotated[str, Field(max_length=MAX_ITEM)]
_Items = Annotated[list[_Item], Field(max_length=MAX_ITEMS)]
_NodeName = Annotated[str, Field(max_length=MAX_NODE)]
_Weight = Annotated[Whole, Field(ge=0, le=MAX_WEIGHT)]


class _Rule(Node):
    """What is in it is looked at by the checks that both forms have."""

    alias: Any = None
    regex: Any = None
    # Of the list that it is edited in; rules apply in the order in which they come.
    order: Any = None


_RULES = "pathsFilter.localPathCleaningFilters"


class _PathsFilter(Node):
    include_event_types: _Items | None = Field(None, alias="includeEventTypes")
    exclude_events: _Items | None = Field(None, alias="excludeEvents")
    expression: Annotated[str, Field(max_length=MAX_EXPRESSION)] | None = Field(None, alias="pathsHogQLExpression")
    start_point: _Item | None = Field(None, alias="startPoint")
    end_point: _Item | None = Field(None, alias="endPoint")
    groupings: Annotated[list[_Item], Field(max_length=MAX_GROUPINGS)] | None = Field(None, alias="pathGroupings")
    replacements: bool | None = Field(None, alias="pathReplacements")
    local_cleaning: list[_Rule] | None = Field(None, alias="localPathCleaningFilters")
    step_limit: Annotated[Whole, Field(ge=1, le=MAX_STEPS)] | None = Field(None, alias="stepLimit")
    edge_limit: Annotated[Whole, Field(ge=1, le=MAX_EDGES)] | None = Field(None, alias="edgeLimit")
    least_weight: _Weight | None = Field(None, alias="minEdgeWeight")
    greatest_weight: _Weight | None = Field(None, alias="maxEdgeWeight")
    start_key: _NodeName | None = Field(None, alias="pathStartKey")
    end_key: _NodeName | None = Field(None, alias="pathEndKey")
    dropoff_key: _NodeName | None = Field(None, alias="pathDropoffKey")
    show_full_urls: bool | None = Field(None, alias="showFullUrls")


class _FunnelPathsFilter(Node):
    kind: Text | None = Field(None, alias="funnelPathType")
    source: dict[str, Any] = Field(alias="funnelSource")
    step: Whole | None = Field(None, alias="funnelStep")


class PathsQueryNode(Node):
    kind: Literal["PathsQuery"]
    paths_filter: _PathsFilter | None = Field(None, alias="pathsFilter")
    funnel_paths_filter: _FunnelPathsFilter | None = Field(None, alias="funnelPathsFilter")
    date_range: DateRange | None = Field(None, alias="dateRange")
    properties: list[Any] | dict[str, Any] | None = None
    filter_test_accounts: bool | None = Field(None, alias="filterTestAccounts")
    # Accepted; paths are those of persons.
    aggregation_group_type_index: Index | None = None
    sampling_factor: Annotated[float, Field(ge=0, le=1)] | None = Field(None, alias="samplingFactor")
    data_color_theme: float | None = Field(None, alias="dataColorTheme")
    modifiers: dict[str, Any] | None = None
    tags: dict[str, Any] | None = None
    response: Any = None
    version: float | None = None


def parse_node(node: dict[str, Any], field: str = "query") -> PathQuery:
    """Raises ParseError for what the schema forbids and ValidationError for what is unknown or cannot be meant."""
    found = read(PathsQueryNode, node, field)
    chosen, dates = found.paths_filter or _PathsFilter(), found.date_range or DateRange()
    types = chosen.include_event_types or []
    query = PathQuery(
        date_from=dates.date_from or None,
        date_to=dates.date_to or None,
        event_types=checks.choices(types, "pathsFilter.includeEventTypes", EVENT_TYPES),
        exclude=tuple(chosen.exclude_events or ()),
        expression=chosen.expression or None,
        start_point=chosen.start_point or None,
        end_point=chosen.end_point or None,
        groupings=checks.groupings(tuple(chosen.groupings or ()), "pathsFilter.pathGroupings"),
        cleans_by_project=bool(chosen.replacements),
        rules=checks.rules([rule.model_dump() for rule in chosen.local_cleaning or ()], _RULES),
        steps=chosen.step_limit or DEFAULT_STEPS,
        edges=chosen.edge_limit or DEFAULT_EDGES,
        least_weight=chosen.least_weight or 0,
        greatest_weight=chosen.greatest_weight or 0,
        funnel=_funnel(found.funnel_paths_filter, field),
        filter=parse_filters(found.properties, field="properties"),
        filter_test_accounts=bool(found.filter_test_accounts),
        sampling=found.sampling_factor or None,
        start_node=_node(chosen.start_key, "pathStartKey"),
        end_node=_node(chosen.end_key, "pathEndKey"),
        last_node=_node(chosen.dropoff_key, "pathDropoffKey"),
        expression_field="pathsFilter.pathsHogQLExpression",
        rules_field=_RULES,
    )
    checks.weights(query, "pathsFilter.maxEdgeWeight")
    return query


def _node(text: str | None, name: str) -> NodeName | None:
    return NodeName.parse(text, f"pathsFilter.{name}") if text else None


def _funnel(found: _FunnelPathsFilter | None, field: str) -> FunnelPaths | None:
    from insights_engine.funnel.node import parse_node as parse_funnel

    if found is None:
        return None
    place = "funnelPathsFilter"
    if found.kind is None:
        kind = f"{place}.funnelPathType"
        raise ValidationError(f"{kind} is required: {', '.join(FUNNEL_PATHS)}", attr=attr_of(kind), code="required")
    if found.kind not in FUNNEL_PATHS:
        raise unknown(f"{place}.funnelPathType", found.kind, FUNNEL_PATHS)
    names = (f"{place}.funnelSource", f"{place}.funnelStep")
    with checks.inside(names[0]):
        funnel = parse_funnel(found.source, f"{field}.{names[0]}")
    return checks.funnel_paths(found.kind, funnel, found.step, names)
