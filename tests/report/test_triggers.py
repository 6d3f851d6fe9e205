"""Reports that something sets off: an insight that is saved, an event on the bus, an object in a bucket."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from insights_engine.services import use
from insights_local.functions import Context, handler_of
from insights_local.routes import functions_of, load_template

from tests.conftest import Eventually
from tests.report.post import Post

REPORT = functions_of(load_template())["Report"]


def event(name: str, detail: dict[str, Any], at: str = "2101-03-07T09:00:00Z") -> dict[str, Any]:
    """As EventBridge gives it to a function."""
    source = "aws.s3" if name == "Object Created" else "insights"
    return {"version": "0", "id": str(uuid4()), "time": at, "source": source, "detail-type": name, "detail": detail}


def told(post: Post, given: dict[str, Any]) -> int:
    with post.clock(), use(post.stack.services):
        sent: int = handler_of(REPORT)(given, Context("Report", 29))["sent"]
        return sent


def quiet(post: Post, **body: Any) -> dict[str, Any]:
    """A subscription whose first report is not looked at."""
    about = None if {"dashboard", "insight"} & body.keys() else post.office.insight()
    subscription = post.subscribe(about, **body)
    post.deliver()
    post.mails()
    return subscription


def test_saving_an_insight_sends_what_waits_for_it(post: Post, eventually: Eventually) -> None:
    """By itself, or on a dashboard that is sent."""
    board = post.office.dashboard("Growth")
    insight = post.office.insight(dashboards=[board["id"]])
    waits = {"run_on": ["insight.saved"]}
    quiet(post, insight=insight["id"], target_value="own@example.com", **waits)
    on_board = {"dashboard": board["id"], "dashboard_export_insights": [insight["id"]]}
    quiet(post, **on_board, target_value="board@example.com", **waits)
    quiet(post, target_value="other@example.com", **waits)
    quiet(post, insight=insight["id"], target_value="deaf@example.com", run_on=[])
    assert post.office.api()("PATCH", f"insights/{insight['id']}", json={"name": "New name"}).status_code == 200
    found: list[Any] = []

    def both() -> bool:
        found.extend(post.messages())
        return len(found) == 2

    eventually(both)
    for one in found:
        assert post.stack.deliver(one) == {"batchItemFailures": []}
    mails = post.mails()
    assert [mail["to"] for mail in mails] == ["board@example.com", "own@example.com"]
    assert "New name" in mails[1]["subject"]


def test_a_report_that_is_asked_for_is_sent_once_however_often_it_is_told(post: Post) -> None:
    subscription = quiet(post)
    detail = {"project_id": post.office.project.project.id, "subscription_id": subscription["id"]}
    asked = event("report.requested", detail, "2101-03-07T09:01:00Z")
    assert [told(post, asked) for _ in range(3)] == [1, 0, 0]
    post.deliver()
    assert post.recipients() == ["ada@example.com"]
    assert post.deliveries(subscription)[0]["trigger_type"] == "event"
    assert told(post, event("report.requested", detail)) == 1


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"enabled": False}, {}),
        ({"deleted": True}, {}),
        ({"run_on": []}, {}),
        ({}, {"subscription_id": 999_999}),
        ({}, {"project_id": 999_999}),
    ],
)
def test_what_does_not_listen_is_not_sent(post: Post, changes: dict[str, Any], detail: dict[str, Any]) -> None:
    subscription = quiet(post)
    post.change(subscription, **changes)
    about = {"project_id": post.office.project.project.id, "subscription_id": subscription["id"]}
    assert told(post, event("report.requested", {**about, **detail})) == 0


def test_an_object_in_a_project_s_folder_sends_what_waits_for_one(post: Post) -> None:
    project_id = post.office.project.project.id
    quiet(post, run_on=["object.created"])
    quiet(post, target_value="deaf@example.com")

    def created(key: str) -> int:
        return told(post, event("Object Created", {"bucket": {"name": "exports"}, "object": {"key": key}}))

    assert created(f"nightly/{project_id}/events.parquet") == 1
    assert [created(key) for key in (f"nightly/{project_id}", "nightly/events.parquet", "x/999999/y", "")] == [0] * 4
    post.deliver()
    assert post.recipients() == ["ada@example.com"]


def test_an_event_that_nobody_knows_is_an_error(post: Post) -> None:
    """So that it is set aside, where an alarm sees it."""
    with pytest.raises(ValueError, match=r"insight\.sved"):
        told(post, event("insight.sved", {}))
