"""AWS Lambda's runtime interface emulator around the functions that `sam build` made.

A function sees what it would see in Lambda: its folder, then the layers, then the runtime; nothing of the environment
that the tests run in. The folders are treated as read-only, as /var/task and /opt are.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from insights_local.routes import ROOT

BUILD = ROOT / ".aws-sam" / "build"
LAYERS = ("EngineLayer", "AclLayer", "ApiLayer")
# Beside those that all have.
MORE_LAYERS = {"Deliver": ("ReportLayer",)}
_MACHINES = {"aarch64": "arm64", "arm64": "arm64", "x86_64": "x86_64"}


class FunctionError(Exception):
    """The handler raised, or could not be loaded; the text is what the runtime says."""


def is_built() -> bool:
    return (BUILD / "template.yaml").exists()


def built_for() -> str:
    """The machine that the layer's compiled code is for."""
    names = {path.name for path in BUILD.glob("EngineLayer/python/**/*.so")}
    return "arm64" if any("aarch64" in name for name in names) else "x86_64"


def layers_of(name: str) -> tuple[str, ...]:
    """Of a function, in their order."""
    return (*LAYERS, *MORE_LAYERS.get(name, ()))


def machine() -> str:
    return _MACHINES[platform.machine()]


class Emulator:
    """One function in one environment. The runtime starts at the first call."""

    def __init__(self, name: str, scratch: Path, variables: dict[str, str], code: Path | None = None) -> None:
        """`code`: another folder than the one that was built."""
        self.name = name
        self._code = code or BUILD / name
        self._scratch = scratch
        self._variables = variables
        self._port, self._runtime_port = _free_port(), _free_port()

    def __repr__(self) -> str:
        return f"Emulator({self.name!r}, {str(self._code)!r})"

    def start(self) -> None:
        task, runtime = self._code, _runtime(self._scratch)
        paths = [task, *(BUILD / layer / "python" for layer in layers_of(self.name)), runtime]
        self.log = self._scratch / f"{self.name}.log"
        variables = {
            **self._variables,
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LAMBDA_TASK_ROOT": str(task),
            "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_LAMBDA_FUNCTION_TIMEOUT": "29",
            "AWS_REGION": "eu-central-1",
            "_HANDLER": "app.handler",
        }
        command = [
            *(str(_rie()), "--runtime-interface-emulator-address", f"127.0.0.1:{self._port}"),
            *("--runtime-api-address", f"127.0.0.1:{self._runtime_port}"),
            # The interpreter below the environment, without site-packages.
            *(str(Path(sys._base_executable).resolve()), "-S", "-m", "awslambdaric", "app.handler"),  # type: ignore[attr-defined]
        ]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(command, cwd=task, env=variables, stdout=log, stderr=log)  # noqa: S603

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()

    def processor_seconds(self) -> float:
        """What the runtime has used so far; 0 where /proc does not say so."""
        ticks, parents = 0, {self._process.pid}
        for stat in sorted(Path("/proc").glob("[0-9]*/stat"), key=lambda path: int(path.parent.name)):
            with suppress(OSError):  # it has ended meanwhile
                fields = stat.read_text().rpartition(")")[2].split()
                if int(fields[1]) in parents:
                    parents.add(int(stat.parent.name))
                    ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def wait(self) -> None:
        """Returns when the emulator listens; the runtime is not there yet."""
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", self._port), 1):
                return
            time.sleep(0.02)
        raise TimeoutError(f"{self.name}: the emulator does not listen")

    def invoke(self, event: dict[str, Any]) -> Any:
        """What the handler gives back; raises FunctionError as Lambda would report one."""
        url = f"http://127.0.0.1:{self._port}/2015-03-31/functions/function/invocations"
        answer = json.loads(_post(url, event) or b'{"errorType": "the runtime ended"}')
        if isinstance(answer, dict) and "errorType" in answer:
            raise FunctionError(f"{self.name}: {answer}\n{self.log.read_text(errors='replace')}")
        return answer


def embedded_in(folder: Path) -> dict[str, str]:
    """Variables of a function with its stores and queues in a folder, and ClickHouse where nothing listens."""
    return {
        "CLICKHOUSE_DSN": "http://default@127.0.0.1:9/insights",
        "POLICIES_TABLE": f"sqlite://{folder}/policies.db",
        "RESULTS_TABLE": f"sqlite://{folder}/results.db",
        "EVENTS_QUEUE": f"sqlite://{folder}/events.db",
        "QUERIES_QUEUE": f"sqlite://{folder}/queries.db",
        "REPORTS_QUEUE": f"sqlite://{folder}/reports.db",
        "REPORTS_BUCKET": f"file://{folder}/pictures",
        "EVENT_BUS": f"sqlite://{folder}/bus.db",
        "MAIL_OUTBOX": f"file://{folder}/mails",
        "MAIL_FROM": "reports@example.com",
    }


@contextmanager
def running(name: str, scratch: Path, variables: dict[str, str], code: Path | None = None) -> Iterator[Emulator]:
    emulator = Emulator(name, scratch, variables, code)
    emulator.start()
    try:
        yield emulator
    finally:
        emulator.stop()


def _post(url: str, event: dict[str, Any]) -> bytes:
    """Once the emulator listens."""
    request = urllib.request.Request(url, json.dumps(event).encode(), {"content-type": "application/json"})  # noqa: S310
    until = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - an address of our own
                body: bytes = answer.read()
                return body
        except urllib.error.HTTPError as error:
            return error.read()  # the runtime did not start; its body says so
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError) or time.monotonic() > until:
                raise
            time.sleep(0.02)


def _rie() -> Path:
    """It comes with aws-sam-cli, in whichever environment that is."""
    sam = shutil.which("sam")
    environments = [ROOT / ".sam", *([Path(sam).resolve().parents[1]] if sam else [])]
    for environment in environments:
        found = list(environment.glob(f"lib/python*/site-packages/samcli/local/rapid/aws-lambda-rie-{machine()}"))
        if found:
            return found[0]
    raise FileNotFoundError("aws-sam-cli is not installed: make build installs it in .sam")


def _runtime(scratch: Path) -> Path:
    """A folder with the runtime's own packages and nothing else of this environment, as /var/runtime has them."""
    folder = scratch / "runtime"
    folder.mkdir(exist_ok=True)
    for package in ("awslambdaric", "simplejson", "snapshot-restore-py"):
        installed = distribution(package)
        for name in {path.parts[0] for path in installed.files or () if path.parts[0] != ".."}:
            if not (folder / name).exists():
                (folder / name).symlink_to(Path(str(installed.locate_file(name))))
    return folder


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
