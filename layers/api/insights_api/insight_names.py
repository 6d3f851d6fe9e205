"""What an insight is called where nobody named it: a sentence made from its question.

One row a kind of node in NAMES; what a series is called stands in the row of its maths.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from insights_engine.errors import ApiError
from insights_engine.flat import json_value
from insights_engine.kinds import kind_of_flat
from insights_engine.store import Item
from insights_engine.trend.maths import MATHS, TOTAL

from insights_api.insight_query import source_of

_MOST = 400
_BETWEEN_STEPS = {"unordered": " & ", "strict": " ⇉ "}
_EVERY_EVENT = "All events"
_PATH_KINDS = {
    "$pageview": "page views",
    "$screen": "screens",
    "custom_event": "custom events",
    "hogql": "an expression",
}


def derived_name(item: Item) -> str | None:
    """Null where the insight asks nothing."""
    try:
        if item["query"] is not None:
            source = source_of(item["query"])
            name = NAMES[source["kind"]](source)
        elif item["filters"]:
            name = NAMES[kind_of_flat(item["filters"])](_as_node(item["filters"]))
        else:
            return None
    except ApiError:  # nothing that is stored: it was checked
        return None
    return name if len(name) <= _MOST else name[: _MOST - 1] + "…"


def _trends(node: Mapping[str, Any]) -> str:
    formula = (node.get("trendsFilter") or {}).get("formula")
    measured = [_measured(series) for series in node.get("series") or ()]
    if not formula:
        return " & ".join(measured) + _by(node)
    parts = ", ".join(f"{chr(ord('A') + place)}: {text}" for place, text in enumerate(measured))
    return f"{formula}, where {parts}{_by(node)}"


def _lifecycle(node: Mapping[str, Any]) -> str:
    return f"User lifecycle based on {_listed(node)}"


def _stickiness(node: Mapping[str, Any]) -> str:
    return f"User stickiness based on {_listed(node)}"


def _funnel(node: Mapping[str, Any]) -> str:
    order = str((node.get("funnelsFilter") or {}).get("funnelOrderType"))
    steps = _BETWEEN_STEPS.get(order, " → ").join(map(_event, node.get("series") or ()))
    return f"{steps} conversion rate{_by(node)}"


def _retention(node: Mapping[str, Any]) -> str:
    chosen = node.get("retentionFilter") or {}
    target, returning = (chosen.get(name) or {"event": "$pageview"} for name in ("targetEntity", "returningEntity"))
    return f"Users who came back with {_event(returning)} after {_event(target)}{_by(node)}"


def _paths(node: Mapping[str, Any]) -> str:
    chosen = node.get("pathsFilter") or {}
    kinds = [_PATH_KINDS.get(kind, str(kind)) for kind in chosen.get("includeEventTypes") or ()]
    start, end = chosen.get("startPoint"), chosen.get("endPoint")
    name = f"User paths over {' & '.join(kinds) or 'all events'}"
    return name + (f" starting at {start}" if start else "") + (f" ending at {end}" if end else "")


def _sql(node: Mapping[str, Any]) -> str:
    """The statement's own name, or its text on one line."""
    return f"SQL: {node.get('name') or ' '.join(str(node.get('query')).split())}"


def _list_of_events(node: Mapping[str, Any]) -> str:
    events = [node.get("event"), *(node.get("events") or ())]
    return f"List of {' & '.join(_readable(event) for event in events if event) or 'all events'}"


NAMES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "TrendsQuery": _trends,
    "LifecycleQuery": _lifecycle,
    "StickinessQuery": _stickiness,
    "FunnelsQuery": _funnel,
    "RetentionQuery": _retention,
    "PathsQuery": _paths,
    "HogQLQuery": _sql,
    "EventsQuery": _list_of_events,
}


def _listed(node: Mapping[str, Any]) -> str:
    return " & ".join(map(_event, node.get("series") or ()))


def _event(entity: Mapping[str, Any]) -> str:
    """Its own name; else the event's, of which `$pageview` is called Pageview."""
    if named := entity.get("custom_name") or entity.get("name"):
        return _readable(str(named))
    if entity.get("nodes"):
        return " or ".join(map(_event, entity["nodes"]))
    is_action = entity.get("kind") == "ActionsNode" or entity.get("type") == "actions"
    event = entity.get("event", entity.get("id"))
    if is_action:
        return f"Action {entity.get('id')}"
    return _EVERY_EVENT if event is None else _readable(str(event))


def _readable(event: str) -> str:
    return event[1:].replace("_", " ").capitalize() if event.startswith("$") and len(event) > 1 else event


def _measured(series: Mapping[str, Any]) -> str:
    math, of = MATHS[series.get("math") or TOTAL.name], series.get("math_property")
    measured = series.get("math_hogql") or "" if math.source == "hogql" else _readable(str(of))
    return math.title.format(e=_event(series), p=measured)


def _by(node: Mapping[str, Any]) -> str:
    by = node.get("breakdownFilter") or {}
    if by.get("breakdowns"):
        names = [one.get("property") for one in by["breakdowns"] if isinstance(one, dict)]
    else:
        names = by["breakdown"] if isinstance(by.get("breakdown"), list) else [by.get("breakdown")]
    kind = by.get("breakdown_type")
    shown = [_readable(str(name)) for name in names if name not in (None, "")]
    if not shown:
        return ""
    return " by cohort" if kind == "cohort" else f" by {' & '.join(shown)}"


def _as_node(values: Mapping[str, Any]) -> dict[str, Any]:
    """Of flat filters what a name is made of, in the places where a node has it."""
    entities = [
        {"kind": kind, **entity}
        for name, kind in (("actions", "ActionsNode"), ("events", "EventsNode"))
        for entity in _list_of(values, name)
        if isinstance(entity, dict)
    ]
    entities.sort(key=lambda entity: str(entity.get("order") or "").rjust(9))
    return {
        "series": entities,
        "trendsFilter": {"formula": values.get("formula")},
        "funnelsFilter": {"funnelOrderType": values.get("funnel_order_type")},
        "retentionFilter": {
            "targetEntity": json_value(values, "target_entity"),
            "returningEntity": json_value(values, "returning_entity") or json_value(values, "target_entity"),
        },
        "pathsFilter": {
            "includeEventTypes": _list_of(values, "include_event_types"),
            "startPoint": values.get("start_point"),
            "endPoint": values.get("end_point"),
        },
        "breakdownFilter": {
            "breakdowns": _list_of(values, "breakdowns"),
            "breakdown": json_value(values, "breakdown"),
            "breakdown_type": values.get("breakdown_type"),
        },
    }


def _list_of(values: Mapping[str, Any], name: str) -> list[Any]:
    found = json_value(values, name)
    return found if isinstance(found, list) else []
