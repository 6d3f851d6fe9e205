"""`insights roles`: named sets of people, for access rules to name."""

from __future__ import annotations

from pathlib import Path

import click

from insights_local import data_dir as folder
from insights_local.cli.lookups import organization_of, organization_option, role_of, table, user_of
from insights_local.cli.options import local_data
from insights_local.terminal import pasteable


@click.group()
def roles() -> None:
    """Make, list and remove roles, and put people into them."""


@roles.command("add")
@click.argument("name")
@organization_option
@local_data
def add_role(name: str, organization_name: str | None, data_dir: Path | None) -> None:
    """Make a role. Access rules can name it, and then hold for everybody in it.

    \b
    Example:
      insights roles add Analysts
    """
    from insights_acl import roles as stored

    with folder.opened(data_dir, needs="policies") as services:
        organization = organization_of(services.policies, organization_name)
        role = stored.create_role(services.policies, organization.id, name, now=services.now())
    click.echo(f'Role "{role.name}" of "{organization.name}" is {role.id}')
    click.echo(pasteable(f'Next: insights roles assign "{role.name}" EMAIL'))


@roles.command("list")
@local_data
def list_roles(data_dir: Path | None) -> None:
    """List all roles: name, organization, members, id.

    \b
    Example:
      insights roles list --data-dir .data
    """
    from insights_acl import accounts, role_members
    from insights_acl import roles as stored

    rows = []
    with folder.opened(data_dir, needs="policies") as services:
        for organization in accounts.list_organizations(services.policies):
            members = role_members.members_of_each(services.policies, organization.id)
            for role in stored.list_roles(services.policies, organization.id):
                people = ", ".join(one.user.email for one in members.get(role.id, []))
                rows.append((role.name, organization.name, people, role.id))
    table(("role", "organization", "members", "id"), rows)


@roles.command("remove")
@click.argument("name")
@organization_option
@local_data
def remove_role(name: str, organization_name: str | None, data_dir: Path | None) -> None:
    """Remove a role, and the access rules that name it. Its members stay in the organization.

    A removal that was stopped goes on when the command is run again.

    \b
    Example:
      insights roles remove Analysts
    """
    from insights_acl import roles as stored

    with folder.opened(data_dir, needs="policies") as services:
        organization = organization_of(services.policies, organization_name)
        stopped = (one for one in stored.half_deleted(services.policies, organization.id) if one.name == name)
        role = next(stopped, None) or role_of(services.policies, organization, name)
        stored.delete_role(services.policies, organization.id, role.id)
    click.echo(f'Removed role "{role.name}" of "{organization.name}"')


@roles.command()
@click.argument("name")
@click.argument("emails", metavar="EMAIL...", nargs=-1, required=True)
@organization_option
@local_data
def assign(name: str, emails: tuple[str, ...], organization_name: str | None, data_dir: Path | None) -> None:
    """Put people into a role. They have to be members of its organization.

    \b
    Example:
      insights roles assign Analysts ada@example.com bob@example.com
    """
    from insights_acl import role_members
    from insights_engine.errors import ValidationError

    with folder.opened(data_dir, needs="policies") as services:
        store = services.policies
        role = role_of(store, organization_of(store, organization_name), name)
        for user in [user_of(store, email) for email in emails]:
            try:
                role_members.assign(store, role, user.uuid, now=services.now())
            except ValidationError as error:
                raise click.ClickException(f"{user.email}: {error.detail}") from error
            click.echo(f'{user.email} is in "{role.name}"')


@roles.command()
@click.argument("name")
@click.argument("emails", metavar="EMAIL...", nargs=-1, required=True)
@organization_option
@local_data
def unassign(name: str, emails: tuple[str, ...], organization_name: str | None, data_dir: Path | None) -> None:
    """Take people out of a role.

    \b
    Example:
      insights roles unassign Analysts bob@example.com
    """
    from insights_acl import role_members

    with folder.opened(data_dir, needs="policies") as services:
        store = services.policies
        role = role_of(store, organization_of(store, organization_name), name)
        entries = {entry.user_id: entry for entry in role_members.entries_of(store, role)}
        people = [user_of(store, email) for email in emails]
        strangers = [user.email for user in people if user.uuid not in entries]
        if strangers:
            raise click.ClickException(f'Not in "{role.name}": {", ".join(strangers)}')
        for user in people:
            role_members.unassign(store, role, entries[user.uuid].id)
            click.echo(f'{user.email} is no longer in "{role.name}"')
