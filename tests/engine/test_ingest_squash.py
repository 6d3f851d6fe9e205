"""The squash: the same answers before and after, wherever it is killed, and while persons go on being merged."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from insights_engine.ingest import Ingest, Message
from insights_engine.ingest.squash import squash
from insights_engine.queue import pack
from insights_engine.services import Services

from tests.engine.meanwhile import before_insert, before_put

AT_ONCE = timedelta(0)
MONTHS = ["2024-01-31T12:00:00+00:00", "2024-02-01T12:00:00+00:00", "2024-03-05T12:00:00+00:00"]


def send(project: Any, *events: tuple[str, str, str | None], by: Services | None = None) -> None:
    """(event, distinct id, alias), at times in three months in turn. `by`: what the consumer's stores are."""
    now = project.services.now().isoformat()
    captured = [
        {
            "token": project.token,
            "event": name,
            "distinct_id": distinct_id,
            "timestamp": MONTHS[number % len(MONTHS)],
            "uuid": str(uuid4()),
            "properties": {"n": number, "$session_id": f"s{number}", **({"alias": alias} if alias else {})},
            "ip": "",
            "captured_at": now,
        }
        for number, (name, distinct_id, alias) in enumerate(events)
    ]
    outcome = Ingest(by or project.services).batch([Message("m", body) for body in pack(captured)])
    assert outcome.stored == len(events)


def merged(project: Any, source: str, target: str) -> None:
    send(project, ("$merge_dangerously", source, target))


def answer(project: Any) -> Counter[Any]:
    """Every event with all that is stored of it, and its person as a query sees it: pending merges are applied."""
    merges = dict(project.rows("SELECT person, survivor FROM person_merges FINAL WHERE {p} AND is_deleted = 0"))
    rows = project.rows(
        "SELECT person, event, day, ts, uuid, distinct_id, toString(properties), session, group0 FROM events WHERE {p}"
    )
    if merges:
        assert project.item()["has_pending_merges"]
    return Counter((merges.get(person, person), *rest) for person, *rest in rows)


def test_rows_get_the_survivor_s_number(project: Any) -> None:
    send(project, *(("seen", name, None) for name in "aabbcc"))
    merged(project, "a", "b")
    before = answer(project)
    report = squash(project.services, project.id, min_age=AT_ONCE)
    assert (report.merges, report.waiting) == (1, 0)
    assert answer(project) == before
    assert project.rows("SELECT DISTINCT person FROM events WHERE {p} AND distinct_id = 'a'") == [(2,)]
    assert project.rows("SELECT person FROM person_merges FINAL WHERE {p} AND is_deleted = 0") == []
    assert project.item()["has_pending_merges"] is False


def test_young_merges_wait(project: Any) -> None:
    send(project, ("seen", "a", None), ("seen", "b", None))
    merged(project, "a", "b")
    report = squash(project.services, project.id)
    assert (report.merges, report.waiting) == (0, 1)
    assert project.item()["has_pending_merges"] is True
    later = project.services.now() + timedelta(minutes=16)
    assert squash(project.services, project.id, now=later).merges == 1


def test_a_squash_that_was_killed_between_its_steps_is_finished(project: Any) -> None:
    """The copies of one month were made, and nothing was deleted."""
    send(project, *(("seen", name, None) for name in "aaabbb"))
    merged(project, "a", "b")
    before = answer(project)
    project.services.clickhouse.command(
        "INSERT INTO events (project, event, day, person, ts, uuid, distinct_id, properties) "
        "SELECT project, event, day, 2, ts, uuid, distinct_id, properties FROM events "
        "WHERE project = {p:UInt32} AND person = 1 AND toYYYYMM(day) = 202401",
        {"p": project.id},
    )
    squash(project.services, project.id, min_age=AT_ONCE)
    assert answer(project) == before


def test_nothing_is_copied_where_nothing_may_be_deleted(project: Any) -> None:
    """As for a user without the right to delete: the squash fails, and the rows are as they were."""
    send(project, *(("seen", name, None) for name in "aaabbb"))
    merged(project, "a", "b")
    before = answer(project)
    command = project.services.clickhouse.command
    command("SET enable_lightweight_delete = 0")
    try:
        with pytest.raises(Exception, match="delete"):
            squash(project.services, project.id, min_age=AT_ONCE)
    finally:
        command("SET enable_lightweight_delete = 1")
    assert answer(project) == before
    assert squash(project.services, project.id, min_age=AT_ONCE).merges == 1
    assert answer(project) == before


def test_a_second_squash_does_nothing(project: Any) -> None:
    send(project, ("seen", "a", None), ("seen", "b", None))
    merged(project, "a", "b")
    squash(project.services, project.id, min_age=AT_ONCE)
    before = answer(project)
    assert squash(project.services, project.id, min_age=AT_ONCE).merges == 0
    assert answer(project) == before


def test_a_merge_that_comes_while_the_project_is_said_to_have_none(project: Any) -> None:
    """Its consumer found it said already that there are some, and so did not say it again."""
    send(project, *(("seen", name, None) for name in "abcd"))
    merged(project, "a", "b")
    services = before_put(
        project.services, lambda item: item.get("has_pending_merges") is False, lambda: merged(project, "c", "d")
    )
    squash(services, project.id, min_age=AT_ONCE)
    assert len({person for person, *_ in answer(project)}) == 2
    assert project.item()["has_pending_merges"]


def test_a_squash_that_comes_while_a_merge_is_written(project: Any) -> None:
    """It finds nothing to do, and says that there is nothing."""
    send(project, ("seen", "a", None), ("seen", "b", None))
    services = before_insert(
        project.services, "person_merges", lambda: squash(project.services, project.id, min_age=AT_ONCE)
    )
    send(project, ("$merge_dangerously", "a", "b"), by=services)
    assert len({person for person, *_ in answer(project)}) == 1
    assert project.item()["has_pending_merges"]


def test_who_was_absorbed_follows_a_person_under_a_new_name(project: Any) -> None:
    """Where the person that is left is new, it takes the number of the one with history, and what that absorbed."""
    send(project, *(("seen", name, None) for name in "abd"))
    merged(project, "a", "b")
    send(project, ("seen", "c", None), ("$merge_dangerously", "b", "c"))
    merged(project, "c", "d")
    before = answer(project)
    assert len({person for person, *_ in before}) == 1
    squash(project.services, project.id, min_age=AT_ONCE)
    assert answer(project) == before


def test_members_of_a_cohort_stay_members(project: Any) -> None:
    send(project, ("seen", "a", None), ("seen", "b", None))
    project.services.clickhouse.command(
        "INSERT INTO cohort_people (project, cohort, person, is_deleted, version) VALUES ({p:UInt32}, 5, 1, 0, 3)",
        {"p": project.id},
    )
    members = "SELECT person FROM cohort_people FINAL WHERE {p} AND is_deleted = 0 ORDER BY person"
    merged(project, "a", "b")
    assert (2,) in project.rows(members)
    squash(project.services, project.id, min_age=AT_ONCE)
    assert project.rows(members) == [(2,)]


def test_who_was_taken_out_of_a_cohort_brings_nobody_into_it(project: Any) -> None:
    send(project, ("seen", "a", None), ("seen", "b", None))
    project.services.clickhouse.command(
        "INSERT INTO cohort_people (project, cohort, person, is_deleted, version) "
        "VALUES ({p:UInt32}, 5, 1, 0, 3), ({p:UInt32}, 5, 1, 1, 4)",
        {"p": project.id},
    )
    merged(project, "a", "b")
    assert project.rows("SELECT person FROM cohort_people FINAL WHERE {p} AND is_deleted = 0") == []


def contents(project: Any, table: str) -> list[str]:
    return sorted(map(repr, project.rows(f"SELECT * FROM {table} FINAL WHERE {{p}}")))


def test_another_project_is_left_as_it_was(project: Any, new_project: Any) -> None:
    """Its people have the same numbers."""
    other = new_project()
    for one in (other, project):
        send(one, *(("seen", name, None) for name in "aabbcc"))
        one.services.clickhouse.command(
            "INSERT INTO cohort_people (project, cohort, person, is_deleted, version) VALUES ({p:UInt32}, 5, 1, 0, 3)",
            {"p": one.id},
        )
    merged(other, "c", "b")
    tables = ("events", "persons", "person_distinct_ids", "person_merges", "cohort_people")
    before = {table: contents(other, table) for table in tables}
    merged(project, "a", "b")
    squash(project.services, project.id, min_age=AT_ONCE)
    assert {table: contents(other, table) for table in tables} == before


NAMES = st.sampled_from("abcdef")
STEPS = st.one_of(
    st.tuples(st.just("seen"), NAMES), st.tuples(st.just("merge"), NAMES, NAMES), st.tuples(st.just("squash"))
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(STEPS, min_size=3, max_size=12))
def test_answers_are_the_same_before_and_after(new_project: Any, steps: list[tuple[str, ...]]) -> None:
    """Merges, events and squashes in any order: persons are those of a union-find, and nothing is there twice."""
    project = new_project()
    groups = {name: {name} for name in "abcdef"}
    sent = 0
    for kind, *names in steps:
        if kind == "squash":
            before = answer(project)
            squash(project.services, project.id, min_age=AT_ONCE)
            assert answer(project) == before
        elif kind == "seen":
            send(project, ("seen", names[0], None))
            sent += 1
        else:
            merged(project, names[0], names[1])
            sent += 1
            union = groups[names[0]] | groups[names[1]]
            groups |= dict.fromkeys(union, union)
    squash(project.services, project.id, min_age=AT_ONCE)
    rows = project.rows("SELECT distinct_id, person FROM events WHERE {p}")
    assert len(rows) == sent
    for (one, number), (other, other_number) in itertools.combinations(rows, 2):
        assert (number == other_number) == (other in groups[one])


@pytest.mark.parametrize("names", [("a", "b", "c"), ("c", "b", "a")])
def test_a_chain_with_a_squash_in_the_middle(project: Any, names: tuple[str, str, str]) -> None:
    send(project, *(("seen", name, None) for name in names))
    merged(project, names[0], names[1])
    squash(project.services, project.id, min_age=AT_ONCE)
    merged(project, names[1], names[2])
    before = answer(project)
    assert len({person for person, *_ in before}) == 1
    assert project.rows("SELECT count() FROM person_merges FINAL WHERE {p} AND is_deleted = 0") == [(1,)]
    squash(project.services, project.id, min_age=AT_ONCE)
    assert answer(project) == before
