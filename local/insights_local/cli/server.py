"""`insights serve` and `insights doctor`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from insights_local import data_dir as folder
from insights_local.cli.options import local_data
from insights_local.terminal import pasteable

if TYPE_CHECKING:
    from insights_local.doctor.findings import Finding

_COLORS = {"ok": "green", "skipped": "bright_black", "warning": "yellow", "problem": "red"}


def _dsn(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    from insights_engine.dsn import Dsn, DsnError

    try:
        if value is not None:
            Dsn.parse(value)
    except DsnError as error:
        raise click.BadParameter(str(error)) from None
    return value


@click.command(short_help="Serve the API on this machine, with demo data.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 is every one.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="Port to listen on; 0 takes a free one and prints it.",
)
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=folder.DEFAULT,
    show_default=True,
    metavar="DIR",
    help="Folder of events and accounts. It is made if it is missing, and kept.",
)
@click.option(
    "--clickhouse",
    metavar="DSN",
    default=None,
    callback=_dsn,
    help="Keep events in this ClickHouse instead of an embedded one: https://user:password@host:8443/database.",
)
@click.option("--demo/--no-demo", "with_demo", default=True, show_default=True, help="Demo data on the first start.")
@click.option(
    "--persons",
    type=click.IntRange(1, 1_000_000),
    default=5000,
    show_default=True,
    help="Size of the demo data: persons. Each brings about 70 events.",
)
@click.option("--access-log", is_flag=True, help="Print a line for each request.")
def serve(
    host: str, port: int, data_dir: Path, clickhouse: str | None, with_demo: bool, persons: int, access_log: bool
) -> None:
    """Serve the API on this machine: the functions as they are deployed, an embedded ClickHouse, no AWS.

    The first start makes an organization with an owner, a project and a personal key, and loads demo data, which takes
    about a minute. Later starts go on with what is there, also after a crash. Ctrl-C stops.

    \b
    Examples:
      insights serve
      insights serve --port 9000 --data-dir /var/lib/insights --no-demo
    """
    from insights_local.serve import Serving

    sys.exit(Serving(host, port, data_dir, clickhouse, persons if with_demo else 0, access_log).run())


@click.command(short_help="Check that everything is in place.")
@click.option(
    "--project",
    "project_id",
    type=int,
    default=None,
    metavar="ID",
    help="Ask about this project's events. Default: a project that has some.",
)
@click.option("--json", "as_json", is_flag=True, help="Write the findings as one JSON object.")
@local_data
def doctor(project_id: int | None, as_json: bool, data_dir: Path | None) -> None:
    """Check that everything is in place, and say what mends it where it is not.

    Looks at Python, time zones, the clocks and disk space; at ClickHouse, its tables, what its user may do, how full
    its disk is and how fast it fills; at the stores and queues; and asks one question of each insight. Of a deployment,
    with your AWS credentials, also at the identity, the tables' settings, dead letters, buckets, the DSN's secret, the
    event bus and Amazon SES. Each check is made by itself and ends after 20 seconds.

    The exit status is 0 when there is nothing to do, 1 when there are warnings only, 2 when there is a problem.

    \b
    Examples:
      insights doctor --data-dir .data
      insights doctor --json | jq '.checks[] | select(.status != "ok")'
      CLICKHOUSE_DSN=https://me:secret@db.example.com:8443/insights insights doctor
    """
    from insights_local.doctor import examine
    from insights_local.doctor.findings import EXIT_STATUS, worst

    found = []
    for finding in examine(data_dir, project_id):
        found.append(finding)
        if not as_json:
            _show(finding)
    if as_json:
        checks = [{"subject": f.subject, "status": f.level, "words": f.words, "advice": f.advice} for f in found]
        click.echo(json.dumps({"status": worst(found), "checks": checks}, indent=2))
    sys.exit(EXIT_STATUS[worst(found)])


def _show(finding: Finding) -> None:
    mark = click.style(f"{finding.level:7}", fg=_COLORS[finding.level])
    click.echo(f"{mark}  {finding.subject}: {finding.words}")
    if finding.advice:
        click.echo(f"         {pasteable(finding.advice)}")
