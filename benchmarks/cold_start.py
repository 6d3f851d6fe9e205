"""How long the first call of a new environment takes, of each built function, against the least that one can.

    make build && python -m benchmarks cold [--rounds 10] [--only Trend] [--report]

A call starts Lambda's runtime in AWS's emulator, on what `make build` made, bytecode included: the time is that of the
interpreter, the imports and one small request (without a key, or an empty batch). The least is FastAPI, Mangum and
Powertools' logger around one route, from the same layers. Functions take turns, in another order each round, so that a
machine's other work slows all of them alike; what counts is the ratio of the medians, by the clock and by processor
time (to a hundredth of a second). A start waits for nothing, so one that is over the limit is over it by both.
"""

from __future__ import annotations

import argparse
import compileall
import random
import statistics
import tempfile
import time
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Any

from insights_local.emulator import BUILD, embedded_in, is_built, running

LIMIT = 1.25
BARE = "(bare)"
BARE_APP = """
from aws_lambda_powertools import Logger
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from mangum import Mangum

logger = Logger(service="bare")
app = FastAPI(redirect_slashes=False, docs_url=None, redoc_url=None, openapi_url=None)

@app.get("/{path:path}")
async def answer(request: Request) -> JSONResponse:
    logger.info("request", extra={"route": request.scope["route"].path})
    return JSONResponse({"path": request.path_params["path"]})

handler = Mangum(app, lifespan="off")
"""


def request(method: str, path: str) -> dict[str, Any]:
    """API Gateway's event, payload 2.0."""
    http = {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "benchmark"}
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": "api.test"},
        "requestContext": {"http": http, "requestId": "benchmark", "stage": "$default"},
        "isBase64Encoded": False,
    }


# Squash is not here: its every call works with ClickHouse, and nobody waits for it.
CALLS = {
    BARE: request("GET", "/anything"),
    "Trend": request("GET", "/api/projects/1/insights/trend"),
    "Retention": request("GET", "/api/projects/1/insights/retention"),
    "Path": request("GET", "/api/projects/1/insights/path"),
    "Funnel": request("GET", "/api/projects/1/insights/funnel"),
    "Timing": request("GET", "/api/projects/1/insights/timing"),
    "Query": request("POST", "/api/projects/1/query"),
    "Resources": request("GET", "/api/users/@me"),
    "Capture": request("OPTIONS", "/e"),
    "Ingest": {"Records": []},
    "Compute": {"Records": []},
}


def bare(folder: Path) -> Path:
    folder.mkdir()
    (folder / "app.py").write_text(BARE_APP)
    compileall.compile_dir(folder, quiet=1, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
    return folder


def first_call(name: str, scratch: Path, code: Path) -> tuple[float, float]:
    """Milliseconds by the clock, and of a processor."""
    with running(name, scratch, embedded_in(scratch), code=code) as emulator:
        emulator.wait()  # it starts the runtime at the call
        started = time.perf_counter()
        emulator.invoke(CALLS[name])
        return (time.perf_counter() - started) * 1000, emulator.processor_seconds() * 1000


def measure(names: list[str], rounds: int) -> dict[str, list[tuple[float, float]]]:
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory(prefix="insights-cold-") as directory:
        scratch = Path(directory)
        bare_code = bare(scratch / "bare")
        order = random.Random(rounds)
        for number in range(rounds + 1):
            for name in order.sample(names, len(names)):
                spent = first_call(name, scratch, bare_code if name == BARE else BUILD / name)
                if number:  # the first fills the disk's cache
                    times[name].append(spent)
    return times


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks cold", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=10, help="environments of each function (default 10)")
    parser.add_argument("--only", default="", help="functions whose name has this text")
    parser.add_argument("--report", action="store_true", help="exit with 0 whatever the figures are")
    asked = parser.parse_args()
    if not is_built():
        parser.error("there is no build: run `make build` first")
    times = measure([name for name in CALLS if name == BARE or asked.only in name], asked.rounds)
    print(f"First call of a new environment, ms; median of {asked.rounds}; limit {LIMIT} x bare\n")
    print(f"{'function':<12}{'ms':>8}{'least':>8}{'ratio':>8}{'cpu ms':>10}{'ratio':>8}")
    least, least_processor = (statistics.median(figures) for figures in zip(*times[BARE], strict=True))
    over = 0
    for name, found in times.items():
        by_clock, processor = zip(*found, strict=True)
        ms, cpu = statistics.median(by_clock), statistics.median(processor)
        ratio, cpu_ratio = ms / least, cpu / (least_processor or 1)
        is_over = ratio > LIMIT and (cpu_ratio > LIMIT or not cpu)
        over += is_over
        verdict = "OVER" if is_over else ""
        line = f"{name:<12}{ms:>8.0f}{min(by_clock):>8.0f}{ratio:>8.2f}{cpu:>10.0f}{cpu_ratio:>8.2f}  {verdict}"
        print(line.rstrip())
    if over:
        print(f"\n{over} of {len(times) - 1} functions over the limit")
    return 1 if over and not asked.report else 0
