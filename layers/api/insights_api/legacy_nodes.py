"""Older flat filters as the query node that asks the same.

A node is written from the query that the filters are read as, and is given only where reading it back gives that query
again, and both forms answer alike. The older retention answers in rows of another shape, so it has no node.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

from insights_engine import kinds
from insights_engine.errors import ApiError

from insights_api.written_nodes import written_node

if TYPE_CHECKING:
    from insights_engine.funnel.model import FunnelQuery
    from insights_engine.path.model import PathQuery

# Where a query was written, which its answer does not depend on.
_PLACES = frozenset({"field", "expression_field", "rules_field", "is_legacy"})
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
        kind = kinds.kind_of_flat(values)
        if kind not in _AS_ASKED:
            return None
        plain = _AS_ASKED[kind]
        query = plain(kinds.parse_legacy(kind, values))
        node = written_node(kind, query)
        if not _same(query, plain(kinds.parse_node(kind, node))):
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


def _with_looks(node: dict[str, Any], kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    if kind not in _VISUAL:
        return node
    place, names = _VISUAL[kind]
    looks = {name: values[older] for older, name in names.items() if values.get(older) is not None}
    return {**node, place: {**node.get(place, {}), **looks}} if looks else node


def _every_part(query: Any) -> Any:
    return query


def _of_funnel(query: FunnelQuery) -> FunnelQuery:
    from insights_engine.funnel.model import STEP

    return query if query.attribution == STEP else replace(query, attribution_step=0)


def _of_paths(query: PathQuery) -> PathQuery:
    """Where a form reads the same fields in its own way, the query is marked, so that it is like no other."""
    ignores_hogql = not query.is_legacy and "hogql" in query.event_types and len(query.event_types) > 1
    differs = query.excluded != query.exclude or not query.is_pruned or ignores_hogql
    return replace(query, steps=-query.steps) if differs else query


# What of a query counts: the rest a kind does not look at.
_AS_ASKED: dict[str, Callable[[Any], Any]] = {
    "TrendsQuery": _every_part,
    "LifecycleQuery": _every_part,
    "StickinessQuery": _every_part,
    "PathsQuery": _of_paths,
    "FunnelsQuery": _of_funnel,
}
