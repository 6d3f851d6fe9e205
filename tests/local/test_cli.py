"""The `insights` command as a person uses it: words, exit codes, and what is there afterwards."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from insights_acl import accounts
from insights_engine.migrations import migrations
from insights_engine.services import Services
from insights_engine.settings import Settings
from insights_engine.store import open_store
from insights_local import reference
from insights_local.cli import main
from insights_local.stack import Stack

from tests.local.conftest import Run

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def dsn(chdb_path: Path, tmp_path: Path) -> Iterator[str]:
    """A database of its own in this process's engine."""
    dsn = f"chdb://{chdb_path}?database=cli_{tmp_path.name}"
    yield dsn
    clickhouse = Services(Settings.read({"CLICKHOUSE_DSN": dsn})).clickhouse
    if clickhouse.has_database():
        clickhouse.command(f"DROP DATABASE `{clickhouse.database}` SYNC")
    clickhouse.close()


@pytest.mark.parametrize("name", reference.PAGES)
def test_the_pages_made_from_the_code_are_current(name: str) -> None:
    assert (DOCS / name).read_text("utf-8") == reference.PAGES[name](), "run `make docs`"


def test_every_command_and_option_says_what_it_does() -> None:
    for path, command in reference._commands("insights", main):
        assert command.help, path
        for parameter in command.params:
            assert not isinstance(parameter, click.Option) or parameter.help, f"{path} {parameter.name}"


def test_migrate_applies_once_and_says_so(run: Run, dsn: str) -> None:
    assert run("migrate", "--check", CLICKHOUSE_DSN=dsn).exit_code == 1
    first = run("migrate", CLICKHOUSE_DSN=dsn)
    assert (first.exit_code, first.stdout.split(":")[0]) == (0, f"Applied {len(migrations())}")
    assert run("migrate", CLICKHOUSE_DSN=dsn).stdout == "Nothing to apply.\n"
    check = run("migrate", "--check", CLICKHOUSE_DSN=dsn)
    assert (check.exit_code, check.stdout) == (0, "Every migration is applied.\n")


@pytest.mark.parametrize(
    ("arguments", "variables", "words"),
    [
        (("migrate",), {}, "Set CLICKHOUSE_DSN or CLICKHOUSE_SECRET_ARN, or name local data: --data-dir .data"),
        (("users", "list"), {}, "Set POLICIES_TABLE to the policies table of your stack"),
        (("import", __file__, "--project", "1"), {"POLICIES_TABLE": "x"}, "Set CLICKHOUSE_DSN"),
        (("import", "/no/such/file", "--project", "1"), {}, "'/no/such/file' does not exist"),
        (("demo",), {}, "Give one of --project ID and --write DIR."),
        (("migrate",), {"CLICKHOUSE_DSN": "http://nobody@127.0.0.1:9/insights"}, "Error: ClickHouse at 127.0.0.1:9: "),
    ],
)
def test_what_is_missing_is_one_line(
    run: Run, arguments: tuple[str, ...], variables: dict[str, str], words: str
) -> None:
    result = run(*arguments, **variables)
    assert result.exit_code in (1, 2)
    assert words in result.stderr
    assert "Traceback" not in result.output


def test_the_first_person_gets_an_organization_and_a_key(run: Run, policies: str) -> None:
    refused = run("users", "add", "ada@example.com", POLICIES_TABLE=policies)
    assert "name the first one: --organization" in refused.stderr

    added = run(
        "users", "add", "ada@example.com", "--level", "owner", "--organization", "Example Ltd", POLICIES_TABLE=policies
    )
    assert added.exit_code == 0
    assert "ada@example.com is owner of organization" in added.stdout
    assert run("users", "add", "bob@example.com", POLICIES_TABLE=policies).exit_code == 0
    listed = run("users", "list", POLICIES_TABLE=policies).stdout.splitlines()
    assert [line.split()[:2] for line in listed[1:]] == [["ada@example.com", "owner"], ["bob@example.com", "member"]]

    value = run("keys", "add", "ada@example.com", "--label", "ci", POLICIES_TABLE=policies).stdout.strip()
    assert value.startswith("phx_")
    listing = run("keys", "list", POLICIES_TABLE=policies).stdout
    assert "ada@example.com  ci" in listing
    assert value not in listing


def test_a_revoked_key_is_gone(run: Run, policies: str) -> None:
    run("users", "add", "ada@example.com", "--organization", "Example Ltd", POLICIES_TABLE=policies)
    run("keys", "add", "ada@example.com", POLICIES_TABLE=policies)
    store = open_store(policies)
    user = accounts.find_user_by_email(store, "ada@example.com")
    assert user is not None
    (key,) = accounts.personal_keys_of(store, user)
    assert (
        run("keys", "revoke", key.id, POLICIES_TABLE=policies).stdout == 'Revoked "command line" of ada@example.com\n'
    )
    assert accounts.personal_keys_of(store, user) == []
    again = run("keys", "revoke", key.id, POLICIES_TABLE=policies)
    assert (again.exit_code, again.stderr) == (1, f"Error: There is no key {key.id}; `insights keys list` shows all.\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("users", "add", "nobody"), "Error: Enter a valid email address."),
        (("users", "add", "ada@example.com"), "There is already an account with this email address."),
        (("keys", "add", "ada@example.org"), 'no user ada@example.org; did you mean "ada@example.com"?'),
        (("keys", "add", "ada@example.com", "--scope", "insight:reed"), 'did you mean "insight:read"?'),
    ],
)
def test_bad_values_are_named(run: Run, policies: str, arguments: tuple[str, ...], words: str) -> None:
    run("users", "add", "ada@example.com", "--organization", "Example Ltd", POLICIES_TABLE=policies)
    result = run(*arguments, POLICIES_TABLE=policies)
    assert result.exit_code == 1
    assert words in result.stderr


def test_accounts_are_kept_in_dynamodb_too(run: Run, dynamo_table: Callable[..., str]) -> None:
    table = dynamo_table()
    added = run("users", "add", "ada@example.com", "--organization", "Example Ltd", POLICIES_TABLE=table)
    assert added.exit_code == 0, added.output
    assert "ada@example.com" in run("users", "list", POLICIES_TABLE=table).stdout


@pytest.fixture
def stack() -> Iterator[Stack]:
    with Stack() as stack:
        yield stack


def test_import_reports_bad_lines_by_number_and_loads_the_rest(run: Run, stack: Stack, tmp_path: Path) -> None:
    event = {"event": "paid", "distinct_id": "a", "timestamp": "2024-01-02T03:04:05Z"}
    file = tmp_path / "events.jsonl"
    file.write_text("\n".join([json.dumps(event), "{", json.dumps({**event, "distinct_id": "b"})]))
    result = run("import", str(file), "--project", str(stack.project_id), **stack.environment)
    assert result.exit_code == 1
    assert result.stdout == f"{file}: 2 events loaded, 1 bad\n"
    assert "row 2: " in result.stderr


def test_a_file_of_another_format_is_told_with_those_that_are_known(run: Run, stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "events.xlsx"
    file.write_bytes(b"PK\x03\x04 is how a spreadsheet begins")
    arguments = ("import", str(file), "--project", str(stack.project_id))
    first, second = (run(*arguments, **stack.environment) for _ in range(2))
    assert (first.exit_code, "save it as CSV" in first.stderr) == (1, True)
    assert second.stderr.endswith("An earlier import has read all of it; --restart reads it again.\n")


def test_import_into_a_project_that_is_not_there_names_those_that_are(run: Run, stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text("{}")
    result = run("import", str(file), "--project", "99", **stack.environment)
    assert result.stderr.endswith(f"There is no project 99; there are: {stack.project_id}.\n")


def test_the_written_demo_can_be_imported(run: Run, stack: Stack, tmp_path: Path) -> None:
    written = run("demo", "--write", str(tmp_path), "--persons", "40")
    count = int(written.stdout.split()[0].replace(",", ""))
    files = [str(tmp_path / f"{name}.jsonl") for name in ("persons", "groups", "events")]
    result = run("import", *files, "--project", str(stack.project_id), **stack.environment)
    assert result.exit_code == 0, result.output
    assert f"{count:,} events loaded" in result.stdout
    assert "40 persons loaded" in result.stdout


def test_demo_loads_a_project(run: Run, stack: Stack) -> None:
    result = run("demo", "--project", str(stack.project_id), "--persons", "30", **stack.environment)
    assert result.exit_code == 0, result.output
    assert "(100%)" in result.stderr
    again = run("demo", "--project", str(stack.project_id), **stack.environment)
    assert again.stdout == result.stdout


def test_doctor_names_each_problem_and_what_to_do(run: Run, dsn: str, policies: str) -> None:
    result = run("doctor", CLICKHOUSE_DSN=dsn, POLICIES_TABLE=policies, RESULTS_TABLE="sqlite:///proc/no/results.db")
    assert result.exit_code == 2
    lines = result.stdout.splitlines()
    marked = [line.split(maxsplit=1) for line in lines if not line.startswith("   ")]
    found = {rest.split(":")[0]: mark for mark, rest in marked}
    assert found["Python"] == found["policies store"] == "ok"
    assert found["tables"] == found["results store"] == found["events queue"] == "problem"
    assert "         Run: insights migrate" in lines


def test_a_folder_in_use_is_refused(run: Run, tmp_path: Path) -> None:
    from insights_local.data_dir import held

    with held(tmp_path):
        for command, status in (("migrate", 1), ("doctor", 2)):
            result = run(command, "--data-dir", str(tmp_path))
            assert result.exit_code == status
            assert f"{tmp_path} is in use by another `insights` command" in result.output


def test_the_command_is_installed() -> None:
    script = Path(sys.executable).parent / "insights"
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("insights, version ")
