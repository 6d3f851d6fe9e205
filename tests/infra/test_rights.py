"""What each function of the template may do, and on what; docs/deploy.md says why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from insights_engine.settings import SETTINGS
from insights_local.routes import ROOT

from tests.infra.template import FUNCTIONS, OUTSIDE, RESOURCES, properties, target, targets

READ = {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"}
WRITE = {
    *("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"),
    *("dynamodb:BatchWriteItem", "dynamodb:ConditionCheckItem"),
}
SECRET = {"ClickHouseSecretArn": {"secretsmanager:GetSecretValue"}}
ANALYST = {"PoliciesTable": READ, "PoliciesTable KEY#*": {"dynamodb:PutItem"}, **SECRET}
# Answers are kept, and questions handed to Compute.
CACHE = {
    "ResultsTable": {
        *("dynamodb:GetItem", "dynamodb:BatchGetItem"),
        *("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"),
    },
    "ResultsBucket": {"s3:GetObject", "s3:PutObject"},
}
ASKS = {**CACHE, "QueriesQueue": {"sqs:SendMessage"}}
TELLS = {"EventBus": {"events:PutEvents"}}
# What fails without a caller is set aside.
SETS_ASIDE = {"DeadTriggersQueue": {"sqs:SendMessage"}}
# Reports are ordered, and their pictures shown.
REPORTS = {"ReportsQueue": {"sqs:SendMessage"}, "ReportsBucket": {"s3:GetObject"}}
# `saved: true` beside a question.
SAVES = "PoliciesTable PROJECT#*#INSIGHT PROJECT#*#INSIGHT#SHORT PROJECT#*#DASHBOARD PROJECT#*#ACTIVITY COUNTER"
KEEPER = {**ANALYST, **ASKS, **TELLS, SAVES: {"dynamodb:PutItem", "dynamodb:UpdateItem"}}
# function -> what it works on -> what it may do there; docs/deploy.md says why. Logs and traces are the same for all.
PERMISSIONS = {
    "Trend": KEEPER,
    "Retention": KEEPER,
    "Path": KEEPER,
    "Funnel": KEEPER,
    "Timing": {
        **ANALYST,
        "ResultsTable": {"dynamodb:GetItem", "dynamodb:PutItem"},
        "EventsQueue": {"sqs:SendMessage"},
    },
    "Query": KEEPER,
    "Resources": {
        "PoliciesTable": READ | WRITE,
        **SECRET,
        **ASKS,
        **TELLS,
        **REPORTS,
        "EventsQueue": {"sqs:SendMessage"},
    },
    "Capture": {"EventsQueue": {"sqs:SendMessage"}},
    "Ingest": {
        "PoliciesTable": READ | WRITE - {"dynamodb:DeleteItem"},
        **SECRET,
        "EventsQueue": {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"},
    },
    "Squash": {
        "PoliciesTable": {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:PutItem"},
        **SECRET,
        **SETS_ASIDE,
    },
    "Compute": {
        "PoliciesTable": READ,
        **SECRET,
        **CACHE,
        "QueriesQueue": {"sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"},
    },
    "Report": {
        "PoliciesTable": READ | {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"},
        "ResultsTable": {"dynamodb:GetItem", "dynamodb:PutItem"},
        **REPORTS,
        **SETS_ASIDE,
    },
    "Deliver": {
        "PoliciesTable": READ | {"dynamodb:PutItem", "dynamodb:DeleteItem"},
        **SECRET,
        **CACHE,
        "ReportsQueue": {"sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"},
        "ReportsBucket": {"s3:PutObject"},
        "MailFrom": {"ses:SendEmail", "ses:SendRawEmail"},
        "DeliveryBuckets": {"s3:PutObject"},
    },
    "Migrate": {**SECRET, "MigrationSecretArn": {"secretsmanager:GetSecretValue"}, **SETS_ASIDE},
}
# Statements that are there only where they are needed.
OPTIONAL = {"Traces": "IsTraced", "Mail": "HasMail", "Write": "HasDeliveryBuckets"}

DEPLOY = (ROOT / "docs" / "deploy.md").read_text("utf-8")


def statements(name: str) -> Iterator[dict[str, Any]]:
    role = RESOURCES[target(properties(name)["Role"])]["Properties"]
    network = {} if name in OUTSIDE else {"Fn::If": ["HasVpc", [{"Ref": "Network"}], {"Ref": "AWS::NoValue"}]}
    assert role.get("ManagedPolicyArns", {}) == network, "what a function may do stands in the template"
    for policy in role["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            if "Fn::If" in statement:
                condition, statement, otherwise = statement["Fn::If"]
                assert (condition, otherwise) == (OPTIONAL[statement["Sid"]], {"Ref": "AWS::NoValue"})
            yield statement


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_may_do_this_and_nothing_else(name: str) -> None:
    found: dict[str, set[str]] = {}
    for statement in statements(name):
        assert statement["Effect"] == "Allow"
        if statement["Sid"] == "Traces":
            assert set(statement["Action"]) == {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
            continue
        keys = statement.get("Condition", {}).get("ForAllValues:StringLike", {}).get("dynamodb:LeadingKeys", [])
        for where in targets(statement["Resource"]):
            found.setdefault(" ".join([where, *keys]), set()).update(statement["Action"])
    assert found.pop(f"{name}Logs") == {"logs:CreateLogStream", "logs:PutLogEvents"}
    assert found == PERMISSIONS[name]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_variables_are_settings_and_what_a_function_knows_it_may_use(name: str) -> None:
    variables = properties(name)["Environment"]["Variables"]
    assert set(variables) <= {setting.variable for setting in SETTINGS}
    usable = {where.partition(" ")[0] for where in PERMISSIONS[name]}
    known = targets(list(variables.values())) - {"Api"}
    assert known & {*RESOURCES, *SECRET} <= usable
    # A queue calls its consumer, and Lambda itself sets aside.
    assert usable - known <= {"Ingest": {"EventsQueue"}}.get(name, {*SETS_ASIDE})


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_docs_explain_every_permission(name: str) -> None:
    explained = DEPLOY[DEPLOY.index("## Permissions") : DEPLOY.index("## Limits")]
    for where, actions in PERMISSIONS[name].items():
        for action in actions:
            word = action.partition(":")[2]
            assert f"`{word}`" in explained or action in READ | WRITE, (where, action)
