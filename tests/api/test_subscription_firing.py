"""A due time becomes one delivery, and the next one is set, whatever came in between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from insights_acl.models import moment
from insights_api import agenda, deliveries
from insights_api.schedule import BUFFER
from insights_api.subscription_firing import KIND, entry, fire, put, read, run
from insights_engine import keys
from insights_engine.services import Services
from insights_engine.settings import Settings
from insights_engine.store import Item, Put

# Of a year that no store has come to, so that nothing of it has expired.
DUE = datetime(2101, 3, 7, 9, 0, tzinfo=UTC)
MINUTE, WEEK = timedelta(minutes=1), timedelta(days=7)
PROJECT = 1


@pytest.fixture
def services(tmp_path: Path) -> Services:
    return Services(Settings.read({"POLICIES_TABLE": f"sqlite://{tmp_path}/policies.db"}))


def subscribed(services: Services, **fields: Any) -> Item:
    """Weekly, due at DUE, and in the agenda."""
    pk, sk = keys.resource(PROJECT, KIND, "7")
    item: Item = {
        **{"pk": pk, "sk": sk, "id": 7, "version": 1, "enabled": True, "deleted": False},
        **{"target_type": "email", "target_value": "a@example.com, b@example.com"},
        **{"frequency": "weekly", "interval": 1, "byweekday": None, "bysetpos": None, "count": None},
        **{"start_date": moment(DUE - WEEK), "until_date": None, "next_delivery_date": moment(DUE)},
        **fields,
    }
    services.policies.transact([Put(item, "absent"), *agenda.moved(None, entry(item))])
    return item


def due_at(services: Services) -> list[datetime]:
    found = agenda.due(services.policies, datetime(9000, 1, 1, tzinfo=UTC))
    return [one.at for one in found if one.kind == "subscription"]


def sent(services: Services) -> list[str | None]:
    """When what was sent was due, the newest first."""
    return [one["scheduled_at"] for one in deliveries.of_owner(services.policies, PROJECT, KIND, "7")]


def test_a_due_time_is_one_delivery_and_sets_the_next(services: Services) -> None:
    due = entry(subscribed(services))
    assert due is not None
    begun = fire(services, due, DUE + MINUTE)
    assert begun is not None
    assert (begun["trigger_type"], [*begun["recipients"]]) == ("scheduled", ["a@example.com", "b@example.com"])
    assert fire(services, due, DUE + MINUTE) is None
    assert (sent(services), due_at(services)) == ([moment(DUE)], [DUE + WEEK])


def test_a_due_time_that_is_set_again_sends_nothing_and_goes_on(services: Services) -> None:
    """Not for ever: what stays in the agenda is looked at every minute."""
    due = entry(subscribed(services))
    assert due is not None
    fire(services, due, DUE + MINUTE)
    item = read(services.policies, PROJECT, "7")
    assert item is not None
    back = {**item, "next_delivery_date": moment(DUE)}
    services.policies.transact([put(back, item), *agenda.moved(entry(item), due)])
    assert due_at(services) == [DUE]
    assert fire(services, due, DUE + 2 * MINUTE) is None
    assert (sent(services), due_at(services)) == ([moment(DUE)], [DUE + WEEK])
    after = read(services.policies, PROJECT, "7")
    assert after is not None
    assert after["next_delivery_date"] == moment(DUE + WEEK)


@pytest.mark.parametrize(
    ("fields", "late", "following"),
    [
        ({}, MINUTE, DUE + WEEK),
        ({}, 3 * WEEK, DUE + 4 * WEEK),
        ({}, WEEK - BUFFER - MINUTE, DUE + WEEK),
        ({}, WEEK - BUFFER, DUE + 2 * WEEK),
        ({"until_date": moment(DUE + WEEK)}, MINUTE, DUE + WEEK),
        ({"until_date": moment(DUE + WEEK - MINUTE)}, MINUTE, None),
        ({"count": 3}, MINUTE, DUE + WEEK),
        ({"count": 2}, MINUTE, None),
    ],
    ids=["at once", "weeks late", "just before", "close to the next", "the last", "over", "counted", "counted out"],
)
def test_the_next_one_is_to_come(
    services: Services, fields: dict[str, Any], late: timedelta, following: datetime | None
) -> None:
    due = entry(subscribed(services, **fields))
    assert due is not None
    assert fire(services, due, DUE + late) is not None
    assert due_at(services) == ([] if following is None else [following])


@pytest.mark.parametrize("fields", [{"enabled": False}, {"deleted": True}, {"next_delivery_date": None}])
def test_what_is_paused_or_over_has_no_place_in_the_agenda(services: Services, fields: dict[str, Any]) -> None:
    assert entry(subscribed(services, **fields)) is None
    stale = agenda.Entry(DUE, "subscription", PROJECT, "7")
    services.policies.put(stale.item)
    assert fire(services, stale, DUE + MINUTE) is None
    assert (sent(services), due_at(services)) == ([], [])


def test_an_event_waits_for_none_that_is_to_tell_the_same(services: Services) -> None:
    """One that nobody has begun will have what this event tells of; one that is being made will not."""
    item, store = subscribed(services), services.policies
    first = run(services, item, (DUE, "one"), DUE)
    assert first is not None
    assert run(services, item, (DUE + MINUTE, "two"), DUE + MINUTE) is None
    assert deliveries.claimed(store, PROJECT, f"{first['owner']}#{first['sk']}", DUE + MINUTE) is not None
    second = run(services, item, (DUE + MINUTE, "two"), DUE + MINUTE)
    assert second is not None
    assert run(services, item, (DUE + MINUTE, "two"), DUE + MINUTE) is None, "told twice"
    claimed = deliveries.claimed(store, PROJECT, f"{second['owner']}#{second['sk']}", DUE + MINUTE)
    assert claimed is not None
    assert run(services, item, (DUE + MINUTE, "two"), DUE + 2 * MINUTE) is None, "told twice, later"
    assert due_at(services) == [DUE], "the schedule stays as it is"
