"""What `insights serve` takes: requests a second and how long they take, for 1 to 32 clients.

    make load                                  # everything, in about two minutes
    make load ARGS="--only mixed --clients 8 --seconds 30"

Starts a server of its own on a temporary folder, with demo data of a fixed size, and sends to it over the loopback
with locust: trends that are cached (everybody asks the same), trends that are not (each asks something else, and wants
it computed), captured events (in batches of ten), and all of these mixed 6 : 2 : 2. The server, its ClickHouse, its
consumer and the clients share this machine's processors. Exits with 1 when a request fails.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCENARIOS = ("cached", "uncached", "capture", "mixed")
CLIENTS = (1, 2, 4, 8, 16, 32)
SECONDS = 4.0
PERSONS = 500
_START_SECONDS = 300
# Of other settings, a limit of requests would be the figure that is measured.
_HIDDEN = ("CLICKHOUSE_", "POLICIES_", "RESULTS_", "EVENTS_", "QUERIES_", "RATE_", "AWS_")


@contextmanager
def served(folder: Path, persons: int) -> Iterator[dict[str, Any]]:
    """A server that is ready: its `url`, `project`, `token` and `key`."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_HIDDEN)}
    command = [str(Path(sys.executable).parent / "insights"), "serve", "--data-dir", str(folder / "data")]
    out, err = folder / "serve.out", folder / "serve.err"
    with out.open("wb") as said, err.open("wb") as complained:
        process = subprocess.Popen(
            [*command, "--port", "0", "--persons", str(persons)],
            stdout=said,
            stderr=complained,
            stdin=subprocess.DEVNULL,
            env=environment,
        )
    try:
        yield _address(process, out, err)
        if process.poll() is not None:
            raise SystemExit(f"the server ended: {err.read_text()[-2000:]}")
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


def _address(process: subprocess.Popen[bytes], out: Path, err: Path) -> dict[str, Any]:
    until = time.monotonic() + _START_SECONDS
    while "Ctrl-C stops." not in (text := out.read_text()):
        if process.poll() is not None or time.monotonic() > until:
            raise SystemExit(f"the server did not start: {err.read_text()[-2000:]}")
        time.sleep(0.05)
    patterns = {"url": r"http://[\d.:]+", "project": r"project id +(\d+)", "token": r"phc_\w+", "key": r"phx_\w+"}
    found = {name: re.search(pattern, text) for name, pattern in patterns.items()}
    return {name: match[match.re.groups] for name, match in found.items() if match}


def stages(address: dict[str, Any], wanted: list[tuple[str, int]], seconds: float) -> Iterator[dict[str, Any]]:
    """As they end."""
    asked = json.dumps({**address, "stages": wanted, "seconds": seconds})
    command = [sys.executable, "-m", "benchmarks.load_clients"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as clients:
        assert clients.stdin
        assert clients.stdout
        clients.stdin.write(asked)
        clients.stdin.close()
        for line in clients.stdout:
            yield json.loads(line)
    if clients.returncode:
        raise SystemExit(f"the clients ended with {clients.returncode}")


def figures(stage: dict[str, Any], seconds: float) -> dict[str, Any]:
    took = stage["took"]
    cuts = statistics.quantiles(took, n=100, method="inclusive") if len(took) > 1 else [float("nan")] * 99
    return {
        "scenario": stage["scenario"],
        "clients": stage["clients"],
        "a_second": round(len(took) / seconds, 1),
        **{f"p{percent}": round(cuts[percent - 1], 1) for percent in (50, 95, 99)},
        "errors": len(stage["errors"]),
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks load", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"of each stage (default {SECONDS:g})")
    parser.add_argument("--clients", type=int, nargs="+", default=CLIENTS, help="how many at once (default 1 to 32)")
    parser.add_argument("--only", nargs="+", choices=SCENARIOS, default=SCENARIOS, help="these scenarios")
    parser.add_argument("--persons", type=int, default=PERSONS, help=f"size of the demo data (default {PERSONS})")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures to this file")
    return parser.parse_args()


def main() -> int:
    asked = _options()
    wanted = [(scenario, clients) for scenario in asked.only for clients in asked.clients]
    results: list[dict[str, Any]] = []
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="insights-load-") as name, served(Path(name), asked.persons) as address:
        print(f"{address['url']}, demo data of {asked.persons:,} persons, {asked.seconds:g} s a stage; milliseconds\n")
        print(f"{'scenario':<10}{'clients':>8}{'requests/s':>12}{'p50':>9}{'p95':>9}{'p99':>9}{'errors':>8}")
        for stage in stages(address, wanted, asked.seconds):
            found = figures(stage, asked.seconds)
            results.append(found)
            wrong += stage["errors"]
            print(
                f"{found['scenario']:<10}{found['clients']:>8}{found['a_second']:>12.1f}"
                f"{found['p50']:>9.1f}{found['p95']:>9.1f}{found['p99']:>9.1f}{found['errors']:>8}",
                flush=True,
            )
    if asked.json:
        machine = f"{os.cpu_count()} processors, {platform.machine()}"
        asked.json.write_text(json.dumps({"machine": machine, "stages": results}, indent=2) + "\n")
    for error in sorted(set(wrong))[:10]:
        print(f"{wrong.count(error)} x {error}", file=sys.stderr)
    return 1 if wrong or len(results) < len(wanted) else 0
