"""`insights move-in`: what a PostHog project has beside its events."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from insights_local import data_dir as folder

if TYPE_CHECKING:
    from insights_local.posthog.api import Api
    from insights_local.posthog.moving import Outcome

_ALL = ("cohorts", "actions", "dashboards", "insights")


def _kinds(context: click.Context, parameter: click.Parameter, value: str) -> tuple[str, ...]:
    asked = tuple(filter(None, (name.strip() for name in value.split(","))))
    for name in asked:
        if name not in _ALL:
            raise click.BadParameter(f"{name} is not known; known are: {', '.join(_ALL)}")
    return asked


@click.command("move-in", short_help="Bring cohorts, actions, dashboards and insights from PostHog.")
@click.option(
    "--from", "source_url", required=True, metavar="URL", help="PostHog's address: https://us.posthog.com, say."
)
@click.option(
    "--api-key",
    envvar="POSTHOG_API_KEY",
    required=True,
    metavar="KEY",
    help="Personal key there, which reads what is to be moved. Better in POSTHOG_API_KEY: others see a command line.",
)
@click.option("--from-project", type=int, required=True, metavar="ID", help="Number of the project there.")
@click.option("--project", type=int, required=True, metavar="ID", help="Number of the project here.")
@click.option(
    "--what",
    callback=_kinds,
    default=",".join(_ALL),
    show_default=True,
    help="Kinds to bring, with commas between them.",
)
@click.option("--dry-run", is_flag=True, help="Write nothing; say what would be done.")
@click.option("--update", is_flag=True, help="Bring up to date what was moved before, over what was changed here.")
@click.option("--to", "target_url", metavar="URL", default=None, help="A deployment, or a running `insights serve`.")
@click.option(
    "--to-key", envvar="INSIGHTS_API_KEY", metavar="KEY", help="Personal key there. Better in INSIGHTS_API_KEY."
)
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    metavar="DIR",
    help="Instead of --to: the local data of `insights serve`, which is not running.",
)
def move_in(
    source_url: str,
    api_key: str,
    from_project: int,
    project: int,
    what: tuple[str, ...],
    dry_run: bool,
    update: bool,
    target_url: str | None,
    to_key: str | None,
    data_dir: Path | None,
) -> None:
    """Bring cohorts, actions, dashboards and saved insights of a PostHog project, over both APIs.

    Events come first, by `insights import --from-posthog-export`: a static cohort's people have to be known here. The
    numbers of cohorts and actions in questions become those that they have here. A line says for each object what
    happened: created, updated, there (moved before; it is left as it is), cannot (and why). It can be run again at any
    time: what was moved is found by its mark, a tag or the last line of the description. The exit code is 1 when
    something cannot be moved.

    \b
    Examples:
      insights move-in --from https://us.posthog.com --from-project 2 --project 1 --data-dir .data --dry-run
      insights move-in --from https://eu.posthog.com --from-project 2 --project 1 --to https://insights.example.com
    """
    from insights_local.posthog.api import Api, ApiFailure
    from insights_local.posthog.moving import Move, counts

    outcomes: list[Outcome] = []
    try:
        source = Api(source_url, api_key, str(from_project))
        with _target(target_url, to_key, project, data_dir) as target:
            for outcome in Move(source, target, dry_run=dry_run, update=update).run(what):
                outcomes.append(outcome)
                click.echo(_line(outcome, dry_run))
    except ApiFailure as error:
        raise click.ClickException(str(error)) from None
    found = counts(outcomes)
    title = "Dry run: nothing was written. " if dry_run else ""
    click.echo(title + ", ".join(f"{count} {status}" for status, count in found.items()))
    sys.exit(1 if found["cannot"] else 0)


def _line(outcome: Outcome, dry_run: bool) -> str:
    name = f' "{outcome.name}"' if outcome.name else ""
    status = f"would be {outcome.status}" if dry_run and outcome.status in ("created", "updated") else outcome.status
    number = f" as {outcome.new}" if outcome.new is not None else ""
    return f"{outcome.kind} {outcome.old}{name}: {status}{number}{f' ({outcome.words})' if outcome.words else ''}"


@contextmanager
def _target(url: str | None, key: str | None, project: int, data_dir: Path | None) -> Iterator[Api]:
    from insights_local.posthog.api import Api, InProcess

    if (url is None) == (data_dir is None):
        raise click.UsageError("Give one of --to URL and --data-dir DIR.")
    if url is not None:
        if not key:
            raise click.UsageError("Give the key of the deployment: --to-key, or INSIGHTS_API_KEY.")
        yield Api(url, key, str(project))
        return
    # As in `insights serve`: the terminal is for people, not for a line a request.
    os.environ.setdefault("POWERTOOLS_METRICS_DISABLED", "true")
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    from insights_local.stack import Stack

    assert data_dir is not None
    with folder.held(data_dir), Stack(data_dir) as stack:
        yield Api("http://localhost", stack.admin_key, str(project), transport=InProcess(stack.app))
