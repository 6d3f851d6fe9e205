"""`insights doctor`: what has to be in place, one check a line, each with what mends it where it is not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import click
from insights_engine.services import Services
from insights_engine.settings import SettingError, Settings

from insights_local import data_dir as folder
from insights_local.doctor import account, clickhouse, findings, machine, questions, stores
from insights_local.doctor.findings import Check, Finding


def examine(
    data_dir: Path | None, project_id: int | None = None, *, seconds: float = findings.SECONDS
) -> Iterator[Finding]:
    """Every check is made, whatever the others found. `seconds`: how long one may take."""
    if data_dir and not folder.has_data(data_dir):  # looking for it would make it
        yield Finding("local data", "problem", f"there is none in {data_dir}", folder.to_make(data_dir))
        return
    try:
        services = Services(Settings.read({**os.environ, **(folder.environment_of(data_dir) if data_dir else {})}))
    except SettingError as error:
        yield Finding("settings", "problem", str(error), "Correct the environment variable; docs/settings.md has them.")
        return
    try:
        with folder.held(data_dir) if data_dir else nullcontext():
            yield from findings.made(_checks(services, data_dir, project_id), seconds)
    except click.ClickException as error:
        words, _, advice = error.message.partition("\n")
        yield Finding("local data", "problem", words, advice)


def _checks(services: Services, data_dir: Path | None, project_id: int | None) -> Iterator[Check]:
    options = f" --data-dir {data_dir}" if data_dir else ""  # of the commands that mend
    yield from machine.checks(data_dir or Path.cwd())
    if account.is_used(services):
        yield from account.identity(services)
        yield from account.checks(services)
    yield from clickhouse.checks(services, options)
    yield from stores.checks(services)
    yield from questions.checks(services, project_id, options)
