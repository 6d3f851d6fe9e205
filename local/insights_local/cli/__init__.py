"""The `insights` command. Each command's own words stand with it; docs/cli.md is made from them."""

from __future__ import annotations

import logging
from typing import Any

import click

from insights_local.cli.cost import cost
from insights_local.cli.data import demo, import_, migrate
from insights_local.cli.keys import keys
from insights_local.cli.maintenance import squash
from insights_local.cli.move_in import move_in
from insights_local.cli.openapi import openapi
from insights_local.cli.projects import projects
from insights_local.cli.roles import roles
from insights_local.cli.server import doctor, serve
from insights_local.cli.users import users


class _Insights(click.Group):
    """Errors that a person can do something about are one line, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except Exception as error:
            words = _words(error)
            if words is None:
                raise
            raise click.ClickException(words) from error


def _words(error: Exception) -> str | None:
    from botocore.exceptions import BotoCoreError, ClientError
    from clickhouse_connect.driver.exceptions import ClickHouseError
    from insights_engine.dsn import DsnError
    from insights_engine.errors import ApiError
    from insights_engine.migrations import MigrationError
    from insights_engine.store import StoreUnavailable

    words = str(error).strip()
    if isinstance(error, ApiError):
        # Its text may say more than the detail, which is for callers of the API.
        is_named = not error.attr or error.attr.split("__")[0] in words
        return words if is_named else f"{error.attr}: {words}"
    if isinstance(error, MigrationError | DsnError | StoreUnavailable):
        return words
    if isinstance(error, ClickHouseError):
        return f"ClickHouse: {words.splitlines()[0]}"
    if isinstance(error, BotoCoreError | ClientError):
        return f"AWS: {words}"
    return None


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
