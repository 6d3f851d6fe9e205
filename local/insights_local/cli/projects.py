"""`insights projects`: what events belong to, and the settings that answers follow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from insights_local import data_dir as folder
from insights_local.cli.lookups import organization_of, organization_option, table
from insights_local.cli.options import local_data

if TYPE_CHECKING:
    from insights_acl.models import StoredProject
    from insights_engine.store import Store


@click.group()
def projects() -> None:
    """Make, list and change projects, and give them new tokens."""


@projects.command("add")
@click.argument("name")
@click.option("--timezone", default="UTC", show_default=True, metavar="ZONE", help="Where its days begin and end.")
@organization_option
@local_data
def add_project(name: str, timezone: str, organization_name: str | None, data_dir: Path | None) -> None:
    """Make a project, and print its number and the token that events are sent with.

    \b
    Examples:
      insights projects add Website --timezone Europe/Paris
      insights projects add Shop --organization "Example Ltd" --data-dir .data
    """
    from insights_acl import accounts

    with folder.opened(data_dir, needs="policies") as services:
        organization = organization_of(services.policies, organization_name)
        settings = {"timezone": timezone}
        made = accounts.create_project(services.policies, organization, name, settings, now=services.now()).project
    click.echo(f'Project {made.id} is "{made.name}" of "{organization.name}"')
    click.echo(f"Token: {made.api_token}")


@projects.command("list")
@local_data
def list_projects(data_dir: Path | None) -> None:
    """List all projects: number, name, organization, time zone, token.

    \b
    Example:
      insights projects list --data-dir .data
    """
    from insights_acl import accounts

    with folder.opened(data_dir, needs="policies") as services:
        rows = [
            (str(one.project.id), one.project.name, organization.name, one.project.timezone, one.project.api_token)
            for organization in accounts.list_organizations(services.policies)
            for one in accounts.list_projects(services.policies, organization.id)
        ]
    table(("id", "name", "organization", "timezone", "token"), rows)


@projects.command()
@click.argument("project_id", metavar="ID", type=int)
@click.argument("name")
@local_data
def rename(project_id: int, name: str, data_dir: Path | None) -> None:
    """Give a project another name.

    \b
    Example:
      insights projects rename 1 Website
    """
    from insights_acl import accounts

    with folder.opened(data_dir, needs="policies") as services:
        _found(services.policies, project_id)
        changed = accounts.update_project(services.policies, project_id, {"name": name})
    click.echo(f'Project {project_id} is "{changed.project.name}"')


@projects.group()
def settings() -> None:
    """Show and set what answers of a project follow: time zone, week, test accounts."""


@settings.command("show")
@click.argument("project_id", metavar="ID", type=int)
@local_data
def show_settings(project_id: int, data_dir: Path | None) -> None:
    """Show all settings of a project, one a line, each value as JSON.

    \b
    Example:
      insights projects settings show 1
    """
    with folder.opened(data_dir, needs="policies") as services:
        stored = _found(services.policies, project_id)
    for name, value in _values(stored).items():
        click.echo(f"{name} = {json.dumps(value, ensure_ascii=False)}")


@settings.command("set")
@click.argument("project_id", metavar="ID", type=int)
@click.argument("name")
@click.argument("value")
@local_data
def set_setting(project_id: int, name: str, value: str, data_dir: Path | None) -> None:
    """Set one setting of a project. VALUE is JSON, or plain text where the setting is a text.

    \b
    Examples:
      insights projects settings set 1 timezone Europe/Paris
      insights projects settings set 1 week_start_day 1
      insights projects settings set 1 data_attributes '["data-test"]'
    """
    from insights_acl import accounts
    from insights_acl.project_settings import SETTINGS
    from insights_engine.errors import unknown

    defaults = {setting.name: setting.default for setting in SETTINGS}
    if name not in defaults:
        raise unknown("NAME", name, defaults)
    with folder.opened(data_dir, needs="policies") as services:
        _found(services.policies, project_id)
        changes = {name: _value(value, is_text=isinstance(defaults[name], str))}
        changed = accounts.update_project(services.policies, project_id, changes)
    click.echo(f"{name} = {json.dumps(_values(changed)[name], ensure_ascii=False)}")


@projects.command("reset-token")
@click.argument("project_id", metavar="ID", type=int)
@local_data
def reset_token(project_id: int, data_dir: Path | None) -> None:
    """Give a project a new token and print it. Events that are sent with the old one are refused from now on.

    \b
    Example:
      insights projects reset-token 1
    """
    from insights_acl import accounts

    with folder.opened(data_dir, needs="policies") as services:
        _found(services.policies, project_id)
        changed = accounts.reset_token(services.policies, project_id)
    click.echo(changed.project.api_token)


def _found(store: Store, project_id: int) -> StoredProject:
    from insights_acl import accounts

    stored = accounts.find_project(store, project_id)
    if stored is None:
        raise click.ClickException(f"There is no project {project_id}; `insights projects list` shows all.")
    return stored


def _values(stored: StoredProject) -> dict[str, Any]:
    """Every setting, whether it stands in the project itself or beside it."""
    from insights_acl.project_settings import SETTINGS

    own = {name: getattr(stored.project, name) for name in stored.project.__slots__}
    whole = {**{setting.name: setting.default for setting in SETTINGS}, **stored.settings, **own}
    return {setting.name: whole[setting.name] for setting in SETTINGS}


def _value(text: str, *, is_text: bool) -> Any:
    if is_text:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
