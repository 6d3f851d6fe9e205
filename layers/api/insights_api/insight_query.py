"""What a saved insight asks: a query node, or the older flat filters. Checked when it is saved, so that an insight that
could never be answered is refused there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from insights_acl import fields
from insights_engine.errors import ApiError, ParseError, ValidationError
from insights_engine.flat import json_value
from insights_engine.kinds import WRAPPERS, kind_of_flat, parse_legacy, parse_node, unwrapped
from insights_engine.store import Item


def checked_query(value: Any, attr: str) -> dict[str, Any] | None:
    """As it came, once it is known to be a question. An empty object is none.

    Raises ParseError for what is no node, unknown, or contradicts itself; ValidationError for what is empty and no
    object.
    """
    if value is None or value == {}:
        return None
    if not isinstance(value, dict) and not value:
        raise ValidationError("Query must be a valid JSON object", attr=attr)
    node, field = unwrapped(value, attr)
    try:
        parse_node(node["kind"], node, field)
    except ApiError as error:
        raise ParseError(error.detail) from None
    query: dict[str, Any] = fields.plain(value, attr)
    return query


def checked_filters(value: Any, attr: str) -> dict[str, Any]:
    """Flat filters as they came; none are no question."""
    values = fields.mapping(value if value is not None else {}, attr)
    if values:
        try:
            parse_legacy(kind_of_flat(values), values)
        except ApiError as error:
            raise ValidationError(error.detail, attr="__".join(filter(None, (attr, error.attr)))) from None
    return fields.plain(values, attr)  # type: ignore[no-any-return]


def kind_of(item: Item) -> str | None:
    """The kind of node that an insight is or that its filters stand for; null where it asks nothing."""
    if item["query"] is not None:
        return str(source_of(item["query"])["kind"])
    return kind_of_flat(item["filters"]) if item["filters"] else None


def source_of(query: dict[str, Any]) -> dict[str, Any]:
    """The node inside its wrappers."""
    return unwrapped(query)[0]


def with_source(query: dict[str, Any], source: dict[str, Any]) -> dict[str, Any]:
    """The same wrappers around another node."""
    return {**query, "source": with_source(query["source"], source)} if query["kind"] in WRAPPERS else source


def events_of(item: Item) -> set[str]:
    """Names of the events that an insight is about."""
    if item["query"] is not None:
        return set(_events(source_of(item["query"])))
    return set(_flat_events(item["filters"]))


def _events(node: Any) -> Iterator[str]:
    """Of series, steps and exclusions; the two sides of a retention; the kinds of events of paths; lists of events."""
    if isinstance(node, list):
        for one in node:
            yield from _events(one)
        return
    if not isinstance(node, dict):
        return
    if node.get("kind") in ("EventsNode", "EventsQuery"):
        yield from (one for one in (node.get("event"), *(node.get("events") or ())) if isinstance(one, str))
    for name, inner in node.items():
        if name in ("targetEntity", "returningEntity") and isinstance(inner, dict):
            yield from _entity_event(inner)
        elif name == "includeEventTypes" and isinstance(inner, list):
            yield from (one for one in inner if one in ("$pageview", "$screen"))
        elif isinstance(inner, dict | list) and name != "properties":
            yield from _events(inner)


def _flat_events(values: Mapping[str, Any]) -> Iterator[str]:
    for name in ("events", "exclusions"):
        listed = json_value(values, name)
        for entity in listed if isinstance(listed, list) else []:
            if isinstance(entity, dict):
                yield from _entity_event(entity)
    for name in ("target_entity", "returning_entity"):
        entity = json_value(values, name)
        if isinstance(entity, dict):
            yield from _entity_event(entity)
    types = json_value(values, "include_event_types")
    yield from (one for one in types if one in ("$pageview", "$screen")) if isinstance(types, list) else ()
    custom = json_value(values, "include_custom_events")
    yield from (one for one in custom if isinstance(one, str)) if isinstance(custom, list) else ()


def _entity_event(entity: Mapping[str, Any]) -> Iterator[str]:
    if entity.get("type") != "actions" and entity.get("kind") != "ActionsNode" and isinstance(entity.get("id"), str):
        yield entity["id"]
