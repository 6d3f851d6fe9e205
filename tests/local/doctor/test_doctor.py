"""`insights doctor`: each thing that can be wrong is named, with what mends it, and the exit status is of the worst."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from insights_local.doctor.clickhouse import allowing, room
from insights_local.doctor.findings import Check, Finding, Problem, Skipped, Warned, made, worst
from insights_local.stack import Stack

from tests.clickhouse_http import ClickHouseProcess
from tests.local.conftest import Run
from tests.local.doctor.conftest import Diagnose, bad

# The command


def test_a_local_folder_is_whole_and_asks_nothing_of_aws(run: Run, stack: Stack) -> None:
    result = run("doctor", **stack.environment)
    assert result.exit_code == 0, result.output
    assert {line.split()[0] for line in result.stdout.splitlines()} == {"ok"}
    assert "AWS" not in result.stdout
    for insight in ("trend", "retention", "path", "funnel", "timing"):
        assert f"insight {insight}: answered in" in result.stdout


def test_json_has_the_same_findings(run: Run, stack: Stack) -> None:
    result = run("doctor", "--json", **stack.environment | {"RESULTS_TABLE": "sqlite:///proc/no/results.db"})
    told = json.loads(result.stdout)
    assert (result.exit_code, told["status"]) == (2, "problem")
    by_subject = {check["subject"]: check for check in told["checks"]}
    assert by_subject["policies store"]["status"] == "ok"
    assert by_subject["results store"]["status"] == "problem"
    assert "RESULTS_TABLE" in by_subject["results store"]["advice"]


def test_a_folder_that_is_not_there_is_not_made(run: Run, tmp_path: Path) -> None:
    missing = tmp_path / "typo"
    result = run("doctor", "--data-dir", str(missing))
    assert (result.exit_code, f"there is none in {missing}" in result.stdout) == (2, True)
    assert not missing.exists()


def test_a_setting_that_cannot_be_read_is_a_finding(run: Run, stack: Stack) -> None:
    result = run("doctor", **stack.environment | {"QUERY_SECONDS": "soon"})
    assert result.exit_code == 2
    assert "problem  settings: " in result.stdout


@pytest.mark.parametrize(
    ("project_id", "words"), [(None, "1, My project"), (1, "1, My project"), (77, "there is no project 77")]
)
def test_the_questions_are_of_the_project_that_is_named(diagnose: Diagnose, project_id: int | None, words: str) -> None:
    findings = diagnose(project_id=project_id)
    assert words in findings["project"].words
    level = "skipped" if project_id == 77 else "ok"
    assert findings["insight trend"].level == level


# How checks are made


def test_a_check_that_does_not_end_is_left_behind() -> None:
    forever = threading.Event()
    checks = [Check("slow", lambda: str(forever.wait()), "Wake it."), Check("next", lambda: "fine")]
    slow, following = made(checks, seconds=0.05)
    forever.set()
    assert (slow.level, slow.words, slow.advice) == ("problem", "no answer in 0 s", "Wake it.")
    assert following == Finding("next", "ok", "fine")


def fail(error: Exception) -> Callable[[], str]:
    def look() -> str:
        raise error

    return look


@pytest.mark.parametrize(
    ("error", "finding"),
    [
        (Problem("broken"), Finding("it", "problem", "broken", "Mend it.")),
        (Problem("broken", "Do this."), Finding("it", "problem", "broken", "Do this.")),
        (Warned("worn"), Finding("it", "warning", "worn", "Mend it.")),
        (Skipped("absent"), Finding("it", "skipped", "absent")),
        (OSError("line one\nline two"), Finding("it", "problem", "line one", "Mend it.")),
        (KeyError(), Finding("it", "problem", "KeyError", "Mend it.")),
    ],
)
def test_what_a_check_raises_is_its_finding(error: Exception, finding: Finding) -> None:
    assert list(made([Check("it", fail(error), "Mend it.")])) == [finding]


def test_what_needs_a_broken_part_is_not_looked_at() -> None:
    checks = [
        Check("a", fail(Problem("x"))),
        Check("b", lambda: "", needs=("a",)),
        Check("c", lambda: "", needs=("b",)),
    ]
    found = list(made(checks))
    assert [finding.level for finding in found] == ["problem", "skipped", "skipped"]
    assert found[2].words == "not looked at, because of b"


@pytest.mark.parametrize(
    ("levels", "expected"),
    [((), "ok"), (("ok", "skipped"), "ok"), (("ok", "warning"), "warning"), (("problem", "warning"), "problem")],
)
def test_the_worst_decides(levels: tuple[Any, ...], expected: str) -> None:
    found = worst(Finding("it", level, "") for level in levels)
    assert {"skipped": "ok"}.get(found, found) == expected


# ClickHouse


def test_a_clickhouse_that_is_away_is_said_once(diagnose: Diagnose) -> None:
    findings = diagnose(CLICKHOUSE_DSN="http://nobody@127.0.0.1:9/insights")
    assert bad(findings) == {"ClickHouse": "problem"}
    assert "firewall" in findings["ClickHouse"].advice
    for subject in ("tables", "permissions", "growth", "insight trend"):
        assert findings[subject].level == "skipped"
    assert findings["policies store"].level == "ok"


def test_a_server_that_takes_connections_and_says_nothing_ends_no_check_but_its_own(diagnose: Diagnose) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        findings = diagnose(seconds=1, CLICKHOUSE_DSN=f"http://nobody@127.0.0.1:{port}/insights")
    assert findings["ClickHouse"].words == "no answer in 1 s"
    assert findings["events queue"].level == "ok"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseProcess]:
    process = ClickHouseProcess(tmp_path_factory.mktemp("doctor") / "clickhouse")
    process.start()
    yield process
    process.stop()


@pytest.mark.parametrize(
    ("most", "words"),
    [
        ({}, "allows what"),
        ({"max_execution_time": 600.0}, "allows what"),
        ({"max_execution_time": 60.0}, "max_execution_time of 60, and 600 is asked for"),
    ],
)
def test_a_profile_has_to_allow_what_background_questions_take(most: dict[str, float], words: str) -> None:
    try:
        found = allowing(most, {"max_execution_time": 600})
    except Problem as problem:
        found = str(problem)
    assert words in found


GB = 1_000_000_000


@pytest.mark.parametrize(
    ("free", "total", "a_day", "level"),
    [
        (50 * GB, 100 * GB, 0, None),
        (50 * GB, 100 * GB, GB, None),
        (29 * GB, 100 * GB, GB, "warning"),
        (6 * GB, 10 * GB, GB, "problem"),
        (9 * GB, 100 * GB, 0, "warning"),
        (1 * GB, 4 * GB, 0, "problem"),
    ],
)
def test_a_disk_is_looked_at_by_its_share_its_rest_and_its_days(
    free: int, total: int, a_day: float, level: str | None
) -> None:
    found: str | None = None
    try:
        room("default", free, total, a_day)
    except Problem as problem:
        found = problem.level
    assert found == level


def test_a_database_without_tables_is_to_be_migrated(diagnose: Diagnose, server: ClickHouseProcess, run: Run) -> None:
    dsn = server.dsn(f"doctor_{uuid4().hex}")
    findings = diagnose(CLICKHOUSE_DSN=dsn)
    assert bad(findings) == {"tables": "problem"}
    assert findings["tables"].advice == "Run: insights migrate"
    assert "without the database" in findings["ClickHouse"].words
    assert run("migrate", CLICKHOUSE_DSN=dsn).exit_code == 0
    assert bad(diagnose(CLICKHOUSE_DSN=dsn)) == {}
    locked = diagnose(CLICKHOUSE_DSN=server.dsn(dsn.rpartition("/")[2], user="locked"))
    assert "readonly = 2" in locked["permissions"].words
    assert bad(locked)["permissions"] == "problem"
