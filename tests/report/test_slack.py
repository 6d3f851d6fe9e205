"""What Slack is asked to post, and what its answers mean: against a server that speaks as Slack does."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from insights_report.channels import blocks
from insights_report.channels.slack import LASTING, Slack
from insights_report.report import Invitation, Report, Table, Target, Undelivered, Unknown

from tests.report.receiving import Answered, Received, Receiver, hang_up, receiving
from tests.report.samples import AT, HOSTILE, dashboard, failed, part, report, settings

CHANNEL = "C0123ABC|#growth"
OK = (200, json.dumps({"ok": True, "channel": "C0123ABC", "ts": "1.5"}).encode())


def no(code: str, status: int = 200) -> Answered:
    return status, json.dumps({"ok": False, "error": code}).encode()


@pytest.fixture
def slack() -> Iterator[Receiver]:
    with receiving() as receiver, settings(slack_api_url=f"{receiver.url}/api/"):
        receiver.answers = [OK]
        yield receiver


def target(**more: Any) -> Target:
    integration = {"kind": "slack", "sensitive_config": {"bot_token": "xoxb-secret-token"}}
    return Target("slack", CHANNEL, **{"integration": integration, **more})


def deliver(sent: Report, **more: Any) -> str | None:
    to = target(**more)
    (recipient,) = Slack().recipients(to)
    return Slack(pauses=(0, 0)).deliver(sent, to, recipient)


def texts(message: Mapping[str, Any]) -> list[str]:
    """All that people read of a message, in order."""
    found = []
    for block in message["blocks"]:
        inner = block.get("elements") or [block]
        found += [
            one["text"] if isinstance(one["text"], str) else one["text"]["text"] for one in inner if "text" in one
        ]
    return found


def images(request: Received) -> list[tuple[str, str]]:
    blocks = request.json()["blocks"]
    return [(one["image_url"], one["alt_text"]) for one in blocks if one["type"] == "image"]


def buttons(message: Mapping[str, Any]) -> dict[str, str]:
    (actions,) = [block for block in message["blocks"] if block["type"] == "actions"]
    return {one["text"]["text"]: one["url"] for one in actions["elements"]}


def test_an_insight(slack: Receiver) -> None:
    assert deliver(report()) is None
    (request,) = slack.received
    assert (request.target, request.headers["authorization"]) == ("/api/chat.postMessage", "Bearer xoxb-secret-token")
    said = request.json()
    assert (said["channel"], said["unfurl_links"], said["unfurl_media"]) == ("C0123ABC", False, False)
    assert "thread_ts" not in said
    title = "Your subscription to the Insight *Sign-ups a day* is ready!"
    assert (said["text"], texts(said)[0]) == (title, title)
    assert images(request) == [("https://app.test/exporter/1.png?token=t", "Chart of Insight 1")]
    figures = "```\nDay    Sign-ups  Share\n2 Jan     1,234  12.5%\n3 Jan        56     7%\n```"
    assert texts(said)[1:3] == [figures, "3 more rows are not shown."]
    tags = "utm_source=posthog&utm_campaign=subscription_report&utm_medium=slack"
    assert buttons(said) == {
        "View in PostHog": f"https://app.test/project/7/insights/abc?tab=1&{tags}#top",
        "Manage Subscription": f"https://app.test/api/projects/7/subscriptions/5/?{tags}",
    }


def test_who_is_new_is_told_what_this_is(slack: Receiver) -> None:
    deliver(report(), invitations={CHANNEL: Invitation("Ann", "Have a look & <think>")})
    said = slack.received[0].json()
    assert said["text"] == "This channel has been subscribed to the Insight *Sign-ups a day*."
    assert "Have a look &amp; &lt;think&gt;" in texts(said)
    schedule = (
        "This subscription is sent every day. "
        "The next subscription will be sent on Tuesday, 4 January 2022 at 09:00 (Europe/Paris)."
    )
    assert schedule in texts(said)


def test_further_insights_are_replies(slack: Receiver) -> None:
    parts = (part(1), failed(2), part(3, name="Third | & co"))
    assert deliver(dashboard(*parts, total=9)) is None
    main, second, third = (request.json() for request in slack.received)
    assert "Showing 3 of 9 Insights." in texts(main)
    assert main["text"] == "Your subscription to the Dashboard *Growth* is ready!"
    assert [one.get("thread_ts") for one in (main, second, third)] == [None, "1.5", "1.5"]
    assert texts(second)[1] == ":warning: The query took too long."
    assert texts(third)[0].endswith("|Third ∣ &amp; co>*")
    assert [len(images(request)) for request in slack.received] == [1, 0, 1]


def test_the_first_insight_may_be_the_one_that_failed(slack: Receiver) -> None:
    deliver(report(failed(1, "<b>no</b>")))
    said = slack.received[0].json()
    assert ":warning: &lt;b&gt;no&lt;/b&gt;" in texts(said)


def test_an_alert(slack: Receiver) -> None:
    deliver(report(subject="alert", name="Sign-ups drop", message="The value (3) is below the lower bound (5)"))
    said = slack.received[0].json()
    assert texts(said)[:2] == ["Alert: *Sign-ups drop*", "The value (3) is below the lower bound (5)"]
    assert list(buttons(said)) == ["View in PostHog", "Manage Alert"]


def test_names_can_neither_call_nor_link_nor_end_what_they_stand_in(slack: Receiver) -> None:
    table = Table((HOSTILE, "``` <!here>"), ((HOSTILE, "</a>"),))
    name = HOSTILE + "x" * 5000
    deliver(dashboard(part(name=name, table=table), part(2, name=name, table=table), name=name))
    for request in slack.received:
        said = request.json()
        for text in texts(said):
            assert "<!" not in text and "<img" not in text
            assert len(text) <= 3000 and text.count("```") in (0, 2)
        assert "\n" not in said["text"] and "*bold*" not in texts(said)[0].replace("∗", "")
        assert all(len(alt) <= 2000 for _, alt in images(request))


def test_without_an_address_of_the_site_there_are_no_links(slack: Receiver) -> None:
    deliver(dashboard(part(url=""), url="", manage_url=""))
    said = slack.received[0].json()
    assert "actions" not in {block["type"] for block in said["blocks"]}
    assert "*Insight 1*" in texts(said)


def test_a_large_table_is_cut(slack: Receiver) -> None:
    table = Table(tuple("&" * 50 for _ in range(30)), tuple(("<" * 500,) * 30 for _ in range(100)))
    deliver(report(part(table=table)))
    said = slack.received[0].json()
    assert all(len(text) <= 3000 for text in texts(said))
    assert "92 more rows are not shown. 25 more columns are not shown." in texts(said)


@pytest.mark.parametrize("given", [{}, {"table": None}, {"table": Table((), ())}, {"image_url": None}])
def test_what_is_not_there_is_left_out(slack: Receiver, given: dict[str, Any]) -> None:
    assert deliver(report(part(**given))) is None
    assert len(slack.received[0].json()["blocks"]) >= 3


@pytest.mark.parametrize(
    ("answers", "requests", "raised", "words"),
    [
        ([no("ratelimited"), OK], 2, None, ""),
        ([no("x", 429), no("service_unavailable"), OK], 3, None, ""),
        ([(503, b"<html>"), OK], 2, None, ""),
        ([no("ratelimited")], 3, Undelivered, "ratelimited"),
        ([no("msg_too_long")], 1, Undelivered, "msg_too_long"),
        ([no("not_in_channel")], 1, Undelivered, "invite the bot"),
        # Slack does not say whether it was posted: it is not posted again.
        ([no("internal_error")], 1, Unknown, "internal_error"),
        ([no("fatal_error")], 1, Unknown, "fatal_error"),
        ([(502, b"<html>")], 1, Unknown, "status 502"),
        ([(200, b"<html>")], 1, Unknown, "status 200"),
        ([(200, b"[]")], 1, Unknown, "status 200"),
        ([hang_up], 1, Unknown, "no answer"),
        ([no("ratelimited"), hang_up], 2, Unknown, "no answer"),
    ],
)
def test_what_answers_mean(
    slack: Receiver, answers: list[Answered], requests: int, raised: type[Exception] | None, words: str
) -> None:
    slack.answers = answers
    if raised is None:
        assert deliver(report()) is None
    else:
        with pytest.raises(raised, match=words) as error:
            deliver(report())
        assert "xoxb" not in str(error.value)
    assert len(slack.received) == requests


@pytest.mark.parametrize("code", sorted(LASTING))
def test_what_somebody_has_to_mend_lasts(slack: Receiver, code: str) -> None:
    slack.answers = [no(code)]
    with pytest.raises(Undelivered, match=code) as error:
        deliver(report())
    assert (error.value.is_lasting, len(slack.received)) == (True, 1)


@pytest.mark.parametrize("integration", [None, {}, {"sensitive_config": None}, {"sensitive_config": {}}])
def test_an_integration_that_is_gone(slack: Receiver, integration: Any) -> None:
    with pytest.raises(Undelivered, match="integration of this subscription is gone") as error:
        deliver(report(), integration=integration)
    assert (error.value.is_lasting, slack.received) == (True, [])


def test_nobody_is_there() -> None:
    with receiving() as gone:
        pass
    with settings(slack_api_url=gone.url), pytest.raises(Undelivered, match="cannot be reached") as error:
        deliver(report())
    assert not error.value.is_lasting


def test_a_picture_that_slack_cannot_fetch(slack: Receiver) -> None:
    """As one of a laptop: the numbers arrive without it, and further ones are not even tried."""
    slack.rule = lambda request: no("invalid_blocks") if images(request) else None
    assert deliver(dashboard(part(1), part(2))) == "Slack could not fetch the charts: they were left out."
    assert [len(images(request)) for request in slack.received] == [1, 0, 0]
    assert [one.json().get("thread_ts") for one in slack.received] == [None, None, "1.5"]


def test_a_picture_of_a_reply_that_slack_cannot_fetch(slack: Receiver) -> None:
    slack.rule = lambda request: no("invalid_blocks") if "thread_ts" in request.json() and images(request) else None
    assert "could not fetch" in (deliver(dashboard(part(1), part(2))) or "")
    assert len(slack.received) == 3


def test_blocks_that_slack_does_not_take(slack: Receiver) -> None:
    slack.answers = [no("invalid_blocks")]
    with pytest.raises(Undelivered, match="invalid_blocks") as error:
        deliver(report(part(image_url=None)))
    assert (error.value.is_lasting, len(slack.received)) == (False, 1)


def test_a_thread_that_fails_in_part_is_noted(slack: Receiver) -> None:
    replies = iter([no("ratelimited"), OK, hang_up, no("is_archived")])
    slack.rule = lambda request: next(replies) if "thread_ts" in request.json() else None
    note = deliver(dashboard(part(1), part(2), part(3), part(4)))
    assert note is not None and note.startswith("2 of 3 replies in the thread failed: no answer: ")
    assert note.endswith(", is_archived.")


def test_the_whole_fits_what_slack_takes() -> None:
    """50 blocks, and what each may hold."""
    parts = tuple(part(number) for number in range(6))
    long = dashboard(*parts, name="x" * 400, message="y" * 5000, at=AT, total=100)
    made = blocks.main_message(long, Invitation("A" * 400, "z" * 5000), has_image=True)
    assert len(made["blocks"]) < 50
    assert all(len(text) <= 3000 for text in texts(made))


def test_nothing_that_looks_like_a_link_or_a_mention_becomes_one(slack: Receiver) -> None:
    """Names are what people and events say."""
    deliver(dashboard(part(1, name="https://evil.test @here #general"), part(2), part(3), total=9))
    texts = [
        one
        for request in slack.received
        for block in request.json()["blocks"]
        for one in (block.get("text"), *block.get("elements", ()))
        if one and one["type"] == "mrkdwn"
    ]
    assert len(texts) > 5
    assert all(one["verbatim"] is True for one in texts)
