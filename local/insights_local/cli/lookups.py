"""What commands name by words a person knows: people by address, organizations and roles by name. And their tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from insights_acl.models import Membership, Organization, Role, User
    from insights_engine.store import Store

organization_option = click.option(
    "--organization",
    "organization_name",
    default=None,
    metavar="NAME",
    help="The organization. Default: the only one that there is.",
)
membership_option = click.option(
    "--organization",
    "organization_name",
    default=None,
    metavar="NAME",
    help="Where. Default: the only organization that the person belongs to.",
)


def organization_of(store: Store, name: str | None) -> Organization:
    from insights_acl import accounts

    return _one_of(accounts.list_organizations(store), name, "organization", lambda one: one.name)


def user_of(store: Store, email: str) -> User:
    from insights_acl import accounts
    from insights_engine.errors import nearest

    user = accounts.find_user_by_email(store, email)
    if user is None:
        known = [one.email for one in everybody(store)]
        others = (
            "; `insights users list` shows all." if known else f"; let the first one in: insights users add {email}"
        )
        raise click.ClickException(f"There is no user {email}{nearest(email, known) or others}")
    return user


def membership_of(store: Store, user: User, organization_name: str | None) -> tuple[Organization, Membership]:
    from insights_acl import accounts

    found = accounts.organizations_of(store, user)
    if not found:
        raise click.ClickException(f"{user.email} belongs to no organization.")
    return _one_of(found, organization_name, f"organization of {user.email}", lambda pair: pair[0].name)


def role_of(store: Store, organization: Organization, name: str) -> Role:
    from insights_acl import roles
    from insights_engine.errors import nearest

    role = roles.find_role_named(store, organization.id, name)
    if role is None:
        hint = nearest(name, [known.name for known in roles.list_roles(store, organization.id)])
        raise click.ClickException(f'There is no role "{name}"{hint or "; `insights roles list` shows all."}')
    return role


def everybody(store: Store) -> list[User]:
    """Each member of any organization once."""
    from insights_acl import accounts

    found = {
        user.uuid: user
        for organization in accounts.list_organizations(store)
        for _, user in accounts.list_members(store, organization)
    }
    return list(found.values())


def check_projects(store: Store, user: User, projects: Sequence[int]) -> None:
    """A key that is held to projects which are not there, or not the person's, would never work."""
    from insights_acl import accounts
    from insights_engine import keys

    own = {organization.id for organization, _ in accounts.organizations_of(store, user)}
    for number, item in zip(projects, store.get_many([keys.project(one) for one in projects]), strict=True):
        if item is None:
            raise click.ClickException(f"There is no project {number}; `insights projects list` shows all.")
        if item["organization_id"] not in own:
            raise click.ClickException(f"Project {number} is of an organization that {user.email} does not belong to.")


def table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    for row in (header, *rows):
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _one_of[T](found: Sequence[T], name: str | None, what: str, name_of: Callable[[T], Any]) -> T:
    """The one of this name; without a name the only one."""
    names = ", ".join(f'"{name_of(one)}"' for one in found)
    named = [one for one in found if name is None or name_of(one) == name]
    if len(named) == 1:
        return named[0]
    if not found:
        raise click.UsageError(f"There is no {what} yet; `insights users add` makes the first one.")
    if name is None:
        raise click.UsageError(f"Name the {what}, one of {names}: --organization NAME")
    wrong = "several have that name" if named else f"there are: {names}"
    raise click.ClickException(f'There is no one {what} "{name}"; {wrong}.')
