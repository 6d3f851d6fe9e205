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


@contextmanager
def held(data_dir: Path) -> Iterator[None]:
    """An embedded ClickHouse opens in one process only; whoever comes second is told so before it tries."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "lock").open("a+") as lock:
        _lock(lock, data_dir)
        yield


def _lock(lock: IO[str], data_dir: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise click.ClickException(
            f"{data_dir} is in use by another `insights` command; stop that one first."
        ) from None


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
    services = Services(Settings.read({**os.environ, **environment_of(data_dir)}))
    if needs == "policies":
        yield services  # the store is made for several processes: a running server is no obstacle
        return
    with held(data_dir):
        yield services


def _check_environment(needs: str) -> None:
    hint = f"or name local data: --data-dir {DEFAULT}"
    if needs != "policies" and not (os.environ.get("CLICKHOUSE_DSN") or os.environ.get("CLICKHOUSE_SECRET_ARN")):
        raise click.UsageError(f"Set CLICKHOUSE_DSN or CLICKHOUSE_SECRET_ARN, {hint}")
    if needs != "clickhouse" and not os.environ.get("POLICIES_TABLE"):
        raise click.UsageError(f"Set POLICIES_TABLE to the policies table of your stack, {hint}")
