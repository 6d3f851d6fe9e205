"""Who is who: runs of events against a small model of persons, in one batch or in many."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from insights_engine.ingest.effects import person_commands
from insights_engine.ingest.identity import Identity, Resolution
from insights_engine.ingest.persons import MAX_MERGES, Link, Touch, is_illegal, person_uuid
from insights_engine.ingest.rows import Event, stamp
from insights_engine.store import Store
from insights_engine.store.sqlite import SqliteStore

NOW = datetime(2024, 1, 1, tzinfo=UTC)
_projects = itertools.count(1)


@dataclass
class Known:
    uuid: str
    ids: set[str]
    created_at: str
    identified: bool = False
    properties: dict[str, Any] = field(default_factory=dict)

    def described(self) -> tuple[Any, ...]:
        properties = frozenset(self.properties.items())
        return self.uuid, frozenset(self.ids), self.created_at, self.identified, properties


class Model:
    """Persons as spelled out in docs/events.md, one event after another."""

    def __init__(self, project_id: int) -> None:
        self.project_id = project_id
        self.persons: list[Known] = []

    def find(self, distinct_id: str) -> Known | None:
        return next((person for person in self.persons if distinct_id in person.ids), None)

    def make(self, distinct_id: str, at: str) -> Known:
        person = Known(person_uuid(self.project_id, distinct_id), {distinct_id}, at)
        self.persons.append(person)
        return person

    def apply(self, event: Event) -> None:
        properties, at = event.properties, stamp(event.at)
        if properties.get("$process_person_profile") is False:
            return
        if event.name == "$identify" and "$anon_distinct_id" in properties:
            self.link(properties["$anon_distinct_id"], event.distinct_id, at)
        if event.name in ("$create_alias", "$merge_dangerously"):
            self.link(event.distinct_id, properties["alias"], at, is_alias=True, forced=event.name[1] == "m")
        person = self.find(event.distinct_id) or self.make(event.distinct_id, at)
        for name, value in properties.get("$set_once", {}).items():
            person.properties.setdefault(name, value)
        person.properties |= properties.get("$set", {})
        for name in properties.get("$unset", []):
            person.properties.pop(name, None)
        person.identified |= event.name == "$identify"

    def link(self, source: str, target: str, at: str, *, is_alias: bool = False, forced: bool = False) -> None:
        if source == target or is_illegal(source) or is_illegal(target):
            return
        gone, kept = self.find(source), self.find(target)
        if gone is None and kept is None:
            kept = self.make(target, at)
        if gone and kept and gone is not kept:
            if gone.identified and not forced:
                if kept.identified or not is_alias:
                    return
                gone, kept = kept, gone
            kept.properties = {**gone.properties, **kept.properties}
            kept.created_at = min(kept.created_at, gone.created_at)
            kept.ids |= gone.ids
            self.persons.remove(gone)
        survivor = kept or gone
        assert survivor is not None
        survivor.ids |= {source, target}
        survivor.identified = True


def described(identity: Identity, ids: set[str], project_id: int) -> set[Any]:
    """Each person with all that can be seen of it. Ids of personless events alone have none."""
    found = identity.resolve([Touch(i, "", profile=False) for i in sorted(ids)], NOW)
    numbers: dict[int, set[str]] = {}
    for distinct_id, number in found.ids.items():
        numbers.setdefault(number, set()).add(distinct_id)
    return {
        (
            person.uuid,
            frozenset(numbers[number]),
            person.created_at,
            person.is_identified,
            frozenset(person.properties.items()),
        )
        for number, person in found.persons.items()
    }


IDS = st.sampled_from(["a", "b", "c", "d", "e", "anonymous"])
VALUES = st.dictionaries(st.sampled_from("xyz"), st.integers(0, 3), max_size=2)
CHANGES = st.fixed_dictionaries(
    {}, optional={"$set": VALUES, "$set_once": VALUES, "$unset": st.lists(st.sampled_from("xyz"), max_size=2)}
)
MOVES = st.one_of(
    st.tuples(st.just("plain"), IDS, st.just({})),
    st.tuples(st.just("plain"), IDS, st.just({"$process_person_profile": False})),
    st.tuples(st.just("$set"), IDS, CHANGES),
    st.tuples(st.just("$identify"), IDS, CHANGES),
    st.tuples(st.just("$identify"), IDS, st.fixed_dictionaries({"$anon_distinct_id": IDS, "$set": VALUES})),
    st.tuples(st.just("$create_alias"), IDS, st.fixed_dictionaries({"alias": IDS})),
    st.tuples(st.just("$merge_dangerously"), IDS, st.fixed_dictionaries({"alias": IDS})),
)
Moves = list[tuple[str, str, dict[str, Any]]]


def run_of(moves: Moves) -> list[Event]:
    return [
        Event(name, distinct_id, NOW + timedelta(seconds=number), "", properties)
        for number, (name, distinct_id, properties) in enumerate(moves)
    ]


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return SqliteStore(tmp_path_factory.mktemp("persons") / "policies.db")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(MOVES, max_size=12), st.lists(st.integers(0, 12), max_size=4))
def test_persons_are_the_model_s_however_events_are_batched(policies: Store, moves: Moves, cuts: list[int]) -> None:
    events = run_of(moves)
    ids = {"a", "b", "c", "d", "e", "anonymous"} & (
        {event.distinct_id for event in events}
        | {str(value) for event in events for value in (*event.properties.values(),) if isinstance(value, str)}
    )
    for bounds in ([0, len(events)], [0, *sorted(cuts), len(events)], list(range(len(events) + 1))):
        project_id = next(_projects)
        model, identity = Model(project_id), Identity(policies, project_id)
        for event in events:
            model.apply(event)
        for start, end in itertools.pairwise(bounds):
            commands = [command for event in events[start:end] for command in person_commands(event)]
            # A consumer of its own for each batch: nothing may hang on what one remembers.
            Identity(policies, project_id).resolve(commands, NOW)
        assert described(identity, ids, project_id) == {person.described() for person in model.persons}


@pytest.fixture
def identity(policies: Store) -> Identity:
    return Identity(policies, next(_projects))


def touch(distinct_id: str, **properties: Any) -> Touch:
    return Touch(distinct_id, stamp(NOW), set=properties)


def resolved(identity: Identity, *commands: Touch | Link) -> Resolution:
    return identity.resolve(commands, NOW)


def test_numbers_are_dense_from_one(identity: Identity) -> None:
    first = resolved(identity, touch("a"), touch("b"), touch("a"))
    second = resolved(identity, touch("c"), touch("b"))
    assert first.ids | second.ids == {"a": 1, "b": 2, "c": 3}


def test_a_number_that_was_not_needed_is_the_next_person_s(identity: Identity) -> None:
    """Two new ids are one person here, and it is known only when two numbers were taken."""
    first = resolved(identity, Link("anon", "user", stamp(NOW)), touch("other"))
    assert first.ids == {"anon": 1, "user": 1, "other": 2}
    assert resolved(identity, touch("next")).ids == {"next": 3}


def test_an_id_that_joins_costs_no_merge(identity: Identity) -> None:
    resolved(identity, touch("anon", plan="free"))
    later = resolved(identity, Link("anon", "user", stamp(NOW)), touch("user", plan="pro"))
    assert later.merged == {}
    assert later.ids["user"] == later.ids["anon"]
    assert later.persons[later.ids["user"]].properties == {"plan": "pro"}


def test_a_merge_keeps_what_the_survivor_says(identity: Identity) -> None:
    resolved(identity, touch("anon", a=1, b=1), touch("user", b=2))
    merged = resolved(identity, Link("anon", "user", stamp(NOW)))
    assert [person.merged_into for person in merged.merged.values()] == [merged.ids["user"]]
    assert merged.persons[merged.ids["user"]].properties == {"a": 1, "b": 2}
    assert resolved(identity, touch("anon")).ids["anon"] == merged.ids["user"]


@pytest.mark.parametrize("is_known", [True, False])
def test_a_number_that_no_person_has_keeps_nobody_apart(identity: Identity, is_known: bool) -> None:
    """Events without a person have a number of their own, which says nothing of who is who."""
    resolved(identity, Touch("user", stamp(NOW), set={"plan": "pro"}, identified=True))
    if is_known:
        resolved(identity, Touch("ghost", stamp(NOW), profile=False))
    linked = resolved(identity, Link("user", "ghost", stamp(NOW)))
    found = resolved(identity, touch("user"), touch("ghost"))
    assert linked.refused == []
    assert found.ids == {"user": 1, "ghost": 1}
    assert found.persons[1].properties == {"plan": "pro"}


def test_a_chain_of_merges_is_followed(identity: Identity) -> None:
    names = ["a", "b", "c", "d"]
    resolved(identity, *map(touch, names))
    for source, target in itertools.pairwise(names):
        resolved(identity, Link(source, target, stamp(NOW), forced=True))
    found = resolved(identity, *map(touch, names))
    assert set(found.ids.values()) == {found.ids["d"]}
    # a's number is three steps away, and the others are known to be nearer.
    assert sorted(steps for _, steps in found.persons[found.ids["d"]].absorbed) == [1, 2, 3]


def test_a_refused_merge_still_stores_the_event_s_properties(identity: Identity) -> None:
    resolved(identity, *(Touch(i, stamp(NOW), identified=True) for i in ("a", "b")))
    found = resolved(identity, Link("a", "b", stamp(NOW)), touch("b", x=1))
    assert len(found.refused) == 1
    assert found.ids["b"] not in resolved(identity, touch("a")).ids.values()
    assert found.persons[found.ids["b"]].properties == {"x": 1}


def test_more_merges_than_a_transaction_holds(identity: Identity) -> None:
    names = [f"u{number}" for number in range(3 * MAX_MERGES)]
    resolved(identity, *map(touch, names))
    merged = resolved(identity, *(Link(name, "u0", stamp(NOW)) for name in names[1:]), touch("u0", x=1))
    assert len(merged.merged) == len(names) - 1
    found = resolved(identity, *map(touch, names))
    assert len(set(found.ids.values())) == 1
    assert found.persons[found.ids["u0"]].properties == {"x": 1}


def test_a_person_that_grows_too_large_keeps_what_it_had(identity: Identity) -> None:
    resolved(identity, touch("a", x=1))
    found = resolved(identity, touch("a", y="y" * 400_000), touch("a", z=2))
    assert found.persons[found.ids["a"]].properties == {"x": 1, "z": 2}
    assert len(found.refused) == 1


@pytest.mark.parametrize(
    "distinct_id", ["anonymous", "NaN", "[object Object]", "'undefined'", " guest ", "0", "NULL", ""]
)
def test_ids_that_broken_clients_share_are_never_linked(identity: Identity, distinct_id: str) -> None:
    assert is_illegal(distinct_id)
    resolved(identity, touch("a"), Link("a", distinct_id, stamp(NOW)), Link(distinct_id, "a", stamp(NOW)))
    found = resolved(identity, touch("a"), touch(distinct_id))
    assert found.ids["a"] != found.ids[distinct_id]
