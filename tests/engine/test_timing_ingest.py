"""Loads and events in one queue: neither costs the other, and each is stored once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from insights_engine import keys
from insights_engine.ingest import Ingest, Message
from insights_engine.migrations import migrate
from insights_engine.queue import pack
from insights_engine.services import Services
from insights_engine.settings import Settings
from insights_engine.timing.columns import TABLE, item_of

from tests.engine.conftest import NewProject, Workplace
from tests.engine.test_ingest_pipeline import captured
from tests.engine.test_timing_columns import BROKEN

AT = datetime(2024, 3, 1, 23, 30, tzinfo=UTC)


def load(place: Workplace, **said: Any) -> dict[str, Any]:
    return item_of(said, project_id=place.id, user_id=1, at=AT, uuid=uuid4())


def message(*items: dict[str, Any], name: str = "m") -> Message:
    (body,) = pack(items)
    return Message(name, body)


def sessions(place: Workplace) -> list[str]:
    return [row[0] for row in place.rows(f"SELECT session_id FROM {TABLE} FINAL WHERE {{p}} ORDER BY session_id")]


def test_events_and_loads_of_a_message_go_where_they_belong(project: Workplace) -> None:
    batch = [
        message(captured(project), load(project, session_id="a")),
        message(load(project, session_id="b"), name="n"),
    ]
    outcome = Ingest(project.services).batch(batch)
    assert (outcome.failed, outcome.stored, outcome.refused) == ([], 3, 0)
    assert sessions(project) == ["a", "b"]
    assert project.rows("SELECT count() FROM events WHERE {p}") == [(1,)]


def test_a_broken_load_costs_neither_events_nor_other_loads(project: Workplace) -> None:
    outcome = Ingest(project.services).batch([message(*BROKEN, captured(project), load(project, session_id="a"))])
    assert (outcome.failed, outcome.stored, outcome.refused) == ([], 2, len(BROKEN))
    assert sessions(project) == ["a"]
    assert project.rows("SELECT count() FROM events WHERE {p}") == [(1,)]


def test_a_row_that_clickhouse_refuses_costs_no_other(project: Workplace) -> None:
    odd = {**load(project, session_id="odd"), "timestamp": "0001-01-01 00:00:00"}
    outcome = Ingest(project.services).batch(
        [message(load(project, session_id="a"), odd, load(project, session_id="b"))]
    )
    assert outcome.failed == []
    assert outcome.stored + outcome.refused == 3
    assert set(sessions(project)) >= {"a", "b"}


def test_loads_of_several_projects_stay_apart(new_project: NewProject) -> None:
    first, second = new_project(), new_project()
    Ingest(first.services).batch([message(load(first, session_id="a"), load(second, session_id="b"))])
    assert (sessions(first), sessions(second)) == (["a"], ["b"])


def test_a_row_says_how_many_events_the_project_had_in_the_last_month(project: Workplace) -> None:
    now = project.services.now()
    days = (0, 1, 29, 31, 400)
    events = [captured(project, timestamp=(now - timedelta(days=n)).isoformat()) for n in days]
    seconds = [0.0]
    ingest = Ingest(project.services, clock=lambda: seconds[0])
    seconds[0] = 1.0
    ingest.batch([message(*events)])
    ingest.batch([message(load(project, session_id="a"))])
    ingest.batch([message(captured(project, timestamp=now.isoformat()))])
    ingest.batch([message(load(project, session_id="within a day"))])
    seconds[0] += 86_401
    ingest.batch([message(load(project, session_id="z: a day later"))])
    rows = project.rows(f"SELECT session_id, team_events_last_month FROM {TABLE} WHERE {{p}} ORDER BY session_id")
    assert rows == [("a", 3), ("within a day", 3), ("z: a day later", 4)]


@pytest.fixture
def own(chdb_path: Path, tmp_path: Path) -> Iterator[Services]:
    """A database that only one test has."""
    dsn = f"chdb://{chdb_path}?database=timing_{uuid4().hex}"
    services = Services(Settings.read({"CLICKHOUSE_DSN": dsn, "POLICIES_TABLE": f"sqlite://{tmp_path}/policies.db"}))
    migrate(services)
    yield services
    services.clickhouse.command(f"DROP DATABASE `{services.clickhouse.database}` SYNC")
    services.clickhouse.close()


def test_what_could_not_be_stored_comes_again_and_events_are_not_kept_waiting(own: Services) -> None:
    place = Workplace(own, 1, "phc_1")
    for key, item in (
        (keys.project(1), {"id": 1, "api_token": "phc_1"}),
        (keys.project_token("phc_1"), {"project_id": 1}),
    ):
        own.policies.put({"pk": key[0], "sk": key[1], **item})
    own.clickhouse.command(f"RENAME TABLE {TABLE} TO away")
    batch = [message(captured(place), name="event"), message(load(place, session_id="a"), name="load")]
    ingest = Ingest(own)
    outcome = ingest.batch(batch)
    assert (outcome.failed, outcome.stored) == (["load"], 1)
    own.clickhouse.command(f"RENAME TABLE away TO {TABLE}")
    assert ingest.batch(batch).failed == []
    assert sessions(place) == ["a"]
    assert place.rows("SELECT count() FROM events FINAL WHERE {p}") == [(1,)]
