"""The link in a mail: it takes one address off one list, and what it says holds whatever becomes of the list."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from insights_acl.models import StoredProject
from insights_api.unsubscribe import KEPT, link_for

from tests.api.boards import Office, made, read
from tests.api.world import World

NOW = datetime(2101, 3, 7, 9, 0, tzinfo=UTC)
RULE = {"target_type": "email", "frequency": "weekly", "start_date": "2101-03-01T09:00:00Z", "enabled": False}
ADA, BOB = "Ada@example.com", "bob@example.com"


@pytest.fixture
def office(world: World, project: StoredProject) -> Office:
    return Office(world, project)


def subscribed(office: Office, *addresses: str) -> dict[str, Any]:
    """Paused, so that nothing is ever sent."""
    body = {**RULE, "insight": office.insight()["id"], "target_value": ",".join(addresses)}
    return made(office.api()("POST", "subscriptions", json=body))


def link(office: Office, subscription: dict[str, Any], address: str, at: datetime = NOW) -> str:
    project_id, number = office.project.project.id, str(subscription["id"])
    url = urlsplit(link_for(office.world.stack.services, "https://x.test", project_id, number, address, at))
    return f"{url.path}?{url.query}"


def now_is(office: Office, subscription: dict[str, Any]) -> list[Any]:
    found = read(office.api()("GET", "subscriptions", params={"deleted": "true"}))["results"]
    return [(one["target_value"], one["deleted"]) for one in found if one["id"] == subscription["id"]]


@pytest.mark.parametrize("address", [ADA, ADA.lower(), ADA.upper()])
def test_an_address_is_the_same_in_any_case(office: Office, address: str) -> None:
    subscription = subscribed(office, ADA, BOB)
    with time_machine.travel(NOW, tick=False):
        path = link(office, subscription, address)
        assert [office.nobody("POST", path).json() for _ in range(2)] == [{"success": True}] * 2
    assert now_is(office, subscription) == [(BOB, False)]


def test_without_anybody_it_is_deleted(office: Office) -> None:
    subscription = subscribed(office, ADA)
    with time_machine.travel(NOW, tick=False):
        assert office.nobody("GET", link(office, subscription, ADA)).status_code == 200
    assert now_is(office, subscription) == [(ADA, True)]


def test_who_is_taken_off_a_list_that_is_deleted_is_not_on_it_when_it_comes_back(office: Office) -> None:
    subscription = subscribed(office, ADA, BOB)
    path = f"subscriptions/{subscription['id']}"
    read(office.api()("PATCH", path, json={"deleted": True}))
    with time_machine.travel(NOW, tick=False):
        assert office.nobody("POST", link(office, subscription, ADA)).json() == {"success": True}
    assert read(office.api()("PATCH", path, json={"deleted": False}))["target_value"] == BOB


@pytest.mark.parametrize(
    "change", [{"target_type": "webhook", "target_value": "https://1.1.1.1/in"}, {}], ids=["hook", "other"]
)
def test_a_list_that_has_not_the_address_stays_as_it_is(office: Office, change: dict[str, str]) -> None:
    subscription = subscribed(office, BOB)
    changed = read(office.api()("PATCH", f"subscriptions/{subscription['id']}", json=change))
    with time_machine.travel(NOW, tick=False):
        assert office.nobody("POST", link(office, subscription, ADA)).json() == {"success": True}
    assert now_is(office, subscription) == [(changed["target_value"], False)]


def test_a_link_is_good_for_thirty_days_and_for_its_own_list(office: Office) -> None:
    one, other = subscribed(office, ADA, BOB), subscribed(office, ADA, BOB)
    path = link(office, one, ADA)
    with time_machine.travel(NOW + KEPT + timedelta(seconds=1), tick=False):
        refused = office.nobody("POST", path)
    assert (refused.status_code, refused.json()["attr"]) == (400, "token")
    assert now_is(office, one) == [(f"{ADA},{BOB}", False)]
    with time_machine.travel(NOW + KEPT, tick=False):
        assert office.nobody("POST", path).status_code == 200
    assert (now_is(office, one), now_is(office, other)) == ([(BOB, False)], [(f"{ADA},{BOB}", False)])
