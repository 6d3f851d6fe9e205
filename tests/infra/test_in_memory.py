"""Where the files of the tests are: in memory if there is room, and gone with the command that made them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

TOOL = REPOSITORY / "tools" / "in-memory"
WRITES = 'touch "${TMPDIR:-none}/file" && echo "$TMPDIR"; exit 3'


def ran(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "TMPDIR"}
    return subprocess.run([TOOL, *command], env=environment | variables, capture_output=True, text=True, check=False)


def test_the_folder_ends_with_the_command() -> None:
    done = ran("sh", "-c", WRITES)
    folder = done.stdout.strip()
    if not folder:
        pytest.skip("no room for files in memory here")
    assert (done.returncode, done.stderr) == (3, "")
    assert Path(folder).parent == Path("/dev/shm")
    assert not Path(folder).exists()


def test_a_place_that_was_named_is_kept(tmp_path: Path) -> None:
    done = ran("sh", "-c", WRITES, TMPDIR=str(tmp_path))
    assert (done.returncode, done.stdout.strip()) == (3, str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_without_room_the_command_runs_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "df").write_text("#!/bin/sh\nprintf 'Filesystem\\nshm 65536 0 65536 0%% /dev/shm\\n'\n")
    (tmp_path / "df").chmod(0o755)
    done = ran("sh", "-c", "env", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert done.returncode == 0
    assert "TMPDIR=" not in done.stdout
