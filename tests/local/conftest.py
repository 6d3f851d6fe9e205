"""The `insights` command in this process, and a policies store for it to work on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from insights_local.cli import main

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    """`run("users", "list", VARIABLE="value")` in this process, with nothing else of the environment."""

    def run(*arguments: str, **variables: str | None) -> Result:
        clean = dict.fromkeys(("CLICKHOUSE_DSN", "CLICKHOUSE_SECRET_ARN", "POLICIES_TABLE", "EVENTS_QUEUE"))
        return CliRunner().invoke(main, list(arguments), env=clean | variables, prog_name="insights")

    return run


@pytest.fixture
def policies(tmp_path: Path) -> str:
    return f"sqlite://{tmp_path}/policies.db"
