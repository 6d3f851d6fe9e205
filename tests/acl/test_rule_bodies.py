"""What a body asks of the rules: whom it may name, and in which words it is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from insights_acl import accounts, keys, roles
from insights_acl.models import Organization
from insights_acl.policy import ACCESS_CONTROL, Rule
from insights_acl.rule_bodies import on_kind, on_object
from insights_engine.errors import PermissionDenied, ValidationError
from insights_engine.store import Store

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class House(NamedTuple):
    """`names` are ids: of the organization's own, of another's, and of a role whose deletion was stopped."""

    store: Store
    organization: Organization
    names: dict[str, str]

    def asked(self, **body: str | None) -> dict[str, Any]:
        return {name: self.names.get(value or "", value) for name, value in body.items()}


@pytest.fixture
def house(store: Store) -> House:
    names = {"nowhere": "00000000-0000-4000-8000-000000000000"}
    organizations = {}
    for which in ("own", "other"):
        organization = organizations[which] = accounts.create_organization(store, which, now=NOW)
        _, membership = accounts.create_user(store, f"{which}@example.com", organization=organization, now=NOW)
        names[f"{which} member"] = membership.id
        names[f"{which} role"] = roles.create_role(store, organization.id, "Analysts", now=NOW).id
    halved = roles.create_role(store, organizations["own"].id, "Gone", now=NOW)
    item = store.get(*keys.role(halved.organization_id, halved.id))
    assert item is not None
    store.put({**item, "is_deleted": True})
    return House(store, organizations["own"], {**names, "deleted role": halved.id})


def test_a_rule_is_for_everybody_for_a_member_or_for_a_role(house: House) -> None:
    for body, member, role in (
        ({}, None, None),
        ({"organization_member": "own member"}, "own member", None),
        ({"role": "own role"}, None, "own role"),
        ({"organization_member": None, "role": None}, None, None),
    ):
        wanted = on_object(house.asked(access_level="viewer", **body), house.store, house.organization, "notebook", "7")
        named = (house.names.get(member or ""), house.names.get(role or ""))
        assert wanted == (Rule("notebook", "viewer", "7", *named), False)
    gone = on_object({"access_level": None}, house.store, house.organization, "notebook", "7")
    assert gone == (Rule("notebook", "", "7"), True)


@pytest.mark.parametrize(
    ("body", "attr", "said"),
    [
        ({"organization_member": "other member"}, None, "The member must belong to the same organization"),
        ({"role": "other role"}, None, "The role must belong to the same organization"),
        ({"organization_member": "nowhere"}, "organization_member", "object does not exist"),
        ({"role": "nowhere"}, "role", "object does not exist"),
        ({"role": "deleted role"}, "role", "object does not exist"),
        ({"role": "own member"}, "role", "object does not exist"),
        ({"organization_member": "own role"}, "organization_member", "object does not exist"),
        ({"organization_member": "own member", "role": "own role"}, None, "both a member and a role"),
        ({"organization_member": "me"}, "organization_member", "Invalid organization member id"),
        ({"role": ""}, "role", "Invalid role id"),
    ],
)
def test_whom_no_rule_can_name(house: House, body: dict[str, str], attr: str | None, said: str) -> None:
    with pytest.raises(ValidationError, match=said) as refused:
        on_object(house.asked(access_level="viewer", **body), house.store, house.organization, "notebook", "7")
    assert refused.value.attr == attr


def test_roles_are_named_where_the_organization_has_them(house: House) -> None:
    without = replace(house.organization, features=(ACCESS_CONTROL,))
    body = house.asked(access_level="viewer", role="own role")
    with pytest.raises(PermissionDenied, match="require the Role-based access feature"):
        on_object(body, house.store, without, "notebook", "7")
    member = house.asked(access_level="viewer", organization_member="own member")
    assert on_object(member, house.store, without, "notebook", "7").rule.member == house.names["own member"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"resource": "notebook", "access_level": "viewer", "resource_id": "7"}, PermissionDenied),
        ({"resource": "project", "access_level": "member"}, PermissionDenied),
        ({"resource": "project", "access_level": "viewer"}, ValidationError),
        ({"resource": "organization", "access_level": "member"}, ValidationError),
        ({"resource": "action", "access_level": "none"}, ValidationError),
        ({"resource": "activity_log", "access_level": "editor"}, ValidationError),
        ({"access_level": "viewer"}, ValidationError),
        ({"resource": "notebook"}, ValidationError),
    ],
)
def test_a_rule_on_a_kind_is_on_all_of_it_and_in_its_bounds(
    house: House, body: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        on_kind(body, house.store, house.organization)
    wanted = on_kind({"resource": "notebook", "access_level": "none"}, house.store, house.organization)
    assert wanted == (Rule("notebook", "none"), False)
