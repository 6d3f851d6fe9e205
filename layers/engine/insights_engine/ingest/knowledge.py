"""What one project's events and properties are known to be, and what of a batch is new. Pure.

1. A value that tells nothing new costs one look into a dictionary; only what is new, or of another day, is written.
2. Days are UTC's, and none is after today: a clock that is ahead makes no name seen in the future.
3. What comes beyond the limits is not learned. Whoever has the project's token can send any number of names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from insights_engine.property_types import BOOLEAN, DATETIME, NUMERIC, SOURCES, STRING, TIME, TYPES

# Names of each kind that a project can have: events; properties of events, of persons, and of all groups together.
MAX_NAMES = 10_000
MAX_NAME_LENGTH = 400
# (event, property) pairs of a project.
MAX_PAIRS = 100_000
# What events carry for others: it becomes properties of persons and groups, or columns.
NO_PROPERTIES = frozenset(
    {
        *("$set", "$set_once", "$unset", "$group_set", "$groups"),
        *("$group_0", "$group_1", "$group_2", "$group_3", "$group_4"),
    }
)

_TIME = re.compile(TIME)
_BITS = {int: NUMERIC, float: NUMERIC, bool: BOOLEAN, type(None): 0}


class Seen:
    """On which days a name was seen, and in which types."""

    __slots__ = ("first", "last", "types")

    def __init__(self, first: str, last: str, types: int = 0) -> None:
        self.first = first
        self.last = last
        self.types = types

    def meets(self, day: str) -> bool:
        """Whether the day is a new first or last one."""
        if self.first <= day <= self.last:
            return False
        self.first, self.last = min(self.first, day), max(self.last, day)
        return True

    def takes(self, value: Any) -> bool:
        """Whether the value is of a new type. What is text, or came in several types, stays text: it is not asked."""
        if (self.types and self.types not in TYPES) or self.types == STRING:
            return False
        types = self.types | types_of(value)
        self.types, before = types, self.types
        return types != before

    def is_settled(self, kind: type) -> bool:
        """Whether further values of that type tell nothing, once one was taken: of times, each text has to be read."""
        return kind is not str or self.types != DATETIME


class Knowledge:
    """What is known of one project. `pairs` has the properties that came with each event."""

    def __init__(self) -> None:
        self.events: dict[str, Seen] = {}
        self.properties: dict[str, dict[str, Seen]] = {source: {} for source in SOURCES}
        self.pairs: dict[str, set[str]] = {}
        self.pair_count = 0
        self._settled: dict[str, tuple[str, dict[str, type]]] = {}

    @property
    def size(self) -> int:
        return len(self.events) + sum(map(len, self.properties.values())) + self.pair_count

    def of_event(self, event: str) -> set[str]:
        return self.pairs.setdefault(event, set())

    def settled(self, event: str, day: str) -> dict[str, type]:
        """By property, the type of values that tell nothing new on that day, which is the last one asked for."""
        of_day, settled = self._settled.get(event, ("", {}))
        if of_day != day:
            settled = {}
            self._settled[event] = day, settled
        return settled

    def add_pair(self, event: str, name: str) -> bool:
        """Whether the pair is new, and there is room for it."""
        names = self.of_event(event)
        if name in names or self.pair_count >= MAX_PAIRS:
            return False
        names.add(name)
        self.pair_count += 1
        return True

    def has_room(self, source: str) -> bool:
        """Whether one more property can be learned there."""
        kind = source[:5]  # `group` is one kind, whichever its type
        return sum(len(names) for one, names in self.properties.items() if one[:5] == kind) < MAX_NAMES


class Lesson:
    """A batch held against what is known: what is new becomes known at once, and is kept here to be written."""

    def __init__(self, knowledge: Knowledge, today: str) -> None:
        self._known = knowledge
        self._today = today
        self.events: dict[str, Seen] = {}
        self.properties: dict[tuple[str, str], Seen] = {}
        self.pairs: list[tuple[str, str]] = []

    def event(self, name: str, day: str, properties: Mapping[str, Any]) -> None:
        """An event that is beyond the limits still has properties."""
        day = min(day, self._today)
        is_known = self._event(name, day)
        settled = self._known.settled(name, day) if is_known else {}
        of_event = self._known.of_event(name) if is_known else set()
        for key, value in properties.items():
            kind = type(value)
            if settled.get(key) is kind:
                continue
            if key in NO_PROPERTIES:
                settled[key] = kind
            elif (seen := self._property("event", key, day, value)) is not None:
                if is_known and self._known.add_pair(name, key):
                    self.pairs.append((name, key))
                if key in of_event and seen.is_settled(kind):  # what is beyond the limits takes no memory either
                    settled[key] = kind

    def values(self, source: str, day: str, properties: Mapping[str, Any]) -> None:
        """Of a person or a group, by its `source`."""
        day = min(day, self._today)
        for key, value in properties.items():
            self._property(source, key, day, value)

    def _event(self, name: str, day: str) -> bool:
        """Whether the event is known now."""
        seen = self._known.events.get(name)
        if seen is None:
            if len(self._known.events) >= MAX_NAMES or not is_name(name):
                return False
            self._known.events[name] = self.events[name] = Seen(day, day)
        elif seen.meets(day):
            self.events[name] = seen
        return True

    def _property(self, source: str, name: str, day: str, value: Any) -> Seen | None:
        """What is known of the property now; None where it is not learned."""
        of_source = self._known.properties[source]
        seen = of_source.get(name)
        if seen is None:
            if not (self._known.has_room(source) and is_name(name)):
                return None
            seen = of_source[name] = self.properties[source, name] = Seen(day, day)
        is_new_day = seen.meets(day)
        if seen.takes(value) or is_new_day:
            self.properties[source, name] = seen
        return seen


def types_of(value: Any) -> int:
    """The bit of a value's type; null has none, and objects and lists are stored as their text."""
    if isinstance(value, str):
        return DATETIME if _TIME.fullmatch(value) else STRING
    return _BITS.get(type(value), STRING)


def is_name(name: str) -> bool:
    """Whether a name can be kept: of some length, and text that every system can hold."""
    if not 0 < len(name) <= MAX_NAME_LENGTH:
        return False
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
