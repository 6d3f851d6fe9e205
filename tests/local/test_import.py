"""`insights import`: what it reads, that it goes on where it stopped, and that nothing is stored twice."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from insights_acl import accounts
from insights_engine.services import Services
from insights_engine.settings import Settings
from insights_engine.sql import Sql
from insights_local import import_files
from insights_local.importer import ImportReport, import_file
from insights_local.stack import Stack


class Target:
    """A project of the test's own."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        services = stack.services
        organization = accounts.find_organization(services.policies, stack.organization_id)
        assert organization is not None
        self.id = accounts.create_project(services.policies, organization, "Import", now=services.now()).project.id

    def load(self, path: Path, services: Services | None = None, **options: Any) -> ImportReport:
        return import_file(services or self.stack.services, self.id, path, **options)

    def rows(self, select: str) -> list[tuple[Any, ...]]:
        sql = Sql(select.replace("{p}", "project = {p:UInt32}"), p=self.id)
        return [tuple(row) for row in self.stack.services.clickhouse.admin_read(sql).rows]

    def count(self) -> int:
        return int(self.rows("SELECT count() FROM events WHERE {p}")[0][0])


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack() as stack:
        yield stack


@pytest.fixture
def target(stack: Stack) -> Target:
    return Target(stack)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_files, "_ROWS", 10)


Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Rows as lines of JSON; a text is written as it is."""

    def make(rows: list[Any], name: str = "rows.jsonl") -> Path:
        path = tmp_path / name
        lines = "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)
        path.write_bytes(gzip.compress(lines.encode()) if name.endswith(".gz") else lines.encode())
        return path

    return make


def event(number: int = 0, **fields: Any) -> dict[str, Any]:
    at = f"2024-01-{1 + number % 20:02}T10:00:00Z"
    return {"event": "e", "distinct_id": f"u{number % 7}", "timestamp": at, "properties": {"n": number}, **fields}


def test_events_of_this_format(target: Target, write: Write) -> None:
    rows = [event(1, groups={"company": "acme"}), event(2, uuid="0190a1b2-0000-7000-8000-000000000000")]
    report = target.load(write(rows))
    assert (report.kind, report.rows, report.loaded, report.bad) == ("events", 2, 2, 0)
    assert target.rows("SELECT toInt64(properties.n), group0 FROM events WHERE {p} ORDER BY day") == [
        (1, "acme"),
        (2, ""),
    ]


def test_rows_of_an_export(target: Target, write: Write) -> None:
    """Objects are JSON text there, persons are named by their uuid, and two ids may be of one."""
    person = "0190a1b2-0000-7000-8000-000000000001"
    common = {"person_id": person, "person_properties": '{"plan": "pro"}', "team_id": 1, "created_at": "2024-02-01"}
    rows = [
        {**event(1), **common, "distinct_id": "anon", "properties": '{"a": 1}', "ip": "192.0.2.1", "set": '{"x": 1}'},
        {**event(2), **common, "distinct_id": "user", "properties": None, "elements_chain": 'a:href="/"'},
    ]
    assert target.load(write(rows)).loaded == 2
    assert len(set(target.rows("SELECT person FROM events WHERE {p}"))) == 1
    assert target.rows("SELECT properties.plan::String, toInt64(properties.x) FROM persons FINAL WHERE {p}") == [
        ("pro", 1)
    ]
    select = "SELECT toInt64OrZero(toString(properties.a)), properties.`$ip`::String, elements_chain FROM events"
    assert target.rows(f"{select} WHERE {{p}} ORDER BY day") == [(1, "192.0.2.1", ""), (0, "", 'a:href="/"')]


def test_special_events_change_persons_as_they_did(target: Target, write: Write, small_chunks: None) -> None:
    rows = [
        *(event(number, distinct_id="anon") for number in range(15)),
        event(16, event="$identify", distinct_id="user", properties={"$anon_distinct_id": "anon", "$set": {"a": 1}}),
        event(17, event="$groupidentify", properties={"$group_type": "org", "$group_key": "o", "$group_set": {"n": 1}}),
        event(18, distinct_id="user"),
    ]
    target.load(write(rows))
    assert len(set(target.rows("SELECT person FROM events WHERE {p} AND distinct_id IN ('anon', 'user')"))) == 1
    assert target.rows("SELECT person FROM person_merges WHERE {p}") == []
    assert target.rows("SELECT key FROM groups FINAL WHERE {p}") == [("o",)]


def test_persons_and_groups(target: Target, write: Write) -> None:
    persons = [
        {"distinct_ids": ["a", "b"], "properties": {"x": 1}, "created_at": "2020-01-01T00:00:00Z", "id": "ignored"},
        {"distinct_ids": '["c"]', "properties": '{"x": 2}', "is_identified": True},
        {"distinct_ids": [], "properties": {}},
    ]
    report = target.load(write(persons, "persons.jsonl"))
    assert (report.kind, report.loaded, report.bad) == ("persons", 2, 1)
    groups = [{"type": "company", "key": "acme", "properties": {"n": 1}}, {"group_type": "team", "group_key": 7}]
    assert target.load(write(groups, "groups.jsonl")).loaded == 2
    select = "SELECT toInt64(properties.x), is_identified, toYear(created_at) = 2020 FROM persons FINAL WHERE {p}"
    assert sorted(target.rows(select)) == [(1, 0, 1), (2, 1, 0)]
    assert target.rows("SELECT type, key FROM groups FINAL WHERE {p} ORDER BY type") == [(0, "acme"), (1, "7")]


@pytest.mark.parametrize("name", ["rows.jsonl.gz", "rows.parquet"])
def test_other_files(target: Target, write: Write, tmp_path: Path, name: str, small_chunks: None) -> None:
    if name.endswith(".gz"):
        path = write([event(number) for number in range(25)], name)
    else:
        path = tmp_path / name
        columns = {
            "event": ["e"] * 25,
            "distinct_id": [f"u{number % 7}" for number in range(25)],
            "timestamp": [datetime(2024, 1, 1 + number, tzinfo=UTC) for number in range(25)],
            "properties": [json.dumps({"n": number}) for number in range(25)],
        }
        pq.write_table(pa.table(columns), path, row_group_size=7)
    report = target.load(path)
    assert (report.rows, report.loaded, report.bad) == (25, 25, 0)
    assert target.rows("SELECT sum(toInt64(properties.n)), uniqExact(person) FROM events WHERE {p}") == [(300, 7)]


def test_bad_rows_are_named_and_stop_nothing(target: Target, write: Write) -> None:
    rows = [
        event(1),
        "{",
        "",
        "[1]",
        event(2, timestamp="soon"),
        event(3, event=""),
        event(4, properties="{"),
        event(5, uuid="x"),
        '{"event": "e", "distinct_id": "u", "timestamp": "2024-01-01", "properties": {"a": NaN}}',
        event(6),
    ]
    report = target.load(write(rows))
    assert (report.rows, report.loaded, report.bad) == (10, 3, 6)
    assert [problem.row for problem in report.problems] == [2, 4, 5, 6, 7, 8]
    assert report.problems[2].why == "timestamp 'soon' is not a time"


def test_a_file_of_bad_rows_is_reported_by_its_first_hundred(target: Target, write: Write) -> None:
    report = target.load(write(["?"] * 250), kind="events")
    assert (report.bad, len(report.problems)) == (250, 100)


def test_columns_that_are_nobody_s(target: Target, write: Write) -> None:
    with pytest.raises(ValueError, match="by their columns: colour, size"):
        target.load(write([{"colour": "red", "size": 3}]))


def test_a_file_is_loaded_once(target: Target, write: Write, small_chunks: None) -> None:
    path = write([event(number) for number in range(35)])
    assert target.load(path).loaded == 35
    again = target.load(path)
    assert (again.resumed_at, again.loaded, target.count()) == (35, 0, 35)
    restarted = target.load(path, resume=False)
    assert (restarted.repeated, restarted.loaded, target.count()) == (35, 0, 35)


def test_an_import_that_was_killed_goes_on(target: Target, write: Write, small_chunks: None) -> None:
    """It dies when half of a chunk is stored and nobody has noted it: the file's first twenty rows are noted."""
    rows = [event(number) for number in range(50)]
    path = write(rows)

    class Killed(BaseException):
        pass

    def advance(done: int, total: int) -> None:
        if done >= 20:
            raise Killed

    with pytest.raises(Killed):
        target.load(path, on_progress=advance)
    before = target.count()
    assert 20 < before < 50
    report = target.load(path)
    assert report.resumed_at == 20
    assert report.repeated == before - 20
    assert target.count() == 50


def test_a_failing_clickhouse_loses_nothing(target: Target, write: Write, small_chunks: None) -> None:
    path = write([event(number) for number in range(30)])
    settings = target.stack.services.settings
    broken = Services(
        Settings.read(
            {
                "CLICKHOUSE_DSN": settings.clickhouse_dsn.replace("database=", "database=missing_"),
                "POLICIES_TABLE": settings.policies_table,
            }
        )
    )
    with pytest.raises(Exception, match="missing_"):
        target.load(path, broken)
    assert target.load(path).loaded == 30
    assert target.rows("SELECT count() FROM persons FINAL WHERE {p}") == [(7,)]


def test_a_changed_file_adds_what_is_new(target: Target, write: Write) -> None:
    uuids = [f"0190a1b2-0000-7000-8000-{number:012}" for number in range(12)]
    target.load(write([event(number, uuid=uuids[number]) for number in range(8)]))
    report = target.load(write([event(number, uuid=uuids[number]) for number in range(12)]))
    assert (report.repeated, report.loaded, target.count()) == (8, 4, 12)


def test_progress_counts_rows(target: Target, write: Write, small_chunks: None) -> None:
    told: list[tuple[int, int]] = []
    target.load(
        write([event(number) for number in range(40)]), on_progress=lambda done, total: told.append((done, total))
    )
    assert told[-1] == (40, 40)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert all(35 <= total <= 45 for _, total in told)
