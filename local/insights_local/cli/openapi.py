"""`insights openapi`: the API's document, made from the routers, the tables and the tests' examples."""

from __future__ import annotations

import sys

import click


@click.command()
@click.option("--write", "writes", is_flag=True, help="Bring openapi.json and docs/api.md up to date instead.")
@click.option("--check", is_flag=True, help="Write nothing; list what is stale, exit code 1 if anything is.")
def openapi(writes: bool, check: bool) -> None:
    """Print the OpenAPI 3.1 document that /openapi.json serves and /docs shows.

    It is made from the functions' routers, the tables of maths, operators and breakdowns, and the examples that the
    tests verify, so it needs a checkout of the repository.

    \b
    Examples:
      insights openapi > openapi.json
      insights openapi --write
    """
    from insights_local import openapi as made

    if writes:
        changed = made.write()
        click.echo("\n".join(f"Wrote {path}" for path in changed) or "Everything is up to date.")
    elif check:
        stale = made.stale()
        click.echo("\n".join(f"{path} is stale" for path in stale) or "Everything is up to date.")
        sys.exit(1 if stale else 0)
    else:
        click.echo(made.files()[made.JSON_FILE], nl=False)
