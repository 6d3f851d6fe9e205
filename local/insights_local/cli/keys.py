"""`insights keys`: personal API keys are made here, as a key cannot make keys."""

from __future__ import annotations

from pathlib import Path

import click

from insights_local import data_dir as folder
from insights_local.cli.lookups import check_projects, everybody, table, user_of
from insights_local.cli.options import local_data


@click.group()
def keys() -> None:
    """Add, list and revoke personal API keys (phx_…)."""


@keys.command("add")
@click.argument("email")
@click.option("--label", default="command line", show_default=True, metavar="TEXT", help="What it is for.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    default=("*",),
    show_default=True,
    metavar="SCOPE",
    help="What the key may do: * or object:read or object:write. Can be given several times.",
)
@click.option(
    "--project",
    "projects",
    multiple=True,
    type=int,
    metavar="ID",
    help="Only this project; can be given several times. Default: every one that the person may see.",
)
@local_data
def add_key(email: str, label: str, scopes: tuple[str, ...], projects: tuple[int, ...], data_dir: Path | None) -> None:
    """Make a key for a person and print it. It is shown this once: only its hash is kept.

    \b
    Examples:
      insights keys add ada@example.com
      insights keys add ada@example.com --label dashboard --scope insight:read --scope project:read --project 1
    """
    from insights_acl import accounts

    with folder.opened(data_dir, needs="policies") as services:
        user = user_of(services.policies, email)
        check_projects(services.policies, user, projects)
        _, value = accounts.create_personal_key(
            services.policies, user, label, scopes, scoped_teams=projects, now=services.now()
        )
    click.echo(value)


@keys.command("list")
@click.argument("email", required=False)
@local_data
def list_keys(email: str | None, data_dir: Path | None) -> None:
    """List the keys of a person, or of everybody: id, owner, label, scopes, last use. Never the key itself."""
    from insights_acl import accounts

    with folder.opened(data_dir, needs="policies") as services:
        owners = [user_of(services.policies, email)] if email else everybody(services.policies)
        rows = [
            (key.id, user.email, key.label, " ".join(key.scopes), key.last_used_at or "never")
            for user in owners
            for key in accounts.personal_keys_of(services.policies, user)
        ]
    table(("id", "email", "label", "scopes", "last used"), rows)


@keys.command("revoke")
@click.argument("key_id", metavar="ID")
@local_data
def revoke_key(key_id: str, data_dir: Path | None) -> None:
    """Revoke the key that `insights keys list` shows under ID; the next request with it is refused.

    \b
    Example:
      insights keys revoke 5f0c2a9b7d3e41d8a6b1c0e9f2d47a35
    """
    from insights_acl import accounts

    with folder.opened(data_dir, needs="policies") as services:
        for user in everybody(services.policies):
            for key in accounts.personal_keys_of(services.policies, user):
                if key.id == key_id:
                    accounts.revoke_key(services.policies, key)
                    click.echo(f'Revoked "{key.label}" of {user.email}')
                    return
    raise click.ClickException(f"There is no key {key_id}; `insights keys list` shows all.")
