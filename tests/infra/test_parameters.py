"""What a deployment with given parameters has, and which it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.infra.evaluated import SECRET, Evaluation
from tests.infra.template import RESOURCES, TEMPLATE, properties

CERTIFICATE = "arn:aws:acm:eu-central-1:123456789012:certificate/1"
DOMAIN = {"DomainName": "insights.example.com", "CertificateArn": CERTIFICATE}
VPC = {"VpcId": "vpc-0a", "VpcSubnetIds": "subnet-0a,subnet-0b", "VpcSecurityGroupIds": "sg-0a"}
TOPIC = "arn:aws:sns:eu-central-1:123456789012:alarms"
ENDPOINTS = {"SecretsEndpoint", "QueuesEndpoint", "BusEndpoint"}
ALARM_MAIL = {"AlarmKey", "AlarmTopic", "AlarmTopicPolicy"}
# What is there with nothing but the secret.
ALWAYS = Evaluation().resources()


def alarms(found: set[str]) -> set[str]:
    return {name for name in found if RESOURCES[name]["Type"] == "AWS::CloudWatch::Alarm"}


@pytest.mark.parametrize(
    ("parameters", "more"),
    [
        ({"MailFrom": "reports@example.com"}, set()),
        ({"WatchedBucket": "uploads"}, {"WatchedRule", "WatchedPermission"}),
        (DOMAIN, {"Domain", "DomainMapping"}),
        ({**DOMAIN, "HostedZoneId": "Z1"}, {"Domain", "DomainMapping", "DomainRecord"}),
        (VPC, {"Network", *ENDPOINTS}),
        ({**VPC, "MailFrom": "reports@example.com"}, {"Network", *ENDPOINTS, "MailEndpoint"}),
        ({**VPC, "VpcInterfaceEndpoints": "no"}, {"Network"}),
        ({**VPC, "VpcInterfaceEndpoints": "no", "VpcRouteTableIds": "rtb-0a"},
         {"Network", "StorageEndpoint", "DynamoEndpoint"}),
        ({"AlarmEmail": "me@example.com"}, ALARM_MAIL),
        ({"AlarmTopicArn": TOPIC}, set()),
    ],
)  # fmt: skip
def test_what_is_asked_for_is_made_and_no_more(parameters: dict[str, str], more: set[str]) -> None:
    made = Evaluation(**parameters)
    assert (made.refused(), made.misspelt()) == ([], [])
    found = made.resources()
    assert found - alarms(found) == (ALWAYS - alarms(ALWAYS)) | more
    assert found >= ALWAYS


def test_by_itself_nothing_is_there_that_costs_by_the_hour_or_speaks_to_anybody() -> None:
    kinds = {RESOURCES[name]["Type"] for name in ALWAYS}
    assert kinds.isdisjoint({"AWS::EC2::VPCEndpoint", "AWS::KMS::Key", "AWS::SNS::Topic"})


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"DomainName": "insights.example.com"}, "DomainName needs CertificateArn"),
        ({"VpcId": "vpc-0a"}, "VpcId, VpcSubnetIds and VpcSecurityGroupIds are given together"),
        ({"VpcSubnetIds": "subnet-0a"}, "VpcId, VpcSubnetIds and VpcSecurityGroupIds are given together"),
        ({**VPC, "VpcSecurityGroupIds": ""}, "VpcId, VpcSubnetIds and VpcSecurityGroupIds are given together"),
        ({"AlarmEmail": "me@example.com", "AlarmTopicArn": TOPIC}, "Give AlarmTopicArn or AlarmEmail, and not both"),
        ({"WatchedPrefix": "in/"}, "WatchedPrefix needs WatchedBucket"),
    ],
)
def test_what_does_not_go_together_is_refused(parameters: dict[str, str], said: str) -> None:
    assert Evaluation(**parameters).refused() == [said]


@pytest.mark.parametrize(
    "parameters",
    [
        {"ClickHouseSecretArn": "https://app:secret@db.example.com:8443/insights"},
        {"MigrationSecretArn": "insights/admin"},
        {"ClickHouseCluster": "prod; DROP"},
        {"MailFrom": "Reports <reports@example.com>"},
        {"AlarmEmail": "me"},
        {"DeliveryBuckets": "one,two"},
        {"DeliveryBuckets": "*"},
        {"WatchedBucket": "s3://uploads"},
        {"DomainName": "https://insights.example.com"},
        {"VpcSubnetIds": "subnet-0a, subnet-0b"},
    ],
)
def test_a_value_of_the_wrong_form_is_refused(parameters: dict[str, str]) -> None:
    assert Evaluation(**parameters).misspelt() == list(parameters)


def statements(made: Evaluation, role: str) -> dict[str, Any]:
    (policy,) = made(RESOURCES[role]["Properties"]["Policies"])
    return {statement["Sid"]: statement for statement in policy["PolicyDocument"]["Statement"]}


def test_mail_is_sent_as_the_address_or_its_domain() -> None:
    assert "Mail" not in statements(Evaluation(), "DeliverRole")
    found = statements(Evaluation(MailFrom="reports@mail.example.com"), "DeliverRole")["Mail"]["Resource"]
    place = "arn:aws:ses:eu-central-1:123456789012:identity"
    assert found == [f"{place}/reports@mail.example.com", f"{place}/mail.example.com"]


@pytest.mark.parametrize(("buckets", "objects"), [("one", ["one/*"]), ("one two.three", ["one/*", "two.three/*"])])
def test_reports_are_written_to_the_buckets_that_are_named(buckets: str, objects: list[str]) -> None:
    assert "Write" not in statements(Evaluation(), "DeliverRole")
    found = statements(Evaluation(DeliveryBuckets=buckets), "DeliverRole")["Write"]["Resource"]
    assert found == [f"arn:aws:s3:::{one}" for one in objects]


@pytest.mark.parametrize(
    ("parameters", "address"),
    [
        ({}, "https://<Api>.execute-api.eu-central-1.amazonaws.com"),
        (DOMAIN, "https://insights.example.com"),
        ({**DOMAIN, "SiteUrl": "https://analytics.example.com"}, "https://analytics.example.com"),
    ],
)
def test_links_in_reports_have_the_best_address_there_is(parameters: dict[str, str], address: str) -> None:
    made = Evaluation(**parameters)
    assert made(properties("Deliver")["Environment"]["Variables"]["SITE_URL"]) == address


def test_migrations_have_the_user_that_may_make_tables_and_nobody_else_has() -> None:
    admin = SECRET.replace("secret:x", "secret:admin")
    for made, known in ((Evaluation(), SECRET), (Evaluation(MigrationSecretArn=admin), admin)):
        variables = {name: made(properties(name)["Environment"]["Variables"]) for name in ("Migrate", "Deliver")}
        found = {name: one["CLICKHOUSE_SECRET_ARN"] for name, one in variables.items()}
        assert found == {"Migrate": known, "Deliver": SECRET}
        assert statements(made, "MigrateRole")["Secret"]["Resource"] == known


@pytest.mark.parametrize(
    ("parameters", "told"),
    [({}, None), ({"AlarmTopicArn": TOPIC}, [TOPIC]), ({"AlarmEmail": "me@example.com"}, ["<AlarmTopic>"])],
)
def test_alarms_tell_whoever_is_named(parameters: dict[str, str], told: list[str] | None) -> None:
    made = Evaluation(**parameters)
    there = alarms(made.resources())
    assert [name for name in there if made(RESOURCES[name]["Properties"]).get("AlarmActions") != told] == []
    assert (there == alarms(set(RESOURCES))) == (told is not None)


def test_functions_are_in_the_subnets_that_are_named() -> None:
    assert "VpcConfig" not in Evaluation()(properties("Trend"))
    expected = {"SubnetIds": ["subnet-0a", "subnet-0b"], "SecurityGroupIds": ["sg-0a"]}
    assert Evaluation(**VPC)(properties("Trend"))["VpcConfig"] == expected
    assert Evaluation(**VPC)(RESOURCES["TrendRole"]["Properties"])["ManagedPolicyArns"] == ["<Network>"]


def test_the_url_is_told_as_people_type_it() -> None:
    value = TEMPLATE["Outputs"]["Url"]["Value"]
    assert Evaluation()(value) == "https://<Api>.execute-api.eu-central-1.amazonaws.com"
    assert Evaluation(**DOMAIN)(value) == "https://insights.example.com"
