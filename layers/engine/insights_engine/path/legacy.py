"""The flat parameters of the older paths API -> PathQuery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from insights_engine.errors import ValidationError, unknown
from insights_engine.flat import flag, json_value, properties_of, sampling_of, text, whole
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

_BOTH_KINDS = "Cannot include all custom events and specific custom events in the same query"
_FUNNEL_FIELDS = ("funnel_filter", "funnel_step")
# Of the funnel; sent beside `funnel_filter`, they count for the length of sessions and of giving up.
WINDOW = ("funnel_window_days", "funnel_window_interval", "funnel_window_interval_unit")

# What chooses people.
_NODES = {"start_node": "path_start_key", "end_node": "path_end_key", "last_node": "path_dropoff_key"}


def parse_legacy(raw: Mapping[str, Any]) -> PathQuery:
    """Raises ValidationError. Lists and objects may be JSON text."""
    values = {key: value for key, value in raw.items() if value is not None}
    for name in ("pathsFilter", "funnelPathsFilter"):
        if name in values:
            raise ValidationError(f"{name} is an option of PathsQuery nodes, not of flat parameters", attr=name)
    start, end = _point(values, "start_point"), _point(values, "end_point")
    edges = whole(values, "edge_limit", 1, MAX_EDGES)
    types, custom = _types(values), checks.texts(*_listed(values, "include_custom_events"), MAX_ITEMS)
    if "custom_event" in types and custom:
        raise ValidationError(_BOTH_KINDS)
    query = PathQuery(
        date_from=text(values, "date_from"),
        date_to=text(values, "date_to"),
        event_types=types,
        custom_events=custom,
        exclude=checks.texts(*_listed(values, "exclude_events"), MAX_ITEMS),
        expression=_long(values, "paths_hogql_expression", MAX_EXPRESSION),
        start_point=start,
        end_point=end,
        groupings=checks.groupings(checks.texts(*_listed(values, "path_groupings"), MAX_GROUPINGS), "path_groupings"),
        cleans_by_project=flag(values, "path_replacements"),
        rules=checks.rules(*_listed(values, "local_path_cleaning_filters")),
        steps=whole(values, "step_limit", 1, MAX_STEPS) or DEFAULT_STEPS,
        # The whole way between two points is shown unless it is limited.
        edges=edges or (None if start and end else DEFAULT_EDGES),
        least_weight=whole(values, "min_edge_weight", 0, MAX_WEIGHT) or 0,
        greatest_weight=whole(values, "max_edge_weight", 0, MAX_WEIGHT) or 0,
        funnel=_funnel(values),
        filter=properties_of(values),
        filter_test_accounts=flag(values, "filter_test_accounts"),
        sampling=sampling_of(values),
        **{name: _node(values, key) for name, key in _NODES.items()},
        is_legacy=True,
        expression_field="paths_hogql_expression",
        rules_field="local_path_cleaning_filters",
    )
    checks.weights(query, "max_edge_weight")
    return query


def _listed(values: Mapping[str, Any], name: str) -> tuple[Any, str]:
    return json_value(values, name), name


def _types(values: Mapping[str, Any]) -> tuple[str, ...]:
    """`path_type` is the older form, and replaces the list."""
    if kind := values.get("path_type"):
        if not isinstance(kind, str) or kind not in EVENT_TYPES:
            raise unknown("path_type", kind, EVENT_TYPES)
        return (kind,)
    listed, name = _listed(values, "include_event_types")
    return checks.choices(checks.texts(listed, name, MAX_ITEMS), name, EVENT_TYPES)


def _long(values: Mapping[str, Any], name: str, most: int) -> str | None:
    value = values.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ValidationError(f"{name} must be a text", attr=name)
    if len(value) > most:
        raise ValidationError(f"{name} is longer than {most} characters", attr=name)
    return value


def _point(values: Mapping[str, Any], name: str) -> str | None:
    return _long(values, name, MAX_ITEM)


def _node(values: Mapping[str, Any], name: str) -> NodeName | None:
    value = _long(values, name, MAX_NODE)
    return None if value is None else NodeName.parse(value, name)


def _funnel(values: Mapping[str, Any]) -> FunnelPaths | None:
    """The window and the step may stand in `funnel_filter`, beside it, or in both; beside it they count for paths."""
    from insights_engine.funnel.legacy import parse_legacy as parse_funnel

    kind = values.get("funnel_paths")
    if not kind:
        return None
    if not isinstance(kind, str) or kind not in FUNNEL_PATHS:
        raise unknown("funnel_paths", kind, FUNNEL_PATHS)
    own = json_value(values, "funnel_filter")
    if not isinstance(own, dict):
        raise ValidationError("funnel_filter must be a funnel, an object with events", attr="funnel_filter")
    with checks.inside("funnel_filter"):
        funnel = parse_funnel(own)
    count = len(funnel.steps)
    step = whole(own, "funnel_step", -count, count)
    if step is None:
        step = whole(values, "funnel_step", -count, count)
    found = checks.funnel_paths(kind, funnel, step, _FUNNEL_FIELDS)
    beside = {name: values[name] for name in WINDOW if name in values}
    if not beside:
        return found
    gap = parse_funnel({**own, **beside}).window
    return replace(found, gap=gap)
