"""The bulk load: rows in the format of the import, queryable when it returns."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from insights_engine.ingest import RowError, load

NOW = datetime(2024, 6, 1, tzinfo=UTC)


def put(project: Any, **rows: Any) -> Any:
    return load(project.services, project.id, now=NOW, **rows)


def event(distinct_id: str = "a", at: str = "2024-01-01T10:00:00Z", **fields: Any) -> dict[str, Any]:
    return {"event": "e", "distinct_id": distinct_id, "timestamp": at, **fields}


def test_ids_of_one_row_are_one_person(project: Any) -> None:
    put(
        project,
        persons=[{"distinct_ids": ["a", "a-phone"], "properties": {"plan": "pro"}}, {"distinct_ids": ["b"]}],
        events=[event("a"), event("a-phone"), event("b"), event("nobody")],
    )
    numbers = dict(project.rows("SELECT distinct_id, person FROM events WHERE {p}"))
    assert numbers["a"] == numbers["a-phone"]
    assert len(set(numbers.values())) == 3
    assert dict(project.rows("SELECT distinct_id, person FROM person_distinct_ids FINAL WHERE {p}")) == numbers
    properties = dict(project.rows("SELECT person, toString(properties) FROM persons FINAL WHERE {p}"))
    assert properties == {numbers["a"]: '{"plan":"pro"}', numbers["b"]: "{}", numbers["nobody"]: "{}"}
    assert "has_pending_merges" not in project.item()


@pytest.mark.parametrize(
    ("told", "events", "made"),
    [
        ("2020-02-01T00:00:00Z", ["2024-01-01T00:00:00Z"], datetime(2020, 2, 1)),
        (None, ["2024-01-02T00:00:00Z", "2024-01-01T00:00:00Z"], datetime(2024, 1, 1)),
        (None, [], datetime(2024, 6, 1)),
    ],
)
def test_when_a_person_was_made(project: Any, told: str | None, events: list[str], made: datetime) -> None:
    person = {"distinct_ids": ["other", "a"], **({"created_at": told} if told else {})}
    put(project, persons=[person], events=[event(at=at) for at in events])
    assert project.rows("SELECT created_at FROM persons FINAL WHERE {p}") == [(made,)]


def test_a_person_without_a_row_was_made_at_its_first_event(project: Any) -> None:
    put(project, events=[event(at="2024-01-02T00:00:00Z"), event(at="2024-01-01T00:00:00Z")])
    assert project.rows("SELECT created_at FROM persons FINAL WHERE {p}") == [(datetime(2024, 1, 1),)]


def test_group_types_are_numbered_over_groups_and_then_events(project: Any) -> None:
    put(
        project,
        groups=[{"type": "company", "key": "acme", "properties": {"size": 3}}],
        events=[event(groups={"team": "t1"}), event(groups={"company": "acme", "team": "t2"}, properties={"x": 1})],
    )
    assert project.item()["group_types"] == ["company", "team"]
    assert sorted(project.rows("SELECT group0, group1 FROM events WHERE {p}")) == [("", "t1"), ("acme", "t2")]
    assert project.rows("SELECT type, key, toInt64(properties.size), created_at FROM groups FINAL WHERE {p}") == [
        (0, "acme", 3, datetime(2024, 1, 1, 10))
    ]


@pytest.mark.parametrize(
    ("at", "ts"),
    [
        ("2024-01-01T23:30:00", datetime(2024, 1, 1, 23, 30)),
        ("2024-01-02T00:30:00+01:00", datetime(2024, 1, 1, 23, 30)),
        ("2024-01-01 23:30:00.5", datetime(2024, 1, 1, 23, 30, 0, 500000)),
    ],
)
def test_times_and_days(new_project: Any, at: str, ts: datetime) -> None:
    project = new_project(days_timezone="Asia/Tokyo")
    put(project, events=[event(at=at)])
    assert project.rows("SELECT ts, day FROM events WHERE {p}") == [(ts, date(2024, 1, 2))]


def test_a_second_load_adds_to_the_first(project: Any) -> None:
    put(project, persons=[{"distinct_ids": ["a"], "properties": {"x": 1}}], events=[event()])
    report = put(project, persons=[{"distinct_ids": ["a", "b"], "properties": {"y": 2}}], events=[event(), event("b")])
    assert (report.persons, report.events, report.refused) == (1, 2, [])
    assert {n for (n,) in project.rows("SELECT person FROM events WHERE {p}")} == {1}
    assert project.rows("SELECT toString(properties) FROM persons FINAL WHERE {p}") == [('{"x":1,"y":2}',)]


def test_what_persons_rows_say_is_final(project: Any) -> None:
    """Events of a load change no person: its rows are the state after all of them."""
    put(
        project,
        persons=[{"distinct_ids": ["a"], "properties": {"x": 1}}],
        events=[event(properties={"$set": {"x": 2}})],
    )
    assert project.rows("SELECT toString(properties) FROM persons FINAL WHERE {p}") == [('{"x":1}',)]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"events": [event(), {"distinct_id": "a"}]}, r"events\[1\]: event must be a text"),
        ({"events": [event(at="soon")]}, r"events\[0\]: timestamp 'soon' is not a time"),
        ({"events": [event(at="1960-01-01")]}, "not between 1970 and 2148"),
        ({"events": [event(distinct_id="")]}, "distinct_id must be a text"),
        ({"events": [event(uuid="x")]}, "uuid 'x' is not a UUID"),
        ({"events": [event(properties=[1])]}, "properties must be an object"),
        ({"persons": [{"distinct_ids": []}]}, "distinct_ids must be a list"),
        ({"groups": [{"type": "company"}]}, "key must be a text"),
    ],
)
def test_a_row_that_is_not_in_the_format_is_named(project: Any, rows: dict[str, Any], message: str) -> None:
    with pytest.raises(RowError, match=message):
        put(project, **rows)


def test_a_project_that_does_not_exist(services: Any) -> None:
    with pytest.raises(LookupError, match="Project 987654"):
        load(services, 987654, events=[event()])
