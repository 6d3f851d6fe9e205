"""What a warm function takes beside ClickHouse, and what a cached answer takes in all.

    python -m benchmarks overhead [--rounds 200] [--report]

Calls the functions' Lambda handlers in this process, with API Gateway's events, over the embedded ClickHouse and the
embedded stores. `ms` is the time of the whole call less what its answer says of ClickHouse (`query_cost`): parsing the
event, the key, access, the question, its statement, shaping, JSON, and the cache. Both limits are on the median; the
kinds of request take turns. Exits with 1 when one is over its limit.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import json
import os
import statistics
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from insights_local.demo import load_demo
from insights_local.gateway import event_of
from insights_local.routes import load_template, routes_of
from insights_local.stack import Stack

LIMIT_MS = 5.0
PERSONS = 300
ROUNDS = 200
_PAGE_VIEWS = {"kind": "EventsNode", "event": "$pageview", "math": "dau"}
_TREND = {"kind": "TrendsQuery", "series": [_PAGE_VIEWS], "dateRange": {"date_from": "-30d"}}
_BY_BROWSER = _TREND | {"breakdownFilter": {"breakdown": "$browser", "breakdown_type": "event"}}
# The hours of 30 days, for 25 values and the others.
_LARGE = _TREND | {
    "interval": "hour",
    "dateRange": {"date_from": "-29d"},
    "breakdownFilter": {"breakdown": "$current_url", "breakdown_type": "event"},
}


@dataclass(frozen=True)
class Case:
    """`cached`: the answer must say so, and ClickHouse is not asked."""

    name: str
    method: str
    path: str
    body: Any = None
    cached: bool = False
    refresh: str | None = None


def cases(saved: str) -> tuple[Case, ...]:
    fresh = "force_blocking"
    return (
        Case("trend, computed", "POST", "insights/trend/", {"query": _TREND}, refresh=fresh),
        Case("trend by breakdown, computed", "POST", "insights/trend/", {"query": _BY_BROWSER}, refresh=fresh),
        Case("trend, cached", "POST", "insights/trend/", {"query": _TREND}, cached=True),
        Case("trend of 1 MB, cached", "POST", "insights/trend/", {"query": _LARGE}, cached=True),
        Case("saved insight, cached", "GET", f"insights/{saved}/", cached=True),
        Case("POST /query, cached", "POST", "query/", {"query": _TREND}, cached=True),
    )


class Functions:
    """Requests to the functions of a stack, by its own key."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._routes = routes_of(load_template())

    def call(self, case: Case) -> Callable[[], Any]:
        """What makes the call, again and again; everything that API Gateway does is done before."""
        path = f"/api/projects/{self._stack.project_id}/{case.path}"
        match = self._routes.match(case.method, path)
        assert match is not None
        body = json.dumps(case.body).encode() if case.body is not None else b""
        headers = {"authorization": f"Bearer {self._stack.admin_key}", "host": "localhost:8000"}
        if body:
            headers["content-type"] = "application/json"
        query = urlencode({"refresh": case.refresh}) if case.refresh else ""
        scope = {"method": case.method, "path": path, "query_string": query.encode(), "headers": [], "scheme": "http"}
        event = event_of(scope, headers, body, match, datetime.now(UTC))
        return lambda: self._stack.invoke(match.route.function, event)


def content(answer: dict[str, Any]) -> bytes:
    raw = base64.b64decode(answer["body"]) if answer.get("isBase64Encoded") else answer["body"].encode()
    return gzip.decompress(raw) if answer["headers"].get("content-encoding") == "gzip" else raw


def checked(case: Case, answer: dict[str, Any]) -> dict[str, Any]:
    """The answer's body. Raises RuntimeError for one that is not what the case is about."""
    raw = content(answer)
    if answer["statusCode"] not in (200, 201):
        raise RuntimeError(f"{case.name}: {answer['statusCode']} {raw[:500]!r}")
    found: dict[str, Any] = json.loads(raw)
    if found.get("is_cached") is not case.cached:
        raise RuntimeError(f"{case.name}: is_cached is {found.get('is_cached')}")
    return found


def once(case: Case, run: Callable[[], Any]) -> tuple[float, float]:
    """Milliseconds of the function's own, and of all."""
    started = time.perf_counter()
    answer = run()
    total = (time.perf_counter() - started) * 1000
    found = checked(case, answer)
    return total - (0.0 if case.cached else found["query_cost"]["clickhouse_ms"]), total


def saved_insight(stack: Stack, functions: Functions) -> str:
    case = Case("saved insight", "POST", "insights/", {"name": "Visitors", "query": _BY_BROWSER})
    return str(json.loads(content(functions.call(case)()))["short_id"])


def measure(stack: Stack, rounds: int) -> list[dict[str, Any]]:
    functions = Functions(stack)
    runs = [(case, functions.call(case)) for case in cases(saved_insight(stack, functions))]
    sizes = {}
    for case, run in runs:
        run()  # loads what the function needs, and fills the cache
        sizes[case.name] = len(content(run()))
    took: dict[str, list[tuple[float, float]]] = {case.name: [] for case, _ in runs}
    for _ in range(rounds):
        for case, run in runs:
            took[case.name].append(once(case, run))
    return [
        {
            "case": case.name,
            "bytes": sizes[case.name],
            "p50": statistics.median(own for own, _ in took[case.name]),
            "p95": statistics.quantiles((own for own, _ in took[case.name]), n=20)[18],
            "total_p50": statistics.median(total for _, total in took[case.name]),
        }
        for case, _ in runs
    ]


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks overhead", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"how often each is timed (default {ROUNDS})")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures to this file")
    parser.add_argument("--report", action="store_true", help="exit with 0 whatever the figures are")
    asked = parser.parse_args()
    with Stack() as stack:
        load_demo(stack.services, stack.project_id, now=stack.services.now(), persons=PERSONS)
        # What a function logs is part of its time, but nothing to read here.
        with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
            results = measure(stack, asked.rounds)
    print(f"{'request':<32}{'answer, kB':>11}{'p50, ms':>9}{'p95':>8}{'limit':>7}{'with ClickHouse':>17}")
    for found in results:
        over = "  OVER" if found["p50"] > LIMIT_MS else ""
        print(
            f"{found['case']:<32}{found['bytes'] / 1000:>11.1f}{found['p50']:>9.2f}{found['p95']:>8.2f}"
            f"{LIMIT_MS:>7.1f}{found['total_p50']:>17.2f}{over}"
        )
    if asked.json:
        asked.json.write_text(json.dumps(results, indent=2) + "\n")
    return 1 if any(found["p50"] > LIMIT_MS for found in results) and not asked.report else 0
