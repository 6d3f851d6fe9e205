"""Rules for a template that SAM has transformed. Each gives what breaks it, one line a resource."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

Template = dict[str, Any]
Found = Iterator[str]

# What has no narrower resource, and when it may be there all the same.
UNNARROWED: dict[frozenset[str], dict[str, Any]] = {
    frozenset({"xray:PutTraceSegments", "xray:PutTelemetryRecords"}): {},
    frozenset(
        {
            *("ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface"),
            *("ec2:DescribeSubnets", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"),
        }
    ): {"Null": {"lambda:SourceFunctionArn": "true"}},
}
STATE = ("AWS::DynamoDB::Table", "AWS::S3::Bucket")
_CALLERS = ("apigateway.amazonaws.com", "events.amazonaws.com")
_SECRET = re.compile(r"secret|password|passwd|token|credential|dsn|apikey", re.I)
_PLAIN = re.compile(r"://[^/\s:]+:[^/\s@]+@|phx_|phc_|AKIA|-----BEGIN")


def of(template: Template, *kinds: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, resource in template["Resources"].items():
        if resource["Type"] in kinds:
            yield name, resource.get("Properties", {})


def many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def branches(value: Any) -> list[Any]:
    """Each value that `!If` may choose."""
    if isinstance(value, dict) and "Fn::If" in value:
        return [one for branch in value["Fn::If"][1:] for one in branches(branch)]
    return [value]


def statements(template: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    """Of every policy but those of keys, in which `*` is the key itself."""
    for name, found in of(template, "AWS::IAM::Role"):
        documents = [policy["PolicyDocument"] for policy in found.get("Policies", [])]
        yield from ((name, one) for document in documents for one in _in(document))
    kinds = ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy", "AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy")
    for name, found in of(template, *kinds, "AWS::SNS::TopicPolicy"):
        yield from ((name, one) for one in _in(found["PolicyDocument"]))


def _in(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for statement in document["Statement"]:
        yield from (one for one in branches(statement) if "Effect" in one)


def no_wildcard_actions(template: Template) -> Found:
    for name, statement in statements(template):
        if statement["Effect"] != "Allow":
            continue
        if "NotAction" in statement or any("*" in str(action) for action in many(statement["Action"])):
            yield name


def no_wildcard_resources(template: Template) -> Found:
    for name, statement in statements(template):
        if statement["Effect"] != "Allow":
            continue
        actions = frozenset(many(statement.get("Action", [])))
        is_known = actions in UNNARROWED and statement.get("Condition", {}) == UNNARROWED[actions]
        if "NotResource" in statement or ("*" in many(statement.get("Resource", "*")) and not is_known):
            yield name


def nobody_is_everybody(template: Template) -> Found:
    """A policy that allows names whom, and a role is taken by a service."""
    for name, statement in statements(template):
        if statement["Effect"] == "Allow" and statement.get("Principal") in ("*", {"AWS": "*"}):
            yield name
    for name, role in of(template, "AWS::IAM::Role"):
        for statement in role["AssumeRolePolicyDocument"]["Statement"]:
            if set(statement["Principal"]) != {"Service"}:
                yield name
    for name, key in of(template, "AWS::KMS::Key"):
        for statement in key["KeyPolicy"]["Statement"]:
            whom = str(statement["Principal"])
            if "*" in whom or (statement["Action"] == "kms:*" and ":root" not in whom):
                yield name


def all_is_encrypted(template: Template) -> Found:
    """At rest, but for logs and the bus, which AWS encrypts by itself."""
    asked: dict[str, Callable[[dict[str, Any]], Any]] = {
        "AWS::DynamoDB::Table": lambda found: found.get("SSESpecification", {}).get("SSEEnabled"),
        "AWS::SQS::Queue": lambda found: found.get("SqsManagedSseEnabled") or found.get("KmsMasterKeyId"),
        "AWS::SNS::Topic": lambda found: found.get("KmsMasterKeyId"),
        "AWS::S3::Bucket": lambda found: found.get("BucketEncryption"),
        "AWS::KMS::Key": lambda found: found.get("EnableKeyRotation"),
    }
    for kind, is_encrypted in asked.items():
        yield from (name for name, found in of(template, kind) if not is_encrypted(found))


def connections_are_encrypted(template: Template) -> Found:
    secured = set()
    for _, policy in of(template, "AWS::S3::BucketPolicy"):
        for statement in _in(policy["PolicyDocument"]):
            condition = statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport")
            if (statement["Effect"], statement["Action"], str(condition)) == ("Deny", "s3:*", "false"):
                secured.add(policy["Bucket"]["Ref"])
    yield from (name for name, _ in of(template, "AWS::S3::Bucket") if name not in secured)
    for name, domain in of(template, "AWS::ApiGatewayV2::DomainName"):
        if any(one.get("SecurityPolicy") != "TLS_1_2" for one in domain["DomainNameConfigurations"]):
            yield name


def no_bucket_is_public(template: Template) -> Found:
    for name, bucket in of(template, "AWS::S3::Bucket"):
        blocked = [*bucket.get("PublicAccessBlockConfiguration", {}).values()]
        owned = bucket.get("OwnershipControls", {}).get("Rules", [])
        is_private = blocked == [True] * 4 and owned == [{"ObjectOwnership": "BucketOwnerEnforced"}]
        if not is_private or {"AccessControl", "WebsiteConfiguration"} & bucket.keys():
            yield name


def tables_can_be_restored(template: Template) -> Found:
    for name, table in of(template, "AWS::DynamoDB::Table"):
        if not table.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled"):
            yield name


def state_outlives_the_stack(template: Template) -> Found:
    for name, _ in of(template, *STATE):
        resource = template["Resources"][name]
        if (resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy")) != ("Retain", "Retain"):
            yield name


def logs_are_kept_for_a_time(template: Template) -> Found:
    groups = dict(of(template, "AWS::Logs::LogGroup"))
    yield from (name for name, group in groups.items() if "RetentionInDays" not in group)
    for name, function in of(template, "AWS::Lambda::Function"):
        if function.get("LoggingConfig", {}).get("LogGroup", {}).get("Ref") not in groups:
            yield name
    for name, stage in of(template, "AWS::ApiGatewayV2::Stage"):
        if "DestinationArn" not in stage.get("AccessLogSettings", {}):
            yield name


def nothing_vanishes(template: Template) -> Found:
    """What cannot be delivered or done goes to a queue of dead letters, and each of these has an alarm."""
    dead = set()
    for name, queue in of(template, "AWS::SQS::Queue"):
        if redrive := queue.get("RedrivePolicy"):
            dead.add(redrive["deadLetterTargetArn"]["Fn::GetAtt"][0])
        elif not name.startswith("Dead"):
            yield name
    called = {
        found["ServiceToken"]["Fn::GetAtt"][0] for _, found in of(template, "Custom::Migration", "Custom::Digests")
    }
    for name, found in of(template, "AWS::Events::Rule", "AWS::Scheduler::Schedule"):
        for target in found.get("Targets") or [found["Target"]]:
            if "DeadLetterConfig" not in target or "RetryPolicy" not in target:
                yield name
            else:
                dead.add(target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0])
            called.add(_function(target["Arn"], template))
    handled = set()
    for _, found in of(template, "AWS::Lambda::EventInvokeConfig"):
        if failed := found.get("DestinationConfig", {}).get("OnFailure"):
            handled.add(found["FunctionName"]["Ref"])
            dead.add(failed["Destination"]["Fn::GetAtt"][0])
    yield from called - handled
    watched = [alarm.get("Dimensions", []) for _, alarm in of(template, "AWS::CloudWatch::Alarm")]
    yield from (name for name in dead if [{"Name": "QueueName", "Value": _get(name, "QueueName")}] not in watched)


def _function(reference: dict[str, Any], template: Template) -> str:
    """Behind an ARN, or an alias."""
    name: str = reference["Fn::GetAtt"][0] if "Fn::GetAtt" in reference else reference["Ref"]
    resource = template["Resources"][name]
    return resource["Properties"]["FunctionName"]["Ref"] if resource["Type"] == "AWS::Lambda::Alias" else name


def _get(name: str, attribute: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, attribute]}


def the_api_is_throttled(template: Template) -> Found:
    for name, stage in of(template, "AWS::ApiGatewayV2::Stage"):
        if not {"ThrottlingRateLimit", "ThrottlingBurstLimit"} <= stage.get("DefaultRouteSettings", {}).keys():
            yield name


def functions_are_called_by_this_stack(template: Template) -> Found:
    for name, found in of(template, "AWS::Lambda::Permission"):
        if found["Principal"] not in _CALLERS or "SourceArn" not in found:
            yield name
    yield from (name for name, _ in of(template, "AWS::Lambda::Url"))


def secrets_stay_where_they_are(template: Template) -> Found:
    """A parameter or a variable may name a secret, by its ARN, and never hold one."""
    for name, parameter in template["Parameters"].items():
        if _SECRET.search(name) and not name.endswith("Arn"):
            yield name
        if _PLAIN.search(str(parameter.get("Default", ""))):
            yield name
    for name, function in of(template, "AWS::Lambda::Function"):
        for variable, value in function.get("Environment", {}).get("Variables", {}).items():
            if (_SECRET.search(variable) and not variable.endswith("_ARN")) or _PLAIN.search(str(value)):
                yield f"{name}.{variable}"


def all_is_described(template: Template) -> Found:
    for section in ("Parameters", "Outputs"):
        yield from (name for name, found in template[section].items() if not found.get("Description"))


RULES: tuple[Callable[[Template], Found], ...] = (
    no_wildcard_actions,
    no_wildcard_resources,
    nobody_is_everybody,
    all_is_encrypted,
    connections_are_encrypted,
    no_bucket_is_public,
    tables_can_be_restored,
    state_outlives_the_stack,
    logs_are_kept_for_a_time,
    nothing_vanishes,
    the_api_is_throttled,
    functions_are_called_by_this_stack,
    secrets_stay_where_they_are,
    all_is_described,
)
