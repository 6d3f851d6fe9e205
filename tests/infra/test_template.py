"""The template as data: what is deployed, and how."""

from __future__ import annotations

from typing import Any

import pytest
from insights_engine.settings import SETTINGS
from insights_local.routes import ROOT, functions_of, routes_of

from tests.infra.template import (
    FUNCTIONS,
    HTTP,
    OUTSIDE,
    QUESTIONS,
    RESOURCES,
    TEMPLATE,
    of_type,
    properties,
    target,
    targets,
)


def test_the_functions_are_the_folders_of_functions() -> None:
    found = functions_of(TEMPLATE)
    assert set(found) == set(FUNCTIONS)
    for function in found.values():
        assert function.handler == "app.handler"
        assert (function.code / "app.py").is_file(), function
        assert (function.code / "requirements.txt").read_text() == "", "third-party code is in the layers"
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
        for event in RESOURCES[name]["Properties"].get("Events", {}).values():
            if event["Type"] == "HttpApi":
                assert event["Properties"].get("PayloadFormatVersion", "2.0") == "2.0"
                assert event["Properties"]["ApiId"] == {"Ref": "Api"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_runs_on_python_3_13_with_its_layers_in_time(name: str) -> None:
    found = properties(name)
    assert found["Runtime"] == "python3.13"
    more = ["ReportLayer"] if name == "Deliver" else []
    assert [target(layer) for layer in found["Layers"]] == ["EngineLayer", "AclLayer", "ApiLayer", *more]
    seconds = {"Ingest": 60, "Squash": 900, "Compute": 900, "Deliver": 300, "Migrate": 300}
    assert found["Timeout"] == seconds.get(name, 29)
    if name in (*QUESTIONS, "Compute"):
        assert found["MemorySize"] == {"Ref": "FunctionMemory"}
        assert TEMPLATE["Parameters"]["FunctionMemory"]["MinValue"] >= 512
    else:
        assert found["MemorySize"] >= 512
    assert found["Architectures"] == [{"Ref": "Architecture"}]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_asks_clickhouse_goes_into_the_vpc_and_waits_for_the_tables(name: str) -> None:
    where = {
        "SubnetIds": {"Fn::Split": [",", {"Ref": "VpcSubnetIds"}]},
        "SecurityGroupIds": {"Fn::Split": [",", {"Ref": "VpcSecurityGroupIds"}]},
    }
    inside = {"Fn::If": ["HasVpc", where, {"Ref": "AWS::NoValue"}]}
    found = RESOURCES[name]
    asks = "CLICKHOUSE_SECRET_ARN" in properties(name)["Environment"]["Variables"]
    assert asks == (name not in OUTSIDE)
    assert found["Properties"].get("VpcConfig") == (inside if asks else None)
    assert found.get("DependsOn") == ("Migration" if asks and name != "Migrate" else None)


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
    return targets(value) & set(TEMPLATE["Parameters"])


@pytest.mark.parametrize("name", HTTP)
def test_a_change_of_a_parameter_makes_a_new_version(name: str) -> None:
    """SAM compares templates before parameters are put in; CloudFormation replaces a version of another description.

    With a parameter that the function does not use, it would fail: Lambda makes no version where nothing changed.
    """
    found = properties(name)
    used = parameters_in([found[part] for part in ("Environment", "Tracing", "SnapStart", "MemorySize")])
    if "VpcConfig" in found:
        used |= {"VpcId", "VpcSubnetIds", "VpcSecurityGroupIds"}
    resource, attribute = RESOURCES[name]["Properties"]["VersionDescription"]["Fn::GetAtt"]
    assert RESOURCES[resource]["Type"] == "Custom::Digests"
    assert used == parameters_in(RESOURCES[resource]["Properties"][attribute])


def test_a_new_release_migrates_before_the_functions_that_need_it() -> None:
    migration = RESOURCES["Migration"]["Properties"]
    assert migration["Release"] == {"Ref": "EngineLayer"}, "the DDL is there"
    assert migration["ServiceToken"] == {"Fn::GetAtt": ["Migrate", "Arn"]}
    assert properties("Migrate")["Timeout"] < int(migration["ServiceTimeout"]) < 3600, "the stack waits no longer"


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


def test_links_of_reports_have_an_address_that_no_request_brings() -> None:
    chosen = properties("Deliver")["Environment"]["Variables"]["SITE_URL"]
    assert targets(chosen) == {"SiteUrl", "DomainName", "Api"}


def test_a_deployer_is_told_the_address_the_tables_and_the_queues() -> None:
    state = {"PoliciesTable", "ResultsTable", "ResultsBucket", "EventsQueue", "DeadEventsQueue", "QueriesQueue"}
    reports = {"ReportsQueue", "DeadReportsQueue", "ReportsBucket", "EventBus"}
    assert set(TEMPLATE["Outputs"]) == {"Url", "DomainTarget", "Dashboard"} | state | reports


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
