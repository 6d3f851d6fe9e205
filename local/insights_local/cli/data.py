"""`insights migrate`, `insights import` and `insights demo`: tables, and what goes into them."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from insights_local import data_dir as folder
from insights_local.cli.options import local_data
from insights_local.terminal import pasteable

if TYPE_CHECKING:
    from insights_engine.services import Services

    from insights_local.importer import ImportReport

_NOT_A_ROW = (
    "Nothing of it is a row. Files are JSON Lines, CSV, JSON or Parquet (of a spreadsheet: save it as CSV); "
    "insights import --help has the columns."
)
_project = click.option(
    "--project", "project_id", type=int, required=True, metavar="ID", help="Number of the project that it belongs to."
)


@click.command()
@click.option(
    "--cluster",
    metavar="NAME",
    default=None,
    help="Make replicated, sharded tables on this cluster (a name of system.clusters). Default: one node's tables.",
)
@click.option("--check", is_flag=True, help="Apply nothing; list what is missing, exit code 1 if anything is.")
@local_data
def migrate(cluster: str | None, check: bool, data_dir: Path | None) -> None:
    """Bring the ClickHouse tables to this release. Run it before each deployment of a new release.

    Makes the database that the DSN names, and applies the numbered files that are missing. It can run again at any
    time, and several times at once. Needs CLICKHOUSE_DSN or CLICKHOUSE_SECRET_ARN, and nothing else.

    \b
    Examples:
      CLICKHOUSE_DSN=https://me:secret@db.example.com:8443/insights insights migrate
      insights migrate --cluster prod
      insights migrate --check
    """
    from insights_engine import migrations

    with folder.opened(data_dir, needs="clickhouse") as services:
        if check:
            missing = [step.name for step in migrations.pending(services, cluster=cluster)]
            click.echo("\n".join(missing) or "Every migration is applied.")
            sys.exit(1 if missing else 0)
        applied = migrations.migrate(
            services, cluster=cluster, on_step=lambda name: click.echo(f"Applying {name}", err=True)
        )
    click.echo(f"Applied {len(applied)}: {', '.join(applied)}" if applied else "Nothing to apply.")


@click.command("import", short_help="Load events, persons or groups from files.")
@click.argument(
    "files",
    metavar="FILE…",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@_project
@click.option(
    "--kind",
    type=click.Choice(["auto", "events", "persons", "groups"]),
    default="auto",
    show_default=True,
    help="What the rows are; auto looks at the first ones.",
)
@click.option("--resume/--restart", default=True, show_default=True, help="Go on where an earlier import stopped.")
@click.option(
    "--from-posthog-export",
    "from_posthog",
    is_flag=True,
    help="The files are PostHog's: batch exports, or exports of its tables of events and persons.",
)
@click.option("--errors", "shown", type=click.IntRange(0), default=10, show_default=True, help="Bad lines to print.")
@local_data
def import_(
    files: tuple[Path, ...],
    project_id: int,
    kind: str,
    resume: bool,
    from_posthog: bool,
    shown: int,
    data_dir: Path | None,
) -> None:
    """Load events, persons or groups from JSON Lines, CSV, JSON or Parquet files, packed or not.

    Give persons before events. Objects may be JSON text; columns with other names are left alone. Packed are files by
    gzip, Zstandard or Brotli.

    \b
      events   event, distinct_id, timestamp, properties, uuid, groups, elements_chain, set, set_once, ip
      persons  distinct_ids (or distinct_id), properties, created_at, is_identified, person_id
      groups   type (or group_type), key (or group_key), properties (or group_properties), created_at

    A line that cannot be read is reported with its number and does not stop the rest; the exit code is 1 then. An
    import that was stopped goes on where it was, and an event that is there already is not stored again.

    --from-posthog-export reads what PostHog's exports have, and makes one person of all distinct ids that come with one
    person_id, in whichever files. Cohorts, actions and insights come by `insights move-in`.

    \b
    Examples:
      insights import persons.jsonl events.parquet --project 1 --data-dir .data
      insights import export.jsonl.gz --project 1 --kind events
      insights import --from-posthog-export 2026-*.jsonl.zst --project 1
    """
    from insights_engine.ingest import RowError

    from insights_local.importer import import_file
    from insights_local.posthog.export import from_export
    from insights_local.terminal import progress

    bad, reading = 0, from_export if from_posthog else None
    with folder.opened(data_dir, needs="both") as services:
        _check_project(services, project_id)
        for path in files:
            try:
                with progress(path.name, "rows") as advance:
                    report = import_file(
                        services, project_id, path, kind=kind, on_progress=advance, resume=resume, reading=reading
                    )
            except RowError as error:
                raise click.ClickException(f"{path}: {error}") from error
            _say_report(path, report, shown)
            bad += report.bad
    sys.exit(1 if bad else 0)


@click.command(short_help="Make up ninety days of data that end today.")
@click.option("--project", "project_id", type=int, metavar="ID", default=None, help="Load it into this project.")
@click.option(
    "--write",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    metavar="DIR",
    help="Write persons.jsonl, groups.jsonl and events.jsonl instead, for `insights import`.",
)
@click.option(
    "--persons",
    type=click.IntRange(1, 1_000_000),
    default=5000,
    show_default=True,
    help="Size: persons. Each brings about 70 events.",
)
@local_data
def demo(project_id: int | None, directory: Path | None, persons: int, data_dir: Path | None) -> None:
    """Make up ninety days of a small planning tool's data that end today.

    Visitors and members, sessions, page views, eight custom events, organizations as groups. A load that was stopped
    goes on where it was; one that is complete is not loaded again.

    \b
    Examples:
      insights demo --project 1
      insights demo --write /tmp/demo --persons 500
    """
    from insights_local.demo import load_demo
    from insights_local.demo_files import write_demo
    from insights_local.terminal import progress

    if (project_id is None) == (directory is None):
        raise click.UsageError("Give one of --project ID and --write DIR.")
    with progress("Demo data", "visits") as advance:
        if directory is not None:
            count = write_demo(directory, now=datetime.now(UTC), persons=persons, on_progress=advance)
        else:
            assert project_id is not None
            with folder.opened(data_dir, needs="both") as services:
                _check_project(services, project_id)
                count = load_demo(services, project_id, now=services.now(), persons=persons, on_progress=advance)
    click.echo(f"{count:,} events")


def _check_project(services: Services, project_id: int) -> None:
    from insights_acl import accounts

    if accounts.find_project(services.policies, project_id) is None:
        known = [
            str(stored.project.id)
            for organization in accounts.list_organizations(services.policies)
            for stored in accounts.list_projects(services.policies, organization.id)
        ]
        there_are = f"there are: {', '.join(known)}." if known else "make the first one: insights projects add NAME"
        raise click.ClickException(f"There is no project {project_id}; {there_are}")


def _say_report(path: Path, report: ImportReport, shown: int) -> None:
    from_row = f" from row {report.resumed_at + 1:,}" if report.resumed_at else ""
    repeated = f", {report.repeated:,} were there already" if report.repeated else ""
    bad = f", {report.bad:,} bad" if report.bad else ""
    what = "rows" if report.kind == "auto" else report.kind  # nothing was left, or nothing there, to tell it by
    click.echo(f"{path}{from_row}: {report.loaded:,} {what} loaded{repeated}{bad}")
    for problem in report.problems[:shown]:
        click.echo(f"  row {problem.row:,}: {problem.why}", err=True)
    if report.bad > min(shown, len(report.problems)):
        click.echo(f"  and {report.bad - min(shown, len(report.problems)):,} more", err=True)
    if report.loaded or report.repeated:
        return
    if report.bad:
        click.echo(pasteable(_NOT_A_ROW), err=True)
    elif report.resumed_at:
        click.echo("An earlier import has read all of it; --restart reads it again.", err=True)
