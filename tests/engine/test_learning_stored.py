"""Definitions where the tables change under ingest, and of what was stored before there were any."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from insights_engine.ingest import Ingest, load, relearning
from insights_engine.ingest.relearning import learn_stored
from insights_engine.migrations import migrate
from insights_engine.property_types import SOURCES
from insights_engine.services import Services
from insights_engine.settings import Settings

from tests.engine.conftest import NewProject
from tests.engine.knowing import NOW, TABLES, days, event, known, types
from tests.engine.test_ingest_pipeline import captured, messages


@pytest.fixture
def new_database(chdb_path: Path, tmp_path: Path) -> Iterator[Services]:
    """Of a test's own, for what changes tables."""
    services = Services(
        Settings.read(
            {
                "CLICKHOUSE_DSN": f"chdb://{chdb_path}?database=learning_{uuid4().hex}",
                "POLICIES_TABLE": f"sqlite://{tmp_path}/policies.db",
                "RESULTS_TABLE": f"sqlite://{tmp_path}/results.db",
            }
        )
    )
    migrate(services)
    yield services
    services.clickhouse.command(f"DROP DATABASE {services.clickhouse.database} SYNC")
    services.clickhouse.close()


@pytest.mark.parametrize("is_known", [False, True])
def test_a_failure_to_learn_loses_no_event_and_is_made_good(
    new_project: NewProject, new_database: Services, is_known: bool
) -> None:
    """Also where the consumer knows the project: it forgets what it took for learned."""
    project = new_project(on=new_database)
    ingest = Ingest(new_database)
    if is_known:
        ingest.batch(messages(captured(project, "before")))
    for table in TABLES:
        new_database.clickhouse.command(f"RENAME TABLE {table} TO away_{table}")
    outcome = ingest.batch(messages(captured(project, "a", properties={"x": 1})))
    assert (outcome.stored, outcome.failed) == (1, [])
    for table in TABLES:
        new_database.clickhouse.command(f"RENAME TABLE away_{table} TO {table}")
    assert ingest.batch(messages(captured(project, "a", properties={"x": 1}))).stored == 1
    assert types(project, ("event", "x")) == {("event", "x"): "Numeric"}


def test_what_is_stored_is_learned_from(new_project: NewProject, new_database: Services) -> None:
    """As it was when it came in, but for nulls, which are not stored, and versions, which may have been numbers."""
    project, other = new_project(on=new_database), new_project(on=new_database)
    sent = [
        event("a", "2024-01-31", **{"n": 5, "b": True, "t": "2024-01-01", "s": "x", "dotted.name": 1.5, "l": [1]}),
        event("a", "2024-02-01", n=5.5, mixed=1, times="2024-01-01", late="x"),
        event(
            "b", "2024-03-01", mixed="x", times="x", o={"a": 1}, **{"$browser": "C", "$os_version": "1", "`odd`'": 1}
        ),
    ]
    load(
        new_database,
        project.id,
        persons=[{"distinct_ids": ["u"], "properties": {"age": 5, "a.b": "2024-01-01"}}],
        groups=[{"type": "team", "key": "k", "properties": {"size": 9}}],
        events=sent,
        now=NOW,
    )
    load(new_database, other.id, events=[event("theirs", x=1)], now=NOW)
    asked = [(source, name) for source in SOURCES for name in days(project, "property_definitions")]
    before, was = known(project), types(project, *asked)
    for table in TABLES:
        new_database.clickhouse.command(f"TRUNCATE TABLE {table}")
    for _ in range(2):
        learn_stored(new_database)
    assert was.pop(("event", "$os_version")) == was["event", "$browser"] == "String"
    assert types(project, *asked) == was
    before[1]["$os_version"] = (*before[1]["$os_version"][:2], None)
    assert known(project) == before
    assert days(other, "event_definitions").keys() == {"theirs"}


@pytest.mark.parametrize("other", [0, 9])
def test_one_text_that_is_no_time_is_enough(
    new_project: NewProject, new_database: Services, monkeypatch: pytest.MonkeyPatch, other: int
) -> None:
    """Among the few that are looked at first, or among all the others."""
    monkeypatch.setattr(relearning, "_SAMPLE", 3)
    project = new_project(on=new_database)
    texts = ["x" if turn == other else "2024-01-01" for turn in range(10)]
    sent = [event("a", f"2024-01-{turn + 1:02d}", p=text, q="2024-01-01") for turn, text in enumerate(texts)]
    load(new_database, project.id, events=sent, now=NOW)
    new_database.clickhouse.command("TRUNCATE TABLE property_definitions")
    learn_stored(new_database)
    found = types(project, ("event", "p"), ("event", "q"))
    assert found == {("event", "p"): "String", ("event", "q"): "DateTime"}


def test_what_there_is_no_time_for_is_left_out(new_project: NewProject, new_database: Services) -> None:
    """The newest month is read first."""
    project = new_project(on=new_database)
    load(new_database, project.id, events=[event("old", "2024-01-01"), event("new", "2024-03-01")], now=NOW)
    new_database.clickhouse.command("TRUNCATE TABLE event_definitions")
    turns = iter([0.0, 1.0, 1.0, 1000.0])
    learn_stored(new_database, clock=lambda: next(turns))
    assert days(project, "event_definitions").keys() == {"new"}
