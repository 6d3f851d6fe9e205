"""A folder of local data: the stores and the embedded ClickHouse of `insights serve`, used by one process at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click
from insights_engine.services import Services
from insights_engine.settings import Settings

DEFAULT = ".data"
_LOCK = "lock"
# One of these is in every folder that was worked on before.
_SIGNS = (_LOCK, "policies.db", "clickhouse")


@contextmanager
def held(data_dir: Path, url: str = "") -> Iterator[None]:
    """An embedded ClickHouse opens in one process only; whoever comes second is told so before it tries.

    `url`: where the folder is served meanwhile.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        file = (data_dir / _LOCK).open("a+")
    except OSError as error:
        raise click.ClickException(
            f"{data_dir} cannot be written: {error.strerror}.\nName a folder that can: --data-dir DIR"
        ) from None
    with file as lock:
        if not _locked(lock):
            raise click.ClickException(_in_use(data_dir, lock))
        lock.truncate(0)
        lock.write(f"{os.getpid()} {url}")
        lock.flush()
        yield


def in_use(data_dir: Path) -> str | None:
    """What to say of a folder that another command works on; None where none does."""
    try:
        with (data_dir / _LOCK).open("r") as lock:
            return None if _locked(lock) else _in_use(data_dir, lock)
    except OSError:
        return None


def _locked(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _in_use(data_dir: Path, lock: IO[str]) -> str:
    lock.seek(0)
    process, _, url = lock.read(200).partition(" ")
    serves = f", which serves {url}" if url else ""
    or_kill = f", or: kill {process}" if process.isdecimal() else ""
    return (
        f"{data_dir} is in use by another `insights` command{serves}; "
        f"stop that one first (Ctrl-C where it runs{or_kill})."
    )


def environment_of(data_dir: Path) -> Mapping[str, str]:
    from insights_local.stack import Stack

    return Stack(data_dir).environment


@contextmanager
def opened(data_dir: Path | None, *, needs: str) -> Iterator[Services]:
    """The services of a folder, or of the environment's variables where no folder is named.

    `needs` is what the command works on: "clickhouse", "policies" or "both".
    """
    if data_dir is None:
        _check_environment(needs)
        yield Services(Settings.read(os.environ))
        return
    if not has_data(data_dir):
        raise click.ClickException(f"There is no local data in {data_dir}.\n{to_make(data_dir)}")
    services = Services(Settings.read({**os.environ, **environment_of(data_dir)}))
    if needs == "policies":
        yield services  # the store is made for several processes: a running server is no obstacle
        return
    with held(data_dir):
        yield services


def has_data(data_dir: Path) -> bool:
    """A name that is mistyped would make a new folder, without anybody or anything in it."""
    return any((data_dir / sign).exists() for sign in _SIGNS)


def to_make(data_dir: Path) -> str:
    return f"Check the name, or make it: insights serve --data-dir {data_dir}"


def _check_environment(needs: str) -> None:
    hint = f"or name local data: --data-dir {DEFAULT}"
    if needs != "policies" and not (os.environ.get("CLICKHOUSE_DSN") or os.environ.get("CLICKHOUSE_SECRET_ARN")):
        raise click.UsageError(f"Set CLICKHOUSE_DSN or CLICKHOUSE_SECRET_ARN, {hint}")
    if needs != "clickhouse" and not os.environ.get("POLICIES_TABLE"):
        raise click.UsageError(f"Set POLICIES_TABLE to the policies table of your stack, {hint}")
