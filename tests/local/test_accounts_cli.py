"""What an administrator does on the first day: people, roles and projects, by the command."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result
from insights_acl import accounts, role_members, roles, rule_store
from insights_acl.lookup import Target, look_up
from insights_acl.models import Level, Membership, User
from insights_acl.policy import Rule
from insights_engine.store import Store, open_store
from insights_local.data_dir import held

from tests.local.conftest import Run

Insights = Callable[..., Result]


@pytest.fixture(params=["sqlite", "dynamodb"])
def table(request: pytest.FixtureRequest, policies: str) -> str:
    return policies if request.param == "sqlite" else str(request.getfixturevalue("dynamo_table")())


@pytest.fixture
def store(table: str) -> Store:
    return open_store(table)


@pytest.fixture
def insights(run: Run, table: str) -> Insights:
    """The command, in a world of an owner, an admin and a member of "Example Ltd"."""
    for name, level in (("ada", "owner"), ("bob", "admin"), ("eve", "member")):
        email = f"{name}@example.com"
        run("users", "add", email, "--level", level, "--organization", "Example Ltd", POLICIES_TABLE=table)
    return lambda *arguments: run(*arguments, POLICIES_TABLE=table)


def person(store: Store, name: str) -> User:
    user = accounts.find_user_by_email(store, f"{name}@example.com")
    assert user is not None
    return user


def membership(store: Store, name: str) -> Membership | None:
    found = accounts.memberships_of(store, person(store, name))
    return found[0] if found else None


def cells(result: Result) -> list[list[str]]:
    """The rows of a printed table, without its header."""
    assert result.exit_code == 0, result.output
    return [[cell for cell in line.split("  ") if cell] for line in result.stdout.splitlines()[1:]]


def failed(result: Result, *words: str) -> None:
    assert result.exit_code in (1, 2), result.output
    assert "Traceback" not in result.output
    for word in words:
        assert word in result.stderr


def test_a_deactivated_person_is_refused_until_activated(insights: Insights, store: Store) -> None:
    value = insights("keys", "add", "eve@example.com").stdout.strip()

    def is_let_in() -> bool:
        found = look_up(store, value, Target())
        return found is not None and found.user.is_active

    assert is_let_in()
    done = insights("users", "deactivate", "eve@example.com")
    assert (done.exit_code, "every key of theirs is refused" in done.stdout, done.stderr) == (0, True, "")
    assert not is_let_in()
    assert insights("users", "deactivate", "eve@example.com").exit_code == 0
    states = {row[0]: row[3].strip() for row in cells(insights("users", "list"))}
    assert states == {"ada@example.com": "active", "bob@example.com": "active", "eve@example.com": "deactivated"}
    assert insights("users", "activate", "eve@example.com").stdout == "eve@example.com is active.\n"
    assert is_let_in()


def test_a_key_is_held_to_projects_that_its_person_belongs_to(insights: Insights) -> None:
    insights("projects", "add", "Site")
    insights("users", "add", "zoe@elsewhere.example", "--organization", "Elsewhere")
    assert insights("keys", "add", "eve@example.com", "--project", "1").exit_code == 0
    failed(insights("keys", "add", "eve@example.com", "--project", "99"), "no project 99")
    failed(insights("keys", "add", "zoe@elsewhere.example", "--project", "1"), "does not belong to")


def test_who_deactivates_the_last_owner_is_told(insights: Insights) -> None:
    done = insights("users", "deactivate", "ada@example.com")
    assert done.exit_code == 0
    assert '"Example Ltd" has no active owner now' in done.stderr


def test_levels_change_and_an_owner_stays(insights: Insights, store: Store) -> None:
    assert (
        insights("users", "level", "eve@example.com", "admin").stdout == 'eve@example.com is admin of "Example Ltd"\n'
    )
    found = membership(store, "eve")
    assert found is not None
    assert found.level is Level.ADMIN
    failed(insights("users", "level", "ada@example.com", "member"), "last owner")
    failed(insights("users", "remove", "ada@example.com"), "last owner")
    assert insights("users", "level", "bob@example.com", "owner").exit_code == 0
    assert insights("users", "level", "ada@example.com", "member").exit_code == 0


def test_who_is_removed_loses_membership_rules_and_keys_and_can_come_back(insights: Insights, store: Store) -> None:
    value = insights("keys", "add", "eve@example.com").stdout.strip()
    insights("projects", "add", "Site")
    before = membership(store, "eve")
    assert before is not None
    rule_store.set_rule(store, 1, Rule("dashboard", "none", member=before.id), datetime.now(UTC))
    done = insights("users", "remove", "eve@example.com")
    assert done.stdout == 'Removed eve@example.com from "Example Ltd"; keys revoked: 1\n'
    assert membership(store, "eve") is None
    assert rule_store.read(store, 1).project_wide == ()
    assert look_up(store, value, Target()) is None
    failed(insights("users", "remove", "eve@example.com"), "belongs to no organization")
    assert insights("users", "add", "eve@example.com", "--level", "admin").exit_code == 0
    again = membership(store, "eve")
    assert again is not None
    assert (again.level, again.id != before.id) == (Level.ADMIN, True)


def test_a_person_of_two_organizations_keeps_the_keys_of_one(insights: Insights, store: Store) -> None:
    insights("keys", "add", "eve@example.com")
    assert insights("users", "add", "eve@example.com", "--organization", "Second").exit_code == 0
    failed(insights("users", "remove", "eve@example.com"), '"Example Ltd"', '"Second"', "--organization")
    failed(insights("users", "level", "eve@example.com", "admin", "--organization", "Third"), '"Second"')
    done = insights("users", "remove", "eve@example.com", "--organization", "Second")
    assert "keys revoked: 0" in done.stdout
    assert len(accounts.personal_keys_of(store, person(store, "eve"))) == 1


def test_roles_are_made_filled_emptied_and_removed(insights: Insights, store: Store) -> None:
    made = insights("roles", "add", "Analysts")
    assert made.exit_code == 0
    assert 'Role "Analysts" of "Example Ltd" is ' in made.stdout
    failed(insights("roles", "add", "analysts"), "already a role")
    both = ("bob@example.com", "eve@example.com")
    assert insights("roles", "assign", "ANALYSTS", *both).stdout.count("is in") == 2
    failed(insights("roles", "assign", "Analysts", "eve@example.com"), "eve@example.com", "already part")
    (row,) = cells(insights("roles", "list"))
    assert [cell.strip() for cell in row[:3]] == ["Analysts", "Example Ltd", "bob@example.com, eve@example.com"]
    assert {row[0]: row[-1] for row in cells(insights("users", "list"))}["eve@example.com"].strip() == "Analysts"
    assert insights("roles", "unassign", "Analysts", "eve@example.com").exit_code == 0
    failed(insights("roles", "unassign", "Analysts", "eve@example.com", "bob@example.com"), "Not in", "eve@example.com")
    (organization,) = accounts.list_organizations(store)
    (role,) = roles.list_roles(store, organization.id)
    assert [member.user.email for member in role_members.members_of(store, role)] == ["bob@example.com"]
    assert insights("roles", "remove", "Analysts").exit_code == 0
    assert cells(insights("roles", "list")) == []
    failed(insights("roles", "remove", "Analysts"), 'no role "Analysts"')


def test_an_organization_has_to_be_named_where_there_are_several(insights: Insights) -> None:
    insights("users", "add", "zoe@example.com", "--organization", "Second")
    failed(insights("roles", "add", "A"), '"Example Ltd", "Second"', "--organization")
    assert insights("roles", "add", "A", "--organization", "Second").exit_code == 0
    failed(
        insights("roles", "assign", "A", "ada@example.com", "--organization", "Second"), "ada@example.com: ", "member"
    )
    failed(insights("projects", "add", "P", "--organization", "Third"), '"Example Ltd", "Second"')


def test_projects_are_made_renamed_and_get_new_tokens(insights: Insights, store: Store) -> None:
    made = insights("projects", "add", "Site", "--timezone", "Europe/Paris")
    token = made.stdout.splitlines()[1].removeprefix("Token: ")
    assert made.stdout.splitlines()[0] == 'Project 1 is "Site" of "Example Ltd"'
    assert [cell.strip() for cell in cells(insights("projects", "list"))[0]] == [
        *("1", "Site", "Example Ltd", "Europe/Paris", token)
    ]
    assert insights("projects", "rename", "1", "Shop").stdout == 'Project 1 is "Shop"\n'
    fresh = insights("projects", "reset-token", "1").stdout.strip()
    stored = accounts.find_project(store, 1)
    assert stored is not None
    assert (stored.project.api_token, stored.project.name, fresh != token) == (fresh, "Shop", True)
    for command in (
        ("rename", "9", "X"),
        ("reset-token", "9"),
        ("settings", "show", "9"),
        ("settings", "set", "9", "name", "x"),
    ):
        failed(insights("projects", *command), "There is no project 9")


@pytest.mark.parametrize(
    ("name", "value", "stored"),
    [
        ("timezone", "Asia/Tokyo", "Asia/Tokyo"),
        ("name", "123", "123"),
        ("week_start_day", "1", 1),
        ("week_start_day", "null", None),
        ("surveys_opt_in", "true", True),
        ("data_attributes", '["data-test"]', ["data-test"]),
        ("path_cleaning_filters", '[{"alias": "/x", "regex": "/.*"}]', [{"alias": "/x", "regex": "/.*"}]),
    ],
)
def test_settings_are_set_and_shown(insights: Insights, name: str, value: str, stored: object) -> None:
    insights("projects", "add", "Site")
    changed = insights("projects", "settings", "set", "1", name, value)
    assert changed.stdout == f"{name} = {json.dumps(stored)}\n", changed.output
    shown = dict(line.split(" = ", 1) for line in insights("projects", "settings", "show", "1").stdout.splitlines())
    assert json.loads(shown[name]) == stored
    assert len(shown) > 20


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("timezon", "UTC", 'did you mean "timezone"'),
        ("timezone", "Europe/Pariss", 'did you mean "Europe/Paris"'),
        ("week_start_day", "2", "week_start_day: "),
        ("data_attributes", "x", "data_attributes: "),
    ],
)
def test_a_wrong_setting_is_named(insights: Insights, name: str, value: str, words: str) -> None:
    insights("projects", "add", "Site")
    failed(insights("projects", "settings", "set", "1", name, value), words)


@pytest.mark.parametrize("command", ["deactivate", "activate", "remove"])
def test_an_unknown_person_is_named(insights: Insights, command: str) -> None:
    failed(insights("users", command, "ada@example.org"), 'did you mean "ada@example.com"?')


def test_the_folder_of_a_running_server_can_be_worked_on(run: Run, tmp_path: Path) -> None:
    data = ("--data-dir", str(tmp_path))
    with held(tmp_path):
        assert run("users", "add", "ada@example.com", "--organization", "Example Ltd", *data).exit_code == 0
        assert run("roles", "add", "Analysts", *data).exit_code == 0
        assert run("roles", "assign", "Analysts", "ada@example.com", *data).exit_code == 0
        assert run("projects", "add", "Site", *data).exit_code == 0
        assert "Site" in run("projects", "list", *data).stdout
