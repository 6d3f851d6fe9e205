"""What a change of an alert does to its state, and to when it is checked: pauses, snoozes, other questions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from insights_acl.models import StoredProject

from tests.api.alarms import SOON, UPPER, away, change, checked, create, due_at, stored
from tests.api.boards import Office, read
from tests.api.world import World


@pytest.fixture
def office(world: World, project: StoredProject) -> Office:
    return Office(world, project)


def test_a_new_alert_is_checked_at_once_and_then_has_one_place_in_the_agenda(office: Office) -> None:
    alert = create(office, office.insight())
    assert abs(away(alert["next_check_at"])) < SOON
    assert due_at(office, alert) == [datetime.fromisoformat(alert["next_check_at"])]
    assert change(office, alert, name="Renamed")["next_check_at"] == alert["next_check_at"]
    assert len(due_at(office, alert)) == 1


FIRING = {"state": "Firing", "is_crossed": True, "next_check_at": "2100-01-01T00:00:00.000000Z"}
CHANGES: list[tuple[dict[str, Any], str, bool]] = [
    ({"name": "Renamed"}, "Firing", False),
    ({"subscribed_users": []}, "Firing", False),
    ({"threshold": UPPER}, "Firing", False),  # the same as before
    ({"threshold": {"configuration": {"bounds": {"upper": 11}}}}, "Not firing", True),
    ({"condition": {"type": "relative_increase"}}, "Not firing", True),
    ({"config": {"check_ongoing_interval": True}}, "Not firing", True),
    ({"calculation_interval": "hourly"}, "Firing", True),
    ({"snoozed_until": None}, "Firing", False),
]


@pytest.mark.parametrize(("values", "state", "is_at_once"), CHANGES, ids=lambda case: str(case)[:60])
def test_another_question_is_asked_at_once(
    office: Office, values: dict[str, Any], state: str, is_at_once: bool
) -> None:
    alert = create(office, office.insight())
    checked(office, alert, **FIRING)
    found = change(office, alert, **values)
    assert found["state"] == state
    assert (away(found["next_check_at"]) < SOON) == is_at_once
    assert stored(office, alert)["is_crossed"] == (state == "Firing")
    assert due_at(office, alert) == [datetime.fromisoformat(found["next_check_at"])]


def test_weekends_are_skipped_from_the_next_check_on(office: Office) -> None:
    alert = create(office, office.insight())
    checked(office, alert, **FIRING)
    found = change(office, alert, skip_weekend=True)
    assert found["state"] == "Firing"
    assert timedelta() < away(found["next_check_at"]) < timedelta(days=4)
    assert datetime.fromisoformat(found["next_check_at"]).weekday() < 5


def test_a_pause_and_its_end(office: Office) -> None:
    alert = create(office, office.insight())
    checked(office, alert, **FIRING)
    paused = change(office, alert, enabled=False)
    assert (paused["state"], paused["next_check_at"], due_at(office, alert)) == ("Not firing", None, [])
    assert change(office, alert, calculation_interval="hourly")["next_check_at"] is None
    assert away(change(office, alert, enabled=True)["next_check_at"]) < SOON
    assert len(due_at(office, alert)) == 1


@pytest.mark.parametrize(("text", "hours"), [("2h", 2), ("5d", 120), ("1w", 168)])
def test_a_snooze_and_its_end(office: Office, text: str, hours: int) -> None:
    alert = create(office, office.insight(), calculation_interval="hourly")
    checked(office, alert, **FIRING)
    snoozed = change(office, alert, snoozed_until=text)
    assert snoozed["state"] == "Snoozed"
    length = away(snoozed["snoozed_until"])
    assert timedelta(hours=hours) - SOON < length <= timedelta(hours=hours)
    assert length - timedelta(seconds=2) <= away(snoozed["next_check_at"]) <= length + timedelta(hours=1)
    assert due_at(office, alert) == [datetime.fromisoformat(snoozed["next_check_at"])]
    again = change(office, alert, snoozed_until=snoozed["snoozed_until"])
    assert again["snoozed_until"] == snoozed["snoozed_until"]
    awake = change(office, alert, snoozed_until=None)
    assert (awake["state"], awake["snoozed_until"]) == ("Not firing", None)
    assert away(awake["next_check_at"]) < SOON


def test_a_snooze_that_is_over_is_not_shown(office: Office) -> None:
    alert = create(office, office.insight(), snoozed_until="2h")
    checked(office, alert, snoozed_until="2020-01-01T00:00:00.000000Z")
    found = read(office.api()("GET", f"alerts/{alert['id']}"))
    assert (found["state"], found["snoozed_until"]) == ("Not firing", None)


def test_a_snooze_may_end_at_a_moment(office: Office) -> None:
    alert = create(office, office.insight(), snoozed_until="2100-01-01T12:00:00+02:00")
    assert (alert["state"], alert["snoozed_until"]) == ("Snoozed", "2100-01-01T10:00:00.000000Z")


def test_an_alert_that_a_worker_has_is_looked_at_again_later(office: Office) -> None:
    alert = create(office, office.insight())
    checked(office, alert, again_at="2100-01-01T00:00:00.500000Z")
    assert due_at(office, alert) == [datetime.fromisoformat("2100-01-01T00:00:00+00:00")]
    assert read(office.api()("GET", f"alerts/{alert['id']}"))["next_check_at"] == alert["next_check_at"]
    moved = change(office, alert, calculation_interval="weekly")
    assert due_at(office, alert) == [datetime.fromisoformat(moved["next_check_at"])]
