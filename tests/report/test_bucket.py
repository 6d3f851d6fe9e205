"""Reports as files in a bucket: real boto3 against moto."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson
import pytest
from insights_engine import aws
from insights_report.channels.bucket import Bucket, folder_of
from insights_report.report import Invitation, Report, Target, Undelivered, Unknown

from tests.report.receiving import Receiver, hang_up, receiving
from tests.report.samples import HOSTILE, dashboard, failed, part, png, report, settings


@pytest.fixture
def bucket(moto_url: str) -> Iterator[str]:
    name = f"reports-{uuid4().hex[:12]}"
    aws.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    with settings(delivery_buckets=f"other-one {name}"):
        yield name


def deliver(sent: Report, value: str, **more: Any) -> None:
    to = Target("s3", value, **more)
    (recipient,) = Bucket().recipients(to)
    assert Bucket().deliver(sent, to, recipient) is None


def files(bucket: str) -> dict[str, tuple[bytes, str]]:
    s3 = aws.client("s3")
    keys = [found["Key"] for found in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
    got = {key: s3.get_object(Bucket=bucket, Key=key) for key in keys}
    return {key: (one["Body"].read(), one["ContentType"]) for key, one in got.items()}


def test_an_insight(bucket: str) -> None:
    deliver(report(part(csv=b"a,b\n", json=b"[1]")), f"s3://{bucket}/daily/reports")
    folder = "daily/reports/7/subscriptions/2022-01-03-d-1"
    found = files(bucket)
    summary = orjson.loads(found.pop(f"{folder}/report.json")[0])
    assert found == {
        f"{folder}/1-insight-1.png": (png(), "image/png"),
        f"{folder}/1-insight-1.csv": (b"a,b\n", "text/csv; charset=utf-8"),
        f"{folder}/1-insight-1.json": (b"[1]", "application/json"),
    }
    (insight,) = summary["data"]["insights"]
    assert insight["files"] == ["1-insight-1.png", "1-insight-1.csv", "1-insight-1.json"]
    assert (summary["type"], insight["table"]["rows"][0], "result" in insight) == (
        *("insight.report", ["2 Jan", 1234, "12.5%"]),
        False,
    )


def test_a_dashboard_with_a_part_that_failed(bucket: str) -> None:
    sent = dashboard(part(1, name=HOSTILE), failed(2), part(3, name="日本", csv=None, json=None))
    deliver(sent, f"s3://{bucket}", invitations={f"s3://{bucket}": Invitation(None, None)})
    folder = "7/subscriptions/2022-01-03-d-1"
    begin = f"{folder}/1-img-src-x-onerror-alert-1-quotes-channel-bold-tick-bar-bcc-e"
    assert sorted(files(bucket)) == [
        f"{begin}.csv",
        f"{begin}.json",
        f"{begin}.png",
        f"{folder}/3-insight.png",
        f"{folder}/report.json",
    ]
    said = orjson.loads(files(bucket)[f"{folder}/report.json"][0])["data"]
    assert [(one["error"], len(one["files"])) for one in said["insights"]] == [
        (None, 3),
        ("The query took too long.", 0),
        (None, 1),
    ]
    assert said["invitation"] == {"by": None, "message": None}


def test_a_repeat_writes_the_same(bucket: str) -> None:
    value = f"s3://{bucket}/a"
    deliver(report(), value)
    before = files(bucket)
    deliver(report(), value)
    assert files(bucket) == before
    assert Bucket().is_repeatable


@pytest.mark.parametrize(
    ("changes", "folder"),
    [
        ({}, "p/7/subscriptions/2022-01-03-d-1"),
        ({"subject": "alert"}, "p/7/alerts/2022-01-03-d-1"),
        ({"project_id": 8}, "p/8/subscriptions/2022-01-03-d-1"),
        ({"timezone": "Pacific/Pago_Pago"}, "p/7/subscriptions/2022-01-02-d-1"),
        ({"at": datetime(2022, 1, 5, tzinfo=UTC)}, "p/7/subscriptions/2022-01-03-d-1"),  # a later attempt
        ({"timezone": "Mars/Olympus"}, "p/7/subscriptions/2022-01-03-d-1"),
        ({"delivery_id": "../../8/x y"}, "p/7/subscriptions/2022-01-03-------8-x-y"),
    ],
)
def test_where_files_stand(changes: dict[str, Any], folder: str) -> None:
    assert folder_of(report(**changes), "p") == folder


@pytest.mark.parametrize("value", ["s3://elsewhere/a", "https://x", "s3://", ""])
def test_a_bucket_that_is_not_allowed(bucket: str, value: str) -> None:
    with pytest.raises(Undelivered, match="not in one of DELIVERY_BUCKETS") as error:
        deliver(report(), value)
    assert error.value.is_lasting


def test_a_bucket_that_is_gone(bucket: str) -> None:
    with pytest.raises(Undelivered, match="NoSuchBucket") as error:
        deliver(report(), "s3://other-one/a")
    assert error.value.is_lasting


_DENIED = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """In the place of Amazon's: the SDK asks it once."""
    with receiving() as s3:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3.url)
        monkeypatch.setattr("insights_engine.aws._SDK_ATTEMPTS", 1)
        yield s3


@pytest.mark.parametrize(
    ("answer", "raised", "words"),
    [
        ((403, _DENIED), Undelivered, "refused a file: AccessDenied"),
        ((503, b"<Error><Code>SlowDown</Code></Error>"), Unknown, "SlowDown"),
        (hang_up, Unknown, "ConnectionClosedError"),
    ],
)
def test_what_answers_mean(bucket: str, s3: Receiver, answer: Any, raised: type[Exception], words: str) -> None:
    s3.answers = [answer]
    with pytest.raises(raised, match=words) as error:
        deliver(report(), f"s3://{bucket}")
    assert not getattr(error.value, "is_lasting", False)


def test_report_json_comes_last(bucket: str, s3: Receiver) -> None:
    """Where a file is missing, nothing says that all is there."""
    s3.answers = [(200, b"")]
    deliver(report(), f"s3://{bucket}")
    assert s3.received[-1].target.endswith("/report.json")
    s3.received.clear()
    s3.rule = lambda request: (403, _DENIED) if request.target.endswith(".csv") else None
    with pytest.raises(Undelivered):
        deliver(report(), f"s3://{bucket}")
    assert [one.target.rpartition(".")[2] for one in s3.received] == ["png", "csv"]
