"""The `insights` command. Each command's own words stand with it; docs/cli.md is made from them."""

from __future__ import annotations

import logging
from typing import Any

import click

from insights_local.cli.cost import cost
from insights_local.cli.data import demo, import_, migrate
from insights_local.cli.failures import words_on
from insights_local.cli.keys import keys
from insights_local.cli.maintenance import squash
from insights_local.cli.move_in import move_in
from insights_local.cli.openapi import openapi
from insights_local.cli.projects import projects
from insights_local.cli.roles import roles
from insights_local.cli.server import doctor, serve
from insights_local.cli.users import users
from insights_local.terminal import pasteable


class _Insights(click.Group):
    """Errors that a person can do something about are a line or two, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            vars(error)["message"] = pasteable(error.message)  # which click calls final
            raise
        except (click.Abort, click.exceptions.Exit):
            raise
        except Exception as error:
            words = words_on(error)
            if words is None:
                raise
            raise click.ClickException(pasteable(words)) from error


@click.group(cls=_Insights, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="serverless-insights", prog_name="insights")
def main() -> None:
    """Product analytics over your own ClickHouse.

    On your machine: `insights serve` answers the API with demo data. For a deployment: `insights migrate` makes the
    tables, `insights users add` and `insights keys add` let the first person in, `insights import` brings events, and
    `insights doctor` says what is missing.

    Commands work on what the environment names (CLICKHOUSE_DSN or CLICKHOUSE_SECRET_ARN, POLICIES_TABLE), or, with
    --data-dir, on the local data of `insights serve`.
    """
    # The driver's own words about a failure would stand before ours.
    logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)


for _command in (serve, migrate, import_, move_in, demo, users, keys, roles, projects, squash, doctor, cost, openapi):
    main.add_command(_command)
