"""`insights serve` and `insights doctor`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from insights_local import data_dir as folder
from insights_local.cli.options import local_data


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
@local_data
def doctor(data_dir: Path | None) -> None:
    """Check that everything is in place, and say what to do where it is not.

    Looks at Python, time zones and the clock, disk space, ClickHouse and its tables, the policies and results stores,
    and the queue. The exit code is 1 when there is a problem.

    \b
    Examples:
      insights doctor --data-dir .data
      CLICKHOUSE_DSN=https://me:secret@db.example.com:8443/insights insights doctor
    """
    from insights_local.doctor import examine

    findings = examine(data_dir)
    for finding in findings:
        mark = click.style("ok     ", fg="green") if finding.is_ok else click.style("problem", fg="red")
        click.echo(f"{mark}  {finding.subject}: {finding.words}")
        if finding.advice:
            click.echo(f"         {finding.advice}")
    sys.exit(0 if all(finding.is_ok for finding in findings) else 1)
