"""Rules that the deployed template keeps; and that each of them would be seen to be broken."""

from __future__ import annotations

import copy
import json
import os
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from insights_local.routes import ROOT, TEMPLATE

from tests.infra import guard
from tests.infra.guard import RULES, Template

SAM = ROOT / ".sam" / "bin"
ALLOW = {"Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": "arn:aws:sqs:eu-central-1:123456789012:x"}


@pytest.fixture(scope="module")
def deployed() -> Template:
    """What CloudFormation gets: SAM adds versions, aliases, permissions and rules."""
    assert (SAM / "python").exists(), "SAM is not installed; run `make template`"
    script = [SAM / "python", Path(__file__).with_name("sam_transform.py"), TEMPLATE]
    variables = {"PATH": os.environ["PATH"], "AWS_DEFAULT_REGION": "eu-central-1"}
    done = subprocess.run(script, capture_output=True, text=True, check=False, env=variables)
    assert done.returncode == 0, done.stderr
    template: Template = json.loads(done.stdout)
    return template


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_template_keeps(rule: Callable[[Template], guard.Found], deployed: Template) -> None:
    assert list(rule(deployed)) == []


def has(path: str, value: Any) -> Callable[[Template], None]:
    """`Name.a.0`: a property of a resource; of another section with its name, `Parameters.Name.a`."""
    return partial(put, path if path.startswith(("Parameters.", "Outputs.", "Resources.")) else _property(path), value)


def lacks(path: str) -> Callable[[Template], None]:
    return has(path, ...)


def _property(path: str) -> str:
    name, _, rest = path.partition(".")
    return f"Resources.{name}.Properties.{rest}"


def put(path: str, value: Any, template: Template) -> None:
    *folders, last = path.split(".")
    place: Any = template
    for folder in folders:
        place = place[int(folder)] if isinstance(place, list) else place[folder]
    if value is ...:
        del place[last]
    elif isinstance(place, list):
        place[int(last)] = value
    else:
        place[last] = value


def allows(*, only_if: str = "", **statement: Any) -> Callable[[Template], None]:
    """A role's new statement; `only_if` names its condition."""

    def add(template: Template) -> None:
        added: dict[str, Any] = {**ALLOW, **statement}
        if only_if:
            added = {"Fn::If": [only_if, added, {"Ref": "AWS::NoValue"}]}
        role = template["Resources"]["CaptureRole"]["Properties"]
        role["Policies"][0]["PolicyDocument"]["Statement"].append(added)

    return add


EVERYBODY = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "x"}
POLICY = "PolicyDocument.Statement.0"
STAGE = "ApiApiGatewayDefaultStage"
OPEN = {"Type": "AWS::Lambda::Url", "Properties": {"AuthType": "NONE"}}
# rule -> what breaks it, and the name it says
BROKEN: dict[str, list[tuple[Callable[[Template], None], str]]] = {
    "no_wildcard_actions": [
        (allows(Action=["dynamodb:*"]), "CaptureRole"),
        (allows(Action="s3:Get*"), "CaptureRole"),
        (allows(NotAction="iam:PassRole"), "CaptureRole"),
        (allows(Action="*", only_if="IsTraced"), "CaptureRole"),
    ],
    "no_wildcard_resources": [
        (allows(Resource="*"), "CaptureRole"),
        (allows(Resource=["x", "*"]), "CaptureRole"),
        (allows(NotResource="x"), "CaptureRole"),
        (lacks(f"Network.{POLICY}.Condition"), "Network"),
    ],
    "nobody_is_everybody": [
        (has(f"DeadTriggersPolicy.{POLICY}", EVERYBODY), "DeadTriggersPolicy"),
        (has("TrendRole.AssumeRolePolicyDocument.Statement.0.Principal", {"AWS": "123456789012"}), "TrendRole"),
        (has("AlarmKey.KeyPolicy.Statement.1.Principal", {"AWS": "*"}), "AlarmKey"),
    ],
    "all_is_encrypted": [
        (lacks("PoliciesTable.SSESpecification"), "PoliciesTable"),
        (has("ReportsQueue.SqsManagedSseEnabled", False), "ReportsQueue"),
        (lacks("ReportsBucket.BucketEncryption"), "ReportsBucket"),
        (lacks("AlarmTopic.KmsMasterKeyId"), "AlarmTopic"),
        (has("AlarmKey.EnableKeyRotation", False), "AlarmKey"),
    ],
    "connections_are_encrypted": [
        (lacks("Resources.ReportsBucketPolicy"), "ReportsBucket"),
        (has(f"ResultsBucketPolicy.{POLICY}.Effect", "Allow"), "ResultsBucket"),
        (has("Domain.DomainNameConfigurations.0.SecurityPolicy", "TLS_1_0"), "Domain"),
    ],
    "no_bucket_is_public": [
        (has("ReportsBucket.PublicAccessBlockConfiguration.BlockPublicPolicy", False), "ReportsBucket"),
        (has("ResultsBucket.AccessControl", "PublicRead"), "ResultsBucket"),
        (lacks("ResultsBucket.OwnershipControls"), "ResultsBucket"),
    ],
    "tables_can_be_restored": [(lacks("ResultsTable.PointInTimeRecoverySpecification"), "ResultsTable")],
    "state_outlives_the_stack": [
        (has("Resources.PoliciesTable.DeletionPolicy", "Delete"), "PoliciesTable"),
        (lacks("Resources.ReportsBucket.UpdateReplacePolicy"), "ReportsBucket"),
    ],
    "logs_are_kept_for_a_time": [
        (lacks("TrendLogs.RetentionInDays"), "TrendLogs"),
        (lacks("Deliver.LoggingConfig"), "Deliver"),
        (lacks(f"{STAGE}.AccessLogSettings"), STAGE),
    ],
    "nothing_vanishes": [
        (lacks("EventsQueue.RedrivePolicy"), "EventsQueue"),
        (lacks("ReportTold.Targets.0.DeadLetterConfig"), "ReportTold"),
        (lacks("ReportTick.Target.RetryPolicy"), "ReportTick"),
        (lacks("WatchedRule.Targets.0.RetryPolicy"), "WatchedRule"),
        (lacks("Resources.ReportEventInvokeConfig"), "Report"),
        (lacks("SquashEventInvokeConfig.DestinationConfig"), "Squash"),
        (lacks("Resources.MigrateEventInvokeConfig"), "Migrate"),
        (lacks("Resources.DeadReportsAlarm"), "DeadReportsQueue"),
    ],
    "the_api_is_throttled": [(lacks(f"{STAGE}.DefaultRouteSettings"), STAGE)],
    "functions_are_called_by_this_stack": [
        (lacks("WatchedPermission.SourceArn"), "WatchedPermission"),
        (has("WatchedPermission.Principal", "*"), "WatchedPermission"),
        (has("Resources.Open", OPEN), "Open"),
    ],
    "secrets_stay_where_they_are": [
        (has("Parameters.ClickHousePassword", {"Type": "String"}), "ClickHousePassword"),
        (has("Parameters.SiteUrl.Default", "https://me:secret@x.test"), "SiteUrl"),
        (has("Trend.Environment.Variables.CLICKHOUSE_DSN", "x"), "Trend.CLICKHOUSE_DSN"),
    ],
    "all_is_described": [
        (lacks("Outputs.Url.Description"), "Url"),
        (has("Parameters.MailFrom.Description", ""), "MailFrom"),
    ],
}


@pytest.mark.parametrize(
    ("name", "damage", "said"), [(name, *case) for name, cases in BROKEN.items() for case in cases]
)
def test_a_rule_is_seen_to_be_broken(
    name: str, damage: Callable[[Template], None], said: str, deployed: Template
) -> None:
    template = copy.deepcopy(deployed)
    damage(template)
    rule: Callable[[Template], guard.Found] = getattr(guard, name)
    assert list(rule(template)) == [said]


def test_every_rule_can_be_broken() -> None:
    assert BROKEN.keys() == {rule.__name__ for rule in RULES}


def test_cfn_lint_finds_nothing_in_what_sam_adds(deployed: Template, tmp_path: Path) -> None:
    """`sam validate --lint` looks at the template as it is written, before SAM makes resources of it."""
    path = tmp_path / "template.json"
    path.write_text(json.dumps(deployed))
    command: list[str | Path] = [
        SAM / "cfn-lint",
        "--template",
        path,
        "--regions",
        "eu-central-1",
        "--format",
        "parseable",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
