"""What an event does beside being stored: to persons, and to groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from insights_engine.ingest.groups import MAX_TYPE_LENGTH, GroupChange, group_key
from insights_engine.ingest.persons import Command, Link, Touch
from insights_engine.ingest.rows import Event, stamp

MAX_ID_LENGTH = 200

_ALIASES = ("$create_alias", "$merge_dangerously")
# Any of these makes an event one that may change a person; all others only need their person's number.
_PERSONAL = ("$set", "$set_once", "$unset", "$process_person_profile")
_SPECIAL = frozenset({"$identify", "$set", "$groupidentify", *_ALIASES})


def is_plain(event: Event) -> bool:
    """Whether the event does nothing but belong to a person."""
    return event.name not in _SPECIAL and not any(name in event.properties for name in _PERSONAL)


def person_commands(event: Event) -> list[Command]:
    """In order: who becomes one person, then what that person's properties become."""
    at, properties = stamp(event.at), event.properties
    if is_personless(properties):
        return [Touch(event.distinct_id, at, profile=False)]
    touch = Touch(
        event.distinct_id,
        at,
        set=_object(properties.get("$set")),
        set_once=_object(properties.get("$set_once")),
        unset=_names(properties.get("$unset")),
        identified=event.name == "$identify",
    )
    link = _link(event, at)
    return [link, touch] if link else [touch]


def group_change(event: Event) -> GroupChange | None:
    if event.name != "$groupidentify" or is_personless(event.properties):
        return None
    kind, key = event.properties.get("$group_type"), group_key(event.properties.get("$group_key"))
    if not isinstance(kind, str) or not kind or not key:
        return None
    return GroupChange(kind[:MAX_TYPE_LENGTH], key, stamp(event.at), _object(event.properties.get("$group_set")))


def is_personless(properties: Mapping[str, Any]) -> bool:
    return properties.get("$process_person_profile") is False


def _link(event: Event, at: str) -> Link | None:
    """The alias survives, and whoever was identified: `distinct_id` is what the person was called before."""
    if event.name == "$identify":
        anonymous = _id(event.properties.get("$anon_distinct_id"))
        return Link(anonymous, event.distinct_id, at) if anonymous else None
    alias = _id(event.properties.get("alias")) if event.name in _ALIASES else None
    if not alias:
        return None
    return Link(event.distinct_id, alias, at, either_way=True, forced=event.name == "$merge_dangerously")


def _id(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)) or value == "":
        return None
    return str(value).replace("\0", "\ufffd")[:MAX_ID_LENGTH]


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _names(value: Any) -> tuple[str, ...]:
    if isinstance(value, dict):
        return tuple(value)
    return tuple(name for name in value if isinstance(name, str)) if isinstance(value, list) else ()
