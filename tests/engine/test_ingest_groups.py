"""Groups in the policies store: types are numbered by first use, five at most, and changes from all sides are kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from insights_engine import keys
from insights_engine.ingest.effects import group_change
from insights_engine.ingest.groups import GroupChange, Groups, group_key, group_keys
from insights_engine.ingest.rows import Event

from tests.engine.conftest import Workplace
from tests.engine.meanwhile import before_put

KINDS = ["company", "team", "plan", "region", "tier", "sixth", "seventh"]
AT = "2024-03-01 00:00:00.000000"


def groups_of(project: Workplace) -> Groups:
    """A consumer's, which has learned nothing yet."""
    return Groups(project.services.policies, project.id)


def change(kind: str = "company", key: str = "acme", at: str = AT, **values: Any) -> GroupChange:
    return GroupChange(kind, key, at, values)


@pytest.mark.parametrize("cuts", [(7,), (5, 7), (3, 7), (1, 2, 4, 6, 7)], ids=repr)
def test_there_are_five_types_however_they_come(project: Workplace, cuts: tuple[int, ...]) -> None:
    start = 0
    for end in cuts:
        groups_of(project).indexes(KINDS[start:end])
        start = end
    assert project.item()["group_types"] == KINDS[:5]
    assert groups_of(project).indexes(reversed(KINDS)) == {kind: place for place, kind in enumerate(KINDS[:5])}


def test_a_type_that_another_consumer_was_first_with_keeps_its_number(project: Workplace) -> None:
    services = before_put(
        project.services, lambda item: "group_types" in item, lambda: groups_of(project).indexes(["team", "plan"])
    )
    assert Groups(services.policies, project.id).indexes(["company", "plan"]) == {"company": 2, "plan": 1}
    assert project.item()["group_types"] == ["team", "plan", "company"]


def test_what_another_consumer_said_of_a_group_meanwhile_is_kept(project: Workplace) -> None:
    groups_of(project).change([change(name="Acme", seats=1)])
    key = keys.group(project.id, 0, "acme")
    services = before_put(
        project.services,
        lambda item: (item["pk"], item["sk"]) == key,
        lambda: groups_of(project).change([change(city="Bonn", seats=2)]),
    )
    (found,) = Groups(services.policies, project.id).change([change(seats=3)])
    assert (found.properties, found.version) == ({"name": "Acme", "city": "Bonn", "seats": 3}, 3)


def test_a_group_that_another_consumer_made_meanwhile_is_that_group(project: Workplace) -> None:
    groups_of(project).indexes(["company"])
    services = before_put(
        project.services,
        lambda item: item["pk"].startswith(f"PROJECT#{project.id}#GROUP#"),
        lambda: groups_of(project).change([change(at="2024-01-01 00:00:00.000000", name="Acme")]),
    )
    (found,) = Groups(services.policies, project.id).change([change(seats=3)])
    assert (found.created_at, found.properties) == ("2024-01-01 00:00:00.000000", {"name": "Acme", "seats": 3})


def test_a_group_that_grows_too_large_keeps_what_it_had(project: Workplace) -> None:
    groups_of(project).change([change(name="Acme")])
    (found,) = groups_of(project).change([change(text="x" * 400_000)])
    assert (found.properties, found.version) == ({"name": "Acme"}, 1)


@pytest.mark.parametrize(
    ("properties", "is_changed"),
    [({}, True), ({"$process_person_profile": True}, True), ({"$process_person_profile": False}, False)],
)
def test_who_is_to_have_no_profile_changes_no_group(properties: dict[str, Any], is_changed: bool) -> None:
    told = {"$group_type": "company", "$group_key": 5, "$group_set": {"seats": 3}, **properties}
    found = group_change(Event("$groupidentify", "u", datetime(2024, 3, 1, tzinfo=UTC), "", told))
    assert found == (change(key="5", seats=3) if is_changed else None)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("acme", "acme"),
        (5, "5"),
        (5.5, "5.5"),
        (True, "true"),
        (None, ""),
        ({}, ""),
        (["a"], ""),
        ("x" * 500, "x" * 400),
    ],
)
def test_a_key_is_text(value: Any, text: str) -> None:
    assert group_key(value) == text
    assert group_keys({"company": value, "": "nameless"}) == ({"company": text} if text else {})
