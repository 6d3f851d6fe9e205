"""Where mails go: into a folder, or to SES, and what its answers mean."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from email import message_from_bytes, message_from_string, policy
from pathlib import Path
from typing import Any

import pytest
from insights_report.channels.mail import Mail
from insights_report.report import Target, Undelivered, Unknown

from tests.report.receiving import Answered, Receiver, hang_up, receiving
from tests.report.samples import report, settings

ANN, BOB = "ann@example.com", "bob@example.com"
SENDER = "Insights <reports@example.com>"


def target() -> Target:
    return Target("email", f"{ANN}, {BOB}")


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "new" / "outbox"
    with settings(mail_from=SENDER, mail_outbox=f"file://{folder}"):
        yield folder


def test_each_address_has_a_mail_of_its_own(outbox: Path) -> None:
    recipients = Mail().recipients(target())
    assert recipients == [ANN, BOB]
    for recipient in recipients * 2:
        assert Mail().deliver(report(delivery_id="7/../x#1"), target(), recipient) is None
    written = sorted(outbox.iterdir())
    assert len(written) == 2 and all(re.fullmatch(r"7-x-1-[0-9a-f]{12}\.eml", file.name) for file in written)
    read = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in written]
    assert {one["to"] for one in read} == {ANN, BOB}
    assert len({one["message-id"] for one in read}) == 2


def test_an_outbox_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with settings(mail_from=SENDER, mail_outbox=f"file://{tmp_path}/file"), pytest.raises(Undelivered, match="OUTBOX"):
        Mail().deliver(report(), target(), ANN)


def test_no_sender_no_mails() -> None:
    with settings(), pytest.raises(Undelivered, match="MAIL_FROM is not set") as error:
        Mail().deliver(report(), target(), ANN)
    assert not error.value.is_lasting


def test_an_address_that_cannot_stand_in_a_header() -> None:
    with settings(mail_from=SENDER), pytest.raises(Undelivered, match="cannot be written"):
        Mail().deliver(report(), target(), "a@b.test\r\nBcc: eve@evil.test")


def test_ses_takes_it(moto_url: str) -> None:
    import boto3
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.ses.models import ses_backends

    boto3.client("sesv2").create_email_identity(EmailIdentity="reports@example.com")
    with settings(mail_from=SENDER):
        Mail().deliver(report(delivery_id="ses-1", name="Größe"), target(), ANN)
    sent = ses_backends[DEFAULT_ACCOUNT_ID]["eu-central-1"].sent_messages[-1]
    read = message_from_string(sent.raw_data, policy=policy.default)
    assert ({*sent.destinations}, read["subject"]) == ({ANN}, "PostHog Insight report - Größe")


@pytest.fixture
def ses(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receiving() as ses, settings(mail_from=SENDER):
        monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", ses.url)
        yield ses


def refusal(status: int, code: str) -> Answered:
    def answer(handler: Any) -> None:
        body = b'{"message": "because"}'
        handler.send_response(status)
        handler.send_header("x-amzn-ErrorType", code)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


@pytest.mark.parametrize(
    ("answer", "raised", "words"),
    [
        (refusal(400, "MessageRejected"), Undelivered, "MessageRejected because"),
        (refusal(400, "MailFromDomainNotVerifiedException"), Undelivered, "MailFromDomainNotVerifiedException"),
        (refusal(400, "BadRequestException"), Undelivered, "BadRequestException"),
        (refusal(400, "AccountSuspendedException"), Undelivered, "AccountSuspendedException"),
        (refusal(429, "TooManyRequestsException"), Undelivered, "TooManyRequestsException"),
        (refusal(403, "AccessDeniedException"), Undelivered, "AccessDeniedException"),
        (refusal(503, "ServiceUnavailable"), Undelivered, "ServiceUnavailable"),
        (refusal(500, "InternalFailure"), Undelivered, "InternalFailure"),
        (hang_up, Unknown, "ConnectionClosedError"),
    ],
)
def test_what_answers_mean(ses: Receiver, answer: Answered, raised: type[Exception], words: str) -> None:
    """Whatever it is, SES is asked once, and nobody's subscription is switched off for it."""
    ses.answers = [answer]
    with pytest.raises(raised, match=words) as error:
        Mail().deliver(report(), target(), ANN)
    assert len(ses.received) == 1
    assert not getattr(error.value, "is_lasting", False)


def test_what_ses_is_asked(ses: Receiver) -> None:
    ses.answers = [(200, b'{"MessageId": "1"}')]
    Mail().deliver(report(), target(), ANN)
    (request,) = ses.received
    said = request.json()
    assert (said["FromEmailAddress"], said["Destination"]) == ("reports@example.com", {"ToAddresses": [ANN]})
    raw = base64.b64decode(said["Content"]["Raw"]["Data"])
    assert message_from_bytes(raw, policy=policy.default)["subject"] == "PostHog Insight report - Sign-ups a day"


def test_ses_does_not_answer_in_time(ses: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    from threading import Event

    done = Event()
    monkeypatch.setattr("insights_engine.aws._READ_SECONDS", {"sesv2": 0.2})
    ses.answers = [lambda _: done.wait(10) and None]
    try:
        with pytest.raises(Unknown, match="ReadTimeoutError"):
            Mail().deliver(report(), target(), ANN)
        assert len(ses.received) == 1
    finally:
        done.set()


def test_nobody_is_there(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as gone:
        pass
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", gone.url)
    with settings(mail_from=SENDER), pytest.raises(Undelivered, match="EndpointConnectionError"):
        Mail().deliver(report(), target(), ANN)
