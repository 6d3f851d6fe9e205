"""A consumer that fails at any of its writes to ClickHouse: the next try ends where one that never failed does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from insights_engine import keys
from insights_engine.ingest import Ingest, Message
from insights_engine.queue import pack

from tests.engine.conftest import NewProject, Workplace
from tests.engine.meanwhile import before_insert
from tests.engine.test_ingest_pipeline import captured

TABLES = ("groups", "persons", "person_distinct_ids", "person_merges", "events")


def visits(project: Workplace) -> list[dict[str, Any]]:
    """Two people before anything fails."""
    return [captured(project, "seen", name, properties={"$set": {"plan": name}}) for name in ("anon", "user")]


def identified(project: Workplace) -> list[dict[str, Any]]:
    """Who turn out to be one, somebody new, and a group."""
    company = {"$group_type": "company", "$group_key": "acme", "$group_set": {"seats": 3}}
    return [
        captured(project, "$identify", "user", properties={"$anon_distinct_id": "anon", "$set": {"seats": 1}}),
        captured(project, "seen", "new", properties={"$set": {"plan": "new"}, "$groups": {"company": "acme"}}),
        captured(project, "$groupidentify", "new", properties=company),
        captured(project, "seen", "anon"),
    ]


def message(events: list[dict[str, Any]], receive_count: int = 1) -> list[Message]:
    (body,) = pack(events)
    return [Message("m", body, receive_count)]


def state(project: Workplace) -> dict[str, Any]:
    """All that queries read."""
    merges = dict(project.rows("SELECT person, survivor FROM person_merges FINAL WHERE {p} AND is_deleted = 0"))
    events = project.rows("SELECT person, event, distinct_id, group0 FROM events WHERE {p}")
    return {
        "events": sorted((merges.get(person, person), *rest) for person, *rest in events),
        "merges": merges,
        "is said to have merges": bool(project.item().get("has_pending_merges")),
        "persons": project.rows(
            "SELECT person, toString(properties), is_identified, is_deleted FROM persons FINAL WHERE {p} ORDER BY 1"
        ),
        "ids": project.rows("SELECT distinct_id, person FROM person_distinct_ids FINAL WHERE {p} ORDER BY 1"),
        "groups": project.rows("SELECT type, key, toString(properties) FROM groups FINAL WHERE {p}"),
    }


def fail() -> None:
    raise OSError("ClickHouse went away")


@pytest.fixture(scope="module")
def wanted(new_project: NewProject) -> dict[str, Any]:
    project = new_project()
    for events in (visits(project), identified(project)):
        assert Ingest(project.services).batch(message(events)).failed == []
    found = state(project)
    assert (found["merges"], found["is said to have merges"], len(found["events"])) == ({1: 2}, True, 6)
    return found


@pytest.mark.parametrize("table", TABLES)
def test_the_next_try_makes_good_what_one_that_failed_began(
    project: Workplace, wanted: dict[str, Any], table: str
) -> None:
    Ingest(project.services).batch(message(visits(project)))
    events = identified(project)
    assert Ingest(before_insert(project.services, table, fail)).batch(message(events)).failed == ["m"]
    assert state(project) != wanted
    assert Ingest(project.services).batch(message(events, 2)).failed == []
    assert state(project) == wanted


@pytest.mark.parametrize("table", ["persons", "person_distinct_ids"])
def test_so_does_one_that_does_not_look_like_a_second(project: Workplace, wanted: dict[str, Any], table: str) -> None:
    """Of a message that was set aside and sent anew, the queue counts from one; its events are old by then."""
    Ingest(project.services).batch(message(visits(project)))
    at = (project.services.now() - timedelta(minutes=2)).isoformat()
    events = [{**event, "captured_at": at} for event in identified(project)]
    assert Ingest(before_insert(project.services, table, fail)).batch(message(events)).failed == ["m"]
    assert Ingest(project.services).batch(message(events)).failed == []
    assert state(project) == wanted


def test_an_id_that_was_merged_leads_straight_to_who_is_left(project: Workplace) -> None:
    """So that a chain of merges is not followed for ever."""
    ingest = Ingest(project.services)
    for events in (visits(project), identified(project), [captured(project, "seen", "anon")]):
        ingest.batch(message(events))
    held = [project.services.policies.get(*keys.distinct_id(project.id, name)) for name in ("anon", "user")]
    assert [item["person"] for item in held if item] == [2, 2]
