"""What a webhook gets, how it is signed, and what each of its answers means: against a real server."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from insights_report.channels import webhook
from insights_report.channels.webhook import Webhook
from insights_report.report import Invitation, Report, Table, Target, Undelivered, Unknown

from tests.report.receiving import Answered, Received, Receiver, hang_up, receiving
from tests.report.samples import AT, HOSTILE, dashboard, failed, part, report, settings

KEY = bytes(range(24))
SECRET = "whsec_" + base64.b64encode(KEY).decode()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver, settings(private_hosts=f"other.test:1 {receiver.host}"):
        yield receiver


def target(receiver: Receiver, **more: Any) -> Target:
    return Target("webhook", f"{receiver.url}/hook/T0PSECRET", **{"secret": SECRET, **more})


def delivered(receiver: Receiver, sent: Report, **more: Any) -> Received:
    to = target(receiver, **more)
    (recipient,) = Webhook().recipients(to)
    assert Webhook(pauses=(0, 0)).deliver(sent, to, recipient) is None
    return receiver.received[-1]


def is_signed(request: Received, key: bytes) -> bool:
    """As Standard Webhooks' own libraries check it."""
    signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return request.headers["webhook-signature"] == f"v1,{expected}"


def test_an_insight(receiver: Receiver) -> None:
    request = delivered(receiver, report())
    assert (request.method, request.target) == ("POST", "/hook/T0PSECRET")
    assert request.headers["content-type"] == "application/json"
    assert request.json() == {
        "type": "insight.report",
        "timestamp": "2022-01-03T08:00:00Z",
        "data": {
            "delivery_id": "d-1",
            "project_id": 7,
            "name": "Sign-ups a day",
            "url": "https://app.test/project/7/insights/abc?tab=1#top",
            "manage_url": "https://app.test/api/projects/7/subscriptions/5/",
            "message": None,
            "summary": "sent every day",
            "next_delivery_date": "2022-01-04T08:00:00Z",
            "timezone": "Europe/Paris",
            "invitation": None,
            "total": 1,
            "insights": [
                {
                    "id": 1,
                    "name": "Insight 1",
                    "url": "https://app.test/project/7/insights/1",
                    "error": None,
                    "image_url": "https://app.test/exporter/1.png?token=t",
                    "table": {
                        "columns": ["Day", "Sign-ups", "Share"],
                        "rows": [["2 Jan", 1234, "12.5%"], ["3 Jan", 56, "7%"]],
                        "left_out": 3,
                    },
                    "result": [{"count": 1290}],
                    "result_left_out": False,
                }
            ],
        },
    }


def test_a_dashboard_with_a_part_that_failed(receiver: Receiver) -> None:
    said = delivered(receiver, dashboard(part(1), failed(2), total=9)).json()
    assert (said["type"], said["data"]["total"]) == ("dashboard.report", 9)
    first, second = said["data"]["insights"]
    assert (first["error"], second["error"]) == (None, "The query took too long.")
    assert (second["table"], second["result"], second["image_url"], second["result_left_out"]) == (
        *(None, None, None),
        False,
    )


def test_an_alert(receiver: Receiver) -> None:
    said = delivered(receiver, report(subject="alert", message="12 is above 10", next_at=None, summary="")).json()
    assert (said["type"], said["data"]["message"], said["data"]["next_delivery_date"]) == (
        *("alert.fired", "12 is above 10"),
        None,
    )


def test_an_invitation(receiver: Receiver) -> None:
    to = target(receiver)
    for key in (to.value, "localhost"):
        invitations = {key: Invitation("Ann", "Have a look")}
        said = delivered(receiver, report(), invitations=invitations).json()
        assert said["data"]["invitation"] == {"by": "Ann", "message": "Have a look"}


def test_names_and_numbers_of_any_kind_are_json(receiver: Receiver) -> None:
    table = Table((HOSTILE,), ((float("nan"),), (2**63,), (datetime(2022, 1, 1, tzinfo=UTC),), (None,)))
    said = delivered(receiver, report(part(name=HOSTILE, table=table), name=HOSTILE)).json()
    assert said["data"]["name"] == HOSTILE
    assert said["data"]["insights"][0]["table"]["rows"] == [[None], [2**63], ["2022-01-01T00:00:00Z"], [None]]


def test_large_results_are_left_out_and_the_rest_arrives(receiver: Receiver) -> None:
    sizes = (100_000, 200_000, 100_000, 100_000, 100_000, 100_000, 100_000)
    parts = [part(number, json=json.dumps("x" * size).encode()) for number, size in enumerate(sizes)]
    request = delivered(receiver, dashboard(*parts))
    found = [one["result_left_out"] for one in request.json()["data"]["insights"]]
    assert found == [False, True, False, False, False, False, True]
    assert len(request.body) < 600_000


@pytest.mark.parametrize(
    ("secret", "key"), [(SECRET, KEY), ("plain words", b"plain words"), ("whsec_abc", b"whsec_abc")]
)
def test_it_is_signed(receiver: Receiver, secret: str, key: bytes) -> None:
    request = delivered(receiver, report(), secret=secret)
    assert request.headers["webhook-id"] == "d-1"
    assert request.headers["webhook-timestamp"] == str(int(AT.timestamp()))
    assert is_signed(request, key)
    assert not is_signed(request, b"another")


def test_without_a_secret_there_is_no_signature(receiver: Receiver) -> None:
    assert "webhook-signature" not in delivered(receiver, report(), secret="").headers


def test_what_is_written_down_of_it_is_its_host(receiver: Receiver) -> None:
    assert Webhook().recipients(target(receiver)) == ["localhost"]
    assert "T0PSECRET" not in repr(Webhook().recipients(target(receiver)))


@pytest.mark.parametrize(
    ("answers", "requests", "raised", "is_lasting", "words"),
    [
        ([(204, b"")], 1, None, False, ""),
        ([(503, b""), (200, b"")], 2, None, False, ""),
        ([(500, b""), (429, b""), (201, b"")], 3, None, False, ""),
        ([(500, b"secret trace")], 3, Undelivered, False, "answered 500"),
        ([(429, b"")], 3, Undelivered, False, "answered 429"),
        ([(404, b"")], 1, Undelivered, False, "answered 404"),
        ([(401, b"")], 1, Undelivered, False, "answered 401"),
        ([(410, b"")], 1, Undelivered, True, "answered 410"),
        ([(307, b"")], 1, Undelivered, False, "307, and redirects are not followed"),
        ([hang_up], 1, Unknown, False, "no answer"),
        ([(500, b""), hang_up], 2, Unknown, False, "no answer"),
    ],
)
def test_what_answers_mean(
    receiver: Receiver,
    answers: list[Answered],
    requests: int,
    raised: type[Exception] | None,
    is_lasting: bool,
    words: str,
) -> None:
    receiver.answers = answers
    to = target(receiver)
    if raised is None:
        Webhook(pauses=(0, 0)).deliver(report(), to, "localhost")
    else:
        with pytest.raises(raised, match=words) as error:
            Webhook(pauses=(0, 0)).deliver(report(), to, "localhost")
        assert getattr(error.value, "is_lasting", False) is is_lasting
        assert "secret" not in str(error.value).lower()
    assert len(receiver.received) == requests
    assert len({(one.headers["webhook-id"], one.body) for one in receiver.received}) == 1


def test_nobody_is_there() -> None:
    with receiving() as gone:
        to = target(gone)
    with settings(private_hosts=gone.host), pytest.raises(Undelivered, match="cannot be reached") as error:
        Webhook(pauses=(0,)).deliver(report(), to, "localhost")
    assert not error.value.is_lasting


@pytest.mark.parametrize("url", ["http://localhost:1/", "https://user@example.com/", "https://127.0.0.1:22/"])
def test_an_address_that_is_not_allowed_any_more(url: str) -> None:
    with settings(), pytest.raises(Undelivered, match="not allowed") as error:
        Webhook(pauses=()).deliver(report(), Target("webhook", url), "x")
    assert error.value.is_lasting


def test_a_host_that_is_private_now_may_be_public_again() -> None:
    with settings(), pytest.raises(Undelivered, match="not public") as error:
        Webhook(pauses=()).deliver(report(), Target("webhook", "https://127.0.0.1/"), "x")
    assert not error.value.is_lasting


def test_every_field_is_documented(receiver: Receiver) -> None:
    said = delivered(receiver, report()).json()
    (insight,) = said["data"]["insights"]
    for name in (*said, *said["data"], *insight, *insight["table"], *webhook.TYPES.values(), "by", "message"):
        assert f"`{name}`" in (webhook.__doc__ or "") or f'"{name}"' in (webhook.__doc__ or ""), name
