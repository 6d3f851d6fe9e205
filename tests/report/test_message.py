"""Mails as mail programs get them: written, parsed again, and read."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

import pytest
from insights_report.channels.message import message_of
from insights_report.report import Invitation, Report, Table, Target

from tests.report.samples import HOSTILE, dashboard, failed, part, png, report

ANN, BOB = "ann@example.com", "bob@example.com"
SENDER = "Insights <reports@example.com>"
TAGS = "utm_source=posthog&utm_campaign=subscription_report&utm_medium=email"
# A token that is longer than a line.
WAY_OUT = "https://app.test/unsubscribe?token=" + "eyJhbGciOi.J9-_" * 30


def target(**more: Any) -> Target:
    return Target("email", f"{ANN}, {BOB}", **more)


def mail(sent: Report, recipient: str = ANN, **more: Any) -> EmailMessage:
    """As it is read at the other end."""
    written = message_of(sent, target(**more), recipient, sender=SENDER).as_bytes()
    assert max(map(len, written.split(b"\r\n"))) <= 998
    read = message_from_bytes(written, policy=policy.default)
    assert [part.defects for part in read.walk()] == [[] for _ in read.walk()]
    return read


def text(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def html(message: EmailMessage) -> str:
    body = message.get_body(("html",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


class Page(HTMLParser):
    """What of a page is markup."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def attachments(message: EmailMessage) -> dict[str | None, bytes]:
    return {one.get_filename(): one.get_payload(decode=True) for one in message.iter_attachments()}  # type: ignore[misc]


def test_an_insight() -> None:
    read = mail(report())
    assert (read["subject"], read["to"], read["from"]) == ("PostHog Insight report - Sign-ups a day", ANN, SENDER)
    assert read["date"].datetime.isoformat() == "2022-01-03T08:00:00+00:00"
    assert text(read) == (
        "Sign-ups a day\n"
        "\n"
        f"View insight: https://app.test/project/7/insights/abc?tab=1&{TAGS}#top\n"
        "\n"
        "Insight 1\n"
        "---------\n"
        "Day    Sign-ups  Share\n"
        "2 Jan     1,234  12.5%\n"
        "3 Jan        56     7%\n"
        "3 more rows are not shown.\n"
        f"https://app.test/project/7/insights/1?{TAGS}\n"
        "\n"
        "-- \n"
        "This subscription is sent every day. "
        "The next subscription will be sent on Tuesday, 4 January 2022 at 09:00 (Europe/Paris).\n"
        f"Manage subscription: https://app.test/api/projects/7/subscriptions/5/?{TAGS}\n"
    )
    page = Page(html(read))
    assert {"Sign-ups a day", "Insight 1", "1,234", "12.5%", "3 more rows are not shown."} <= set(page.words)
    links = {attributes["href"] for attributes in page.of("a")}
    assert f"https://app.test/api/projects/7/subscriptions/5/?{TAGS}" in links


def test_the_chart_is_within_the_mail() -> None:
    read = mail(report())
    (image,) = Page(html(read)).of("img")
    (picture,) = [one for one in read.walk() if one.get_content_type() == "image/png"]
    assert image["src"] == f"cid:{picture['content-id'].strip('<>')}"
    assert (image["alt"], picture.get_payload(decode=True)) == ("Chart of Insight 1", png())
    assert picture.get_content_disposition() == "inline"
    kinds = [one.get_content_type() for one in read.walk()]
    assert kinds == [
        *("multipart/alternative", "text/plain", "multipart/related", "text/html"),
        "image/png",
    ]


def test_nothing_is_fetched_and_nothing_runs() -> None:
    page = Page(html(mail(dashboard(part(1), failed(2), part(3), total=9), unsubscribe_urls={ANN: WAY_OUT})))
    allowed = {"a", "body", "br", "div", "h1", "h2", "head", "html", "img", "meta", "p", "table", "td", "th", "title"}
    assert {tag for tag, _ in page.tags} <= allowed | {"tr"}
    for tag, attributes in page.tags:
        assert not {name for name in attributes if name.startswith("on")}
        assert "url(" not in (attributes.get("style") or "")
        if tag == "img":
            assert (attributes["src"] or "").startswith("cid:") and attributes["alt"]
    # Dark modes are given what to turn: a colour of type never stands without one of its ground.
    assert {attributes.get("bgcolor") for attributes in page.of("body")} == {"#f3f4f0"}


def test_a_dashboard() -> None:
    sent = dashboard(part(1), failed(2, "The query <b>took</b> too long."), part(3, table=None, png=None), total=9)
    read = mail(sent)
    assert read["subject"] == "PostHog Dashboard report - Growth"
    for said in (text(read), " ".join(Page(html(read)).words)):
        assert "This insight could not be computed: The query <b>took</b> too long." in said
        assert "Showing 3 of 9 Insights." in said
        assert all(f"Insight {number}" in said for number in (1, 2, 3))
    assert len(Page(html(read)).of("img")) == 1
    assert "View dashboard: " in text(read)


def test_an_alert() -> None:
    sent = report(subject="alert", name="Drop", message="The value (3) is below\nthe bound", summary="", next_at=None)
    read = mail(sent)
    assert (read["subject"], "subscription is" in text(read)) == ("Alert: Drop", False)
    assert "The value (3) is below\nthe bound" in text(read) and "Manage alert: " in text(read)
    assert "The value (3) is below\nthe bound" in Page(html(read)).words


@pytest.mark.parametrize(
    ("sent", "by", "subject"),
    [
        (report(), None, "You have been subscribed to a PostHog Insight"),
        (report(), "Ann", "Ann subscribed you to a PostHog Insight"),
        (dashboard(), "Jürgen\r\nBcc: x@y.z", "Jürgen Bcc: x@y.z subscribed you to a PostHog Dashboard"),
    ],
)
def test_an_invitation(sent: Report, by: str | None, subject: str) -> None:
    invitations = {ANN: Invitation(by, "Look at <this>\nevery day")}
    read = mail(sent, invitations=invitations)
    assert (read["subject"], read["bcc"]) == (subject, None)
    for said in (text(read), "".join(Page(html(read)).words)):
        assert "Look at <this>\nevery day" in said
        assert f"{subject}." in said and sent.name in said
        assert "The next subscription will be sent on" in said
    assert mail(sent, BOB, invitations=invitations)["subject"].startswith("PostHog ")


def test_each_recipient_has_a_way_out_of_their_own() -> None:
    read = mail(report(), unsubscribe_urls={ANN: WAY_OUT, BOB: "https://app.test/other"})
    written = message_of(report(), target(unsubscribe_urls={ANN: WAY_OUT}), ANN, sender=SENDER).as_bytes()
    assert f"\r\nList-Unsubscribe: <{WAY_OUT}>\r\n".encode() in written
    assert read["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    assert f"Unsubscribe: {WAY_OUT}\n" in text(read)
    assert WAY_OUT in {attributes["href"] for attributes in Page(html(read)).of("a")}
    assert "other" not in str(read)
    without = mail(report())
    assert (without["list-unsubscribe"], without["list-unsubscribe-post"]) == (None, None)
    assert "nsubscribe" not in text(without) + html(without)
    # One click is for https alone.
    assert mail(report(), unsubscribe_urls={ANN: "http://127.0.0.1/u"})["list-unsubscribe-post"] is None


@pytest.mark.parametrize(
    "name", [HOSTILE, "x" * 100_000, "\u202e\u2028\x00\x1b[31m", "", "日本語" * 100, "=?utf-8?q?x?="]
)
def test_names_stay_text(name: str) -> None:
    table = Table((name, name), ((name, name),) * 3)
    message = name * 10
    sent = dashboard(part(name=name, table=table), failed(2, name), name=name, message=message, summary=name)
    read = mail(sent, invitations={ANN: Invitation(name, message)}, attach_csv=True)
    assert read.keys().count("Subject") == 1 and read["bcc"] is None
    assert len(read["subject"]) < 250 and len(read.as_bytes()) < 100_000
    page = Page(html(read))
    assert len(page.of("img")) == 1 and "onerror" not in page.of("img")[0]
    assert not page.of("script")
    for file in attachments(read):
        assert re.fullmatch(r"1-[a-z0-9-]+\.csv", file or "")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", text(read))
    assert "PostHog Dashboard report - " in mail(sent)["subject"]
    assert mail(report(subject="alert", name=name, message=message))["subject"].startswith("Alert: ")


def test_a_name_is_not_said_twice() -> None:
    read = mail(report(part(name="Sign-ups a day")))
    assert text(read).count("Sign-ups a day") == 1
    assert [Page(html(read)).of(tag) != [] for tag in ("h1", "h2")] == [True, False]


def test_without_an_address_of_the_site_there_are_no_links() -> None:
    read = mail(report(part(url=""), url="", manage_url=""))
    assert "http" not in text(read) and "utm_" not in text(read)
    assert Page(html(read)).of("a") == []


def test_an_insight_without_numbers_says_so() -> None:
    """The picture does; who reads the text alone would find nothing."""
    assert "No data." in text(mail(report(part(table=Table((), ())))))


def test_a_wide_table_is_cut() -> None:
    table = Table(tuple(f"c{n}" for n in range(20)), tuple((n,) * 20 for n in range(100)), left_out=5)
    read = mail(report(part(table=table)))
    for said in (text(read), " ".join(Page(html(read)).words)):
        assert "74 more rows are not shown. 10 more columns are not shown." in said
        assert "c9" in said and "c10" not in said


def test_of_many_dates_the_newest_are_shown() -> None:
    table = Table(("Date", "Visits"), tuple((f"day {n}", n) for n in range(100)), is_newest_last=True)
    said = text(mail(report(part(table=table))))
    assert "day 99" in said and "day 68" not in said and "69 more rows are not shown." in said


def test_numbers_stand_to_the_right_whatever_they_are_written_as() -> None:
    row = ("1. Home", 5, None, "12.5%", "1 h 20 min", "–", "", "words", "3 words here")
    page = Page(html(mail(report(part(table=Table(tuple("abcdefghi"), (row,)))))))
    assert [cell["align"] for cell in page.of("th")] == ["left", *["right"] * 6, "left", "left"]
    cells = [cell.get("align") for cell in page.of("td") if "style" not in cell]
    assert cells == [None, *["right"] * 6, None, None]


def test_the_largest_dashboard_is_shown_whole() -> None:
    """Some programs show the first 100 KB of a page."""
    row = ("Wednesday, 30 November 2022", *(-1_234_567.25,) * 9)
    parts = [part(n, name="x" * 300, table=Table(("a long name of a series",) * 10, (row,) * 40)) for n in range(6)]
    read = mail(dashboard(*parts, total=30), attach_csv=True, unsubscribe_urls={ANN: WAY_OUT})
    assert len(html(read).encode()) < 100_000
    assert text(read).count("25 more rows are not shown.") == 6


def test_files_are_attached_when_asked() -> None:
    sent = dashboard(part(1), part(2, name="Größe: ½", csv="Tag,ö\n".encode()), failed(3), part(4, csv=None))
    assert attachments(mail(sent)) == {}
    read = mail(sent, attach_csv=True)
    assert attachments(read) == {"1-insight-1.csv": part().csv, "2-gr-e.csv": "Tag,ö\n".encode()}
    assert {one.get_content_type() for one in read.iter_attachments()} == {"text/csv"}
    assert "All of its numbers are attached as 2-gr-e.csv." in text(read)


def test_a_file_that_is_too_large_is_left_out_and_the_mail_says_so() -> None:
    sent = dashboard(part(1, csv=b"x" * 6_999_000), part(2, csv=b"y" * 2000), part(3, csv=b"z" * 500))
    read = mail(sent, attach_csv=True)
    assert list(attachments(read)) == ["1-insight-1.csv", "3-insight-3.csv"]
    assert text(read).count("too large for an e-mail") == 1
    assert len(read.as_bytes()) < 10_000_000


def test_a_chart_that_is_too_large_is_left_out() -> None:
    read = mail(dashboard(part(1, png=b"x" * 8_000_000), part(2)))
    assert [image["alt"] for image in Page(html(read)).of("img")] == ["Chart of Insight 2"]
