"""Reports that arrive: once for each due time, whatever is lost, repeated or fails on the way."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from insights_acl.accounts import update_user
from insights_acl.members import remove_member
from insights_acl.memberships import memberships_of
from insights_api import agenda
from insights_api.deliveries import LEASE, RETRIES
from insights_api.subscription_limits import MOST_CHANGES

from tests.api.boards import Office, error, read
from tests.report.post import MINUTE, SITE, Post, text_of
from tests.report.receiving import Receiver

BOTH = pytest.mark.parametrize("post_world", ["sqlite", "dynamodb"], indirect=True)
WEEK = timedelta(days=7)


def to(hook: Receiver) -> dict[str, str]:
    return {"target_type": "webhook", "target_value": f"{hook.url}/in"}


def statuses(delivery: dict[str, Any]) -> list[str]:
    return [one["status"] for one in delivery["recipient_results"]]


@BOTH
def test_a_due_time_is_delivered_once_however_many_look(post: Post) -> None:
    """Eight schedulers at once, and each message eight times at once."""
    subscription = post.subscribe(post.office.insight(), target_value="ada@example.com,bob@example.com")
    post.deliver()
    assert post.recipients() == ["ada@example.com", "bob@example.com"]
    post.wait(WEEK)
    with post.clock(), ThreadPoolExecutor(8) as threads:
        sent = sum(answer["sent"] for answer in threads.map(lambda _: post.stack.tick(), range(8)))
        assert sent >= 1
    events = post.messages() * 8
    with post.clock(), ThreadPoolExecutor(8) as threads:
        assert [*threads.map(post.stack.deliver, events)] == [{"batchItemFailures": []}] * len(events)
    assert post.recipients() == ["ada@example.com", "bob@example.com"]
    newest, first = post.deliveries(subscription)
    assert (newest["status"], newest["trigger_type"], statuses(newest)) == ("completed", "scheduled", ["sent", "sent"])
    assert (first["status"], first["trigger_type"]) == ("completed", "target_change")
    post.run(MINUTE)
    assert post.recipients() == []


def test_the_next_date_is_stored_before_anything_is_sent(post: Post) -> None:
    subscription = post.subscribe(post.office.insight())
    assert subscription["next_delivery_date"] == "2101-03-14T09:00:00Z"
    post.wait(WEEK)
    assert post.tick() == 2  # the first report's message was not taken, so that it is sent again
    path = f"subscriptions/{subscription['id']}"
    assert read(post.office.api()("GET", path))["next_delivery_date"] == "2101-03-21T09:00:00Z"
    newest = post.deliveries(subscription)[0]
    assert (newest["status"], newest["scheduled_at"]) == ("starting", "2101-03-14T09:00:00.000000Z")


def test_weeks_that_nobody_looked_are_one_report(post: Post) -> None:
    post.subscribe(post.office.insight())
    post.deliver()
    post.mails()
    post.run(5 * WEEK + timedelta(days=1))
    assert post.recipients() == ["ada@example.com"]
    post.run(MINUTE)
    assert post.recipients() == []


def test_a_message_that_is_lost_is_sent_again(post: Post) -> None:
    post.subscribe(post.office.insight())
    assert len(post.messages()) == 1
    post.run(2 * MINUTE)
    assert post.recipients() == []
    post.run(2 * MINUTE)
    assert post.recipients() == ["ada@example.com"]


def test_a_worker_that_is_lost_before_it_sends_is_taken_over_after_its_lease(post: Post) -> None:
    from insights_api import deliveries

    subscription = post.subscribe(post.office.insight())
    post.messages()
    (item,) = deliveries.of_owner(post.stack.services.policies, *_owner(post, subscription))
    named = f"{item['owner']}#{item['sk']}"
    with post.clock():
        claimed = deliveries.claimed(post.stack.services.policies, item["project_id"], named, post.at)
    assert claimed is not None
    post.run(LEASE - MINUTE)
    assert post.recipients() == []
    post.run(2 * MINUTE)
    assert post.recipients() == ["ada@example.com"]
    assert post.deliveries(subscription)[0]["attempts"] == 2


def test_a_mail_of_which_nobody_knows_is_not_sent_again(post: Post) -> None:
    from insights_api import deliveries

    subscription = post.subscribe(post.office.insight(), target_value="ada@example.com,bob@example.com")
    post.messages()
    store = post.stack.services.policies
    (item,) = deliveries.of_owner(store, *_owner(post, subscription))
    claimed = deliveries.claimed(store, item["project_id"], f"{item['owner']}#{item['sk']}", post.at)
    assert claimed is not None
    deliveries.noted(store, claimed, "ada@example.com", "sending")
    post.run(LEASE + MINUTE)
    assert post.recipients() == ["bob@example.com"]
    newest = post.deliveries(subscription)[0]
    assert (newest["status"], statuses(newest)) == ("completed", ["unknown", "sent"])
    assert "not known whether this arrived" in newest["error"]


def _owner(post: Post, subscription: dict[str, Any]) -> tuple[int, Any, str]:
    return post.office.project.project.id, "subscription", str(subscription["id"])


def test_what_fails_is_tried_again_and_again_and_then_failed(post: Post, hook: Receiver) -> None:
    hook.answers = [(500, b"no")]
    subscription = post.subscribe(post.office.insight(), **to(hook))
    post.deliver()
    for attempt, minutes in enumerate(RETRIES, 1):
        newest = post.deliveries(subscription)[0]
        assert (newest["status"], newest["attempts"], statuses(newest)) == ("starting", attempt, ["waiting"])
        assert "500" in newest["error"]
        assert newest["next_attempt_at"] is not None
        before = len(hook.received)
        post.run(minutes * MINUTE - timedelta(seconds=1))
        assert len(hook.received) == before
        post.run(timedelta(seconds=1))
        assert len(hook.received) > before
    newest = post.deliveries(subscription)[0]
    assert (newest["status"], newest["attempts"], newest["next_attempt_at"]) == ("failed", len(RETRIES) + 1, None)
    before = len(hook.received)
    post.run(timedelta(hours=3))
    assert len(hook.received) == before
    assert read(post.office.api()("GET", f"subscriptions/{subscription['id']}"))["enabled"] is True


def test_what_fails_and_then_succeeds_is_delivered_under_one_id(post: Post, hook: Receiver) -> None:
    hook.answers = [*[(503, b"")] * 3, (200, b"")]
    subscription = post.subscribe(post.office.insight(), **to(hook))
    post.deliver()
    post.run(MINUTE)
    newest = post.deliveries(subscription)[0]
    assert (newest["status"], newest["error"]) == ("completed", None)
    assert {one.headers["webhook-id"] for one in hook.received} == {newest["id"]}


def test_a_target_that_is_gone_for_good_switches_the_subscription_off(post: Post, hook: Receiver) -> None:
    hook.answers = [(410, b"gone")]
    subscription = post.subscribe(post.office.insight(), **to(hook))
    post.deliver()
    newest = post.deliveries(subscription)[0]
    assert (newest["status"], statuses(newest), newest["error"]) == ("failed", ["failed"], "The webhook answered 410")
    assert read(post.office.api()("GET", f"subscriptions/{subscription['id']}"))["enabled"] is False
    post.run(WEEK)
    assert [one["target_value"] for one in post.deliveries(subscription)] == ["localhost"]


def test_a_target_that_is_gone_when_there_is_another_by_then_switches_nothing_off(post: Post, hook: Receiver) -> None:
    api, subscription = post.office.api(), post.subscribe(post.office.insight(), **to(hook))

    def moved(request: Any) -> tuple[int, bytes]:
        """While it is being told so, somebody writes down where it went."""
        read(api("PATCH", f"subscriptions/{subscription['id']}", json={"target_value": f"{hook.url}/new"}))
        return 410, b"gone"

    hook.rule = moved
    post.deliver()
    found = read(api("GET", f"subscriptions/{subscription['id']}"))
    assert (found["enabled"], found["target_value"], len(hook.received)) == (True, f"{hook.url}/new", 1)


def test_a_part_that_fails_is_replaced_by_its_error(post: Post) -> None:
    office = post.office
    board = office.dashboard("Growth")
    query = {"kind": "RetentionQuery", "retentionFilter": {"targetEntity": {"type": "actions", "id": 999_999}}}
    good, bad = (office.insight(name, dashboards=[board["id"]]) for name in ("Good", "Bad"))
    assert office.api()("PATCH", f"insights/{bad['id']}", json={"query": query}).status_code == 200
    chosen = [good["id"], bad["id"]]
    subscription = post.subscribe(dashboard=board["id"], dashboard_export_insights=chosen)
    post.deliver()
    newest = post.deliveries(subscription)[0]
    assert newest["status"] == "completed"
    errors = [part["error"] for part in newest["content_snapshot"]["insights"]]
    assert errors[0] is None
    assert "999999" in errors[1] or "action" in errors[1]
    (mail,) = post.mails()
    assert errors[1] in text_of(mail)
    assert len([part for part in mail.walk() if part.get_content_type() == "image/png"]) == 1


def test_a_report_is_what_its_author_may_see_when_it_is_sent(post: Post) -> None:
    office = post.office
    board, secret = office.dashboard("Growth"), office.insight("Secret plans")
    parts = [secret["id"], office.insight("Open")["id"]]
    for number in parts:
        office.api("admin")("PATCH", f"insights/{number}", json={"dashboards": [board["id"]]})
    subscription = post.subscribe(by="reader", dashboard=board["id"], dashboard_export_insights=parts)
    post.deliver()
    assert "Secret plans" in text_of(post.mails()[0])
    office.rule("insight", secret["id"], "none")
    post.run(WEEK)
    (mail,) = post.mails()
    assert "Secret plans" not in mail.as_string()
    assert "may not see this insight any more" in text_of(mail)
    office.rule("dashboard", board["id"], "none")
    post.run(WEEK)
    newest = post.deliveries(subscription)[0]
    assert (newest["status"], newest["error"]) == (
        "failed",
        "Whoever made this subscription may not see the dashboard any more.",
    )
    assert post.mails() == []


def test_history_of_what_it_was_about_before_names_nothing_hidden(post: Post) -> None:
    office, board = post.office, post.office.dashboard("Growth")
    secret, shown = office.insight("Secret plans"), office.insight("Open", dashboards=[board["id"]])
    subscription = post.subscribe(secret)
    post.deliver()
    post.change(subscription, insight=None, dashboard=board["id"], dashboard_export_insights=[shown["id"]])
    office.rule("insight", secret["id"], "none")
    answer = office.api("reader")("GET", f"subscriptions/{subscription['id']}/deliveries")
    assert read(answer)["results"][0]["content_snapshot"]["name"] is None
    assert "Secret plans" not in answer.text
    assert post.deliveries(subscription)[0]["content_snapshot"]["name"] == "Secret plans"


def _leave(office: Office) -> None:
    store = office.world.store
    (membership,) = memberships_of(store, office.user("leaver"))
    remove_member(store, membership)


def _deactivate(office: Office) -> None:
    update_user(office.world.store, replace(office.user("leaver"), is_active=False))


def _close_the_project(office: Office) -> None:
    """The insight is as open as ever."""
    office.rule("project", office.project.project.id, "none", "leaver")


@pytest.mark.parametrize("ends", [_leave, _deactivate, _close_the_project], ids=["left", "inactive", "project closed"])
def test_who_has_no_part_in_the_project_any_more_has_nothing_sent(post: Post, ends: Callable[[Office], None]) -> None:
    subscription = post.subscribe(post.office.insight(), by="leaver")
    post.deliver()
    post.mails()
    ends(post.office)
    post.run(WEEK)
    newest = post.deliveries(subscription)[0]
    assert (newest["status"], newest["attempts"]) == ("failed", 1)
    assert newest["error"] == "Whoever made this subscription has no access to the project any more."
    assert post.mails() == []


def test_only_who_is_new_is_written_to_after_a_change(post: Post) -> None:
    subscription = post.subscribe(post.office.insight(), target_value="ada@example.com")
    post.deliver()
    assert post.recipients() == ["ada@example.com"]
    invited = {"target_value": "bob@example.com,ADA@example.com", "invite_message": "Have a look"}
    post.change(subscription, **invited)
    post.deliver()
    (mail,) = post.mails()
    assert (mail["to"], "subscribed you" in mail["subject"], "Have a look" in text_of(mail)) == (
        "bob@example.com",
        True,
        True,
    )
    post.change(subscription, title="Other")
    assert post.messages() == []


def test_a_pause_sends_nothing_and_its_end_sends_at_once(post: Post) -> None:
    subscription = post.subscribe(post.office.insight(), enabled=False)
    post.run(WEEK)
    assert (post.deliveries(subscription), post.mails()) == ([], [])
    resumed = post.change(subscription, enabled=True)
    assert resumed["next_delivery_date"] > post.at.isoformat()
    post.deliver()
    assert post.recipients() == ["ada@example.com"]


def test_pauses_that_end_too_often_send_nothing_more(post: Post) -> None:
    subscription = post.subscribe(post.office.insight(), enabled=False)
    path = f"subscriptions/{subscription['id']}"
    for _ in range(MOST_CHANGES):
        post.wait(MINUTE)
        post.change(subscription, enabled=True)
        post.change(subscription, enabled=False)
    with post.clock():
        refused = post.office.api()("PATCH", path, json={"enabled": True})
        assert refused.status_code == 429, refused.text
        assert int(refused.headers["retry-after"]) == 41 * 60
        assert read(post.office.api()("GET", path))["enabled"] is False
    post.deliver()
    assert post.mails() == []


def test_what_is_switched_off_on_the_way_is_skipped(post: Post) -> None:
    subscription = post.subscribe(post.office.insight())
    post.change(subscription, enabled=False)
    post.deliver()
    newest = post.deliveries(subscription)[0]
    assert (newest["status"], newest["error"]) == ("skipped", "The subscription was switched off.")
    assert post.mails() == []


def test_a_test_delivery_goes_to_everybody_one_at_a_time_and_not_too_often(post: Post) -> None:
    subscription = post.subscribe(post.office.insight(), enabled=False)
    path = f"subscriptions/{subscription['id']}/test-delivery"
    with post.clock():
        begun = post.office.api()("POST", path)
        assert (begun.status_code, begun.json()["status"], begun.json()["trigger_type"]) == (202, "starting", "manual")
        assert error(post.office.api()("POST", path))[0] == 409
    post.deliver()
    assert post.recipients() == ["ada@example.com"]
    one = read(post.office.api()("GET", f"subscriptions/{subscription['id']}/deliveries/{begun.json()['id']}"))
    assert one["status"] == "completed"
    for _ in range(9):
        post.wait(MINUTE)
        with post.clock():
            assert post.office.api()("POST", path).status_code == 202
        post.deliver()
    with post.clock():
        refused = post.office.api()("POST", path)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) == 51 * 60


def test_the_link_in_a_mail_takes_the_address_off_the_list(post: Post) -> None:
    subscription = post.subscribe(post.office.insight(), target_value="ada@example.com,bob@example.com")
    post.deliver()
    ada, bob = post.mails()
    assert ada["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"

    def follow(mail: Any, method: str = "GET", accept: str = "*/*") -> httpx.Response:
        link = urlsplit(str(mail["list-unsubscribe"]).strip("<>"))
        with post.clock():
            return post.office.nobody(method, f"{link.path}?{link.query}", headers={"Accept": accept})

    path = f"subscriptions/{subscription['id']}"
    assert follow(ada, "HEAD").status_code == 200
    assert read(post.office.api()("GET", path))["target_value"] == "ada@example.com,bob@example.com"
    assert read(follow(ada)) == {"success": True}
    assert read(follow(ada)) == {"success": True}
    assert read(post.office.api()("GET", path))["target_value"] == "bob@example.com"
    page = follow(bob, "POST", "text/html")
    assert "You are unsubscribed" in page.text
    assert post.office.api()("GET", path).status_code == 404
    post.run(WEEK)
    assert post.mails() == []
    bad = post.office.nobody("GET", "/unsubscribe?token=x.y.z")
    assert (bad.status_code, bad.json()["attr"]) == (400, "token")
    post.wait(timedelta(days=31))
    assert follow(ada).status_code == 400


def test_a_picture_is_fetched_by_its_token_alone(post: Post, hook: Receiver) -> None:
    post.subscribe(post.office.insight(), **to(hook))
    post.deliver()
    (sent,) = hook.received
    image = urlsplit(sent.json()["data"]["insights"][0]["image_url"])
    assert f"{image.scheme}://{image.netloc}" == SITE
    nobody = post.office.nobody
    with post.clock():
        found = nobody("GET", f"{image.path}?{image.query}")
        assert (found.status_code, found.headers["content-type"]) == (200, "image/png")
        assert found.content.startswith(b"\x89PNG")
        assert nobody("GET", image.path).status_code == 404
        other = image.path.replace("-0.png", "-1.png")
        assert nobody("GET", f"{other}?{image.query}").status_code == 404
    post.wait(timedelta(days=31))
    with post.clock():
        assert nobody("GET", f"{image.path}?{image.query}").status_code == 404


def test_one_that_cannot_be_begun_does_not_hold_up_the_others(post: Post) -> None:
    store, project_id = post.stack.services.policies, post.office.project.project.id
    broken = agenda.Entry(post.at - MINUTE, "subscription", project_id, "7")
    halved = {"pk": f"PROJECT#{project_id}#SUBSCRIPTION", "sk": "0000000007", "run_on": []}
    for item in (broken.item, {**halved, "enabled": True, "deleted": False}):
        store.put(item)
    post.subscribe(post.office.insight())
    post.deliver()
    post.mails()
    post.run(WEEK)
    assert post.recipients() == ["ada@example.com"]
    for key in (broken.key, (halved["pk"], halved["sk"])):
        store.delete(*key)
