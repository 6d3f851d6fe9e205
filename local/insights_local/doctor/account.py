"""The AWS account: who asks, whether clocks agree, the secret, buckets, the bus, and the mail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from email.utils import parseaddr, parsedate_to_datetime
from functools import partial
from ipaddress import ip_address
from typing import Any

from insights_engine import aws
from insights_engine.dsn import Dsn, DsnError, secret_dsn
from insights_engine.services import Services

from insights_local.advice import SIGN_IN
from insights_local.doctor.findings import Check, Problem, Skipped, Warned
from insights_local.doctor.stores import is_embedded

# AWS refuses what is signed five minutes off.
_REFUSED_SECONDS, _CLOCK_SECONDS = 300, 5
_OLD_DAYS = 365
_PUBLIC = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
_SIGNED_IN = ("AWS identity",)


def is_used(services: Services) -> bool:
    """Whether anything that the settings name is in AWS."""
    s = services.settings
    named = (s.policies_table, s.results_table, s.events_queue, s.queries_queue, s.reports_queue, s.results_bucket)
    others = (
        s.reports_bucket,
        s.event_bus,
        s.clickhouse_secret_arn,
        s.delivery_buckets,
        "" if s.mail_outbox else s.mail_from,
    )
    return any(name and not is_embedded(name) for name in (*named, *others))


def identity(services: Services) -> Iterator[Check]:
    yield Check("AWS identity", _identity, SIGN_IN)
    yield Check("AWS clock", partial(_clock, services), "Set this machine's clock by NTP.")


def checks(services: Services) -> Iterator[Check]:
    settings = services.settings
    if settings.clickhouse_secret_arn and not settings.clickhouse_dsn:
        advice = f"aws secretsmanager put-secret-value --secret-id {settings.clickhouse_secret_arn} --secret-string DSN"
        yield Check("DSN secret", partial(_secret, services), advice, _SIGNED_IN)
    elif settings.clickhouse_dsn:
        yield Check("DSN", partial(_said_of, settings.clickhouse_dsn), "Set CLICKHOUSE_DSN.")
    buckets = [("results bucket", settings.results_bucket), ("reports bucket", settings.reports_bucket)]
    for subject, bucket in buckets:
        if bucket and not is_embedded(bucket):
            yield Check(subject, partial(_bucket, bucket), "", _SIGNED_IN)
    for bucket in settings.delivery_buckets.split():
        yield Check(f"delivery bucket {bucket}", partial(_reached, bucket), "", _SIGNED_IN)
    if settings.event_bus and not is_embedded(settings.event_bus):
        yield Check("event bus", partial(_bus, settings.event_bus), "Check EVENT_BUS.", _SIGNED_IN)
    yield Check("mail", partial(_mail, services), "", _SIGNED_IN if settings.mail_from else ())


def _identity() -> str:
    client = aws.client("sts")
    found = client.get_caller_identity()
    return f"{found['Arn']}, region {client.meta.region_name}"


def _clock(services: Services) -> str:
    """By the date on an answer, also on one that refuses because of it."""
    from botocore.exceptions import ClientError, NoCredentialsError

    answer: Any
    try:
        answer = aws.client("sts").get_caller_identity()
    except ClientError as error:
        answer = error.response
    except NoCredentialsError:
        raise Skipped("nobody is signed in") from None
    theirs = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
    seconds = abs((services.now() - theirs).total_seconds())
    words = f"{seconds:.0f} s apart from AWS's"
    if seconds > _REFUSED_SECONDS:
        raise Problem(words)
    if seconds > _CLOCK_SECONDS:
        raise Warned(words)
    return "agrees with AWS's"


def _secret(services: Services) -> str:
    arn = services.settings.clickhouse_secret_arn
    words = _said_of(secret_dsn(arn))
    described = aws.client("secretsmanager").describe_secret(SecretId=arn)
    changed: datetime | None = described.get("LastChangedDate") or described.get("CreatedDate")
    days = (services.now() - changed).days if changed else 0
    if days > _OLD_DAYS:
        raise Warned(f"{words}; the password is {days} days old")
    return f"{words}; changed {days} days ago"


def _said_of(text: str) -> str:
    """Where it leads, without who signs in there."""
    try:
        dsn = Dsn.parse(text)
    except DsnError as error:
        raise Problem(str(error)) from None
    if dsn.is_embedded:
        return f"embedded in {dsn.path}"
    words = f"database {dsn.database} at {dsn.host}:{dsn.port}"
    if not dsn.is_secure and not _is_here(dsn.host):
        raise Warned(f"{words}, where the password goes unencrypted", "Use https:// and the port for it, 8443.")
    return words


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_private
    except ValueError:
        return host == "localhost"


def _bucket(bucket: str) -> str:
    """One of ours: it is private, whatever its objects say."""
    words = _reached(bucket)
    from botocore.exceptions import ClientError

    command = f"aws s3api put-public-access-block --bucket {bucket} --public-access-block-configuration "
    command += ",".join(f"{name}=true" for name in _PUBLIC)
    try:
        blocked = aws.client("s3").get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchPublicAccessBlockConfiguration":
            raise
        blocked = {}
    if not all(blocked.get(name) for name in _PUBLIC):
        raise Warned(f"{bucket} could be made public", command)
    return f"{words}, and is private"


def _reached(bucket: str) -> str:
    from botocore.exceptions import ClientError

    try:
        aws.client("s3").head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchBucket"):
            raise
        raise Problem(f"there is no bucket {bucket}", "Check the name, the region and the account.") from None
    return f"{bucket} is there"


def _bus(name: str) -> str:
    arn: str = aws.client("events").describe_event_bus(Name=name)["Arn"]
    return arn


def _mail(services: Services) -> str:
    """Amazon SES, as far as it says beforehand that it will not send."""
    settings = services.settings
    if settings.mail_outbox:
        return f"written to {settings.mail_outbox}"
    if not settings.mail_from:
        raise Skipped("off: MAIL_FROM is not set, so reports by e-mail are not sent")
    ses = aws.client("sesv2")
    _require_verified(ses, parseaddr(settings.mail_from)[1])
    account = ses.get_account()
    if not account.get("SendingEnabled", True):
        raise Problem("Amazon SES has stopped this account's mail", "The account dashboard of SES says why.")
    if not account.get("ProductionAccessEnabled"):
        raise Warned(
            f"{settings.mail_from} may send, but to verified addresses alone: the account is in the SES sandbox",
            "aws sesv2 put-account-details --production-access-enabled --mail-type TRANSACTIONAL --website-url URL",
        )
    return f"{settings.mail_from} may send"


def _require_verified(ses: Any, address: str) -> None:
    """The address itself, or all of its domain."""
    from botocore.exceptions import ClientError

    for name in (address, address.rpartition("@")[2]):
        try:
            if ses.get_email_identity(EmailIdentity=name).get("VerifiedForSendingStatus"):
                return
        except ClientError as error:
            if error.response["Error"]["Code"] != "NotFoundException":
                raise
    advice = f"aws sesv2 create-email-identity --email-identity {address}, and follow the link in the mail that comes"
    raise Problem(f"{address} is not verified in this region, so SES refuses to send from it", advice)
