"""The `insights` command: in this process with a policies store to work on, and as a server in one of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from insights_local.cli import main

from tests.local.serving import Eventually, Server

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


@pytest.fixture
def start(tmp_path: Path, eventually: Eventually) -> Iterator[Callable[..., Server]]:
    """Each call is one more start on the same folder."""
    started: list[Server] = []

    def start(*arguments: str) -> Server:
        server = Server(tmp_path / "data", tmp_path / f"start{len(started)}", eventually, *arguments)
        started.append(server)
        return server

    yield start
    for server in started:
        server.process.kill()
        server.process.wait()
