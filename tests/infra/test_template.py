"""The template as data: what is deployed, what it may do, what survives a deletion."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from insights_engine.queue import MAX_RECEIVES
from insights_engine.settings import SETTINGS
from insights_local.routes import ROOT, functions_of, load_template, routes_of

TEMPLATE = load_template()
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]
HTTP = ("Trend", "Retention", "Path", "Funnel", "Timing", "Query", "Resources", "Capture")
FUNCTIONS = (*HTTP, "Ingest", "Squash", "Compute")

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
QUESTIONS = {**CACHE, "QueriesQueue": {"sqs:SendMessage"}}
# `saved: true` beside a question.
SAVES = "PoliciesTable PROJECT#*#INSIGHT PROJECT#*#INSIGHT#SHORT PROJECT#*#DASHBOARD PROJECT#*#ACTIVITY COUNTER"
KEEPER = {**ANALYST, **QUESTIONS, SAVES: {"dynamodb:PutItem", "dynamodb:UpdateItem"}}
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
        **QUESTIONS,
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
    },
    "Compute": {
        "PoliciesTable": READ,
        **SECRET,
        **CACHE,
        "QueriesQueue": {"sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"},
    },
}


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    return {name: found["Properties"] for name, found in RESOURCES.items() if found["Type"] == kind}


def properties(name: str) -> dict[str, Any]:
    """A function's, with those that all share."""
    shared = TEMPLATE["Globals"]["Function"]
    own: dict[str, Any] = RESOURCES[name]["Properties"]
    variables = shared["Environment"]["Variables"] | own.get("Environment", {}).get("Variables", {})
    return {**shared, **own, "Environment": {"Variables": variables}}


def target(reference: dict[str, Any]) -> str:
    """The name of what `!Ref x`, `!GetAtt x.Arn` and `!Sub "${x.Arn}/*"` point to."""
    if "Fn::Sub" in reference:
        return str(reference["Fn::Sub"]).removeprefix("${").removesuffix(".Arn}/*")
    found = reference.get("Ref") or reference["Fn::GetAtt"][0]
    return str(found)


def statements(name: str) -> Iterator[dict[str, Any]]:
    role = RESOURCES[target(properties(name)["Role"])]["Properties"]
    assert "ManagedPolicyArns" not in role, "what a function may do stands in the template"
    for policy in role["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            if "Fn::If" in statement:
                condition, statement, otherwise = statement["Fn::If"]
                assert (condition, otherwise) == ("IsTraced", {"Ref": "AWS::NoValue"})
            yield statement


def test_the_functions_are_the_folders_of_functions() -> None:
    found = functions_of(TEMPLATE)
    assert set(found) == set(FUNCTIONS)
    for function in found.values():
        assert function.handler == "app.handler"
        assert (function.code / "app.py").is_file(), function
        assert (function.code / "requirements.txt").read_text() == "", "third-party code is in the engine layer"
    assert {function.code for function in found.values()} == {p.parent for p in (ROOT / "functions").glob("*/app.py")}


def test_every_route_is_declared_once() -> None:
    keys = [route.key for route in routes_of(TEMPLATE).all]
    assert len(keys) == len(set(keys))
    assert "$default" in keys
    assert {route.function.name for route in routes_of(TEMPLATE).all} == set(HTTP)


def test_no_route_ends_in_a_slash() -> None:
    """SAM makes no route of such a path, without a word."""
    paths = [route.path for route in routes_of(TEMPLATE).all]
    assert [path for path in paths if path.endswith("/") and path != "/"] == []


def test_routes_use_payload_format_2() -> None:
    for name in FUNCTIONS:
        for event in RESOURCES[name]["Properties"]["Events"].values():
            if event["Type"] == "HttpApi":
                assert event["Properties"].get("PayloadFormatVersion", "2.0") == "2.0"
                assert event["Properties"]["ApiId"] == {"Ref": "Api"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_may_do_this_and_nothing_else(name: str) -> None:
    found: dict[str, set[str]] = {}
    for statement in statements(name):
        assert statement["Effect"] == "Allow"
        if statement["Sid"] == "Traces":
            assert set(statement["Action"]) == {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
            continue
        where = target(statement["Resource"])
        if "Condition" in statement:
            keys = statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
            where += " " + " ".join(keys)
        found.setdefault(where, set()).update(statement["Action"])
    assert found.pop(f"{name}Logs") == {"logs:CreateLogStream", "logs:PutLogEvents"}
    assert found == PERMISSIONS[name]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_variables_are_settings_and_what_a_function_knows_it_may_use(name: str) -> None:
    variables = properties(name)["Environment"]["Variables"]
    assert set(variables) <= {setting.variable for setting in SETTINGS}
    usable = {where.partition(" ")[0] for where in PERMISSIONS[name]}
    known = {target(value) for value in variables.values()}
    assert known & {*RESOURCES, *SECRET} <= usable
    if name != "Ingest":  # its queue calls it
        assert usable <= known


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_runs_on_python_3_13_with_the_three_layers_in_time(name: str) -> None:
    found = properties(name)
    assert found["Runtime"] == "python3.13"
    assert [target(layer) for layer in found["Layers"]] == ["EngineLayer", "AclLayer", "ApiLayer"]
    assert found["Timeout"] == {"Ingest": 60, "Squash": 900, "Compute": 900}.get(name, 29)
    assert found["MemorySize"] >= 512
    assert found["Architectures"] == [{"Ref": "Architecture"}]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_behind_http_start_from_snapshots(name: str) -> None:
    """Of their last version, which the alias stands for; the one before it goes."""
    found = RESOURCES[name]["Properties"]
    expected = {
        "AutoPublishAlias": "live",
        "AutoPublishAliasAllProperties": True,
        "VersionDeletionPolicy": "Delete",
        "SnapStart": {"ApplyOn": {"Ref": "SnapStart"}},
    }
    assert {key: found[key] for key in expected if key in found} == (expected if name in HTTP else {})
    assert TEMPLATE["Parameters"]["SnapStart"]["Default"] == "PublishedVersions"


def test_a_change_of_a_layer_makes_new_versions() -> None:
    """The code is there, and what SAM compares of a function does not have it."""
    assert all(layer["PublishLambdaVersion"] is True for layer in of_type("AWS::Serverless::LayerVersion").values())


def parameters_in(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["Ref"]} if "Ref" in value else set()
        return (own & set(TEMPLATE["Parameters"])).union(*map(parameters_in, value.values()))
    return set[str]().union(*map(parameters_in, value)) if isinstance(value, list) else set()


@pytest.mark.parametrize("name", HTTP)
def test_a_change_of_a_parameter_makes_a_new_version(name: str) -> None:
    """SAM compares templates before parameters are put in; CloudFormation replaces a version of another description.

    With a parameter that the function does not use, it would fail: Lambda makes no version where nothing changed.
    """
    variables = properties(name)["Environment"]["Variables"]
    used = parameters_in([variables, properties(name)["Tracing"], properties(name)["SnapStart"]])
    description = RESOURCES[name]["Properties"]["VersionDescription"]
    assert used == parameters_in(description)
    longest = 0
    for parameter in parameters_in(description):
        rule = TEMPLATE["Parameters"][parameter]
        values = [str(value) for value in rule.get("AllowedValues", [rule.get("MaxValue", "")])]
        longest += 1 + max(rule.get("MaxLength", 0), *map(len, values))
    shortest_arn = len("arn:aws:secretsmanager:us-east-1:123456789012:secret:")
    assert longest - shortest_arn <= 256, "a version's description may not be longer"


def test_the_sdk_s_own_lines_are_never_logged() -> None:
    """At DEBUG it writes what it sends and receives. Figures are lines as well, so Lambda itself leaves none out."""
    assert "DEBUG" not in TEMPLATE["Parameters"]["LogLevel"]["AllowedValues"]
    assert {properties(name)["LoggingConfig"]["ApplicationLogLevel"] for name in FUNCTIONS} == {"INFO"}


def test_the_time_limits_are_handed_down() -> None:
    """gateway 30 s > Lambda 29 s > ClickHouse 25 s, whatever the parameter says."""
    seconds = TEMPLATE["Parameters"]["QuerySeconds"]
    assert seconds["Default"] == 25
    assert seconds["MaxValue"] < TEMPLATE["Globals"]["Function"]["Timeout"] < 30
    seconds = TEMPLATE["Parameters"]["JobSeconds"]
    assert seconds["Default"] == int(next(s.default for s in SETTINGS if s.variable == "JOB_SECONDS"))
    assert seconds["MaxValue"] < properties("Compute")["Timeout"]


def test_tracing_is_off_unless_asked_for() -> None:
    assert TEMPLATE["Parameters"]["Tracing"]["Default"] == "PassThrough"
    assert all(properties(name)["Tracing"] == {"Ref": "Tracing"} for name in FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_logs_go_to_a_group_of_the_function_s_own(name: str) -> None:
    assert target(properties(name)["LoggingConfig"]["LogGroup"]) == f"{name}Logs"


def test_logs_are_kept_as_long_as_the_parameter_says() -> None:
    groups = of_type("AWS::Logs::LogGroup")
    assert set(groups) == {f"{name}Logs" for name in (*FUNCTIONS, "Api")}
    assert all(group["RetentionInDays"] == {"Ref": "LogRetentionDays"} for group in groups.values())


def test_the_access_log_has_no_query_string() -> None:
    """A personal key may be in it."""
    access_log = of_type("AWS::Serverless::HttpApi")["Api"]["AccessLogSettings"]
    assert target(access_log["DestinationArn"]) == "ApiLogs"
    assert "query" not in access_log["Format"].lower()
    assert "authorization" not in access_log["Format"].lower()


def test_cors_is_left_to_the_functions() -> None:
    assert "CorsConfiguration" not in of_type("AWS::Serverless::HttpApi")["Api"]


def test_layers_are_built_for_the_runtime() -> None:
    for name, layer in of_type("AWS::Serverless::LayerVersion").items():
        assert layer["CompatibleRuntimes"] == ["python3.13"]
        assert RESOURCES[name]["Metadata"]["BuildMethod"] == "python3.13"
        assert (ROOT / layer["ContentUri"] / "requirements.txt").is_file()


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


@pytest.mark.parametrize("kind", ["Events", "Queries"])
def test_a_queue_has_dead_letters_that_outlive_its_messages(kind: str) -> None:
    queue, dead = (of_type("AWS::SQS::Queue")[name] for name in (f"{kind}Queue", f"Dead{kind}Queue"))
    assert queue["SqsManagedSseEnabled"]
    assert dead["SqsManagedSseEnabled"]
    assert target(queue["RedrivePolicy"]["deadLetterTargetArn"]) == f"Dead{kind}Queue"
    attempts = queue["VisibilityTimeout"] * queue["RedrivePolicy"]["maxReceiveCount"]
    assert attempts < queue["MessageRetentionPeriod"] < dead["MessageRetentionPeriod"]
    alarm = of_type("AWS::CloudWatch::Alarm")[f"Dead{kind}Alarm"]
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": [f"Dead{kind}Queue", "QueueName"]}}]


def test_large_answers_are_private_and_forgotten() -> None:
    bucket = RESOURCES["ResultsBucket"]["Properties"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["BucketEncryption"]
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", 8)
    assert rule["AbortIncompleteMultipartUpload"]
    (statement,) = RESOURCES["ResultsBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert [target(where) for where in statement["Resource"]] == ["ResultsBucket", "ResultsBucket"]


def test_questions_in_the_background_are_taken_one_by_one() -> None:
    """Each as long as it needs, and no more of them at once than the parameter says."""
    mapping = RESOURCES["Compute"]["Properties"]["Events"]["Queue"]["Properties"]
    assert target(mapping["Queue"]) == "QueriesQueue"
    assert (mapping["BatchSize"], mapping["FunctionResponseTypes"]) == (1, ["ReportBatchItemFailures"])
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": {"Ref": "MaxBackgroundQueries"}}
    assert of_type("AWS::SQS::Queue")["QueriesQueue"]["VisibilityTimeout"] > properties("Compute")["Timeout"]


def test_the_consumer_reports_failures_message_by_message() -> None:
    mapping = RESOURCES["Ingest"]["Properties"]["Events"]["Queue"]["Properties"]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["MaximumBatchingWindowInSeconds"] > 0, "a batch above ten messages needs a window"
    queue = of_type("AWS::SQS::Queue")["EventsQueue"]
    assert queue["VisibilityTimeout"] >= 6 * properties("Ingest")["Timeout"]


def test_a_deployer_is_told_the_address_the_tables_and_the_queues() -> None:
    state = {"PoliciesTable", "ResultsTable", "ResultsBucket", "EventsQueue", "DeadEventsQueue", "QueriesQueue"}
    assert set(TEMPLATE["Outputs"]) == {"Url", "Dashboard"} | state


def test_parameters_say_what_they_are_for() -> None:
    for name, parameter in TEMPLATE["Parameters"].items():
        assert parameter["Description"], name
    needed = [name for name, parameter in TEMPLATE["Parameters"].items() if "Default" not in parameter]
    assert needed == ["ClickHouseSecretArn"]


DEPLOY = (ROOT / "docs" / "deploy.md").read_text("utf-8")


def test_the_docs_name_every_resource() -> None:
    generic = {"AWS::Logs::LogGroup", "AWS::IAM::Role"}  # one a function
    names = [name for name, resource in RESOURCES.items() if resource["Type"] not in generic]
    assert [name for name in names if f"`{name}`" not in DEPLOY] == []


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_docs_explain_every_permission(name: str) -> None:
    explained = DEPLOY[DEPLOY.index("## Permissions") : DEPLOY.index("## Limits")]
    for where, actions in PERMISSIONS[name].items():
        for action in actions:
            word = action.partition(":")[2]
            assert f"`{word}`" in explained or action in READ | WRITE, (where, action)
