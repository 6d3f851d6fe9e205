"""What is kept, for how long, and what becomes of messages; what survives a deletion."""

from __future__ import annotations

import pytest
from insights_engine.queue import MAX_RECEIVES

from tests.infra.template import RESOURCES, of_type, properties, target


@pytest.mark.parametrize("name", ["PoliciesTable", "ResultsTable"])
def test_a_table_forgets_by_ttl_and_by_nothing_else(name: str) -> None:
    table = RESOURCES[name]
    assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"
    found = table["Properties"]
    assert found["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert found["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert found["SSESpecification"] == {"SSEEnabled": True}
    assert found["BillingMode"] == "PAY_PER_REQUEST"
    assert [(key["AttributeName"], key["KeyType"]) for key in found["KeySchema"]] == [("pk", "HASH"), ("sk", "RANGE")]


def test_what_cannot_be_stored_is_kept() -> None:
    assert of_type("AWS::SQS::Queue")["EventsQueue"]["RedrivePolicy"]["maxReceiveCount"] == MAX_RECEIVES
    assert RESOURCES["DeadEventsQueue"]["DeletionPolicy"] == "Retain"


@pytest.mark.parametrize("kind", ["Events", "Queries", "Reports"])
def test_a_queue_has_dead_letters_that_outlive_its_messages(kind: str) -> None:
    queue, dead = (of_type("AWS::SQS::Queue")[name] for name in (f"{kind}Queue", f"Dead{kind}Queue"))
    assert queue["SqsManagedSseEnabled"]
    assert dead["SqsManagedSseEnabled"]
    assert target(queue["RedrivePolicy"]["deadLetterTargetArn"]) == f"Dead{kind}Queue"
    attempts = queue["VisibilityTimeout"] * queue["RedrivePolicy"]["maxReceiveCount"]
    assert attempts < queue["MessageRetentionPeriod"] < dead["MessageRetentionPeriod"]
    alarm = of_type("AWS::CloudWatch::Alarm")[f"Dead{kind}Alarm"]
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": [f"Dead{kind}Queue", "QueueName"]}}]


@pytest.mark.parametrize(("name", "days"), [("ResultsBucket", 8), ("ReportsBucket", 30)])
def test_what_is_in_buckets_is_private_and_forgotten(name: str, days: int) -> None:
    bucket = RESOURCES[name]["Properties"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["BucketEncryption"]
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", days)
    assert rule["AbortIncompleteMultipartUpload"]
    (statement,) = RESOURCES[f"{name}Policy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert [target(where) for where in statement["Resource"]] == [name, name]


@pytest.mark.parametrize(
    ("name", "queue", "most"),
    [("Compute", "QueriesQueue", "MaxBackgroundQueries"), ("Deliver", "ReportsQueue", "MaxDeliveries")],
)
def test_what_takes_long_is_taken_one_by_one(name: str, queue: str, most: str) -> None:
    """Each as long as it needs, and no more of them at once than the parameter says."""
    mapping = RESOURCES[name]["Properties"]["Events"]["Queue"]["Properties"]
    assert target(mapping["Queue"]) == queue
    assert (mapping["BatchSize"], mapping["FunctionResponseTypes"]) == (1, ["ReportBatchItemFailures"])
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": {"Ref": most}}
    assert of_type("AWS::SQS::Queue")[queue]["VisibilityTimeout"] > properties(name)["Timeout"]


def test_the_consumer_reports_failures_message_by_message() -> None:
    mapping = RESOURCES["Ingest"]["Properties"]["Events"]["Queue"]["Properties"]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["MaximumBatchingWindowInSeconds"] > 0, "a batch above ten messages needs a window"
    queue = of_type("AWS::SQS::Queue")["EventsQueue"]
    assert queue["VisibilityTimeout"] >= 6 * properties("Ingest")["Timeout"]


def test_reports_are_started_each_minute_by_events_and_by_objects() -> None:
    events = RESOURCES["Report"]["Properties"]["Events"]
    tick = events["Tick"]["Properties"]
    assert (tick["ScheduleExpression"], tick["Input"]) == ("rate(1 minute)", '{"source": "insights.tick"}')
    assert tick["OmitName"] is True, "a name would be the same in every stack of an account"
    told = events["Told"]["Properties"]
    assert (told["EventBusName"], told["Pattern"]) == (
        {"Ref": "EventBus"},
        {"detail-type": ["insight.saved", "report.requested"]},
    )
    watched = RESOURCES["WatchedRule"]
    assert watched["Condition"] == RESOURCES["WatchedPermission"]["Condition"] == "HasWatchedBucket"
    assert watched["Properties"]["EventPattern"]["detail-type"] == ["Object Created"]
    assert "EventBusName" not in watched["Properties"], "S3 tells the account's own bus"
