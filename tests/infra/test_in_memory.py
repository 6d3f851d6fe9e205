"""Where the files of the tests are: in memory if there is room, and gone with the command that made them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

TOOL = REPOSITORY / "tools" / "in-memory"
MEMORY = Path("/dev/shm")
needs_memory = pytest.mark.skipif(
    not os.access(MEMORY, os.W_OK), reason="this machine has no folder of files in memory"
)
# A shell cannot catch a signal that whoever started the tests had it ignore, as nohup does.
HEEDS_SIGNALS = """
import os, signal, sys
for one in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
    signal.signal(one, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""
WRITES = 'touch "${TMPDIR:-none}/file" && echo "$TMPDIR"; exit 3'


@pytest.fixture
def ran(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`ran(1000, "true")`: with so many kilobytes free in memory."""

    def run(free: int, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        tell = tmp_path / "df"
        tell.write_text(f"#!/bin/sh\nprintf 'Filesystem\\nshm 99 0 {free} 0%% /dev/shm\\n'\n")
        tell.chmod(0o755)
        own = {name: value for name, value in os.environ.items() if name != "TMPDIR"}
        environment = {**own, "PATH": f"{tmp_path}:{os.environ['PATH']}", **variables}
        started = [sys.executable, "-c", HEEDS_SIGNALS, str(TOOL), *command]
        return subprocess.run(started, env=environment, capture_output=True, text=True, check=False)

    return run


@needs_memory
def test_the_folder_ends_with_the_command(ran: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = ran(10**9, "sh", "-c", WRITES)
    folder = Path(done.stdout.strip())
    assert (done.returncode, done.stderr) == (3, "")
    assert folder.parent == MEMORY
    assert not folder.exists()


@needs_memory
@pytest.mark.parametrize(("signal", "status"), [("HUP", 129), ("INT", 130), ("TERM", 143)])
def test_it_ends_with_a_signal(ran: Callable[..., subprocess.CompletedProcess[str]], signal: str, status: int) -> None:
    done = ran(10**9, "sh", "-c", f'echo "$TMPDIR"; kill -{signal} $PPID')
    assert done.returncode == status
    assert Path(done.stdout.strip()).parent == MEMORY
    assert not Path(done.stdout.strip()).exists()


def test_a_place_that_was_named_is_kept(ran: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
    named = tmp_path / "named"
    named.mkdir()
    done = ran(10**9, "sh", "-c", WRITES, TMPDIR=str(named))
    assert (done.returncode, done.stdout.strip()) == (3, str(named))
    assert [path.name for path in named.iterdir()] == ["file"]


def test_without_room_the_command_runs_where_it_is(ran: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = ran(65536, "sh", "-c", "echo ${TMPDIR-unset}")
    assert (done.returncode, done.stdout) == (0, "unset\n")
