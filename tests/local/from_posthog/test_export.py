"""`insights import --from-posthog-export`: each form of PostHog's exports gives the same events and persons."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from insights_acl import accounts
from insights_engine.sql import Sql
from insights_local import import_files
from insights_local.importer import ImportReport, import_file
from insights_local.posthog.export import from_export
from insights_local.stack import Stack

from tests.local.conftest import Run
from tests.local.from_posthog.exports import (
    ANN,
    BOB,
    EVENTS,
    FORMS,
    UUIDS,
    json_lines,
    lines,
    list_of_objects,
    packed_by_brotli,
    packed_by_gzip,
    packed_by_zstandard,
    parquet_of_text,
    table_cells,
)


class Target:
    """A project of the test's own."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        services = stack.services
        organization = accounts.find_organization(services.policies, stack.organization_id)
        assert organization is not None
        self.id = accounts.create_project(services.policies, organization, "Import", now=services.now()).project.id

    def load(self, path: Path, **options: Any) -> ImportReport:
        return import_file(self.stack.services, self.id, path, reading=from_export, **options)

    def rows(self, select: str) -> list[tuple[Any, ...]]:
        sql = Sql(select.replace("{p}", "project = {p:UInt32}"), p=self.id)
        return [tuple(row) for row in self.stack.services.clickhouse.admin_read(sql).rows]

    def persons(self) -> list[set[str]]:
        """The distinct ids of each person, as the events have them."""
        select = "SELECT groupUniqArray(distinct_id) FROM events WHERE {p} GROUP BY person"
        return sorted((set(ids) for (ids,) in self.rows(select)), key=sorted)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack() as stack:
        yield stack


@pytest.fixture
def target(stack: Stack) -> Target:
    return Target(stack)


@pytest.mark.parametrize("write", FORMS, ids=lambda write: write.__name__)
def test_each_form_gives_the_same(target: Target, tmp_path: Path, write: Callable[[Path], Path]) -> None:
    report = target.load(write(tmp_path / "export.jsonl"))
    assert (report.kind, report.loaded, report.bad) == ("events", 4, 0), report.problems
    assert target.persons() == [{"ann", "anonymous-1"}, {"bob"}]
    select = "SELECT toString(uuid), event, toFloat64OrZero(toString(properties.price)), elements_chain FROM events"
    found = target.rows(f"{select} WHERE {{p}} ORDER BY day")
    assert found == [
        (UUIDS[0], "$autocapture", 1.5, 'a:href="/"'),
        (UUIDS[1], "paid", 2.0, ""),
        (UUIDS[2], "paid", 3.0, ""),
        (UUIDS[3], "left", 0.0, ""),
    ]
    (properties,) = target.rows("SELECT toJSONString(properties) FROM events WHERE {p} AND distinct_id = 'ann'")[0]
    kept = json.loads(properties)
    assert (kept["is_first"], json.loads(kept["inner"]), "tags" in kept) == (True, {"deep": 7}, False)
    plans = target.rows("SELECT properties.plan::String, toInt64(properties.seats) FROM persons FINAL WHERE {p}")
    assert sorted(plans) == [("free", 3), ("pro", 3)]


def test_a_person_is_one_over_files_runs_and_stops(
    target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The anonymous id is in one file, the id of the sign-up in another one, of the day after."""
    monkeypatch.setattr(import_files, "_ROWS", 1)
    for number, row in enumerate(EVENTS):
        path = tmp_path / f"{number}.jsonl"
        path.write_bytes(lines([row]))
        assert target.load(path).loaded == 1
    ids = "SELECT person FROM person_distinct_ids FINAL WHERE {p} AND distinct_id IN ('ann', 'anonymous-1')"
    assert len(set(target.rows(ids))) == 1


def test_the_persons_export_makes_one_person_of_a_person_id(target: Target, tmp_path: Path) -> None:
    common = {"team_id": 2, "person_version": 1, "created_at": "2020-05-01T00:00:00Z"}
    persons = [
        {**common, "distinct_id": "anonymous-1", "person_id": ANN, "properties": '{"plan": "pro"}'},
        {**common, "distinct_id": "bob", "person_id": BOB, "properties": '{"plan": "free"}'},
        {**common, "distinct_id": "ann", "person_id": ANN, "properties": '{"plan": "pro"}'},
    ]
    path = tmp_path / "persons.jsonl"
    path.write_bytes(lines(persons))
    assert (target.load(path).kind, target.load(path, resume=False).loaded) == ("persons", 3)
    plain = [{k: v for k, v in row.items() if not k.startswith("person_")} for row in EVENTS]
    path.write_bytes(lines(plain))
    target.load(path)
    assert target.persons() == [{"ann", "anonymous-1"}, {"bob"}]
    assert target.rows("SELECT DISTINCT toYear(created_at) FROM persons FINAL WHERE {p}") == [(2020,)]


def test_the_table_of_persons(target: Target, tmp_path: Path) -> None:
    path = tmp_path / "persons.csv"
    path.write_text(
        "id,name,distinct_ids.0,distinct_ids.1,properties.plan,properties.age,created_at\n"
        f"{ANN},Ann,anonymous-1,ann,pro,41,2020-05-01T00:00:00Z\n"
        f"{BOB},Bob,bob,,free,,2020-05-01T00:00:00Z\n"
    )
    assert (report := target.load(path)).loaded == 2, report.problems
    rows = target.rows(
        "SELECT properties.plan::String, toInt64OrZero(toString(properties.age)) FROM persons FINAL WHERE {p}"
    )
    assert sorted(rows) == [("free", 0), ("pro", 41)]


@pytest.mark.parametrize("write", [packed_by_zstandard, table_cells, list_of_objects], ids=lambda write: write.__name__)
def test_what_was_stopped_goes_on(
    target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path], Path]
) -> None:
    monkeypatch.setattr(import_files, "_ROWS", 1)
    path = write(tmp_path / "export.jsonl")

    class Stopped(BaseException):
        pass

    def advance(done: int, total: int) -> None:
        if done >= 2:
            raise Stopped

    with pytest.raises(Stopped):
        target.load(path, on_progress=advance)
    report = target.load(path)
    assert (report.resumed_at, report.rows) == (2, 4)
    assert target.rows("SELECT count(), uniqExact(uuid) FROM events WHERE {p}") == [(4, 4)]
    assert target.persons() == [{"ann", "anonymous-1"}, {"bob"}]


def test_bad_rows_are_named(target: Target, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text(
        "event,distinct_id,timestamp,properties\npaid,ann,soon,{}\npaid,ann,2024-01-01,{},more\npaid,ann,2024-01-01,{\n"
    )
    report = target.load(path)
    assert (report.loaded, report.bad) == (0, 3)
    assert sorted((problem.row, problem.why.split(":")[0]) for problem in report.problems) == [
        (1, "timestamp 'soon' is not a time"),
        (2, "more cells than the header has columns"),
        (3, "properties is no JSON"),
    ]


def test_the_command(run: Run, policies: str, chdb_path: Path, tmp_path: Path) -> None:
    dsn = f"chdb://{chdb_path}?database=export_{tmp_path.name}"
    assert run("migrate", CLICKHOUSE_DSN=dsn).exit_code == 0
    assert run("users", "add", "ann@example.com", "--organization", "Example", POLICIES_TABLE=policies).exit_code == 0
    assert run("projects", "add", "Shop", POLICIES_TABLE=policies).exit_code == 0
    path = json_lines(tmp_path / "export.jsonl")
    found = run(
        *("import", "--from-posthog-export", str(path), "--project", "1"),
        CLICKHOUSE_DSN=dsn,
        POLICIES_TABLE=policies,
    )
    assert (found.exit_code, found.stdout) == (0, f"{path}: 4 events loaded\n"), found.output


def test_brotli_without_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: Target) -> None:
    def missing(name: str) -> Any:
        raise ImportError(name)

    path = tmp_path / "export.jsonl.br"
    path.write_bytes(b"?")
    monkeypatch.setattr("insights_local.import_packing.import_module", missing)
    with pytest.raises(ValueError, match=r"unpack it first: brotli -d export\.jsonl\.br"):
        target.load(path)


@pytest.mark.parametrize(
    "write", [packed_by_gzip, packed_by_zstandard, packed_by_brotli, parquet_of_text], ids=lambda w: w.__name__
)
def test_a_damaged_file_is_said_to_be_one(target: Target, tmp_path: Path, write: Callable[[Path], Path]) -> None:
    path = write(tmp_path / "export.jsonl")
    content = path.read_bytes()
    path.write_bytes(content[:20] + b"damaged" + content[27:])
    with pytest.raises(ValueError, match="the file is damaged, or not whole"):
        target.load(path)


@pytest.mark.parametrize("write", [packed_by_gzip, parquet_of_text], ids=lambda w: w.__name__)
def test_a_file_that_was_cut_off_is_finished_once_it_is_whole(
    target: Target, tmp_path: Path, write: Callable[[Path], Path]
) -> None:
    path = write(tmp_path / "export.jsonl")
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    with pytest.raises(ValueError, match="the file is damaged, or not whole"):
        target.load(path)
    path.write_bytes(whole)
    assert target.load(path).bad == 0
    assert target.rows("SELECT uniqExact(uuid), count() FROM events FINAL WHERE {p}") == [(4, 4)]
