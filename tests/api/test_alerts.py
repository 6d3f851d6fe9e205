"""Alerts as an API: their fields, what is refused, who may see and change them, and who is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import time_machine
from insights_acl.models import StoredProject
from insights_api import deliveries

from tests.api.alarms import body_of, change, create, due_at
from tests.api.boards import QUERY, Office, error, made, read
from tests.api.matching import difference
from tests.api.world import World


@pytest.fixture
def office(world: World, project: StoredProject) -> Office:
    return Office(world, project)


def test_an_alert_has_every_field(office: Office) -> None:
    insight, user = office.insight(name="Visits"), office.user("reader")
    body = body_of(
        insight,
        name="Too many",
        subscribed_users=[user.id, user.uuid],
        condition={"type": "relative_increase"},
        threshold={"configuration": {"type": "percentage", "bounds": {"lower": None, "upper": 0.5}}},
        config={"type": "TrendsAlertConfig", "series_index": 0, "check_ongoing_interval": True},
        calculation_interval="hourly",
        skip_weekend=True,
    )
    alert = made(office.api()("POST", "alerts/", json=body))
    whole = {
        "id": {"$regex": "^[0-9a-f-]{36}$"},
        "name": "Too many",
        "insight": {
            "id": insight["id"],
            "short_id": insight["short_id"],
            "name": "Visits",
            "derived_name": "Pageview count",
        },
        "subscribed_users": [{"id": user.id, "uuid": user.uuid, "email": user.email}],
        "condition": {"type": "relative_increase"},
        "threshold": {"configuration": {"type": "percentage", "bounds": {"lower": None, "upper": 0.5}}},
        "config": {"type": "TrendsAlertConfig", "series_index": 0, "check_ongoing_interval": True},
        "calculation_interval": "hourly",
        "skip_weekend": True,
        "enabled": True,
        "state": "Not firing",
        "snoozed_until": None,
        "target_type": None,
        "target_value": None,
        "integration_id": None,
        "last_value": None,
        "last_checked_at": None,
        "last_notified_at": None,
        "next_check_at": {"$regex": "Z$"},
        "checks": [],
        "created_at": {"$regex": "Z$"},
        "created_by": {"uuid": office.user("maker").uuid},
    }
    assert difference(whole, alert) is None
    assert not {"deleted", "is_crossed", "again_at", "version", "pk"} & alert.keys()
    assert read(office.api()("GET", f"alerts/{alert['id']}/")) == alert
    assert read(office.api()("GET", "alerts/")) == {"count": 1, "next": None, "previous": None, "results": [alert]}


def test_what_is_not_said_has_its_default(office: Office) -> None:
    alert = create(office, office.insight())
    assert (alert["name"], alert["calculation_interval"], alert["skip_weekend"]) == ("", "daily", False)
    assert alert["config"] == {"type": "TrendsAlertConfig", "series_index": 0, "check_ongoing_interval": False}
    assert alert["threshold"]["configuration"]["bounds"] == {"lower": None, "upper": 10.0}


def bounds(**values: Any) -> dict[str, Any]:
    return {"threshold": {"configuration": {"type": "absolute", "bounds": values}}}


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"insight": None}, "insight", "null"),
    ({"insight": 999_999_999}, "insight", "does not exist"),
    ({"threshold": None}, "threshold", "null"),
    ({"threshold": {}}, "threshold__configuration", "null"),
    ({"threshold": {"configuration": {"typ": "absolute"}}}, "threshold__configuration", 'did you mean "type"'),
    (bounds(), "threshold__configuration__bounds", "lower bound"),
    (bounds(uper=3), "threshold__configuration__bounds", 'did you mean "upper"'),
    (bounds(lower=3, upper=2), "threshold__configuration__bounds", "Lower threshold must be less"),
    (bounds(lower="3"), "threshold__configuration__bounds__lower", "valid number"),
    (bounds(upper=True), "threshold__configuration__bounds__upper", "valid number"),
    (bounds(upper=1e200), "threshold", "out of range"),
    (
        {"threshold": {"configuration": {"type": "percent", "bounds": {"upper": 1}}}},
        "threshold__configuration__type",
        "percentage",
    ),
    (
        {"threshold": {"configuration": {"type": "percentage", "bounds": {"upper": 1}}}},
        "threshold__configuration__type",
        "relative",
    ),
    ({"condition": {"type": "absolute"}}, "condition__type", "absolute_value"),
    ({"condition": "absolute_value"}, "condition", "object"),
    ({"config": {"series_index": 1}}, "config__series_index", "counted from 0"),
    ({"config": {"series_index": -1}}, "config__series_index", "greater"),
    ({"config": {"series_index": "x"}}, "config__series_index", "integer"),
    ({"config": {"type": "FunnelsAlertConfig"}}, "config__type", "TrendsAlertConfig"),
    ({"config": {"check_ongoing_interval": "yes"}}, "config__check_ongoing_interval", "boolean"),
    ({"calculation_interval": "dayly"}, "calculation_interval", 'did you mean "daily"'),
    ({"enabled": "yes"}, "enabled", "boolean"),
    ({"skip_weekend": 1}, "skip_weekend", "boolean"),
    ({"name": "x" * 256}, "name", "255"),
    ({"subscribed_users": [True]}, "subscribed_users__0", "no member"),
    ({"subscribed_users": [{"id": 1}]}, "subscribed_users__0", "no member"),
    ({"subscribed_users": "all"}, "subscribed_users", "list"),
    ({"snoozed_until": "soon"}, "snoozed_until", "2h, 5d"),
    ({"snoozed_until": "2020-01-01T00:00:00Z"}, "snoozed_until", "later than now"),
    ({"snoozed_until": "0h"}, "snoozed_until", "later than now"),
    ({"snoozed_until": "0001-01-01"}, "snoozed_until", "years"),
    ({"snoozed_until": 5}, "snoozed_until", "string"),
    ({"target_type": "pigeon"}, "target_type", "not a valid choice"),
]


@pytest.fixture(scope="module")
def shelf(world: World) -> tuple[Office, dict[str, Any]]:
    """One insight for requests that change nothing."""
    office = Office(world, world.new_project())
    return office, office.insight()


@pytest.mark.parametrize(("wrong", "attr", "said"), WRONG, ids=lambda case: str(case)[:50])
def test_what_is_wrong_is_named(
    shelf: tuple[Office, dict[str, Any]], wrong: dict[str, Any], attr: str, said: str
) -> None:
    office, insight = shelf
    answer = office.api()("POST", "alerts", json=body_of(insight) | wrong)
    status, named, detail = error(answer)
    assert (status, named) == (400, attr), detail
    assert said in detail


@pytest.mark.parametrize("name", ["insight", "threshold", "condition", "subscribed_users"])
def test_what_an_alert_must_say(shelf: tuple[Office, dict[str, Any]], name: str) -> None:
    office, insight = shelf
    body = body_of(insight)
    del body[name]
    answer = office.api()("POST", "alerts", json=body)
    assert (answer.status_code, answer.json()["attr"], answer.json()["code"]) == (400, name, "required")


def test_a_deleted_insight_has_no_alerts_made(office: Office) -> None:
    insight = office.insight()
    assert office.api()("PATCH", f"insights/{insight['id']}", json={"deleted": True}).status_code == 200
    answer = office.api()("POST", "alerts", json=body_of(insight))
    assert error(answer) == (400, "insight", f'Invalid pk "{insight["id"]}" - object does not exist.')


def test_a_snooze_is_over_at_its_end(office: Office) -> None:
    """As it is shown, whether or not it was checked since."""
    start = datetime(2101, 3, 2, 12, tzinfo=UTC)
    with time_machine.travel(start, tick=False):
        alert = made(office.api()("POST", "alerts", json=body_of(office.insight(), snoozed_until="2h")))
    for later, state in ((timedelta(hours=2, seconds=-1), "Snoozed"), (timedelta(hours=2), "Not firing")):
        with time_machine.travel(start + later, tick=False):
            shown = read(office.api()("GET", f"alerts/{alert['id']}"))
        assert (shown["state"], shown["snoozed_until"] is None) == (state, state != "Snoozed")
    with time_machine.travel(start, tick=False):  # so that it is never checked
        assert office.api()("DELETE", f"alerts/{alert['id']}").status_code == 204


SEE = {"kind": "EventsNode", "event": "see"}
OTHER_QUESTIONS: list[dict[str, Any]] = [
    {"query": {"kind": "FunnelsQuery", "series": [SEE, SEE]}},
    {"query": {"kind": "InsightVizNode", "source": {"kind": "LifecycleQuery", "series": [SEE]}}},
    {"query": {"kind": "StickinessQuery", "series": [SEE]}},
    {"query": None, "filters": {"insight": "RETENTION", "target_entity": {"id": "see"}}},
    {"query": None},
]


@pytest.mark.parametrize("asks", OTHER_QUESTIONS, ids=str)
def test_only_trends_have_alerts(office: Office, asks: dict[str, Any]) -> None:
    answer = office.api()("POST", "alerts", json=body_of(office.insight(**asks)))
    status, attr, detail = error(answer)
    assert (status, attr) == (400, "insight")
    assert detail.startswith("Alerts are about trends")


@pytest.mark.parametrize(
    "asks",
    [{"query": {"kind": "InsightVizNode", "source": QUERY}}, {"query": None, "filters": {"events": [{"id": "see"}]}}],
    ids=["node", "filters"],
)
def test_a_trend_may_be_wrapped_or_in_the_older_form(office: Office, asks: dict[str, Any]) -> None:
    assert create(office, office.insight(**asks))["state"] == "Not firing"


def test_an_alert_is_for_who_sees_its_insight(office: Office) -> None:
    insight, open_one = office.insight(name="Secret"), office.insight(name="Open")
    hidden, seen = create(office, insight), create(office, open_one)
    office.rule("insight", insight["id"], "none", "reader")
    reader = office.api("reader")
    assert [one["id"] for one in read(reader("GET", "alerts"))["results"]] == [seen["id"]]
    for method, body in (("GET", None), ("PATCH", {"name": "Mine"}), ("DELETE", None)):
        assert reader(method, f"alerts/{hidden['id']}", json=body).status_code == 403
    assert reader("GET", f"alerts/{hidden['id']}/deliveries").status_code == 403
    assert reader("POST", "alerts", json=body_of(insight)).status_code == 403
    assert reader("PATCH", f"alerts/{seen['id']}", json={"insight": insight["id"]}).status_code == 403
    assert reader("PATCH", f"alerts/{seen['id']}", json={"name": "Ours"}).status_code == 200
    log = read(reader("GET", "activity_log"))["results"]
    assert {entry["item_id"] for entry in log if entry["activity"].startswith("alert_")} == {str(open_one["id"])}


def test_a_viewer_of_insights_may_be_alerted(office: Office) -> None:
    insight = office.insight()
    office.rule("insight", None, "viewer", "reader")
    assert create(office, insight, by="reader")["created_by"]["uuid"] == office.user("reader").uuid


def test_scopes_and_projects_close_it(office: Office, world: World) -> None:
    alert = create(office, office.insight())
    reads = world.api(office.project, office.user("maker"), "alert:read")
    assert reads("GET", f"alerts/{alert['id']}").status_code == 200
    assert reads("PATCH", f"alerts/{alert['id']}", json={}).status_code == 403
    assert world.api(office.project, office.user("maker"), "insight:read")("GET", "alerts").status_code == 403
    other = world.api(world.new_project(), office.user("maker"))
    assert other("GET", f"alerts/{alert['id']}").status_code == 404
    assert office.api()("GET", "alerts/7").status_code == 404


def test_users_of_other_organizations_are_nobody(office: Office, world: World) -> None:
    stranger = world.stack.create_user("stranger-of-alerts@example.com")
    answer = office.api()("POST", "alerts", json=body_of(office.insight(), subscribed_users=[stranger["user_id"]]))
    assert error(answer)[:2] == (400, "subscribed_users__0")


def test_a_list_is_of_one_insight_where_asked(office: Office) -> None:
    first, second = office.insight(), office.insight()
    alerts = [create(office, first), create(office, second), create(office, first)]
    found = read(office.api()("GET", "alerts", params={"insight_id": first["id"]}))
    assert [one["id"] for one in found["results"]] == [alerts[2]["id"], alerts[0]["id"]]
    assert error(office.api()("GET", "alerts", params={"insight_id": "x"}))[:2] == (400, "insight_id")


def test_a_deleted_alert_is_gone(office: Office) -> None:
    alert = create(office, office.insight())
    assert change(office, alert, deleted=True)["id"] == alert["id"]  # as any field that there is not
    answer: httpx.Response = office.api()("DELETE", f"alerts/{alert['id']}/")
    assert (answer.status_code, answer.content) == (204, b"")
    assert due_at(office, alert) == []
    assert office.api()("GET", f"alerts/{alert['id']}").status_code == 404
    assert office.api()("DELETE", f"alerts/{alert['id']}").status_code == 404
    assert read(office.api()("GET", "alerts"))["results"] == []


def test_an_insight_that_is_no_trend_any_more_does_not_keep_an_alert_from_being_renamed(office: Office) -> None:
    insight = office.insight()
    alert = create(office, insight)
    read(office.api()("PATCH", f"insights/{insight['id']}", json={"query": OTHER_QUESTIONS[0]["query"]}))
    assert change(office, alert, name="Old")["name"] == "Old"
    answer = office.api()("PATCH", f"alerts/{alert['id']}", json={"condition": {"type": "relative_increase"}})
    assert error(answer)[:2] == (400, "insight")


def test_the_log_of_the_insight_says_what_became_of_its_alerts(office: Office) -> None:
    insight = office.insight()
    alert = create(office, insight, name="Too many")
    change(office, alert, calculation_interval="weekly")
    assert office.api()("DELETE", f"alerts/{alert['id']}").status_code == 204
    log = read(office.api()("GET", f"insights/{insight['id']}/activity"))["results"]
    said = [(one["activity"], one["detail"]["name"]) for one in log if one["activity"].startswith("alert_")]
    assert said == [(f"alert_{verb}", "Too many") for verb in ("deleted", "updated", "created")]


TARGETS = [
    ({"target_type": "email", "target_value": "A@example.com, a@example.com"}, "A@example.com"),
    ({"target_type": "webhook", "target_value": "https://1.1.1.1/hook"}, "https://1.1.1.1/hook"),
]


@pytest.mark.parametrize(("target", "value"), TARGETS, ids=[str(target["target_type"]) for target, _ in TARGETS])
def test_an_alert_may_have_a_target_of_its_own(office: Office, target: dict[str, Any], value: str) -> None:
    body = body_of(office.insight(), **target)
    del body["subscribed_users"]
    alert = made(office.api()("POST", "alerts", json=body))
    assert (alert["target_type"], alert["target_value"], alert["integration_id"]) == (
        target["target_type"],
        value,
        None,
    )
    assert ("webhook_secret" in alert) == (target["target_type"] == "webhook")
    assert "webhook_secret" not in read(office.api()("GET", f"alerts/{alert['id']}"))
    renamed = change(office, alert, name="Renamed")
    assert renamed.get("webhook_secret") == alert.get("webhook_secret")
    gone = change(office, alert, target_type=None)
    assert (gone["target_type"], gone["target_value"], gone["integration_id"]) == (None, None, None)


NO_TARGETS: list[tuple[dict[str, Any], str]] = [
    ({"target_value": "a@example.com"}, "target_type"),
    ({"integration_id": 3}, "target_type"),
    ({"target_type": "email"}, "target_value"),
    ({"target_type": "email", "target_value": "nobody"}, "target_value"),
    ({"target_type": "webhook", "target_value": "http://127.0.0.1/"}, "target_value"),
    ({"target_type": "slack", "target_value": "C0123|#general"}, "integration_id"),
    ({"target_type": "slack", "target_value": "C0123|#general", "integration_id": 999_999}, "integration_id"),
]


@pytest.mark.parametrize(("target", "attr"), NO_TARGETS, ids=lambda case: str(case)[:60])
def test_a_target_that_nothing_reaches_is_refused(
    shelf: tuple[Office, dict[str, Any]], target: dict[str, Any], attr: str
) -> None:
    office, insight = shelf
    answer = office.api()("POST", "alerts", json=body_of(insight, **target))
    assert error(answer)[:2] == (400, attr), answer.text


def test_deliveries_of_an_alert_can_be_read(office: Office) -> None:
    alert = create(office, office.insight())
    number, now = office.project.project.id, office.world.stack.services.now()
    wanted = deliveries.Wanted(
        number, "alert", alert["id"], "alert", "email", "a@b.c", ["a@b.c"], values={"message": "!"}
    )
    office.world.store.transact(deliveries.begun(wanted, now)[1])
    (found,) = read(office.api()("GET", f"alerts/{alert['id']}/deliveries"))["results"]
    assert (found["status"], found["trigger_type"], found["target_value"]) == ("starting", "alert", "a@b.c")
