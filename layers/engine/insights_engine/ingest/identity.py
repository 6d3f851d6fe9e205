"""Who is who, decided in the policies store: conditional writes, so that consumers at work side by side agree.

1. Read what the ids of the run belong to, following `merged_into`; run the commands in memory (`persons.World`).
2. Put the new ids where they are absent: one id can never get two numbers.
3. Put the persons that changed, each on the version that was read; a merge is one transaction.
4. Whoever lost a race reads again and repeats only the commands whose person was not written yet.
The copies that queries read are made by the caller (`copies.py`), from what this gives back.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from insights_engine import keys
from insights_engine.ingest.persons import Command, Person, Touch, World, ids_of
from insights_engine.store import ConflictError, Put, Store

_ATTEMPTS = 20


class Contention(Exception):
    """Other consumers changed the same persons again and again; the batch is to be delivered once more."""


@dataclass(slots=True)
class Resolution:
    """What a run came to: the number of each id, and the state of the persons that it read or wrote.

    `new_ids` and `changed` (numbers) were written by this run; `merged` are the persons whose merge may have no copy in
    ClickHouse yet; `moved_ids` still lead to one of these.
    """

    ids: dict[str, int] = field(default_factory=dict)
    persons: dict[int, Person] = field(default_factory=dict)
    new_ids: set[str] = field(default_factory=set)
    changed: set[int] = field(default_factory=set)
    merged: dict[int, Person] = field(default_factory=dict)
    moved_ids: dict[str, int] = field(default_factory=dict)
    refused: list[Command] = field(default_factory=list)


class Numbers:
    """Person numbers of one project, taken from the counter in ranges; what a run leaves serves the next."""

    def __init__(self, store: Store, project_id: int) -> None:
        self._store = store
        self._key = keys.person_counter(project_id)
        self._free: list[int] = []
        self._lock = threading.Lock()

    def take(self, count: int) -> list[int]:
        """Numbers to pop from, the lowest last."""
        with self._lock:
            missing = count - len(self._free)
            if missing > 0:
                last = self._store.add(*self._key, "next", missing)
                self._free[:0] = range(last, last - missing, -1)
            at = len(self._free) - count
            taken, self._free = self._free[at:], self._free[:at]
        return taken

    def give_back(self, numbers: list[int]) -> None:
        with self._lock:
            self._free += numbers


class Identity:
    """The persons of one project in the policies store. Several threads may share one."""

    def __init__(self, store: Store, project_id: int) -> None:
        self._store = store
        self._project_id = project_id
        self._numbers = Numbers(store, project_id)

    def resolve(self, commands: Sequence[Command], now: datetime) -> Resolution:
        """Carry the commands out, in order; afterwards every id of theirs that has a person has its number in `ids`."""
        total = Resolution()
        rest = list(commands)
        lost = 0
        while rest:
            world = self._read(rest, total, int(now.timestamp()))
            world.numbers = self._numbers.take(len(ids_of(rest)) - len(world.ids))
            done = world.run(rest)
            written = self._commit(world, total)
            self._numbers.give_back(world.numbers)
            retry = [c for c in rest[:done] if (number := _number(world, c)) is not None and number not in written]
            total.refused += [c for c in world.refused if c not in retry]
            lost = lost + 1 if retry else 0
            if lost > _ATTEMPTS:
                raise Contention(f"Persons of project {self._project_id} are being changed by others")
            rest = retry + rest[done:]
        total.ids = {distinct_id: _root(total.merged, number) for distinct_id, number in total.ids.items()}
        return total

    def mark_copied(self, merged: Sequence[Person], moved_ids: dict[str, int]) -> None:
        """The copies of these merges are in ClickHouse: from now on the ids lead straight to the survivor."""
        items = [{**self._person_item(person), "copied": True} for person in merged]
        items += [self._id_item(distinct_id, number) for distinct_id, number in moved_ids.items()]
        if items:
            self._store.put_many(items)

    def _read(self, commands: Sequence[Command], total: Resolution, now: int) -> World:
        """The world of the commands' ids; `total` learns of the merges on the way to it whose copies may be missing."""
        wanted = sorted(ids_of(commands))
        items = self._store.get_many([keys.distinct_id(self._project_id, i) for i in wanted])
        first = {i: int(item["person"]) for i, item in zip(wanted, items, strict=True) if item}
        persons: dict[int, Person] = {}
        read: set[int] = set()
        while unread := ({*first.values()} | {p.merged_into for p in persons.values() if p.merged_into}) - read:
            numbers = sorted(unread)
            read |= unread
            found = self._store.get_many([keys.person(self._project_id, n) for n in numbers])
            for number, item in zip(numbers, found, strict=True):
                if item:
                    persons[number] = Person.from_item(number, item)
                    if persons[number].merged_into and not item.get("copied"):
                        total.merged[number] = persons[number]
        ids = {i: _root(persons, number) for i, number in first.items()}
        total.moved_ids |= {i: ids[i] for i, number in first.items() if ids[i] != number}
        return World(self._project_id, ids, {n: p for n, p in persons.items() if not p.merged_into}, now)

    def _commit(self, world: World, total: Resolution) -> set[int]:
        """The numbers whose state in `world` is what the store holds now; none where an id went to someone else."""
        items = [self._id_item(distinct_id, number) for distinct_id, number in world.new_ids.items()]
        held = self._store.put_new_many(items) if items else []
        mine = [there["person"] == item["person"] for item, there in zip(items, held, strict=True)]
        total.new_ids |= {distinct_id for distinct_id, is_mine in zip(world.new_ids, mine, strict=True) if is_mine}
        if not all(mine):
            return set()
        written = self._commit_persons(world)
        total.ids |= {distinct_id: number for distinct_id, number in world.ids.items() if number in written}
        total.persons |= {number: person for number, person in world.persons.items() if number in written}
        total.changed |= written & world.changed
        total.merged |= {number: world.persons[number] for number in world.merges if number in written}
        return written

    def _commit_persons(self, world: World) -> set[int]:
        groups: dict[int, list[Person]] = defaultdict(list)
        for number in world.changed:
            person = world.persons[number] = replace(world.persons[number], version=world.persons[number].version + 1)
            groups[_root(world.persons, number)].append(person)
        written = set(world.ids.values()) - world.changed
        alone = [group[0] for group in groups.values() if len(group) == 1 and group[0].version == 1]
        written |= self._put_new(alone)
        for root in groups.keys() - {person.number for person in alone}:
            if self._put_together(groups[root]):
                written |= {person.number for person in groups[root]}
        return written

    def _put_new(self, persons: list[Person]) -> set[int]:
        if not persons:
            return set()
        items = [self._person_item(person) for person in persons]
        held = self._store.put_new_many(items)
        return {p.number for p, mine, there in zip(persons, items, held, strict=True) if mine == there}

    def _put_together(self, persons: list[Person]) -> bool:
        writes = [Put(self._person_item(p), "absent" if p.version == 1 else p.version - 1) for p in persons]
        try:
            self._store.transact(writes)
        except ConflictError:
            return False
        return True

    def _id_item(self, distinct_id: str, number: int) -> dict[str, object]:
        pk, sk = keys.distinct_id(self._project_id, distinct_id)
        return {"pk": pk, "sk": sk, "person": number}

    def _person_item(self, person: Person) -> dict[str, object]:
        pk, sk = keys.person(self._project_id, person.number)
        return {"pk": pk, "sk": sk, **person.attributes()}


def _root(persons: dict[int, Person], number: int) -> int:
    while (person := persons.get(number)) and person.merged_into:
        number = person.merged_into
    return number


def _number(world: World, command: Command) -> int | None:
    """The person that a command came to; a refused link counts for its target's, where that has one."""
    return world.ids.get(command.distinct_id if isinstance(command, Touch) else command.target)
