"""`insights doctor` on a deployment: what of AWS is missing, open, old, forgotten or refused."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from insights_engine import aws
from insights_engine.services import Services
from insights_engine.settings import Settings
from insights_local.doctor import account
from insights_local.doctor.findings import made
from insights_local.stack import Stack

from tests.local.doctor.conftest import Diagnose, bad


@pytest.fixture
def cloud(moto_url: str, dynamo_table: Callable[..., str]) -> dict[str, str]:
    """Variables of a deployment in which everything is as the template makes it."""
    tables = {f"{kind.upper()}_TABLE": dynamo_table(kind) for kind in ("policies", "results")}
    dynamodb = aws.client("dynamodb")
    for table in tables.values():
        ttl = {"Enabled": True, "AttributeName": "expires_at"}
        dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=ttl)
        recovery = {"PointInTimeRecoveryEnabled": True}
        dynamodb.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=recovery)
    queues = {f"{name}_QUEUE": queue(name, dead=queue(f"dead-{name}")) for name in ("EVENTS", "QUERIES", "REPORTS")}
    buckets = {f"{name}_BUCKET": bucket(name.lower(), *PRIVATE) for name in ("RESULTS", "REPORTS")}
    return {**tables, **queues, **buckets, "MAIL_OUTBOX": "", "MAIL_FROM": ""}


def queue(name: str, dead: str | None = None) -> str:
    sqs, attributes = aws.client("sqs"), {}
    if dead:
        arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        attributes["RedrivePolicy"] = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 5})
    url: str = sqs.create_queue(QueueName=f"{name}-{uuid4().hex[:8]}", Attributes=attributes)["QueueUrl"]
    return url


PRIVATE = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


def bucket(name: str, *blocked: str) -> str:
    s3, made = aws.client("s3"), f"{name}-{uuid4().hex[:8]}"
    s3.create_bucket(Bucket=made, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    if blocked:
        s3.put_public_access_block(Bucket=made, PublicAccessBlockConfiguration=dict.fromkeys(blocked, True))
    return made


def test_a_whole_deployment_is_whole(diagnose: Diagnose, cloud: dict[str, str]) -> None:
    findings = diagnose(**cloud)
    assert bad(findings) == {}, findings
    assert "eu-central-1" in findings["AWS identity"].words
    assert findings["AWS clock"].words == "agrees with AWS's"
    assert findings["mail"].words.startswith("off")


def test_expiry_and_recovery_of_a_table(diagnose: Diagnose, cloud: dict[str, str], dynamo_table: Any) -> None:
    name = dynamo_table("policies")
    other = {"Enabled": True, "AttributeName": "ttl"}
    for _ in range(2):  # without any, then with that of something else
        findings = diagnose(**cloud | {"POLICIES_TABLE": name})
        assert bad(findings)["policies table"] == "warning"
        assert f"aws dynamodb update-time-to-live --table-name {name}" in findings["policies table"].advice
        aws.client("dynamodb").update_time_to_live(TableName=name, TimeToLiveSpecification=other)
    ttl = {"Enabled": True, "AttributeName": "expires_at"}
    aws.client("dynamodb").update_time_to_live(TableName=name, TimeToLiveSpecification=ttl)
    recovery = diagnose(**cloud | {"POLICIES_TABLE": name})["policies table"]
    assert f"aws dynamodb update-continuous-backups --table-name {name}" in recovery.advice


@pytest.mark.parametrize(
    ("variable", "value", "subject", "words"),
    [
        ("POLICIES_TABLE", "nowhere", "policies store", "not found"),
        ("EVENTS_QUEUE", "https://sqs.eu-central-1.amazonaws.com/123456789012/nowhere", "events queue", "not exist"),
        ("EVENTS_QUEUE", "", "events queue", "EVENTS_QUEUE is not set"),
        ("RESULTS_BUCKET", "nowhere-at-all", "results bucket", "there is no bucket"),
        ("DELIVERY_BUCKETS", "nowhere-at-all", "delivery bucket nowhere-at-all", "there is no bucket"),
        ("EVENT_BUS", "nowhere", "event bus", "nowhere"),
        ("MAIL_FROM", "insights@example.com", "mail", "is not verified"),
    ],
)
def test_what_is_not_there_is_a_problem(
    diagnose: Diagnose, cloud: dict[str, str], variable: str, value: str, subject: str, words: str
) -> None:
    findings = diagnose(**cloud | {variable: value})
    assert bad(findings) == {subject: "problem"}
    assert words in findings[subject].words
    assert findings[subject].advice or not value


def test_dead_letters_are_to_be_sent_again(diagnose: Diagnose, cloud: dict[str, str]) -> None:
    dead = queue("set-aside")
    for _ in range(3):
        aws.client("sqs").send_message(QueueUrl=dead, MessageBody="x")
    findings = diagnose(**cloud | {"EVENTS_QUEUE": queue("events", dead), "QUERIES_QUEUE": queue("queries", dead)})
    assert bad(findings) == {"events queue": "problem", "queries queue": "warning"}
    assert "3 messages failed" in findings["events queue"].words
    assert "aws sqs start-message-move-task --source-arn arn:aws:sqs:" in findings["events queue"].advice


def test_a_queue_without_dead_letters_and_an_open_bucket_are_warnings(
    diagnose: Diagnose, cloud: dict[str, str]
) -> None:
    buckets = {"REPORTS_BUCKET": bucket("open"), "RESULTS_BUCKET": bucket("ajar", *PRIVATE[:3])}
    findings = diagnose(**cloud | buckets | {"REPORTS_QUEUE": queue("reports")})
    assert bad(findings) == dict.fromkeys(("reports queue", "reports bucket", "results bucket"), "warning")
    assert "aws s3api put-public-access-block" in findings["reports bucket"].advice


@pytest.mark.parametrize(
    ("secret", "level", "words"),
    [
        ("https://me:hush@db.example.com:8443/insights", "ok", "database insights at db.example.com:8443"),
        ('{"dsn": "https://me:hush@db.example.com/insights"}', "ok", "db.example.com:8443"),
        ("http://me:hush@db.example.com:8123/insights", "warning", "unencrypted"),
        ("db.example.com", "problem", "must be of the form"),
        ('{"url": "x"}', "problem", "without dsn"),
    ],
)
def test_the_secret_is_read_and_not_shown(
    diagnose: Diagnose, cloud: dict[str, str], stack: Stack, secret: str, level: str, words: str
) -> None:
    arn = aws.client("secretsmanager").create_secret(Name=uuid4().hex, SecretString=secret)["ARN"]
    findings = diagnose(seconds=1, **cloud | {"CLICKHOUSE_DSN": "", "CLICKHOUSE_SECRET_ARN": arn})
    assert (findings["DSN secret"].level, words in findings["DSN secret"].words) == (level, True), findings
    assert "hush" not in repr(findings)


def test_an_old_password_is_a_warning(cloud: dict[str, str], stack: Stack) -> None:
    class Later(Services):
        def now(self) -> Any:
            return super().now() + timedelta(days=400)

    dsn = "https://me:hush@db.example.com/insights"
    arn = aws.client("secretsmanager").create_secret(Name=uuid4().hex, SecretString=dsn)["ARN"]
    later = Later(Settings.read({"CLICKHOUSE_SECRET_ARN": arn, "MAIL_OUTBOX": "file:///tmp/x"}))
    found = {finding.subject: finding for finding in made([*account.identity(later), *account.checks(later)])}
    assert (found["DSN secret"].level, found["AWS clock"].level) == ("warning", "problem")
    assert "aws secretsmanager put-secret-value" in found["DSN secret"].advice


def test_mail_from_a_verified_address(diagnose: Diagnose, cloud: dict[str, str]) -> None:
    address = f"{uuid4().hex}@example.com"
    aws.client("sesv2").create_email_identity(EmailIdentity=address)
    with Answering({("GET", f"/v2/email/identities/{address.replace('@', '%40')}"): VERIFIED, **SANDBOX}) as url:
        findings = diagnose(**cloud | {"MAIL_FROM": f"Reports <{address}>", "AWS_ENDPOINT_URL_SESV2": url})
    assert bad(findings) == {"mail": "warning"}, findings["mail"]
    assert "sandbox" in findings["mail"].words


def test_who_may_not_is_told_which_permission_is_missing(diagnose: Diagnose, cloud: dict[str, str]) -> None:
    refused = (
        "User: arn:aws:iam::1:user/ada is not authorized to perform: dynamodb:PutItem on resource: "
        "arn:aws:dynamodb:eu-central-1:1:table/x because no identity-based policy allows the action"
    )
    body = {"__type": "com.amazon.coral.service#AccessDeniedException", "Message": refused}
    with Answering({("POST", "/"): (400, body)}) as url:
        findings = diagnose(**cloud | {"AWS_ENDPOINT_URL_DYNAMODB": url})
    assert findings["policies store"].words == ("may not dynamodb:PutItem on arn:aws:dynamodb:eu-central-1:1:table/x")
    assert findings["policies store"].advice.startswith("Allow dynamodb:PutItem on arn:aws:dynamodb")
    assert findings["policies table"].level == "skipped"


def test_a_clock_that_has_requests_refused_is_named(diagnose: Diagnose, cloud: dict[str, str]) -> None:
    expired = (
        "<ErrorResponse><Error><Type>Sender</Type><Code>SignatureDoesNotMatch</Code>"
        "<Message>Signature expired</Message></Error></ErrorResponse>"
    )
    with Answering({("POST", "/"): (403, expired)}, "Wed, 01 Jan 2020 00:00:00 GMT") as url:
        findings = diagnose(**cloud | {"AWS_ENDPOINT_URL_STS": url})
    assert bad(findings) == {"AWS identity": "problem", "AWS clock": "problem"}
    assert findings["AWS clock"].words.endswith(" s apart from AWS's")
    assert findings["policies store"].level == "skipped"


def test_messages_that_wait_for_long_are_a_warning(diagnose: Diagnose, cloud: dict[str, str]) -> None:
    waiting = {"Timestamp": 1_700_000_000, "Maximum": 4000.0, "Unit": "Seconds"}
    with Answering({("POST", path): (200, {"Datapoints": [waiting]}) for path in AGES}) as url:
        findings = diagnose(**cloud | {"AWS_ENDPOINT_URL_CLOUDWATCH": url})
    assert bad(findings) == dict.fromkeys(("events queue", "queries queue", "reports queue"), "warning")
    assert "the oldest for 4,000 s" in findings["events queue"].words


def test_without_credentials_aws_is_said_once(
    diagnose: Diagnose, cloud: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setattr(aws, "_clients", {})
    findings = diagnose(**cloud)
    assert bad(findings) == {"AWS identity": "problem"}
    assert "aws sso login" in findings["AWS identity"].advice


# An AWS that answers what a test says


VERIFIED = (200, {"VerifiedForSendingStatus": True})
SANDBOX = {("GET", "/v2/email/account"): (200, {"SendingEnabled": True, "ProductionAccessEnabled": False})}


# CloudWatch's, of either protocol that the SDK may speak.
AGES = ("/", "/service/GraniteServiceVersion20100801/operation/GetMetricStatistics")


class Answering:
    """A server over HTTP, with one answer for each request line that it knows."""

    def __init__(self, answers: Mapping[tuple[str, str], tuple[int, Any]], date: str | None = None) -> None:
        """`date`: what its clock says."""

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, body = answers.get((self.command, self.path), (404, {"message": self.path}))
                text = (body if isinstance(body, str) else json.dumps(body)).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_POST = do_GET

            def date_time_string(self, timestamp: float | None = None) -> str:
                return date or super().date_time_string(timestamp)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self) -> str:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
