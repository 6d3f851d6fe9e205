"""What AWS's own services may do for the stack, and the ways by which its functions reach them in a VPC."""

from __future__ import annotations

from typing import Any

import pytest
from insights_local.event_sources import event_sources_of

from tests.infra.evaluated import Evaluation
from tests.infra.template import RESOURCES, TEMPLATE, of_type

VPC = {"VpcId": "vpc-0a", "VpcSubnetIds": "subnet-0a,subnet-0b", "VpcSecurityGroupIds": "sg-0a"}
ALL: dict[str, str] = {
    **VPC,
    "VpcRouteTableIds": "rtb-0a",
    "MailFrom": "reports@example.com",
    "AlarmEmail": "me@example.com",
}
MADE = Evaluation(**ALL, WatchedBucket="uploads", WatchedPrefix="in/")


def made(name: str) -> Any:
    return MADE(RESOURCES[name]["Properties"])


def test_the_schedule_may_call_report_and_set_aside_what_could_not_be_called() -> None:
    (policy,) = made("TickRole")["Policies"]
    allowed = [(one["Action"], one["Resource"]) for one in policy["PolicyDocument"]["Statement"]]
    assert allowed == [(["lambda:InvokeFunction"], "<Report.Alias>"), (["sqs:SendMessage"], "<DeadTriggersQueue.Arn>")]
    tick = made("Report")["Events"]["Tick"]["Properties"]
    assert (tick["RoleArn"], tick["DeadLetterConfig"]) == ("<TickRole.Arn>", {"Arn": "<DeadTriggersQueue.Arn>"})


def test_every_rule_may_set_aside_and_nobody_else() -> None:
    """By their own ARNs: the names of a stack's rules are cut where the stack's name is long."""
    (statement,) = made("DeadTriggersPolicy")["PolicyDocument"]["Statement"]
    assert (statement["Principal"], statement["Action"]) == ({"Service": "events.amazonaws.com"}, "sqs:SendMessage")
    sources = [*event_sources_of(TEMPLATE, "Schedule"), *event_sources_of(TEMPLATE, "EventBridgeRule")]
    rules = {f"{source.function.name}{source.name}" for source in sources} | {*of_type("AWS::Events::Rule")}
    assert set(statement["Condition"]["ArnEquals"]["aws:SourceArn"]) == {f"<{rule}.Arn>" for rule in rules}
    (statement,) = Evaluation()(RESOURCES["DeadTriggersPolicy"]["Properties"])["PolicyDocument"]["Statement"]
    assert "<WatchedRule.Arn>" not in statement["Condition"]["ArnEquals"]["aws:SourceArn"]


def test_alarms_may_use_the_key_of_their_topic() -> None:
    """Without either, CloudWatch says nothing, and nobody is told."""
    (statement,) = (one for one in made("AlarmKey")["KeyPolicy"]["Statement"] if "Service" in one["Principal"])
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert set(statement["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey"}
    assert made("AlarmTopic")["KmsMasterKeyId"] == "<AlarmKey>"


def test_an_object_runs_reports_where_bucket_and_prefix_are_the_watched_ones() -> None:
    found = made("WatchedRule")
    assert found["EventPattern"]["source"] == ["aws.s3"]
    assert found["EventPattern"]["detail"] == {"bucket": {"name": ["uploads"]}, "object": {"key": [{"prefix": "in/"}]}}
    permission = made("WatchedPermission")
    assert found["Targets"][0]["Arn"] == permission["FunctionName"] == "<Report.Alias>"
    assert (permission["Principal"], permission["SourceArn"]) == ("events.amazonaws.com", "<WatchedRule.Arn>")


@pytest.mark.parametrize(
    ("name", "service", "kind"),
    [
        ("StorageEndpoint", "s3", "Gateway"),
        ("DynamoEndpoint", "dynamodb", "Gateway"),
        ("SecretsEndpoint", "secretsmanager", "Interface"),
        ("QueuesEndpoint", "sqs", "Interface"),
        ("BusEndpoint", "events", "Interface"),
        ("MailEndpoint", "email", "Interface"),
    ],
)
def test_an_endpoint_is_of_its_service_and_found_by_its_usual_name(name: str, service: str, kind: str) -> None:
    found = made(name)
    assert (found["ServiceName"], found["VpcEndpointType"]) == (f"com.amazonaws.eu-central-1.{service}", kind)
    where: dict[str, Any] = {"RouteTableIds": ["rtb-0a"]}
    if kind == "Interface":
        where = {"SubnetIds": ["subnet-0a", "subnet-0b"], "SecurityGroupIds": ["sg-0a"], "PrivateDnsEnabled": True}
    assert {key: found.get(key) for key in where} == where


@pytest.mark.parametrize("resource", ["Migration", "Parameters"])
def test_what_asks_in_a_deployment_waits_for_the_way_of_its_answer(resource: str) -> None:
    """Migrate answers by S3 and reads its secret: without these the deployment would hang."""
    needed = {"Migration": ["<StorageEndpoint>", "<SecretsEndpoint>"], "Parameters": ["<StorageEndpoint>"]}[resource]
    assert made(resource)["Network"] == needed
    assert set(Evaluation()(RESOURCES[resource]["Properties"])["Network"]) == {""}
