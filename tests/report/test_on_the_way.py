"""Reports on their way while something else changes: lists, rules, what people may see, how many messages there are."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from insights_acl.members import remove_member
from insights_acl.memberships import memberships_of
from insights_api import agenda, deliveries
from insights_api.deliveries import LEASE, RETRIES
from insights_engine import deadline, keys
from insights_engine.clickhouse import ClickHouse
from insights_engine.errors import Overloaded
from insights_engine.store import Item, open_store
from insights_local.routes import load_template
from insights_report.channels.bucket import folder_of

from tests.api.boards import error, made, read
from tests.report.post import MINUTE, MONDAY, Post, text_of
from tests.report.receiving import Received, Receiver, hang_up
from tests.report.samples import report
from tests.report.test_deliveries import statuses, to
from tests.report.test_triggers import event, quiet, told

WEEK = timedelta(days=7)


def newest(post: Post, subscription: dict[str, Any]) -> Item:
    """As it is stored."""
    project_id, store = post.office.project.project.id, post.stack.services.policies
    return deliveries.of_owner(store, project_id, "subscription", str(subscription["id"]), limit=1)[0]


def claimed(post: Post, subscription: dict[str, Any]) -> Item:
    item = newest(post, subscription)
    found = deliveries.claimed(
        post.stack.services.policies, item["project_id"], f"{item['owner']}#{item['sk']}", post.at
    )
    assert found is not None
    return found


def test_the_filters_of_a_dashboard_hold_in_its_report(post: Post) -> None:
    """The numbers are those that the dashboard shows."""
    post.office.load()
    board = post.office.dashboard("Growth")
    insight = post.office.insight(dashboards=[board["id"]])
    pro = {"properties": [{"key": "plan", "value": "pro", "type": "event"}]}
    assert post.office.change(board, filters=pro).status_code == 200
    shown = post.office.read_dashboard(board, refresh="blocking")["tiles"][0]["insight"]["result"][0]["data"]
    assert shown == [1, 1, 0, 0]
    post.subscribe(dashboard=board["id"], dashboard_export_insights=[insight["id"]])
    post.subscribe(insight, target_value="bob@example.com")
    post.deliver()
    ada, bob = (text_of(mail).splitlines() for mail in post.mails())
    assert [int(line.split()[-1]) for line in ada if " Mar 2026 " in line] == shown
    assert [int(line.split()[-1]) for line in bob if " Mar 2026 " in line] == [1, 2, 0, 1]


def test_of_a_dashboard_that_has_lost_all_that_was_chosen_no_empty_report_is_sent(post: Post) -> None:
    board = post.office.dashboard("Growth")
    insights = [post.office.insight(name, dashboards=[board["id"]]) for name in ("One", "Two")]
    chosen = [one["id"] for one in insights]
    subscription = post.subscribe(dashboard=board["id"], dashboard_export_insights=chosen)
    assert post.office.place(insights[0]).status_code == 200
    post.deliver()
    (mail,) = post.mails()
    assert [name in text_of(mail) for name in ("One", "Two")] == [False, True]
    assert post.office.place(insights[1]).status_code == 200
    post.run(WEEK)
    found = post.deliveries(subscription)[0]
    assert (found["status"], post.mails()) == ("failed", [])
    assert found["error"] == "None of the insights that were chosen is on the dashboard any more."
    assert post.office.place(insights[1], board).status_code == 200  # it was no reason to switch the subscription off
    post.run(WEEK)
    assert post.recipients() == ["ada@example.com"]


def test_history_does_not_name_what_its_reader_may_not_see(post: Post) -> None:
    office = post.office
    board = office.dashboard("Growth")
    open_one, secret = (office.insight(name, dashboards=[board["id"]])["id"] for name in ("Open", "Secret plans"))
    subscription = post.subscribe(dashboard=board["id"], dashboard_export_insights=[open_one, secret])
    post.deliver()
    office.rule("insight", secret, "none")
    path = f"subscriptions/{subscription['id']}/deliveries"
    whole = read(office.api("reader")("GET", path))["results"][0]
    assert [one["name"] for one in whole["content_snapshot"]["insights"]] == ["Open", f"Insight {secret}"]
    assert whole["content_snapshot"]["name"] == "Growth"
    assert read(office.api("reader")("GET", f"{path}/{whole['id']}")) == whole
    named = read(office.api("maker")("GET", path))["results"][0]["content_snapshot"]["insights"]
    assert [one["name"] for one in named] == ["Open", "Secret plans"]


@pytest.mark.parametrize("cursor", ["x", "x" * 3000, "2101-03-07T09:00:00.000000Z#", "\x00"])
def test_a_cursor_that_no_page_has_named(post: Post, cursor: str) -> None:
    subscription = post.subscribe(post.office.insight(), enabled=False)
    path = f"subscriptions/{subscription['id']}/deliveries"
    answer = post.office.api()("GET", path, params={"cursor": cursor})
    assert error(answer) == (400, "cursor", "Invalid cursor.")


def test_who_is_taken_off_the_list_gets_nothing_that_was_on_its_way(post: Post) -> None:
    subscription = post.subscribe(post.office.insight(), target_value="ada@example.com,bob@example.com")
    post.change(subscription, target_value="ADA@example.com")
    post.deliver()
    assert post.recipients() == ["ada@example.com"]
    found = post.deliveries(subscription)[0]
    assert (found["status"], statuses(found)) == ("completed", ["sent", "skipped"])
    other = post.subscribe(post.office.insight("Other"), target_value="bob@example.com")
    post.change(other, target_value="cleo@example.com")
    post.deliver()
    assert post.recipients() == ["cleo@example.com"]
    assert {one["status"] for one in post.deliveries(other)} == {"skipped", "completed"}


def test_who_had_reports_before_a_pause_is_not_new_after_it(post: Post) -> None:
    subscription = post.subscribe(post.office.insight(), enabled=False)
    post.change(subscription, enabled=True)
    post.deliver()
    (first,) = post.mails()
    assert "subscribed you" in first["subject"]
    post.change(subscription, enabled=False)
    post.change(subscription, enabled=True, target_value="ada@example.com,bob@example.com")
    post.deliver()
    subjects = {str(mail["to"]): str(mail["subject"]) for mail in post.mails()}
    assert subjects["ada@example.com"] == "PostHog Insight report - Views"
    assert "subscribed you" in subjects["bob@example.com"]


def test_what_was_said_to_who_is_new_is_kept_no_longer_than_it_takes(post: Post) -> None:
    subscription = post.subscribe(post.office.insight(), invite_message="Have a look")
    assert "Have a look" in str(newest(post, subscription))
    post.deliver()
    assert "Have a look" in text_of(post.mails()[0])
    assert "Have a look" not in str(newest(post, subscription))


def test_the_way_out_is_for_an_address_however_it_is_written(post: Post) -> None:
    subscription = post.subscribe(post.office.insight(), target_value="ada@example.com,bob@example.com")
    post.deliver()
    link = urlsplit(str(post.mails()[0]["list-unsubscribe"]).strip("<>"))
    post.change(subscription, target_value="ADA@Example.com,bob@example.com")
    with post.clock():
        assert read(post.office.nobody("GET", f"{link.path}?{link.query}")) == {"success": True}
    path = f"subscriptions/{subscription['id']}"
    assert read(post.office.api()("GET", path))["target_value"] == "bob@example.com"


def test_a_link_that_is_only_looked_at_takes_nobody_off(post: Post) -> None:
    """Programs that check mails for bad links open them as browsers do; people press the button."""
    subscription = post.subscribe(post.office.insight(), target_value="ada@example.com,o'neil@example.com")
    post.deliver()
    link = urlsplit(str(post.mails()[1]["list-unsubscribe"]).strip("<>"))
    path = f"subscriptions/{subscription['id']}"

    def opened(method: str) -> str:
        with post.clock():
            answer = post.office.nobody(method, f"{link.path}?{link.query}", headers={"Accept": "text/html,*/*;q=0.8"})
        assert (answer.status_code, "form-action 'self'" in answer.headers["content-security-policy"]) == (200, True)
        return answer.text

    page = opened("GET")
    assert "takes o&#x27;neil@example.com off the list" in page
    assert '<form method="post">' in page
    assert "o'neil" in read(post.office.api()("GET", path))["target_value"]
    assert "You are unsubscribed" in opened("POST")
    assert read(post.office.api()("GET", path))["target_value"] == "ada@example.com"


def test_who_subscribes_themselves_is_not_told_by_whom(post: Post) -> None:
    own = post.office.user("maker").email
    post.subscribe(post.office.insight(), target_value=f"{own.upper()},bob@example.com")
    post.deliver()
    subjects = {str(mail["to"]).lower(): str(mail["subject"]) for mail in post.mails()}
    assert subjects[own] == "You have been subscribed to a PostHog Insight"
    assert subjects["bob@example.com"] == f"{own} subscribed you to a PostHog Insight"


def test_an_alert_whose_author_has_left_says_so(post: Post) -> None:
    """Else it would just be silent from then on. What it is about is not shown: nobody vouches for it."""
    office, insight = post.office, post.office.insight("Secret plans")
    body = {
        **{"name": "Falls", "insight": insight["id"], "subscribed_users": [office.user("reader").uuid]},
        **{"condition": {"type": "absolute_value"}, "threshold": {"configuration": {"bounds": {"lower": -1}}}},
    }
    with post.clock():
        alert = made(office.api("leaver")("POST", "alerts", json=body))
    post.run(MINUTE)
    post.deliver()
    assert post.mails() == []
    (membership,) = memberships_of(post.stack.services.policies, office.user("leaver"))
    remove_member(post.stack.services.policies, membership)
    post.run(timedelta(days=1))
    post.deliver()
    (mail,) = post.mails()
    assert "Whoever made the alert has no access to the project any more." in text_of(mail)
    assert "Secret plans" not in mail.as_string()
    assert "image/png" not in {part.get_content_type() for part in mail.walk()}
    assert office.api()("DELETE", f"alerts/{alert['id']}").status_code == 204


def test_a_burst_of_events_is_one_report(post: Post) -> None:
    """One that has not been begun will have what the later ones tell of."""
    subscription = quiet(post, run_on=["insight.saved"])
    detail = {"project_id": post.office.project.project.id, "insight_id": subscription["insight"]}
    times = [f"2101-03-07T09:01:{second:02}Z" for second in range(6)]
    assert [told(post, event("insight.saved", detail, at)) for at in times[:5]] == [1, 0, 0, 0, 0]
    claimed(post, subscription)
    assert told(post, event("insight.saved", detail, times[5])) == 1


@pytest.mark.parametrize("subject", ["insight", "alert"])
@pytest.mark.parametrize("prefix", ["", "watched", "watched/7"])
def test_a_report_in_a_bucket_sets_off_no_other(post: Post, subject: Any, prefix: str) -> None:
    """It would set itself off, for ever; and by a prefix, another project."""
    project_id = post.office.project.project.id
    quiet(post, run_on=["object.created"])
    prefix = prefix.replace("7", str(project_id))
    written = report(subject=subject, project_id=project_id)

    def created(key: str) -> int:
        return told(post, event("Object Created", {"bucket": {"name": "exports"}, "object": {"key": key}}))

    assert created(f"{folder_of(written, prefix)}/report.json") == 0
    assert created(f"{prefix}/{project_id}/subscriptions/report.json") == 1


def test_many_messages_are_no_more_attempts(post: Post, hook: Receiver) -> None:
    hook.answers = [(500, b"no")]
    subscription = post.subscribe(post.office.insight(), **to(hook))
    for one in post.messages() * 8:
        with post.clock():
            post.stack.deliver(one)
    assert newest(post, subscription)["attempts"] == 1


def test_a_message_is_repeated_ever_more_seldom(post: Post) -> None:
    subscription = post.subscribe(post.office.insight())
    post.messages()
    sent = []
    for minute in range(1, 40):
        post.wait(MINUTE)
        post.tick()
        about = f"subscription#{subscription['id']}#"
        sent += [minute for one in post.messages() if about in one["Records"][0]["body"]]
    assert sent == [3, 6, 12, 24]


def test_a_worker_keeps_what_it_took_while_the_agenda_was_read(post: Post) -> None:
    subscription = post.subscribe(post.office.insight())
    post.messages()
    post.wait(timedelta(minutes=3))
    taken = claimed(post, subscription)
    named = f"{taken['owner']}#{taken['sk']}"
    deliveries.nudged(post.stack.services, taken["project_id"], named, post.at)
    deliveries.noted(post.stack.services.policies, taken, "ada@example.com", "sending")
    assert post.messages() == []


def test_what_loses_every_worker_is_given_up(post: Post) -> None:
    subscription = post.subscribe(post.office.insight())
    post.messages()
    for _ in range(len(RETRIES) + 1):
        claimed(post, subscription)
        post.wait(LEASE + MINUTE)
    post.run()
    found = post.deliveries(subscription)[0]
    assert (found["status"], statuses(found), post.mails()) == ("failed", ["failed"], [])
    assert found["error"] == "The workers that had it were lost, each time."


def test_a_webhook_of_which_nobody_knows_is_sent_again(post: Post, hook: Receiver) -> None:
    """It drops a repeat by its id: after no answer, and after a worker that was lost."""
    hook.answers = [hang_up, (200, b"")]
    subscription = post.subscribe(post.office.insight(), **to(hook))
    post.deliver()
    assert statuses(post.deliveries(subscription)[0]) == ["waiting"]
    post.run(MINUTE)
    assert post.deliveries(subscription)[0]["status"] == "completed"
    with post.clock():
        assert post.office.api()("POST", f"subscriptions/{subscription['id']}/test-delivery").status_code == 202
    post.messages()
    deliveries.noted(post.stack.services.policies, claimed(post, subscription), f"{hook.url}/in", "sending")
    before = len(hook.received)
    post.run(LEASE + MINUTE)
    assert len(hook.received) == before + 1
    assert hook.host not in str(post.deliveries(subscription))


def test_a_post_to_slack_of_which_nobody_knows_is_not_sent_again(post: Post, hook: Receiver) -> None:
    project_id, services = post.office.project.project.id, post.stack.services
    services.settings = replace(services.settings, slack_api_url=f"{hook.url}/api")  # the fixture puts it back
    pk, sk = keys.resource(project_id, "integration", "1")
    bot = {"kind": "slack", "config": {}, "sensitive_config": {"bot_token": "xoxb-0123456789"}}
    services.policies.put({"pk": pk, "sk": sk, "id": 1, "created_at": "", "created_by": None, "version": 1, **bot})
    hook.answers = [hang_up]
    target = {"target_type": "slack", "target_value": "C0123|#team", "integration_id": 1}
    subscription = post.subscribe(post.office.insight(), **target)
    post.deliver()
    found = post.deliveries(subscription)[0]
    assert (found["status"], statuses(found), len(hook.received)) == ("failed", ["unknown"], 1)
    post.run(timedelta(hours=2))
    assert len(hook.received) == 1
    assert read(post.office.api()("GET", f"subscriptions/{subscription['id']}"))["enabled"] is True


def test_what_there_is_no_time_for_is_sent_later(post: Post) -> None:
    """A mail that is begun too late may be lost with its worker; a tick leaves the rest to the next one."""
    subscription = post.subscribe(post.office.insight())
    with deadline.ends_in(15):
        post.deliver()
    assert post.mails() == []
    assert post.deliveries(subscription)[0]["error"] == "There was no time left to send it."
    post.wait(MINUTE)
    with deadline.ends_in(3):
        assert post.tick() == 0
    post.run()
    assert post.recipients() == ["ada@example.com"]


def test_what_is_sent_is_written_down_before(post: Post, hook: Receiver) -> None:
    """So that whoever takes over from a worker that is lost knows what may have arrived."""
    seen: list[str] = []

    def looking(_: Received) -> None:
        seen.extend(told["status"] for told in newest(post, subscription)["recipients"].values())

    subscription = post.subscribe(post.office.insight(), **to(hook))
    hook.rule = looking
    post.deliver()
    assert seen == ["sending"]
    assert statuses(post.deliveries(subscription)[0]) == ["sent"]


@pytest.mark.parametrize("status", [429, 503])
def test_a_report_of_nothing_but_errors_that_pass_waits(
    post: Post, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """A mail that ClickHouse is away helps nobody; when it stays away, that is what there is to say."""

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise Overloaded("ClickHouse is unwell", status=status)

    subscription = post.subscribe(post.office.insight())
    with monkeypatch.context() as patch:
        patch.setattr(ClickHouse, "read", refuse)
        post.deliver()
        found = post.deliveries(subscription)[0]
        assert (found["status"], found["error"], post.mails()) == ("starting", "ClickHouse is unwell", [])
    post.run(MINUTE)
    assert post.recipients() == ["ada@example.com"]
    post.subscribe(post.office.insight("Other"))
    with monkeypatch.context() as patch:
        patch.setattr(ClickHouse, "read", refuse)
        post.deliver()
        for minutes in RETRIES:
            assert post.mails() == []
            post.run(minutes * MINUTE)
    (mail,) = post.mails()
    assert "This insight could not be computed: ClickHouse is unwell" in text_of(mail)


def test_a_date_that_was_moved_leaves_nothing_in_the_agenda(post: Post) -> None:
    """An entry that nothing belongs to any more is gone, and sets nothing off."""
    subscription = quiet(post)
    store, project_id = post.stack.services.policies, post.office.project.project.id
    stale = agenda.Entry(post.at - MINUTE, "subscription", project_id, str(subscription["id"]))
    store.put(stale.item)
    post.run()
    assert post.mails() == []
    assert store.get(*stale.key) is None


def test_more_is_due_than_one_page_has(tmp_path: Path) -> None:
    store = open_store(f"sqlite://{tmp_path}/policies.db")
    entries = {agenda.Entry(MONDAY - MINUTE * number, "delivery", 1, str(number)) for number in range(900)}
    store.put_many([one.item for one in entries])
    store.put_many([agenda.Entry(MONDAY + MINUTE, "delivery", 1, "later").item])
    found = [*agenda.due(store, MONDAY)]
    assert {*found} == entries
    assert [one.at for one in found] == sorted(one.at for one in entries)


def test_a_lease_is_longer_than_a_worker_may_run() -> None:
    timeout = load_template()["Resources"]["Deliver"]["Properties"]["Timeout"]
    assert timedelta(seconds=timeout) < LEASE
