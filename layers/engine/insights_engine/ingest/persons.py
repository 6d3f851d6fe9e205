"""Who is who: what a run of events does to the persons of a project, without any I/O.

1. A distinct id belongs to one person, a number; the first event of a distinct id makes the person.
2. A `Link` makes two distinct ids one person. Where only one has a person yet, the other id joins it; where both have,
   one person is merged into the other: the survivor's properties win, the earlier creation stays, and what carries the
   number of the one that is gone is found again through `merged_into`.
3. A person that was identified is never merged away, unless the link is forced.
4. Numbers that nothing carries yet (made in this very run) are folded, not merged.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from insights_engine.store import Item

# The store's item holds 400 KB; a person that would outgrow this keeps what it had.
MAX_PROPERTIES_BYTES = 300_000
# Of one run, so that what belongs together fits one transaction of the store.
MAX_MERGES = 40

_NAMESPACE = uuid.UUID("5a2c7f0e-3d0b-4f57-9a55-0d1e5b7c9a41")
_ILLEGAL = frozenset(
    {
        *("anonymous", "guest", "distinctid", "distinct_id", "id", "not_authenticated", "email", "undefined", "true"),
        *("false", "null", "none", "nil", "0", "nan", "[object object]", ""),
    }
)


@dataclass(slots=True)
class Person:
    """`absorbed`: (number, steps from it to this person) of all that were merged into this one and not squashed yet.

    `merged_at` is in epoch seconds.
    """

    number: int
    uuid: str
    created_at: str
    is_identified: bool = False
    properties: dict[str, Any] = field(default_factory=dict)
    version: int = 0
    merged_into: int | None = None
    merged_at: int = 0
    absorbed: tuple[tuple[int, int], ...] = ()

    @classmethod
    def from_item(cls, number: int, item: Item) -> Person:
        return cls(
            number=number,
            uuid=item["uuid"],
            created_at=item["created_at"],
            is_identified=item["is_identified"],
            properties=orjson.loads(item["properties"]),
            version=item["version"],
            merged_into=item.get("merged_into"),
            merged_at=item.get("merged_at", 0),
            absorbed=tuple((n, steps) for n, steps in item.get("absorbed", ())),
        )

    def attributes(self) -> Item:
        """What the store keeps. Properties are JSON text: numbers and depth survive every store."""
        kept: Item = {
            "uuid": self.uuid,
            "created_at": self.created_at,
            "is_identified": self.is_identified,
            "properties": orjson.dumps(self.properties).decode(),
            "version": self.version,
        }
        if self.merged_into is not None:
            kept |= {"merged_into": self.merged_into, "merged_at": self.merged_at}
        if self.absorbed:
            kept["absorbed"] = [list(pair) for pair in self.absorbed]
        return kept


@dataclass(frozen=True, slots=True)
class Touch:
    """An event of a distinct id. Without `profile` it only needs a number. `created_at` is told by an import."""

    distinct_id: str
    at: str
    profile: bool = True
    set: Mapping[str, Any] = field(default_factory=dict)
    set_once: Mapping[str, Any] = field(default_factory=dict)
    unset: Sequence[str] = ()
    identified: bool = False
    created_at: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """`source` is merged into `target`; `either_way`: the other way round where only the source may not go.

    An import says that ids are one person, which does not make that person `identified`.
    """

    source: str
    target: str
    at: str
    either_way: bool = False
    forced: bool = False
    identifies: bool = True


Command = Touch | Link


@dataclass(slots=True)
class World:
    """The persons that the ids of a run belong to, and what the run changes."""

    project_id: int
    ids: dict[str, int]
    persons: dict[int, Person]
    now: int
    numbers: list[int] = field(default_factory=list)
    new_ids: dict[str, int] = field(default_factory=dict)
    fresh: set[int] = field(default_factory=set)
    changed: set[int] = field(default_factory=set)
    merges: dict[int, int] = field(default_factory=dict)
    refused: list[Command] = field(default_factory=list)

    def run(self, commands: Sequence[Command]) -> int:
        """Apply the commands in order; gives back how many, which is fewer where MAX_MERGES was reached."""
        for done, command in enumerate(commands):
            if isinstance(command, Touch):
                self._touch(command)
            elif len(self.merges) >= MAX_MERGES:
                return done
            else:
                self._link(command)
        return len(commands)

    def _touch(self, touch: Touch) -> None:
        number = self.ids.get(touch.distinct_id)
        if number is None:
            number = self._join(touch.distinct_id, self.numbers.pop())
            self.fresh.add(number)
        if not touch.profile:
            return
        person = self._person(number, touch.distinct_id, touch.at)
        properties = changed_properties(person.properties, touch)
        if properties is not person.properties and len(orjson.dumps(properties)) > MAX_PROPERTIES_BYTES:
            self.refused.append(touch)
            properties = person.properties
        self._change(
            person,
            properties=properties,
            is_identified=person.is_identified or touch.identified,
            created_at=touch.created_at or person.created_at,
        )

    def _link(self, link: Link) -> None:
        if link.source == link.target:
            return
        if is_illegal(link.source) or is_illegal(link.target):
            self.refused.append(link)
            return
        source, target = self.ids.get(link.source), self.ids.get(link.target)
        if source is None and target is None:
            target = self._join(link.target, self.numbers.pop())
            self.fresh.add(target)
        if source is not None and target is not None and source != target:
            self._merge(link, source, target)
            return
        number = target if target is not None else source
        assert number is not None
        for distinct_id in (link.source, link.target):
            if distinct_id not in self.ids:
                self._join(distinct_id, number)
        person = self._person(number, link.target, link.at)
        self._change(person, is_identified=person.is_identified or link.identifies)

    def _merge(self, link: Link, source: int, target: int) -> None:
        has_person = source in self.persons, target in self.persons
        gone, kept = self._person(source, link.source, link.at), self._person(target, link.target, link.at)
        if has_person == (True, False):
            # The number of personless events is nobody's, so that there is nobody to protect.
            gone, kept = kept, gone
        elif gone.is_identified and not link.forced:
            if kept.is_identified or not link.either_way:
                self.refused.append(link)
                return
            gone, kept = kept, gone
        merged = replace(
            kept,
            properties={**gone.properties, **kept.properties},
            created_at=min(gone.created_at, kept.created_at),
            is_identified=link.identifies or gone.is_identified or kept.is_identified,
        )
        if gone.number in self.fresh:
            self._fold(gone, merged)
        elif kept.number in self.fresh:
            # The number with history stays, under the name of the person that survives.
            self._fold(kept, replace(merged, number=gone.number, version=gone.version, absorbed=gone.absorbed))
        else:
            self._absorb(gone, merged)

    def _fold(self, gone: Person, merged: Person) -> None:
        self.persons[merged.number] = merged
        self.changed.add(merged.number)
        self.changed.discard(gone.number)
        self.fresh.discard(gone.number)
        del self.persons[gone.number]
        self._repoint(gone.number, merged.number)

    def _absorb(self, gone: Person, merged: Person) -> None:
        chain = tuple((number, steps + 1) for number, steps in gone.absorbed)
        self.persons[merged.number] = replace(merged, absorbed=(*merged.absorbed, (gone.number, 1), *chain))
        self.persons[gone.number] = replace(
            gone, merged_into=merged.number, merged_at=self.now, properties={}, absorbed=()
        )
        self.changed |= {merged.number, gone.number}
        self.merges[gone.number] = merged.number
        self._repoint(gone.number, merged.number)

    def _repoint(self, gone: int, kept: int) -> None:
        for ids in (self.ids, self.new_ids):
            for distinct_id, number in ids.items():
                if number == gone:
                    ids[distinct_id] = kept

    def _join(self, distinct_id: str, number: int) -> int:
        self.ids[distinct_id] = self.new_ids[distinct_id] = number
        return number

    def _person(self, number: int, distinct_id: str, at: str) -> Person:
        if number not in self.persons:
            self.persons[number] = Person(number, person_uuid(self.project_id, distinct_id), at)
            self.changed.add(number)
        return self.persons[number]

    def _change(self, person: Person, **values: Any) -> None:
        after = replace(person, **values)
        if after != person:
            self.persons[person.number] = after
            self.changed.add(person.number)


def changed_properties(properties: dict[str, Any], touch: Touch) -> dict[str, Any]:
    """`$set_once` fills what is missing, `$set` overwrites, `$unset` removes; the same dict where nothing changes."""
    if not (touch.set or touch.set_once or touch.unset):
        return properties
    after = {**touch.set_once, **properties, **touch.set}
    for name in touch.unset:
        after.pop(name, None)
    return after if after != properties else properties


def person_uuid(project_id: int, distinct_id: str) -> str:
    """The same for ever: a person that was never made (a personless event's) has it too."""
    return str(uuid.uuid5(_NAMESPACE, f"{project_id}:{distinct_id}"))


def is_illegal(distinct_id: str) -> bool:
    """Ids that broken clients share between people, in any case and with or without quotes: never linked."""
    return distinct_id.strip().strip("\"'").lower() in _ILLEGAL


def ids_of(commands: Iterable[Command]) -> set[str]:
    found: set[str] = set()
    for command in commands:
        found |= {command.distinct_id} if isinstance(command, Touch) else {command.source, command.target}
    return found
