"""`make sam-local`: the built functions in containers, by `sam local start-api`, and around them all that they need.

1. ClickHouse is the embedded engine behind HTTP; DynamoDB, SQS, S3, EventBridge and Secrets Manager are moto. Both
   listen on the address by which containers reach this machine, which no other machine does.
2. The tables are made, and an organization with a project and a key, as `insights serve` does.
3. Requests run in containers. What queues, buses and schedules call runs in this process (`pollers` says why).
4. Everything is gone when it stops: moto keeps nothing, so neither does ClickHouse.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from insights_local import cloud, docker, emulator, pollers
from insights_local.event_sources import event_sources_of
from insights_local.routes import ROOT, functions_of, load_template
from insights_local.terminal import say

if TYPE_CHECKING:
    from insights_local.cloud import Cloud
    from insights_local.stack import Stack

DATABASE = "insights"
_USER = "insights"
_MAIL_FROM = "insights@example.com"
_IMAGE = "public.ecr.aws/lambda/python:3.13"
_UP_SECONDS = 120
_STOP_SECONDS = 30


@dataclass(frozen=True, slots=True)
class SamLocal:
    """`others` go to `sam local start-api` as they are."""

    port: int
    build: Path
    others: Sequence[str] = ()

    def run(self) -> int:
        """Until somebody stops it; gives back the exit code."""
        from insights_local.serve import welcome

        os.environ.setdefault("POWERTOOLS_METRICS_DISABLED", "true")
        os.environ.setdefault("LOG_LEVEL", "WARNING")
        for stop in (signal.SIGINT, signal.SIGTERM):
            signal.signal(stop, signal.default_int_handler)
        try:
            with self.running() as (stack, sam):
                outbox = stack.environment["MAIL_OUTBOX"].removeprefix("file://")
                kept = f"gone when this stops; until then mails are written to {outbox}"
                print(welcome(self.url, stack, kept), flush=True)
                return sam.wait()
        except KeyboardInterrupt:
            say("Stopped.")
            return 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def running(self) -> Iterator[tuple[Stack, subprocess.Popen[bytes]]]:
        """Raises click.ClickException, before anything starts, where something is missing."""
        sam, host = _sam(), docker.host()
        if not (self.build / "template.yaml").exists():
            raise click.ClickException(f"There is no build in {self.build}; run `make build`.")
        template = load_template(self.build / "template.yaml")
        with ExitStack() as exits:
            say(f"Starting ClickHouse and AWS's services on {host.listen}, where containers find them.")
            aws, stack, dsn = exits.enter_context(surroundings(template, self.build, host.listen, self.url))
            files = self._files(template, aws, dsn, host)
            for file in files:
                exits.callback(file.unlink, missing_ok=True)
            yield stack, exits.enter_context(self._api(self._command(sam, *files)))

    def _files(self, template: Mapping[str, Any], aws: Cloud, dsn: str, host: docker.Host) -> tuple[Path, Path]:
        """The template and the variables that sam takes, beside the template that was built, whose paths stay so.

        A variable reaches a function only where the template declares it, and none declares where AWS is: a copy does,
        which also has the parameters' values, so that `sam local invoke` can be told of these two files alone.
        """
        secret = aws.secret("insights/clickhouse", dsn.replace(f"@{host.listen}:", f"@{host.name}:"))
        values = {"ClickHouseSecretArn": secret, "Architecture": emulator.machine(), "MailFrom": _MAIL_FROM}
        endpoint = {"AWS_ENDPOINT_URL": aws.url.replace(f"//{host.listen}:", f"//{host.name}:")}
        said = {name: {**template["Parameters"][name], "Default": value} for name, value in values.items()}
        shared = template.get("Globals", {}).get("Function", {})
        declared = {**shared.get("Environment", {}).get("Variables", {}), **endpoint}
        everywhere = {"Function": {**shared, "Environment": {"Variables": declared}}}
        changed = {**template, "Parameters": {**template["Parameters"], **said}, "Globals": everywhere}
        copy, variables = (self.build / f"sam-local-{self.port}{kind}.json" for kind in ("", "-variables"))
        copy.write_text(json.dumps(changed), "utf-8")
        variables.write_text(json.dumps({name: aws.variables_of(name) for name in functions_of(template)}), "utf-8")
        return copy, variables

    def _command(self, sam: Path, copy: Path, variables: Path) -> list[str]:
        return [
            *(str(sam), "local", "start-api", "--template", str(copy), "--env-vars", str(variables)),
            *("--warm-containers", "LAZY", "--host", "127.0.0.1", "--port", str(self.port)),
            # An image that is there is not asked for again.
            *(["--skip-pull-image"] if docker.has_image(f"{_IMAGE}-{emulator.machine()}") else []),
            *self.others,
        ]

    @contextmanager
    def _api(self, command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
        """Listening. It gets its interrupt from us alone, so that it can take its containers away."""
        say("Starting sam local start-api. The first request to a function makes its container, which takes a while.")
        environment = {**os.environ, "SAM_CLI_TELEMETRY": "0", "SAM_CLI_CONTAINER_CONNECTION_TIMEOUT": "60"}
        sam = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)  # noqa: S603
        try:
            self._wait_for(sam)
            yield sam
        finally:
            sam.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                sam.wait(_STOP_SECONDS)
            if sam.poll() is None:
                sam.kill()
                sam.wait()

    def _wait_for(self, sam: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + _UP_SECONDS
        while time.monotonic() < until:
            if sam.poll() is not None:
                raise click.ClickException("sam local start-api ended; its own words stand above.")
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.1)
        raise click.ClickException(f"sam local start-api does not listen on {self.url}.")


@contextmanager
def surroundings(template: Mapping[str, Any], build: Path, listen: str, url: str) -> Iterator[tuple[Cloud, Stack, str]]:
    """All but the containers: AWS's services, a stack on them whose consumers work, and ClickHouse's DSN."""
    with ExitStack() as exits:
        scratch = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="insights-sam-local-")))
        dsn = exits.enter_context(_clickhouse(scratch, listen))
        aws = exits.enter_context(cloud.running(listen, template))
        stack = exits.enter_context(_stack(template, aws, dsn, scratch, url))
        for called in _callers(template, build, aws, stack):
            called.start()
            exits.callback(called.stop)
        yield aws, stack, dsn


@contextmanager
def _clickhouse(scratch: Path, listen: str) -> Iterator[str]:
    """Its DSN; the password is of this run."""
    from insights_local.clickhouse_http import ClickHouseProcess

    process = ClickHouseProcess(scratch / "clickhouse", {_USER: (secrets.token_urlsafe(16), {})}, listen)
    process.start()
    try:
        yield process.dsn(DATABASE, _USER)
    finally:
        process.stop()


@contextmanager
def _stack(template: Mapping[str, Any], aws: Cloud, dsn: str, scratch: Path, url: str) -> Iterator[Stack]:
    """On the same stores and queues as the containers. Nobody tells its bus anything: the events of theirs are polled.

    Nor has a delivery a request whose address it could name, so SITE_URL is said.
    """
    from insights_local.stack import Stack

    stack = Stack(scratch / "stack", clickhouse=dsn, ticks=True)
    own_bus = stack.environment["EVENT_BUS"]
    for name in functions_of(template):
        stack.environment |= aws.variables_of(name)
    stack.environment |= {"EVENT_BUS": own_bus, "SITE_URL": url}
    with stack:
        yield stack


def _callers(template: Mapping[str, Any], build: Path, aws: Cloud, stack: Stack) -> Iterator[pollers.Poller]:
    """What calls the functions that no request calls."""
    for source in event_sources_of(template, "SQS", build):
        logical_name, _ = source.properties["Queue"]["Fn::GetAtt"]
        batch = source.properties.get("BatchSize", 10)
        yield pollers.Poller(aws.physical_ids[logical_name], partial(stack.invoke, source.function), batch_size=batch)
    for source in event_sources_of(template, "EventBridgeRule", build):
        queue = aws.physical_ids[f"{source.function.name}-{source.name}"]
        yield pollers.Poller(queue, pollers.with_body(partial(stack.invoke, source.function)))


def _sam() -> Path:
    for found in (ROOT / ".sam" / "bin" / "sam", shutil.which("sam")):
        if found and Path(found).exists():
            return Path(found)
    raise click.ClickException("AWS SAM's command line is missing; `make sam-local` installs it in .sam.")


def main() -> None:
    parser = argparse.ArgumentParser(prog="make sam-local", description=__doc__.partition("\n")[0])
    parser.add_argument("--port", type=int, default=3000, help="port of the API, on 127.0.0.1")
    parser.add_argument("--build", type=Path, default=emulator.BUILD, help="folder that `sam build` wrote")
    known, others = parser.parse_known_args()
    try:
        sys.exit(SamLocal(known.port, known.build.resolve(), others).run())
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
