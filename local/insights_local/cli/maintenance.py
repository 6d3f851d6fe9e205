"""`insights squash`: what the deployment does on a schedule, by hand."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from insights_local import data_dir as folder
from insights_local.cli.options import local_data


@click.command()
@click.option(
    "--project", "project_id", type=int, default=None, metavar="ID", help="Only this project. Default: every project."
)
@click.option(
    "--min-age",
    type=click.IntRange(0),
    default=15,
    show_default=True,
    metavar="MINUTES",
    help="Merges younger than this wait: a consumer may still be writing events under the old number.",
)
@local_data
def squash(project_id: int | None, min_age: int, data_dir: Path | None) -> None:
    """Write merged persons into the events that came before the merge.

    Until then every query looks the merges up, which costs a little. Answers are the same before and after. The
    deployment does this every hour; after an import of many merges it can be done at once.

    \b
    Examples:
      insights squash
      insights squash --project 1 --min-age 0 --data-dir .data
    """
    from insights_engine.ingest import squash as squashing

    age = timedelta(minutes=min_age)
    with folder.opened(data_dir, needs="both") as services:
        if project_id is None:
            reports = squashing.squash_all(services, min_age=age)
        else:
            reports = {project_id: squashing.squash(services, project_id, min_age=age)}
    for project, report in reports.items():
        waiting = f", {report.waiting:,} are too young" if report.waiting else ""
        click.echo(f"project {project}: {report.merges:,} merges{waiting}")
    if not reports:
        click.echo("No merges are pending.")
