"""The two stores and the queues, by what the functions themselves do with them; and, where they are AWS's, how they are
set up and what waits there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from insights_engine import aws
from insights_engine.services import Services
from insights_engine.store import Store

from insights_local.doctor.findings import Check, Problem, Skipped, Warned

_TTL_ATTRIBUTE = "expires_at"
_KEY = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
# More than this waits, or for longer: the consumer does not keep up, or does not run.
_MANY_MESSAGES = 10_000
_OLD_SECONDS = 900
_OUTPUT = "Check {0}: it is an output of your stack (aws cloudformation describe-stacks), as are region and account."
# What waits there, and what becomes of it when it is set aside.
_QUEUES = {
    "EVENTS_QUEUE": "events that were sent and are not stored",
    "QUERIES_QUEUE": "questions that were not answered",
    "REPORTS_QUEUE": "reports that were not delivered",
}


def is_embedded(name: str) -> bool:
    return name.startswith(("sqlite://", "file://"))


def checks(services: Services) -> Iterator[Check]:
    settings = services.settings
    for kind, name in (("policies", settings.policies_table), ("results", settings.results_table)):
        advice, needs = _OUTPUT.format(f"{kind.upper()}_TABLE"), _needs(name)
        yield Check(f"{kind} store", partial(_store, services, kind, name), advice, needs)
        if not is_embedded(name):
            yield Check(f"{kind} table", partial(_table, name), advice, (f"{kind} store",))
    for variable in _QUEUES:
        url = str(getattr(settings, variable.lower()))
        subject = variable.lower().replace("_", " ")
        yield Check(subject, partial(_queue, services, variable, url), _OUTPUT.format(variable), _needs(url))


def _needs(name: str) -> tuple[str, ...]:
    return () if is_embedded(name) or not name else ("AWS identity",)


def _store(services: Services, kind: str, name: str) -> str:
    """Written, read and removed again, under a key that nothing else uses."""
    store: Store = getattr(services, kind)
    pk, sk = f"DOCTOR#{uuid4()}", "DOCTOR"
    store.put({"pk": pk, "sk": sk}, "absent")
    found = store.get(pk, sk)
    store.delete(pk, sk)
    if found is None:
        raise Problem(f"{name} does not give back what was written", "Is the name that of another account's table?")
    return f"{name} can be read and written"


def _table(name: str) -> str:
    dynamodb = aws.client("dynamodb")
    table = dynamodb.describe_table(TableName=name)["Table"]
    if table["TableStatus"] not in ("ACTIVE", "UPDATING"):
        raise Problem(f"{name} is {table['TableStatus']}", "Wait until it is ACTIVE.")
    if table["KeySchema"] != _KEY:
        raise Problem(f"{name} has other keys than pk and sk", "It is another program's table; deploy the template's.")
    ttl = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if ttl.get("TimeToLiveStatus") not in ("ENABLED", "ENABLING") or ttl.get("AttributeName") != _TTL_ATTRIBUTE:
        raise Warned(
            "expired items stay for ever, and are paid for",
            f"aws dynamodb update-time-to-live --table-name {name} "
            f"--time-to-live-specification Enabled=true,AttributeName={_TTL_ATTRIBUTE}",
        )
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    if backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus") != "ENABLED":
        raise Warned(
            "nothing of it can be restored: point-in-time recovery is off",
            f"aws dynamodb update-continuous-backups --table-name {name} "
            "--point-in-time-recovery-specification PointInTimeRecoveryEnabled=true",
        )
    return f"keys, expiry and recovery are as they should be, {table.get('ItemCount', 0):,} items some hours ago"


def _queue(services: Services, variable: str, url: str) -> str:
    if not url:
        if variable == "EVENTS_QUEUE":
            raise Problem(f"{variable} is not set")
        raise Skipped(f"{variable} is not set")
    if is_embedded(url):
        return _embedded(variable, url)
    sqs = aws.client("sqs")
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    waiting, working = (int(found.get(f"ApproximateNumberOfMessages{kind}", 0)) for kind in ("", "NotVisible"))
    _look_aside(sqs, found, variable)
    name = url.rpartition("/")[2]
    words = f"{name}, {waiting:,} messages waiting, {working:,} in work"
    age = _oldest_seconds(services, name)
    words += "" if age is None else f", the oldest for {age:,.0f} s"
    if waiting > _MANY_MESSAGES or (age or 0) > _OLD_SECONDS:
        raise Warned(words, "Its consumer fails, or is too slow; its log says why: aws logs tail LOG-GROUP --since 1h")
    return words


def _embedded(variable: str, url: str) -> str:
    from insights_engine.queue import open_queue
    from insights_engine.queue.sqlite import SqliteQueue

    queue = open_queue(url)
    assert isinstance(queue, SqliteQueue), "what begins with sqlite:// is one"
    waiting, dead = queue.depth(), len(queue.dead())
    queue.close()
    if dead:
        raise Warned(
            f"{url}, {dead:,} messages set aside: {_QUEUES[variable]}", "The server's log says why they failed."
        )
    return f"{url}, {waiting:,} messages waiting"


def _look_aside(sqs: Any, attributes: dict[str, str], variable: str) -> None:
    """Raises where failures have nowhere to go, or something waits to be sent again."""
    policy = attributes.get("RedrivePolicy")
    if not policy:
        raise Warned("has no dead-letter queue: what fails comes again until it is too old", "Deploy the template's.")
    arn = json.loads(policy)["deadLetterTargetArn"]
    url = sqs.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"]
    wanted = ["ApproximateNumberOfMessages"]
    dead = int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=wanted)["Attributes"][wanted[0]])
    if dead:
        advice = f"When the reason is gone: aws sqs start-message-move-task --source-arn {arn}"
        words = f"{dead:,} messages failed and were set aside: {_QUEUES[variable]}"
        raise (Problem if variable == "EVENTS_QUEUE" else Warned)(words, advice)


def _oldest_seconds(services: Services, queue: str) -> float | None:
    """By CloudWatch, which is minutes late; None where it says nothing or may not be asked."""
    from botocore.exceptions import BotoCoreError, ClientError

    now = services.now()
    try:
        answer = aws.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/SQS",
            MetricName="ApproximateAgeOfOldestMessage",
            Dimensions=[{"Name": "QueueName", "Value": queue}],
            StartTime=now - timedelta(minutes=15),
            EndTime=now,
            Period=300,
            Statistics=["Maximum"],
        )
    except (BotoCoreError, ClientError):
        return None
    points = sorted(answer["Datapoints"], key=lambda point: point["Timestamp"])
    return float(points[-1]["Maximum"]) if points else None
