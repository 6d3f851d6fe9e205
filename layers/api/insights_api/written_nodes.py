"""Queries written as the nodes that ask them: what parse_node reads, the other way round. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from insights_engine.entities import ActionEntity, Entity, EventEntity
from insights_engine.filters import Group, written
from insights_engine.flat import MATH_PROPERTY_TYPES

if TYPE_CHECKING:
    from insights_engine.funnel.model import Exclusion, FunnelQuery
    from insights_engine.path.model import NodeName, PathQuery
    from insights_engine.stickiness.model import StickinessQuery
    from insights_engine.trend.model import Breakdown, BreakdownBy, Series, TrendQuery

_MATH_PROPERTY_TYPES = {name: said for said, name in MATH_PROPERTY_TYPES.items()}
_UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


def written_node(kind: str, query: Any) -> dict[str, Any]:
    """Without what is not set."""
    return {"kind": kind, **_without_nothing(_WRITTEN[kind](query))}


def _without_nothing(node: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in node.items() if value is not None and value is not False and value != {}}


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


_WRITTEN: dict[str, Callable[[Any], dict[str, Any]]] = {
    "TrendsQuery": _trend,
    "LifecycleQuery": _common,
    "StickinessQuery": _stickiness,
    "PathsQuery": _paths,
    "FunnelsQuery": _funnel,
}
