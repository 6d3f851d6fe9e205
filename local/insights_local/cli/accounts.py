"""`insights users` and `insights keys`: the first person of a deployment has nobody to ask over the API."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from insights_local import data_dir as folder
from insights_local.cli.options import local_data

if TYPE_CHECKING:
    from insights_acl.models import Organization, User
    from insights_engine.store import Store


@click.group()
def users() -> None:
    """Add and list the people who may use the API."""


@users.command("add")
@click.argument("email")
@click.option(
    "--level",
    type=click.Choice(["member", "admin", "owner"]),
    default="member",
    show_default=True,
    help="What they may do in the organization.",
)
@click.option("--name", default="", metavar="TEXT", help="First name, shown beside what they make.")
@click.option(
    "--organization",
    "organization_name",
    default=None,
    metavar="NAME",
    help="The organization they join. It is made if there is none of that name. Default: the first one.",
)
@local_data
def add_user(email: str, level: str, name: str, organization_name: str | None, data_dir: Path | None) -> None:
    """Add a person, and the organization if it is new.

    \b
    Examples:
      insights users add ada@example.com --level owner --organization "Example Ltd"
      insights users add bob@example.com --data-dir .data
    """
    from insights_acl import accounts

    with folder.opened(data_dir, needs="policies") as services:
        store, now = services.policies, services.now()
        organization = None
        if organization_name is not None:
            organization = _organization(store, organization_name)
            organization = organization or accounts.create_organization(store, organization_name, now=now)
        elif not accounts.list_organizations(store):
            raise click.UsageError('There is no organization yet; name the first one: --organization "Example Ltd"')
        user, membership = accounts.create_user(store, email, level, organization, first_name=name, now=now)
    click.echo(f"{user.email} is {membership.level.label} of organization {membership.organization_id}")
    click.echo(f"Next: insights keys add {user.email} --label laptop")


@users.command("list")
@local_data
def list_users(data_dir: Path | None) -> None:
    """List everybody: address, level, organization."""
    from insights_acl import accounts

    with folder.opened(data_dir, needs="policies") as services:
        rows = [
            (user.email, membership.level.label, organization.name)
            for organization in accounts.list_organizations(services.policies)
            for membership, user in accounts.list_members(services.policies, organization)
        ]
    _table(("email", "level", "organization"), rows)


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
        user = _user(services.policies, email)
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
        owners = [_user(services.policies, email)] if email else _everybody(services.policies)
        rows = [
            (key.id, user.email, key.label, " ".join(key.scopes), key.last_used_at or "never")
            for user in owners
            for key in accounts.personal_keys_of(services.policies, user)
        ]
    _table(("id", "email", "label", "scopes", "last used"), rows)


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
        for user in _everybody(services.policies):
            for key in accounts.personal_keys_of(services.policies, user):
                if key.id == key_id:
                    accounts.revoke_key(services.policies, key)
                    click.echo(f'Revoked "{key.label}" of {user.email}')
                    return
    raise click.ClickException(f"There is no key {key_id}; `insights keys list` shows all.")


def _organization(store: Store, name: str) -> Organization | None:
    from insights_acl import accounts

    return next((found for found in accounts.list_organizations(store) if found.name == name), None)


def _user(store: Store, email: str) -> User:
    from insights_acl import accounts
    from insights_engine.errors import nearest

    user = accounts.find_user_by_email(store, email)
    if user is None:
        hint = nearest(email, [known.email for known in _everybody(store)])
        raise click.ClickException(f"There is no user {email}{hint or '; `insights users list` shows all.'}")
    return user


def _everybody(store: Store) -> list[User]:
    from insights_acl import accounts

    found = {
        user.uuid: user
        for organization in accounts.list_organizations(store)
        for _, user in accounts.list_members(store, organization)
    }
    return list(found.values())


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    for row in (header, *rows):
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
