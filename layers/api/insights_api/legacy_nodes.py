"""Older flat filters as the query node that asks the same.

A node is written from the query that the filters are read as, and is given only where reading it back gives that query
again, and both forms answer alike. The older retention answers in rows of another shape, so it has no node.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from insights_engine.entities import ActionEntity, Entity, EventEntity
from insights_engine.errors import ApiError
from insights_engine.filters import Group, written
from insights_engine.flat import MATH_PROPERTY_TYPES
from insights_engine.trend.model import TrendQuery

from insights_api.answers import parsed_flat, parsed_node
from insights_api.insight_query import kind_of_flat

if TYPE_CHECKING:
    from insights_engine.funnel.model import Exclusion, FunnelQuery
    from insights_engine.path.model import NodeName, PathQuery
    from insights_engine.stickiness.model import StickinessQuery
    from insights_engine.trend.model import Breakdown, BreakdownBy, Series

# Where a query was written, which its answer does not depend on.
_PLACES = frozenset({"field", "expression_field", "rules_field", "is_legacy"})
_MATH_PROPERTY_TYPES = {name: said for said, name in MATH_PROPERTY_TYPES.items()}
_UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))
# How a chart looks: names in the older form and in the node's own filter.
_VISUAL = {
    "TrendsQuery": (
        "trendsFilter",
        {
            "aggregation_axis_format": "aggregationAxisFormat",
            "aggregation_axis_postfix": "aggregationAxisPostfix",
            "aggregation_axis_prefix": "aggregationAxisPrefix",
            "decimal_places": "decimalPlaces",
            "show_labels_on_series": "showLabelsOnSeries",
            "show_legend": "showLegend",
            "show_multiple_y_axes": "showMultipleYAxes",
            "show_percent_stack_view": "showPercentStackView",
            "show_values_on_series": "showValuesOnSeries",
            "y_axis_scale_type": "yAxisScaleType",
        },
    ),
    "FunnelsQuery": ("funnelsFilter", {"funnel_step_reference": "funnelStepReference", "layout": "layout"}),
}


def converted(values: Mapping[str, Any]) -> dict[str, Any] | None:
    """An InsightVizNode with the node; null where there is no question, or no node that asks the same."""
    if not values:
        return None
    try:
        kind = kind_of_flat(values)
        if kind not in _KINDS:
            return None
        plain, write = _KINDS[kind]
        query = plain(parsed_flat(kind, values))
        node = {"kind": kind, **_without_nothing(write(query))}
        if not _same(query, plain(parsed_node(kind, node))):
            return None
    except ApiError:
        return None
    return {"kind": "InsightVizNode", "source": _with_looks(node, kind, values)}


def _same(one: Any, other: Any) -> bool:
    if is_dataclass(one) and not isinstance(one, type):
        names = [field.name for field in fields(one) if field.name not in _PLACES]
        return type(one) is type(other) and all(_same(getattr(one, n), getattr(other, n)) for n in names)
    if isinstance(one, tuple):
        return isinstance(other, tuple) and len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _without_nothing(node: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in node.items() if value is not None and value is not False and value != {}}


def _with_looks(node: dict[str, Any], kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    if kind not in _VISUAL:
        return node
    place, names = _VISUAL[kind]
    looks = {name: values[older] for older, name in names.items() if values.get(older) is not None}
    return {**node, place: {**node.get(place, {}), **looks}} if looks else node


# What a kind does not look at is as if it were not there.


def _every_part(query: Any) -> Any:
    return query


def _of_lifecycle(query: TrendQuery) -> TrendQuery:
    bare = TrendQuery(query.series)
    return replace(
        query,
        breakdown=bare.breakdown,
        display=bare.display,
        formulas=bare.formulas,
        compare=bare.compare,
        compare_to=bare.compare_to,
        smoothing=bare.smoothing,
    )


def _of_stickiness(query: StickinessQuery) -> StickinessQuery:
    bare, trend = TrendQuery(query.trend.series), query.trend
    trend = replace(trend, breakdown=bare.breakdown, display=bare.display, formulas=bare.formulas, smoothing=1)
    return replace(query, trend=trend)


def _of_funnel(query: FunnelQuery) -> FunnelQuery:
    from insights_engine.funnel.model import STEP

    return query if query.attribution == STEP else replace(query, attribution_step=0)


def _of_paths(query: PathQuery) -> PathQuery:
    """Where a form reads the same fields in its own way, the query is marked, so that it is like no other."""
    ignores_hogql = not query.is_legacy and "hogql" in query.event_types and len(query.event_types) > 1
    differs = query.excluded != query.exclude or not query.is_pruned or ignores_hogql
    return replace(query, steps=-query.steps) if differs else query


# Nodes.


def _trend(query: TrendQuery) -> dict[str, Any]:
    smoothing = query.smoothing if query.smoothing > 1 else None
    shown = {
        "display": query.display.name,
        "formula": query.formulas[0].text if query.formulas else None,
        "smoothingIntervals": smoothing,
    }
    return {
        **_common(query),
        "trendsFilter": _without_nothing(shown),
        "breakdownFilter": _breakdown(query.breakdown),
        "compareFilter": _compare(query),
    }


def _stickiness(query: StickinessQuery) -> dict[str, Any]:
    chosen: dict[str, Any] = {"computedAs": "cumulative" if query.is_cumulative else None}
    if query.criteria is not None:
        chosen["stickinessCriteria"] = dict(zip(("operator", "value"), query.criteria, strict=True))
    return {
        **_common(query.trend),
        "intervalCount": query.interval_count,
        "stickinessFilter": _without_nothing(chosen),
        "compareFilter": _compare(query.trend),
    }


def _common(query: TrendQuery) -> dict[str, Any]:
    return {
        "series": [_series(series) for series in query.series],
        "interval": query.interval.name,
        "aggregation_group_type_index": query.actor_group_index,
        **_shared(query),
        "dateRange": _dates(query) | _without_nothing({"explicitDate": query.explicit_date}),
    }


def _shared(query: TrendQuery | FunnelQuery | PathQuery) -> dict[str, Any]:
    return {
        "properties": _filter(query.filter),
        "filterTestAccounts": query.filter_test_accounts,
        "samplingFactor": query.sampling,
        "dateRange": _dates(query),
    }


def _dates(query: TrendQuery | FunnelQuery | PathQuery) -> dict[str, Any]:
    return _without_nothing({"date_from": query.date_from, "date_to": query.date_to})


def _compare(query: TrendQuery) -> dict[str, Any]:
    return _without_nothing({"compare": query.compare, "compare_to": query.compare_to})


def _filter(tree: Group) -> dict[str, Any] | None:
    return written(tree) if tree.values else None


def _entity(entity: Entity) -> dict[str, Any]:
    if isinstance(entity, ActionEntity):
        return {"kind": "ActionsNode", "id": entity.action_id, "custom_name": entity.custom_name}
    assert isinstance(entity, EventEntity)
    return {"kind": "EventsNode", "event": entity.event, "custom_name": entity.custom_name}


def _series(series: Series) -> dict[str, Any]:
    kind = series.math_property_type
    node = _entity(series.entity) | {
        "math": series.math_name,
        "math_property": series.math_property,
        "math_property_type": _MATH_PROPERTY_TYPES[kind] if kind != "event" else None,
        "math_hogql": series.math_hogql,
        "math_group_type_index": series.math_group_type_index,
        "properties": _filter(series.filter),
    }
    return {name: value for name, value in node.items() if value is not None}


def _breakdown(by: BreakdownBy) -> dict[str, Any]:
    options = {"breakdown_limit": by.limit, "breakdown_hide_other_aggregation": by.hide_other}
    if by.cohorts:
        listed = [{"type": "cohort", "property": cohort} for cohort in by.cohorts]
        one = {"breakdowns": listed} if by.as_list else {"breakdown_type": "cohort", "breakdown": list(by.cohorts)}
        return _without_nothing(one | options)
    if by.as_list or len(by.properties) > 1:
        return _without_nothing({"breakdowns": [_listed(one) for one in by.properties], **options})
    if not by.properties:
        return _without_nothing(options)
    (only,) = by.properties
    return _without_nothing(
        {
            "breakdown": only.property,
            "breakdown_type": only.type,
            "breakdown_normalize_url": only.normalize_url,
            "breakdown_histogram_bin_count": only.bins,
            **options,
        }
    ) | ({} if only.group_type_index is None else {"breakdown_group_type_index": only.group_type_index})


def _listed(one: Breakdown) -> dict[str, Any]:
    item = _without_nothing(
        {
            "property": one.property,
            "type": one.type,
            "normalize_url": one.normalize_url,
            "histogram_bin_count": one.bins,
        }
    )
    return item | ({} if one.group_type_index is None else {"group_type_index": one.group_type_index})


def _funnel(query: FunnelQuery) -> dict[str, Any]:
    count, unit = _window(query.window)
    chosen = {
        "funnelVizType": query.viz,
        "funnelOrderType": query.order,
        "funnelWindowInterval": count,
        "funnelWindowIntervalUnit": unit,
        "funnelFromStep": query.from_step,
        "funnelToStep": query.to_step,
        "binCount": query.bins,
        "funnelAggregateByHogQL": query.actor_expression,
        "breakdownAttributionType": query.attribution,
        "breakdownAttributionValue": query.attribution_step or None,
        "exclusions": [_exclusion(one) for one in query.exclusions] or None,
    }
    return {
        "series": [_series(step) for step in query.steps],
        "interval": query.interval.name,
        "aggregation_group_type_index": query.group_index,
        **_shared(query),
        "dateRange": _dates(query) | _without_nothing({"explicitDate": query.explicit_date}),
        "breakdownFilter": _breakdown(query.breakdown),
        "funnelsFilter": {name: value for name, value in chosen.items() if value is not None},
    }


def _window(window: timedelta) -> tuple[int, str]:
    seconds = int(window.total_seconds())
    return next((seconds // size, unit) for unit, size in _UNITS if seconds % size == 0)


def _exclusion(one: Exclusion) -> dict[str, Any]:
    node = _entity(one.entity) | {"properties": _filter(one.filter)}
    node = {name: value for name, value in node.items() if value is not None}
    return node | {"funnelFromStep": one.from_step, "funnelToStep": one.to_step}


def _paths(query: PathQuery) -> dict[str, Any]:
    chosen = {
        "includeEventTypes": list(query.event_types),
        "excludeEvents": list(query.exclude),
        "pathsHogQLExpression": query.expression,
        "startPoint": query.start_point,
        "endPoint": query.end_point,
        "pathGroupings": list(query.groupings),
        "pathReplacements": query.cleans_by_project,
        "localPathCleaningFilters": [{"regex": rule.regex, "alias": rule.alias} for rule in query.rules],
        "stepLimit": query.steps,
        "edgeLimit": query.edges,
        "minEdgeWeight": query.least_weight,
        "maxEdgeWeight": query.greatest_weight,
        "pathStartKey": _node_name(query.start_node),
        "pathEndKey": _node_name(query.end_node),
        "pathDropoffKey": _node_name(query.last_node),
    }
    return {**_shared(query), "pathsFilter": _without_nothing(chosen)}


def _node_name(node: NodeName | None) -> str | None:
    return f"{node.step}_{node.item}" if node else None


# What of a query counts, and how it is written.
_KINDS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], dict[str, Any]]]] = {
    "TrendsQuery": (_every_part, _trend),
    "LifecycleQuery": (_of_lifecycle, _common),
    "StickinessQuery": (_of_stickiness, _stickiness),
    "PathsQuery": (_of_paths, _paths),
    "FunnelsQuery": (_of_funnel, _funnel),
}
