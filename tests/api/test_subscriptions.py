"""Subscriptions over REST: their fields, what is refused in which words, who may see and change which."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from insights_acl.models import StoredProject
from insights_api.schedule import FREQUENCIES, WEEKDAYS
from insights_api.subscription_fields import FIELDS, RUN_ON

from tests.api.between import Between
from tests.api.boards import Office, error, made, read
from tests.api.world import World

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)  # a Monday
WEEKLY = {
    **{"target_type": "email", "target_value": "ada@example.com", "frequency": "weekly", "byweekday": ["monday"]},
    "start_date": "2026-03-01T09:00:00Z",
}
OVER = "Subscription schedule has reached its end date. Extend until_date or remove count"


@pytest.fixture
def office(world: World, project: StoredProject) -> Office:
    return Office(world, project)


@pytest.fixture
def insight(office: Office) -> dict[str, Any]:
    return office.insight()


@pytest.fixture
def monday() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


def paused(office: Office, insight: dict[str, Any], **body: Any) -> dict[str, Any]:
    """One that sends nothing, so that nothing is waited for."""
    whole = {**WEEKLY, "insight": insight["id"], "enabled": False, **body}
    return made(office.api()("POST", "subscriptions", json=whole))


def test_what_a_new_subscription_has(office: Office, insight: dict[str, Any], monday: None) -> None:
    subscription = paused(office, insight, title="Weekly", invite_message="Have a look")
    expected = {
        **{"insight": insight["id"], "dashboard": None, "dashboard_export_insights": [], "title": "Weekly"},
        **{"target_type": "email", "target_value": "ada@example.com", "integration_id": None},
        **{"frequency": "weekly", "interval": 1, "byweekday": ["monday"], "bysetpos": None, "count": None},
        **{"start_date": "2026-03-01T09:00:00Z", "until_date": None, "next_delivery_date": "2026-03-02T09:00:00Z"},
        **{"summary": "sent every week on Monday", "enabled": False, "deleted": False, "attach_csv": False},
        **{"run_on": ["report.requested"], "summary_enabled": False, "summary_prompt_guide": ""},
        **{"resource_type": "insight", "resource_name": "Views", "insight_short_id": insight["short_id"]},
    }
    assert {name: subscription[name] for name in expected} == expected
    assert set(subscription) - set(expected) == {"id", "created_at", "created_by"}
    assert subscription["created_by"]["uuid"] == office.user("maker").uuid
    assert read(office.api()("GET", f"subscriptions/{subscription['id']}")) == subscription


REFUSED: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"insight": None}, "insight", "Insight is required for insight subscriptions."),
    ({"insight": 999_999}, "insight", "This insight does not belong to your team."),
    ({"insight": "x"}, "insight", "A valid integer is required."),
    (
        {"insight": None, "dashboard": 999_999, "dashboard_export_insights": [1]},
        "dashboard",
        "This dashboard does not belong to your team.",
    ),
    (
        {"dashboard_export_insights": [1]},
        "dashboard_export_insights",
        "Cannot set insights selection without a dashboard.",
    ),
    ({"target_type": "fax"}, "target_type", '"fax" is not a valid choice'),
    ({"target_type": "emial"}, "target_type", 'did you mean "email"?'),
    ({"target_value": "ada"}, "target_value", '"ada" is not a valid email address.'),
    ({"target_value": "a@example.com\r\nBcc: b@example.com"}, "target_value", "is not a valid email address."),
    (
        {"target_type": "slack", "target_value": "C0123|#team"},
        "integration_id",
        "A Slack integration is required for Slack subscriptions.",
    ),
    (
        {"target_type": "slack", "target_value": "C0123|#team", "integration_id": 99},
        "integration_id",
        "This integration does not exist or does not belong to your team.",
    ),
    ({"target_type": "webhook", "target_value": "https://169.254.169.254/"}, "target_value", "Invalid webhook URL: "),
    (
        {"target_type": "s3", "target_value": "s3://somebody-else/x"},
        "target_value",
        "Reports may not be written to the bucket",
    ),
    ({"frequency": "hourly"}, "frequency", '"hourly" is not a valid choice'),
    ({"byweekday": ["moonday"]}, "byweekday", '"moonday" is not a valid choice; did you mean "monday"?'),
    ({"byweekday": "monday"}, "byweekday", "Expected a list of items."),
    ({"interval": 0}, "interval", "greater than or equal to 1"),
    ({"bysetpos": 0}, "bysetpos", "not 0"),
    ({"count": -1}, "count", "greater than or equal to 1"),
    ({"start_date": "tomorrow"}, "start_date", "Datetime has wrong format."),
    ({"start_date": None}, "start_date", "This field may not be null."),
    ({"start_date": "0001-01-01T00:00:00Z"}, "start_date", "Must be between the years"),
    ({"start_date": 7}, "start_date", "Datetime has wrong format."),
    ({"title": "x" * 101}, "title", "no more than 100 characters"),
    ({"invite_message": 7}, "invite_message", "Not a valid string."),
    ({"enabled": "yes"}, "enabled", "Must be a valid boolean."),
    ({"run_on": ["insight.savd"]}, "run_on", 'did you mean "insight.saved"?'),
    ({"summary_enabled": True}, "summary_enabled", "Summaries by AI are not part of this product."),
    ({"until_date": "2026-02-01T00:00:00Z"}, "start_date", f"{OVER}."),
    ({"start_date": "2020-01-01T00:00:00Z", "count": 3}, "start_date", f"{OVER}."),
)


@pytest.mark.parametrize(("body", "attr", "detail"), REFUSED)
def test_what_is_refused(
    office: Office, insight: dict[str, Any], monday: None, body: dict[str, Any], attr: str, detail: str
) -> None:
    answer = office.api()("POST", "subscriptions", json={**WEEKLY, "insight": insight["id"], **body})
    assert answer.status_code == 400, answer.text
    said = answer.json()
    assert (said["type"], said["attr"]) == ("validation_error", attr)
    assert detail in said["detail"]
    assert read(office.api()("GET", "subscriptions"))["count"] == 0


@pytest.mark.parametrize("name", ["target_type", "target_value", "frequency", "start_date"])
def test_what_is_required(office: Office, insight: dict[str, Any], name: str) -> None:
    whole = {**WEEKLY, "insight": insight["id"]}
    del whole[name]
    assert error(office.api()("POST", "subscriptions", json=whole)) == (400, name, "This field is required.")


def test_a_dashboard_is_sent_by_some_of_its_insights(office: Office, monday: None) -> None:
    board, apart = office.dashboard("Growth"), office.insight("Apart")
    on_it = [office.insight(f"Insight {n}", dashboards=[board["id"]])["id"] for n in range(7)]

    def asked(*chosen: int) -> tuple[int, str | None, str]:
        whole = {**WEEKLY, "dashboard": board["id"], "dashboard_export_insights": [*chosen], "enabled": False}
        return error(office.api()("POST", "subscriptions", json=whole))

    attr = "dashboard_export_insights"
    assert asked() == (400, attr, "Select at least one insight for this subscription.")
    assert asked(*on_it) == (400, attr, "Cannot select more than 6 insights.")
    assert asked(on_it[0], 999_999) == (400, attr, "Some insights do not belong to your team or do no longer exist.")
    assert asked(on_it[0], apart["id"]) == (400, attr, "1 invalid insight(s) selected.")
    whole = {**WEEKLY, "dashboard": board["id"], "dashboard_export_insights": on_it[:6], "enabled": False}
    subscription = made(office.api()("POST", "subscriptions", json=whole))
    assert (subscription["resource_type"], subscription["resource_name"]) == ("dashboard", "Growth")
    assert subscription["insight_short_id"] is None


def test_its_date_changes_with_the_rule_alone(office: Office, insight: dict[str, Any], monday: None) -> None:
    subscription = paused(office, insight, until_date="2026-06-01T00:00:00Z")
    path = f"subscriptions/{subscription['id']}"

    def date_after(**body: Any) -> Any:
        return read(office.api()("PATCH", path, json=body))["next_delivery_date"]

    with time_machine.travel(datetime(2026, 3, 10, tzinfo=UTC), tick=True):
        assert date_after(title="Other") == "2026-03-02T09:00:00Z"
        assert date_after(byweekday=["friday"]) == "2026-03-13T09:00:00Z"
        assert date_after(start_date="2026-03-01T10:30:00+01:00") == "2026-03-13T09:30:00Z"
        assert date_after(frequency="daily", byweekday=None) == "2026-03-10T09:30:00Z"
    with time_machine.travel(datetime(2026, 7, 1, tzinfo=UTC), tick=True):
        assert error(office.api()("PATCH", path, json={"enabled": True})) == (
            400,
            "enabled",
            f"{OVER} before re-enabling.",
        )
        assert date_after(interval=2) is None


def test_a_live_schedule_cannot_be_changed_into_one_that_is_over(
    office: Office, insight: dict[str, Any], monday: None
) -> None:
    subscription = paused(office, insight, start_date="2027-01-01T00:00:00Z")
    path = f"subscriptions/{subscription['id']}"
    assert office.api()("PATCH", path, json={"enabled": True}).status_code == 200
    assert error(office.api()("PATCH", path, json={"until_date": "2026-01-01T00:00:00Z"})) == (400, None, f"{OVER}.")


def test_deleting(office: Office, insight: dict[str, Any]) -> None:
    subscription = paused(office, insight, start_date="2030-01-01T00:00:00Z")
    path = f"subscriptions/{subscription['id']}"
    assert office.api()("DELETE", path).status_code == 405
    assert read(office.api()("PATCH", path, json={"deleted": True}))["deleted"] is True
    assert office.api()("GET", path).status_code == 404
    assert read(office.api()("GET", "subscriptions"))["results"] == []
    assert [one["id"] for one in read(office.api()("GET", "subscriptions?deleted=true"))["results"]] == [
        subscription["id"]
    ]
    assert read(office.api()("PATCH", path, json={"deleted": False}))["deleted"] is False


def test_the_list_is_filtered_and_ordered(office: Office) -> None:
    first, second = office.insight("First views"), office.insight("Second views")
    board = office.dashboard("Growth")
    third = office.insight("Third", dashboards=[board["id"]])
    a = paused(office, first, title="Zebra", start_date="2031-01-01T00:00:00Z")["id"]
    b = paused(office, second, title="Apple", start_date="2030-01-01T00:00:00Z")["id"]
    on_board = {**WEEKLY, "dashboard": board["id"], "dashboard_export_insights": [third["id"]], "enabled": False}
    c = made(office.api("admin")("POST", "subscriptions", json={**on_board, "start_date": "2032-01-01T00:00:00Z"}))[
        "id"
    ]

    def asked(**query: Any) -> list[int]:
        return [one["id"] for one in read(office.api()("GET", "subscriptions", params=query))["results"]]

    assert asked() == [c, b, a]
    assert asked(ordering="created_at") == [a, b, c]
    assert asked(ordering="next_delivery_date") == [b, a, c]
    assert asked(ordering="title") == [b, a, c]
    assert asked(insight=first["id"]) == [a]
    assert asked(dashboard=board["id"]) == asked(resource_type="dashboard") == [c]
    assert asked(resource_type="insight") == [b, a]
    assert asked(resource_type="ai_prompt") == []
    assert asked(target_type="slack") == []
    assert asked(created_by=office.user("admin").uuid) == [c]
    assert asked(search="zeb") == [a]
    assert asked(search="SECOND") == [b]
    assert asked(search="growth") == [c]
    assert len(asked(limit=2)) == 2


@pytest.mark.parametrize(
    ("query", "attr", "detail"),
    [
        ({"created_by": "7"}, "created_by", "Not a valid UUID."),
        ({"target_type": "fax"}, "target_type", '"fax" is not a valid choice'),
        ({"resource_type": "insihgt"}, "resource_type", 'did you mean "insight"?'),
        ({"ordering": "-size"}, "ordering", '"size" is not a valid choice'),
    ],
)
def test_a_filter_that_is_not_known(office: Office, query: dict[str, Any], attr: str, detail: str) -> None:
    status, found, said = error(office.api()("GET", "subscriptions", params=query))
    assert (status, found) == (400, attr)
    assert detail in said


def test_who_may_not_see_an_insight_sees_and_changes_no_subscription_to_it(office: Office) -> None:
    secret, board = office.insight("Secret"), office.dashboard("Board")
    part = office.insight("Part", dashboards=[board["id"]])
    direct = paused(office, secret, start_date="2030-01-01T00:00:00Z")["id"]
    on_board = {**WEEKLY, "dashboard": board["id"], "dashboard_export_insights": [part["id"]], "enabled": False}
    through = made(office.api()("POST", "subscriptions", json={**on_board, "start_date": "2030-01-01T00:00:00Z"}))["id"]
    for hidden in (secret, part):
        office.rule("insight", hidden["id"], "none")
    reader = office.api("reader")
    assert [one["id"] for one in read(reader("GET", "subscriptions"))["results"]] == [through]
    assert reader("GET", f"subscriptions/{direct}").status_code == 403
    assert reader("GET", f"subscriptions/{direct}/deliveries").status_code == 403
    taken = {"target_value": "reader@example.com"}
    for number in (direct, through):
        assert reader("PATCH", f"subscriptions/{number}", json=taken).status_code == 403
        assert reader("POST", f"subscriptions/{number}/test-delivery").status_code == 403
    assert reader("POST", "subscriptions", json={**WEEKLY, "insight": secret["id"]}).status_code == 403
    assert reader("POST", "subscriptions", json=on_board).status_code == 403


def test_changes_stand_in_the_log_of_what_is_sent(office: Office, insight: dict[str, Any]) -> None:
    """So that who may not see an insight does not read where it goes."""
    paused(office, insight, start_date="2030-01-01T00:00:00Z", title="Weekly")
    log = read(office.api()("GET", f"insights/{insight['id']}/activity"))["results"]
    assert log[0]["activity"] == "subscription_created"
    office.rule("insight", insight["id"], "none")
    entries = read(office.api("reader")("GET", "activity_log"))["results"]
    assert "subscription_created" not in {entry["activity"] for entry in entries}


def test_subscriptions_stay_in_their_project(office: Office, insight: dict[str, Any], world: World) -> None:
    number = paused(office, insight, start_date="2030-01-01T00:00:00Z")["id"]
    other = Office(world, world.new_project())
    assert other.api()("GET", f"subscriptions/{number}").status_code == 404
    assert other.api()("PATCH", f"subscriptions/{number}", json={"title": "x"}).status_code == 404
    answer = other.api()("POST", "subscriptions", json={**WEEKLY, "insight": insight["id"]})
    assert error(answer) == (400, "insight", "This insight does not belong to your team.")


def test_a_preview_of_a_schedule(office: Office, monday: None) -> None:
    rule = {"frequency": "monthly", "start_date": "2026-01-31T09:00:00Z"}
    shown = read(office.api()("POST", "subscriptions/preview", json=rule))
    assert shown["summary"] == "sent every month"
    assert shown["next_delivery_dates"][:3] == ["2026-03-31T09:00:00Z", "2026-05-31T09:00:00Z", "2026-07-31T09:00:00Z"]
    assert error(office.api()("POST", "subscriptions/preview", json={}))[:2] == (400, "frequency")
    assert read(office.api()("GET", "subscriptions"))["count"] == 0


def test_a_key_needs_the_scope(office: Office, insight: dict[str, Any], world: World, project: StoredProject) -> None:
    reads = world.api(project, office.user("maker"), "subscription:read")
    assert reads("GET", "subscriptions").status_code == 200
    assert reads("POST", "subscriptions", json={**WEEKLY, "insight": insight["id"]}).status_code == 403
    assert world.api(project, office.user("maker"), "insight:write")("GET", "subscriptions").status_code == 403


def test_of_two_tests_at_once_one_is_sent(
    office: Office, insight: dict[str, Any], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has found no other before it wrote."""
    url = {"target_type": "webhook", "target_value": "https://1.1.1.1/hook", "start_date": "2030-01-01T00:00:00Z"}
    path = f"subscriptions/{paused(office, insight, **url)['id']}"
    services, told = world.stack.services, []
    monkeypatch.setattr(services.reports, "send", told.extend)
    others: list[int] = []

    def another() -> None:
        others.append(office.api()("POST", f"{path}/test-delivery").status_code)

    racing = Between(world.store, "query", lambda pk, *_: "#DELIVERIES#" in pk, another)
    with monkeypatch.context() as patch:
        patch.setitem(services.__dict__, "policies", racing)
        mine = office.api()("POST", f"{path}/test-delivery").status_code
    assert ([mine], others, len(told)) == ([409], [202], 1)
    assert len(read(office.api()("GET", f"{path}/deliveries"))["results"]) == 1
    read(office.api()("PATCH", path, json={"deleted": True}))  # so that it is never sent


def test_whoever_may_change_a_webhook_reads_its_secret(office: Office, insight: dict[str, Any]) -> None:
    url = {"target_type": "webhook", "target_value": "https://1.1.1.1/hook", "start_date": "2030-01-01T00:00:00Z"}
    subscription = paused(office, insight, **url)
    assert subscription["webhook_secret"].startswith("whsec_")
    path = f"subscriptions/{subscription['id']}"
    assert "webhook_secret" not in read(office.api()("GET", path))
    assert read(office.api()("PATCH", path, json={}))["webhook_secret"] == subscription["webhook_secret"]


def test_the_page_of_subscriptions_names_every_field_and_value() -> None:
    from insights_local.routes import ROOT

    page = (ROOT / "docs" / "subscriptions.md").read_text("utf-8")
    for name in (*(field.name for field in FIELDS), *FREQUENCIES, *WEEKDAYS, *RUN_ON):
        assert f"`{name}`" in page, name
