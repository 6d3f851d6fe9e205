"""`make deploy`: what it runs for which environment of samconfig.toml, and that SAM understands that file."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib
from typing import Any

import pytest
from insights_engine.settings import SETTINGS
from insights_local.routes import ROOT

from tests.infra.template import TEMPLATE

CONFIG = tomllib.loads((ROOT / "samconfig.toml").read_text("utf-8"))
ENVIRONMENTS = ("dev", "prod")
SECRET = "ClickHouseSecretArn=arn:aws:secretsmanager:eu-central-1:123456789012:secret:x-AbCdEf"
SCRIPT = """
import importlib.util, json, sys, tomllib

spec = importlib.util.spec_from_file_location("deploy", sys.argv[1])
deploy = importlib.util.module_from_spec(spec)
spec.loader.exec_module(deploy)
config = tomllib.loads(sys.stdin.read())
print(json.dumps([deploy.answers(config, "dev"), deploy.steps(config, "dev")]))
"""
# What the options of `sam` are called in the file.
KNOWN = """
import json
from samcli.commands.build.command import cli as build
from samcli.commands.deploy.command import cli as deploy
from samcli.commands.validate.validate import cli as validate
from samcli.lib.config.samconfig import SamConfig

commands = {"build": build, "deploy": deploy, "validate": validate}
read = {name: {env: SamConfig(".").get_all([name], "parameters", env) for env in ("dev", "prod")} for name in commands}
known = {name: [parameter.name for parameter in command.params] for name, command in commands.items()}
print(json.dumps([read, known], default=str))
"""

# What `sam deploy --guided` looks at before it asks whether a route may be open, with "no" as the answer to nothing.
OPEN = """
import json
from samcli.commands.deploy.auth_utils import auth_per_resource
from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider

region = {"AWS::Region": "eu-central-1"}
stacks, _ = SamLocalStackProvider.get_stacks("template.yaml", global_parameter_overrides=region)
print(json.dumps([name for name, is_settled in auth_per_resource(stacks) if not is_settled]))
"""


def planned(overrides: str | list[str] | None) -> tuple[dict[str, str], list[list[str]]]:
    given = "" if overrides is None else f"parameter_overrides = {json.dumps(overrides)}"
    config = f"version = 0.1\n[dev.deploy.parameters]\nresolve_s3 = true\n{given}\n"
    command = [sys.executable, "-c", SCRIPT, str(ROOT / "tools" / "deploy.py")]
    done = subprocess.run(command, input=config, capture_output=True, text=True, check=True)
    found, steps = json.loads(done.stdout)
    return found, steps


@pytest.mark.parametrize(
    ("overrides", "architecture", "is_first"),
    [
        (None, "arm64", True),
        ("SnapStart=None", "arm64", True),
        ('ClickHouseSecretArn="" SnapStart="None"', "arm64", True),
        (f'{SECRET} Architecture="x86_64"', "x86_64", False),
        ([SECRET, "Architecture=arm64"], "arm64", False),
    ],
)
def test_it_builds_for_the_processor_and_asks_the_first_time(
    overrides: str | list[str] | None, architecture: str, is_first: bool
) -> None:
    _, (build, compiled, deploy) = planned(overrides)
    assert build == ["sam", "build", "--config-env", "dev", "--parameter-overrides", f"Architecture={architecture}"]
    assert compiled[:3] == ["python", "-m", "compileall"]
    assert deploy == ["sam", "deploy", "--config-env", "dev", *(["--guided"] if is_first else [])]


def test_answers_are_read_as_sam_saves_them() -> None:
    found, _ = planned('RateLimits="query=240/2400 default=480/4800" MailFrom="" Architecture="arm64"')
    assert found == {"RateLimits": "query=240/2400 default=480/4800", "MailFrom": "", "Architecture": "arm64"}


@pytest.mark.parametrize("arguments", [[], ["staging"], ["default"], ["dev", "prod"]])
def test_an_unknown_environment_is_refused_with_those_there_are(arguments: list[str]) -> None:
    command = [sys.executable, str(ROOT / "tools" / "deploy.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "ENV=dev|prod" in done.stderr) == (2, True)


def asked_of_sam(script: str) -> Any:
    python = ROOT / ".sam" / "bin" / "python"
    assert python.exists(), "SAM is not installed; run `make template`"
    done = subprocess.run([str(python), "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def sam() -> tuple[dict[str, Any], dict[str, list[str]]]:
    """What SAM reads for each command and environment, and the options that the command has."""
    read, known = asked_of_sam(KNOWN)
    return read, known


def test_nobody_is_asked_for_each_route_whether_it_may_be_open() -> None:
    assert asked_of_sam(OPEN) == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_sam_reads_every_value(environment: str, sam: tuple[dict[str, Any], dict[str, list[str]]]) -> None:
    read, known = sam
    shared = CONFIG[environment]["global"]["parameters"]
    for command, options in known.items():
        own = CONFIG[environment][command]["parameters"]
        assert read[command][environment] == shared | own
        assert own.keys() <= set(options), command


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_what_is_answered_already_are_values_that_the_template_takes(environment: str) -> None:
    """Also where a deployment has saved its answers in the file."""
    given = CONFIG[environment]["deploy"]["parameters"]["parameter_overrides"]
    for name, _, value in (word.partition("=") for word in shlex.split(given)):
        allowed = TEMPLATE["Parameters"][name].get("AllowedValues")
        assert allowed is None or value in map(str, allowed)


def test_the_outputs_become_the_variables_of_the_command() -> None:
    """The line of the docs, given what `aws cloudformation describe-stacks` prints."""
    (program,) = re.findall(r"awk '(.*)'\)", (ROOT / "docs" / "deploy.md").read_text("utf-8"))
    printed = "".join(f"{name}\thttps://x.test/?a#{name}\n" for name in TEMPLATE["Outputs"])
    exports = subprocess.run(["awk", program], input=printed, capture_output=True, text=True, check=True).stdout
    done = subprocess.run(["sh", "-c", f"{exports}env"], capture_output=True, text=True, check=True, env={})
    found = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert found["POLICIES_TABLE"] == "https://x.test/?a#PoliciesTable"
    beside = {"URL", "DASHBOARD", "DOMAIN_TARGET", "DEAD_EVENTS_QUEUE", "DEAD_REPORTS_QUEUE", "PWD", "_", "SHLVL"}
    assert found.keys() - beside <= {setting.variable for setting in SETTINGS}


def test_environments_are_stacks_of_their_own_and_prod_asks_before_it_changes() -> None:
    stacks = [CONFIG[name]["global"]["parameters"]["stack_name"] for name in (*ENVIRONMENTS, "default")]
    assert len(set(stacks)) == len(stacks)
    assert CONFIG["prod"]["deploy"]["parameters"]["confirm_changeset"] is True
    for name in ENVIRONMENTS:
        assert CONFIG[name]["deploy"]["parameters"]["capabilities"] == "CAPABILITY_IAM"
