"""What a project's events and properties become known as, whichever way and in whichever order its events come in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from insights_engine.ingest import Ingest, Message, load
from insights_engine.ingest.knowledge import MAX_NAME_LENGTH, MAX_NAMES, MAX_PAIRS, NO_PROPERTIES, Knowledge, Lesson
from insights_engine.ingest.learning import Learner, read, write
from insights_engine.ingest.rows import Event
from insights_engine.property_types import SOURCES, learned
from insights_engine.services import Services

from tests.engine.conftest import NewProject, Workplace
from tests.engine.knowing import NOW, TABLES, TODAY, days, event, known, pairs, types
from tests.engine.test_ingest_pipeline import captured, messages

VALUES: list[tuple[list[Any], str | None]] = [
    ([5], "Numeric"),
    ([5, 0.5, -1e300, 10**19], "Numeric"),
    ([True, False], "Boolean"),
    (["2024-03-01"], "DateTime"),
    (["2024-03-01T10:00:00Z", "2024-03-01 10:00", "2024-03-01T10:00:00.123456+02:00"], "DateTime"),
    (["x"], "String"),
    ([""], "String"),
    (["5"], "String"),
    (["2024-13-01"], "String"),
    (["2024-03-01 and more"], "String"),
    (["20240301"], "String"),
    ([[1, 2]], "String"),
    ([{"a": 1}], "String"),
    ([None], None),
    ([None, 5, None], "Numeric"),
    ([5, True], "String"),
    ([5, "5"], "String"),
    (["2024-03-01", "x"], "String"),
    (["x", "2024-03-01"], "String"),
    (["2024-03-01", 5], "String"),
]


@pytest.mark.parametrize("way", ["bulk", "queue"])
def test_a_property_is_what_all_its_values_were(services: Services, new_project: NewProject, way: str) -> None:
    project = new_project()
    sent = [{f"p{number}": values[turn]} for number, (values, _) in enumerate(VALUES) for turn in range(len(values))]
    if way == "bulk":
        load(services, project.id, events=[event(**properties) for properties in sent])
    else:
        Ingest(services).batch(messages(*(captured(project, properties=properties) for properties in sent)))
    expected = {("event", f"p{n}"): kind for n, (_, kind) in enumerate(VALUES) if kind}
    assert types(project, *(("event", f"p{n}") for n in range(len(VALUES)))) == expected
    assert len(days(project, "property_definitions")) == len(VALUES)


def test_nothing_is_asked_for_nothing(project: Workplace) -> None:
    assert learned(project.services, project.id, []) == ({}, None)


def test_what_is_asked_is_told_with_its_cost(project: Workplace) -> None:
    load(project.services, project.id, events=[event(price=5)])
    found, before = learned(project.services, project.id, [("event", "price"), ("person", "price"), ("event", "x")])
    assert found == {("event", "price"): "Numeric"}
    assert before is not None
    assert "property_definitions" in before.sql.text
    assert before.cost.milliseconds > 0


def test_another_project_s_properties_are_not_known(new_project: NewProject, services: Services) -> None:
    mine, theirs = new_project(), new_project()
    load(services, theirs.id, events=[event(price=5)])
    assert types(mine, ("event", "price")) == {}


def test_persons_and_groups_have_properties_of_their_own(services: Services, new_project: NewProject) -> None:
    sent = {
        "$set": {"age": 5, "since": "2024-03-01"},
        "$set_once": {"first": True},
        "$groups": {"team": "a"},
        "own": 1,
    }
    group = {"$group_type": "team", "$group_key": "a", "$group_set": {"size": 9, "name": "A"}}
    expected = {
        ("person", "age"): "Numeric",
        ("person", "since"): "DateTime",
        ("person", "first"): "Boolean",
        ("group0", "size"): "Numeric",
        ("group0", "name"): "String",
        ("event", "own"): "Numeric",
    }
    queued, bulk = new_project(), new_project()
    Ingest(services).batch(
        messages(captured(queued, properties=sent), captured(queued, "$groupidentify", properties=group))
    )
    load(
        services,
        bulk.id,
        persons=[{"distinct_ids": ["u"], "properties": {**sent["$set"], **sent["$set_once"]}}],  # type: ignore[dict-item]
        groups=[{"type": "team", "key": "a", "properties": group["$group_set"]}],
        events=[event(own=1)],
    )
    asked = [(source, name) for source in SOURCES for _, name in expected]
    for project in (queued, bulk):
        assert types(project, *asked, ("event", "$set"), ("event", "$groups"), ("event", "$group_set")) == expected


def test_a_personless_event_teaches_nothing_of_persons(project: Workplace) -> None:
    sent = {"$process_person_profile": False, "$set": {"age": 5}}
    Ingest(project.services).batch(messages(captured(project, properties=sent)))
    assert types(project, ("person", "age"), ("event", "$process_person_profile")) == {
        ("event", "$process_person_profile"): "Boolean"
    }


def test_which_property_came_with_which_event(project: Workplace) -> None:
    load(project.services, project.id, events=[event("a", x=1, y=None), event("b", x="t"), event("c")])
    assert pairs(project) == {("a", "x"), ("a", "y"), ("b", "x")}
    assert days(project, "event_definitions").keys() == {"a", "b", "c"}


def test_the_first_and_the_last_day(project: Workplace) -> None:
    """By property too, where an event came on days without it."""
    sent = [("2024-03-05", {"x": 1}), ("2024-03-02", {}), ("2024-03-08", {"y": 1}), ("2024-03-06", {"x": 2})]
    for day, properties in sent:
        load(project.services, project.id, events=[event("a", day, **properties)], now=NOW)
    assert days(project, "event_definitions") == {"a": ("2024-03-02", "2024-03-08")}
    assert days(project, "property_definitions") == {
        "x": ("2024-03-05", "2024-03-06"),
        "y": ("2024-03-08", "2024-03-08"),
    }


def test_nothing_is_seen_in_the_future(project: Workplace) -> None:
    load(project.services, project.id, events=[event("a", "2030-01-01", x=1)], now=NOW)
    assert days(project, "event_definitions") == {"a": (TODAY, TODAY)}
    assert days(project, "property_definitions") == {"x": (TODAY, TODAY)}


def test_what_is_known_is_not_written_again(project: Workplace) -> None:
    def parts() -> int:
        (row,) = project.rows("SELECT count() FROM event_definitions WHERE {p}")
        return int(row[0])

    for at in ("2024-03-01", "2024-03-01", "2024-03-01"):
        load(project.services, project.id, events=[event("a", at, x=1)])
    assert parts() == 1
    load(project.services, project.id, events=[event("a", "2024-03-02", x=1)])
    assert days(project, "event_definitions") == {"a": ("2024-03-01", "2024-03-02")}


def test_a_batch_that_comes_twice_teaches_nothing_more(project: Workplace) -> None:
    batch = messages(captured(project, "a", properties={"x": 1, "$set": {"y": True}}))
    Ingest(project.services).batch(batch)
    before = [project.rows(f"SELECT * FROM {table} FINAL WHERE {{p}} ORDER BY ALL") for table in TABLES]
    Ingest(project.services).batch([Message(m.id, m.body, receive_count=2) for m in batch])
    assert [project.rows(f"SELECT * FROM {table} FINAL WHERE {{p}} ORDER BY ALL") for table in TABLES] == before
    assert all(before)


# Limits


ODD_NAMES = ["", "x" * (MAX_NAME_LENGTH + 1), "\ud800"]


@pytest.mark.parametrize("name", ODD_NAMES, ids=["empty", "long", "half a character"])
def test_an_odd_name_is_not_learned(name: str) -> None:
    lesson = Lesson(Knowledge(), TODAY)
    lesson.event(name, "2024-03-01", {"x": 1})
    lesson.event("e", "2024-03-01", {name: 1, "y": 1})
    assert lesson.events.keys() == {"e"}
    assert lesson.properties.keys() == {("event", "x"), ("event", "y")}
    assert lesson.pairs == [("e", "y")]


@pytest.mark.parametrize("name", ["a.b", "it's", "`x`", "\\", "x" * 200, "ä€😀", "a\tb", "%2E"])
def test_any_other_name_is(project: Workplace, name: str) -> None:
    load(project.services, project.id, events=[event(name, "2024-03-01", **{name: 5})])
    assert types(project, ("event", name)) == {("event", name): "Numeric"}
    assert days(project, "event_definitions").keys() == {name}
    assert pairs(project) == {(name, name)}


def test_there_is_an_end_to_names() -> None:
    known = Knowledge()
    lesson = Lesson(known, TODAY)
    for number in range(MAX_NAMES + 50):
        lesson.event(f"e{number}", "2024-03-01", {f"p{number}": 1})
        lesson.values("person", "2024-03-01", {f"p{number}": 1})
        lesson.values(f"group{number % 5}", "2024-03-01", {f"p{number}": 1})
    assert len(lesson.events) == MAX_NAMES
    kinds = Counter(source.rstrip("01234") for source, _ in lesson.properties)
    assert kinds == {"event": MAX_NAMES, "person": MAX_NAMES, "group": MAX_NAMES}
    lesson = Lesson(known, TODAY)
    lesson.event("e1", "2024-03-02", {"p1": "x"})
    assert (set(lesson.events), set(lesson.properties)) == ({"e1"}, {("event", "p1")})


def test_there_is_an_end_to_pairs() -> None:
    known = Knowledge()
    names = dict.fromkeys((f"p{number}" for number in range(MAX_PAIRS // 100)), 1)
    for number in range(101):
        Lesson(known, TODAY).event(f"e{number}", "2024-03-01", names)
    assert known.pair_count == MAX_PAIRS == sum(map(len, known.pairs.values()))
    assert known.settled("e100", "2024-03-01") == {}


def test_the_page_tells_the_limits() -> None:
    page = (Path(__file__).parents[2] / "docs" / "definitions.md").read_text("utf-8")
    for limit in (MAX_NAMES, MAX_PAIRS, MAX_NAME_LENGTH):
        assert f"| {limit:,}" in page
    assert {name for name in NO_PROPERTIES if f"`{name}`" not in page} == {"$group_1", "$group_2", "$group_3"}


def test_a_flood_of_names_loses_no_event(project: Workplace) -> None:
    flood = {f"p{number}": number for number in range(MAX_NAMES + 10)}
    outcome = Ingest(project.services).batch(messages(captured(project, properties=flood), captured(project, "b")))
    assert (outcome.stored, outcome.failed) == (2, [])
    assert len(days(project, "property_definitions")) == MAX_NAMES


# Faults


def test_a_learner_with_little_room_learns_the_same(services: Services, new_project: NewProject) -> None:
    """It forgets the projects that it met longest ago, and reads of them again."""
    projects, learner = [new_project(), new_project(), new_project()], Learner(most_known=3)
    for turn in range(3):
        for project in projects:
            one = Event(f"e{turn}", "u", NOW, str(uuid4()), {f"p{turn}": 1})
            learner.learn(services, project.id, NOW, events=[one])
    for project in projects:
        assert days(project, "event_definitions").keys() == {"e0", "e1", "e2"}
        assert pairs(project) == {("e0", "p0"), ("e1", "p1"), ("e2", "p2")}


def test_a_learner_forgets_what_it_was_asked_longest_ago(services: Services, new_project: NewProject) -> None:
    """Only what is forgotten is read, and so learned, again after somebody removed it."""
    first, second, third = [new_project(), new_project(), new_project()]
    learner = Learner(most_known=5)  # of each project an event, a property and a pair

    def learn(*of: Workplace) -> None:
        for project in of:
            learner.learn(services, project.id, NOW, events=[Event("a", "u", NOW, str(uuid4()), {"x": 1})])

    learn(first, second, first, third)
    removed = "DELETE FROM event_definitions WHERE project IN {ids:Array(UInt32)}"
    services.clickhouse.command(removed, {"ids": [first.id, second.id]})
    learn(first, second)
    assert [len(days(project, "event_definitions")) for project in (first, second)] == [0, 1]


def test_what_somebody_removed_is_learned_again_in_an_hour(project: Workplace) -> None:
    clock = [0.0]
    learner = Learner(lambda: clock[0])
    one = [Event("a", "u", NOW, str(uuid4()), {"x": 1})]

    def learn() -> dict[str, tuple[str, str]]:
        learner.learn(project.services, project.id, NOW, events=one)
        return days(project, "event_definitions")

    assert learn()
    project.services.clickhouse.command("DELETE FROM event_definitions WHERE project = {p:UInt32}", {"p": project.id})
    assert not learn()
    clock[0] += 3601
    assert learn() == {"a": (TODAY, TODAY)}


# Any batches, in any order, by any number of consumers


Sent = tuple[str, int, dict[str, Any]]
values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.sampled_from([0.5, "x", "", "2024-03-01", "2024-03-01T00:00:00Z", [1], {"a": 1}]),
)
sent_events = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "$pageview"]),
        st.integers(-12, 3),
        st.dictionaries(st.sampled_from(["x", "y", "z.z", "$set", "$browser"]), values, max_size=4),
    ),
    max_size=12,
)


def model(events: Iterable[Sent]) -> tuple[Any, Any, Any]:
    """What is to be known: (first day, last day) by event, and with the type by property, and the pairs."""
    by_event: dict[str, list[str]] = {}
    by_property: dict[str, tuple[list[str], set[str]]] = {}
    found = set()
    for name, shift, properties in events:
        day = min(NOW + timedelta(days=shift), NOW).date().isoformat()
        by_event.setdefault(name, []).append(day)
        for key, value in properties.items():
            if key != "$set":
                held = by_property.setdefault(key, ([], set()))
                held[0].append(day)
                held[1].update(kind_of(value))
                found.add((name, key))
    return (
        {name: (min(at), max(at)) for name, at in by_event.items()},
        {
            key: (min(at), max(at), None if not kinds else kinds.pop() if len(kinds) == 1 else "String")
            for key, (at, kinds) in by_property.items()
        },
        found,
    )


def kind_of(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, bool):
        return ["Boolean"]
    if isinstance(value, int | float):
        return ["Numeric"]
    return ["DateTime"] if isinstance(value, str) and value.startswith("2024") else ["String"]


@settings(max_examples=25, deadline=None)
@given(
    sent=sent_events, cuts=st.lists(st.integers(0, 12), max_size=3), repeats=st.lists(st.integers(0, 12), max_size=4)
)
def test_what_is_learned_is_the_model_s(
    services: Services, new_project: NewProject, sent: list[Sent], cuts: list[int], repeats: list[int]
) -> None:
    """Three consumers take turns at batches that are cut anywhere, and some events come again."""
    project = new_project()
    consumers = [Learner(), Learner(), Learner()]
    all_sent = sent + [sent[place] for place in repeats if place < len(sent)]
    edges = [0, *sorted(cuts), len(all_sent)]
    for turn, (start, end) in enumerate(pairwise(edges)):
        batch = [
            Event(name, "u", NOW + timedelta(days=shift), str(uuid4()), properties)
            for name, shift, properties in all_sent[start:end]
        ]
        consumers[turn % 3].learn(services, project.id, NOW, events=batch)
    assert known(project) == model(sent)


@given(sent=sent_events)
def test_what_is_read_back_has_nothing_left_to_learn(sent: list[Sent]) -> None:
    knowledge = Knowledge()

    def lesson() -> Lesson:
        made = Lesson(knowledge, TODAY)
        for name, shift, properties in sent:
            made.event(name, (NOW + timedelta(days=shift)).date().isoformat(), properties)
        return made

    lesson()
    again = lesson()
    assert (again.events, again.properties, again.pairs) == ({}, {}, [])


def test_reading_and_writing_are_each_other_s_opposite(either: Services, new_project: NewProject) -> None:
    project = new_project(on=either)
    first = Knowledge()
    lesson = Lesson(first, TODAY)
    lesson.event("a", "2024-03-01", {"x": 1, "y": "2024-03-01"})
    lesson.values("person", "2024-03-02", {"x": True})
    lesson.values("group4", "2024-03-02", {"x": None})
    write(project.services, project.id, lesson)
    again = read(project.services, project.id)
    assert again.events.keys() == first.events.keys()
    assert again.pairs == first.pairs
    assert again.size == first.size
    for source, names in first.properties.items():
        for name, seen in names.items():
            held = again.properties[source][name]
            assert (held.first, held.last, held.types) == (seen.first, seen.last, seen.types)
