"""What happens when an environment starts, before its first request: little, and nothing that a snapshot must not hold.

Counted and watched in a new interpreter, because times say little on a busy machine.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from insights_api.mounts import MOUNTS, REPORT_MOUNTS
from insights_engine.kinds import KINDS
from insights_engine.kinds import MODULES as OF_KINDS
from insights_engine.snapstart import ON_FIRST_USE
from insights_local.routes import ROOT

# What a start must not pay for before it is needed.
HEAVY = (
    *("aws_lambda_powertools", "aws_lambda_powertools.tracing", "boto3", "botocore", "chdb", "clickhouse_connect"),
    *("hogql_parser_rs", "insights_local", "lz4", "numpy", "pandas", "pyarrow", "sqlite3", "urllib3", "zstandard"),
    "pydantic.v1",  # FastAPI loads it for parameters that an endpoint declares: `request.path_params` has them for less
)
# Function -> modules that its import may load, beyond the interpreter's own. A twentieth above what it loads today.
MODULES = {
    "capture": 416,
    "compute": 460,
    "deliver": 497,
    "funnel": 470,
    "ingest": 124,
    "migrate": 48,
    "path": 470,
    "query": 474,
    "report": 376,
    "resources": 404,
    "retention": 474,
    "squash": 124,
    "timing": 444,
    "trend": 470,
}

SCRIPT = """
import json, random, socket, sys, time, uuid, os

before, seen = set(sys.modules), []

def audit(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "subprocess.Popen"):
        seen.append(event)
    elif event == "open" and "/.aws/" in str(args[0]):  # credentials
        seen.append(f"open {args[0]}")

def watch(owner, name):
    # Whoever of ours asks; the standard library reads a clock when logging is imported.
    real = getattr(owner, name)
    def watched(*args, **options):
        caller = sys._getframe(1).f_code.co_filename
        if "/insights_" in caller or "/functions/" in caller:
            seen.append(f"{owner.__name__}.{name} in {caller}")
        return real(*args, **options)
    setattr(owner, name, watched)

sys.addaudithook(audit)
for owner, names in (
    (random, ("random", "uniform", "randint", "choice", "getrandbits")),
    (time, ("time", "time_ns", "monotonic", "perf_counter")),
    (uuid, ("uuid1", "uuid4")),
    (os, ("urandom",)),
    (socket, ("gethostname",)),
):
    for name in names:
        watch(owner, name)

import app

loaded = sorted(set(sys.modules) - before)
import snapshot_restore_py
before_snapshot = snapshot_restore_py.get_before_snapshot()
hooks = [len(before_snapshot), len(snapshot_restore_py.get_after_restore())]
for function, args, options in before_snapshot:
    function(*args, **options)
connected = getattr(sys.modules.get("insights_engine.aws"), "_clients", {})
found = {"loaded": loaded, "seen": seen, "hooks": hooks, "primed": sorted(sys.modules), "clients": len(connected)}
print(json.dumps(found))
"""


def started(function: str, **variables: str) -> dict[str, Any]:
    command = [sys.executable, "-c", SCRIPT]
    folder = ROOT / "functions" / function
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=variables, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module", params=sorted(MODULES))
def function(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def test_every_function_has_a_budget() -> None:
    assert set(MODULES) == {path.parent.name for path in ROOT.glob("functions/*/app.py")}


def test_a_start_loads_no_more_than_it_may_and_asks_nobody(function: str) -> None:
    found = started(function)
    assert [name for name in HEAVY if name in found["loaded"]] == []
    assert len(found["loaded"]) <= MODULES[function], "what is new in it that the first request could load instead?"
    assert found["seen"] == []


@pytest.mark.parametrize(
    ("function", "loaders"),
    [("trend", 1), ("capture", 1), ("resources", 1 + len(MOUNTS)), ("report", 1 + len(REPORT_MOUNTS))],
)
def test_a_snapshot_holds_code_and_nothing_else(function: str, loaders: int) -> None:
    """Connections, credentials, times and random numbers would be the same in every environment made of it, and old."""
    found = started(function, AWS_LAMBDA_INITIALIZATION_TYPE="snap-start")
    assert found["hooks"] == [loaders, 1]
    assert set(ON_FIRST_USE) <= set(found["primed"])
    mounted = {"resources": MOUNTS, "report": REPORT_MOUNTS}.get(function, ())
    assert {mount.module for mount in mounted} <= set(found["primed"])
    assert (found["seen"], found["clients"]) == ([], 0)


def test_a_snapshot_has_what_answers_questions_of_every_kind() -> None:
    assert set(OF_KINDS) <= set(ON_FIRST_USE)
    for kind, row in KINDS.items():
        own = {name.rpartition(".")[2] for name in OF_KINDS if name.startswith(f"insights_engine.{row.package}.")}
        assert own == {"node", "answer", *(("legacy",) if row.older else ())}, kind


def test_elsewhere_nothing_is_loaded_ahead() -> None:
    assert started("trend", AWS_LAMBDA_INITIALIZATION_TYPE="on-demand")["hooks"] == [0, 0]
