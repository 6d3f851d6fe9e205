"""`insights users`: the first person of a deployment has nobody to ask over the API."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from insights_local import data_dir as folder
from insights_local.cli.lookups import membership_of, membership_option, table, user_of
from insights_local.cli.options import local_data
from insights_local.terminal import pasteable

if TYPE_CHECKING:
    from insights_acl.models import Membership, Organization, User
    from insights_engine.services import Services

_LEVELS = click.Choice(["member", "admin", "owner"])


@click.group()
def users() -> None:
    """Add, list, change and remove the people who may use the API."""


@users.command("add")
@click.argument("email")
@click.option(
    "--level", type=_LEVELS, default="member", show_default=True, help="What they may do in the organization."
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

    A person who has an account joins a further organization, and keeps the keys.

    \b
    Examples:
      insights users add ada@example.com --level owner --organization "Example Ltd"
      insights users add bob@example.com --data-dir .data
    """
    with folder.opened(data_dir, needs="policies") as services:
        organization = _joined(services, organization_name)
        user, membership = _added(services, email, level, name, organization)
    click.echo(f"{user.email} is {membership.level.label} of organization {membership.organization_id}")
    click.echo(pasteable(f"Next: insights keys add {user.email} --label laptop"))


@users.command("list")
@local_data
def list_users(data_dir: Path | None) -> None:
    """List everybody: address, level, organization, roles, and who is deactivated.

    \b
    Example:
      insights users list --data-dir .data
    """
    from insights_acl import accounts, roles

    rows = []
    with folder.opened(data_dir, needs="policies") as services:
        store = services.policies
        for organization in accounts.list_organizations(store):
            names = {role.id: role.name for role in roles.list_roles(store, organization.id)}
            for membership, user in accounts.list_members(store, organization):
                held = ", ".join(names[role] for role in membership.roles if role in names)
                state = "active" if user.is_active else "deactivated"
                rows.append((user.email, membership.level.label, organization.name, state, held))
    table(("email", "level", "organization", "state", "roles"), rows)


@users.command()
@click.argument("email")
@local_data
def deactivate(email: str, data_dir: Path | None) -> None:
    """Refuse every key of a person from the next request on. Nothing of theirs is removed.

    \b
    Example:
      insights users deactivate bob@example.com
    """
    with folder.opened(data_dir, needs="policies") as services:
        user = _with_state(services, email, is_active=False)
        headless = _without_an_owner(services, user)
    click.echo(f"{user.email} is deactivated: every key of theirs is refused from now on.")
    for organization in headless:
        advice = pasteable("next: insights users level EMAIL owner")
        click.echo(f'"{organization.name}" has no active owner now; {advice}', err=True)


@users.command()
@click.argument("email")
@local_data
def activate(email: str, data_dir: Path | None) -> None:
    """Let a person who was deactivated in again, with the same keys, levels and roles.

    \b
    Example:
      insights users activate bob@example.com
    """
    with folder.opened(data_dir, needs="policies") as services:
        user = _with_state(services, email, is_active=True)
    click.echo(f"{user.email} is active.")


@users.command()
@click.argument("email")
@click.argument("new_level", metavar="LEVEL", type=_LEVELS)
@membership_option
@local_data
def level(email: str, new_level: str, organization_name: str | None, data_dir: Path | None) -> None:
    """Make a person member, admin or owner of an organization. It always keeps one owner.

    \b
    Examples:
      insights users level bob@example.com admin
      insights users level bob@example.com owner --organization "Example Ltd"
    """
    from insights_acl import accounts
    from insights_acl.models import Level

    with folder.opened(data_dir, needs="policies") as services:
        user = user_of(services.policies, email)
        organization, membership = membership_of(services.policies, user, organization_name)
        changed = accounts.set_level(services.policies, membership, Level.of(new_level), now=services.now())
    click.echo(f'{user.email} is {changed.level.label} of "{organization.name}"')


@users.command()
@click.argument("email")
@membership_option
@local_data
def remove(email: str, organization_name: str | None, data_dir: Path | None) -> None:
    """Take a person out of an organization, with their roles and the access rules that name them.

    Who belongs to no organization any more loses the keys as well; what they made stays. `insights users add` lets them
    in again.

    \b
    Example:
      insights users remove bob@example.com --organization "Example Ltd"
    """
    from insights_acl import accounts

    with folder.opened(data_dir, needs="policies") as services:
        store = services.policies
        user = user_of(store, email)
        organization, membership = membership_of(store, user, organization_name)
        accounts.remove_member(store, membership)
        revoked = [] if accounts.memberships_of(store, user) else accounts.personal_keys_of(store, user)
        for key in revoked:
            accounts.revoke_key(store, key)
    click.echo(f'Removed {user.email} from "{organization.name}"; keys revoked: {len(revoked)}')


def _joined(services: Services, organization_name: str | None) -> Organization:
    from insights_acl import accounts

    known = accounts.list_organizations(services.policies)
    if organization_name is None and not known:
        raise click.UsageError('There is no organization yet; name the first one: --organization "Example Ltd"')
    if organization_name is None:
        return known[0]
    named = (found for found in known if found.name == organization_name)
    return next(named, None) or accounts.create_organization(services.policies, organization_name, now=services.now())


def _added(
    services: Services, email: str, level: str, name: str, organization: Organization
) -> tuple[User, Membership]:
    """An account that is in the organization already is refused by `create_user`."""
    from insights_acl import accounts

    store, now = services.policies, services.now()
    user = accounts.find_user_by_email(store, email)
    if user is None or accounts.find_membership(store, organization.id, user.uuid):
        return accounts.create_user(store, email, level, organization, first_name=name, now=now)
    return user, accounts.add_member(store, user, organization, level, now=now)


def _with_state(services: Services, email: str, *, is_active: bool) -> User:
    from insights_acl import accounts
    from insights_engine.errors import Conflict
    from insights_engine.store import ConflictError

    user = user_of(services.policies, email)
    if user.is_active == is_active:
        return user
    try:
        return accounts.update_user(services.policies, replace(user, is_active=is_active))
    except ConflictError as error:
        raise Conflict(f"{user.email} was changed at the same time; run the command again.") from error


def _without_an_owner(services: Services, user: User) -> list[Organization]:
    """Those of the person's organizations that have no active owner."""
    from insights_acl import accounts
    from insights_acl.models import Level

    store = services.policies
    return [
        organization
        for organization, membership in accounts.organizations_of(store, user)
        if membership.level is Level.OWNER
        and not any(m.level is Level.OWNER and u.is_active for m, u in accounts.list_members(store, organization))
    ]
