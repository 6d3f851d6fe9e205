"""Organizations, users and projects as the command line makes them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from insights_acl import accounts
from insights_acl.models import Level
from insights_acl.scopes import SCOPES, allows
from insights_engine.errors import ApiError, ValidationError
from insights_engine.store import Store

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_what_is_made_is_found(store: Store) -> None:
    organization = accounts.create_organization(store, " Acme ", now=NOW)
    user, membership = accounts.create_user(store, "Ann@Example.com", "owner", organization, first_name="Ann", now=NOW)
    project = accounts.create_project(store, organization, "Site", {"timezone": "Europe/Paris"}, now=NOW)
    key, value = accounts.create_personal_key(store, user, "laptop", ["insight:read"], [project.project.id], now=NOW)

    assert organization.name == "Acme"
    assert accounts.find_organization(store, organization.id) == organization
    assert accounts.list_organizations(store) == [organization]
    assert accounts.find_user(store, user.uuid) == accounts.find_user_by_email(store, "ann@example.com") == user
    assert accounts.list_members(store, organization) == [(membership, user)]
    assert accounts.organizations_of(store, user) == [(organization, membership)]
    assert membership.level is Level.OWNER
    assert accounts.find_project(store, project.project.id) == project
    assert accounts.list_projects(store, organization.id) == [project]
    assert (project.project.timezone, project.project.days_timezone) == ("Europe/Paris", "Europe/Paris")
    assert accounts.personal_keys_of(store, user) == [key]
    assert (value[:4], key.mask_value, key.created_at) == (
        "phx_",
        f"phx_...{value[-4:]}",
        "2026-01-02T03:04:05.000000Z",
    )

    accounts.revoke_key(store, key)
    assert accounts.personal_keys_of(store, user) == []


def test_without_an_organization_a_user_joins_the_first(store: Store) -> None:
    with pytest.raises(ApiError, match="create one first"):
        accounts.create_user(store, "a@b.c", now=NOW)
    first = accounts.create_organization(store, "First", now=NOW)
    accounts.create_organization(store, "Second", now=NOW.replace(year=2027))
    _, membership = accounts.create_user(store, "a@b.c", now=NOW)
    assert (membership.organization_id, membership.level) == (first.id, Level.MEMBER)


@pytest.mark.parametrize(
    ("email", "level", "hint"),
    [("nobody", "member", "valid email"), ("", "member", "blank"), ("a@b.c", "admln", 'did you mean "admin"')],
)
def test_a_user_that_cannot_be_made(store: Store, email: str, level: str, hint: str) -> None:
    organization = accounts.create_organization(store, "One", now=NOW)
    with pytest.raises(ValidationError, match=hint):
        accounts.create_user(store, email, level, organization, now=NOW)
    assert accounts.list_members(store, organization) == []


@pytest.mark.parametrize(
    ("setting", "value", "attr"),
    [
        ("timezone", "Nowhere", "timezone"),
        ("timezone", "localtime", "timezone"),
        ("week_start_day", 1.5, "week_start_day"),
        ("week_start_day", "1", "week_start_day"),
        ("path_cleaning_filters", [{"alias": "a", "regex": 5}], "path_cleaning_filters__0__regex"),
        ("path_cleaning_filters", [None], "path_cleaning_filters__0"),
        ("data_attributes", ["a", 1], "data_attributes__1"),
        ("base_currency", "euro", "base_currency"),
        ("primary_dashboard", "x", "primary_dashboard"),
        ("primary_dashboard", 10**30, "primary_dashboard"),
        ("anonymize_ips", "yes", "anonymize_ips"),
        ("modifiers", {"a": "x" * 300_000}, "modifiers"),
        ("correlation_config", {"a\0": 1}, "correlation_config"),
        ("onboarding_tasks", 1e308, "onboarding_tasks"),
    ],
)
def test_a_wrong_setting_is_named_and_changes_nothing(store: Store, setting: str, value: Any, attr: str) -> None:
    organization = accounts.create_organization(store, "One", now=NOW)
    project = accounts.create_project(store, organization, "P", now=NOW)
    with pytest.raises(ValidationError) as refused:
        accounts.update_project(store, project.project.id, {"name": "New", setting: value})
    assert refused.value.attr == attr
    assert accounts.find_project(store, project.project.id) == project


def test_everything_and_write_include_the_rest() -> None:
    held: dict[str, list[str]] = {
        scope: [required for required in SCOPES[1:] if allows([scope], required)] for scope in SCOPES
    }
    assert held["*"] == list(SCOPES[1:])
    assert held["insight:read"] == ["insight:read"]
    assert held["insight:write"] == ["insight:read", "insight:write"]
    assert not allows([], "insight:read")
