"""`make fuzz`: many mutated statements against two projects in one database, and what was seen.

    python -m tests.api.fuzz --number 20000 --seed 1 --processes 2 [--compare]

`--compare` asks what was answered once more of a database without the other project: the answers are to be the same.
A process that says nothing for a minute, or dies, is a fault of the statement that it had at hand.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

_QUIET = {"LOG_LEVEL": "CRITICAL", "POWERTOOLS_METRICS_DISABLED": "true"}
# What a request has, and what is waited for one that does not come back.
_DEADLINE, _PATIENCE = 30.0, 60.0
_SLOWEST = 5


def work(folder: str, seed: int, first: int, number: int, compare: bool) -> None:
    """One process's part; what it saw is in the folder, as it goes on."""
    from insights_local.stack import Stack

    from tests.api.oracle import Oracle
    from tests.api.shop import Shop
    from tests.api.statements import Mutator

    at_hand, mutator = Path(folder, f"{first}.now"), Mutator(seed * 1_000_003 + first)
    seen: dict[str, Any] = {"statuses": Counter[str](), "faults": [], "slow": [], "differ": []}
    with Stack() as stack, Stack() as alone, asyncio.Runner() as runner:
        oracle, other = Oracle(Shop.of(stack), runner), Oracle(Shop.of(alone, neighbour=False), runner)
        for place in range(number):
            node = mutator.next()
            at_hand.write_text(json.dumps(node), "utf-8")
            answer, seconds = oracle.ask(node)
            seen["statuses"][str(answer.status)] += 1
            seen["slow"] = sorted([*seen["slow"], (round(seconds, 3), json.dumps(node)[:2000])], reverse=True)[
                :_SLOWEST
            ]
            fault = oracle.fault(node, answer) or (f"{seconds:.0f} s" if seconds > _DEADLINE else None)
            if fault:
                seen["faults"].append((fault, node))
            elif compare and answer.status == 200 and (ours := _rows(answer)) != (rows := _rows(other.ask(node)[0])):
                seen["differ"].append((node, str(ours)[:500], str(rows)[:500]))
            if fault or place % 100 == 0 or place == number - 1:
                Path(folder, f"{first}.seen").write_text(json.dumps(seen), "utf-8")


def _rows(answer: Any) -> Any:
    """In no order, also within: without ORDER BY they have none. Of a part of the rows nothing can be said."""
    body = answer.json()
    return None if body.get("hasMore") or answer.status != 200 else _unordered(body["results"])


def _unordered(value: Any) -> Any:
    return sorted((_unordered(one) for one in value), key=repr) if isinstance(value, list) else value


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--number", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--compare", action="store_true")
    asked = parser.parse_args()
    os.environ.update(_QUIET)
    each = -(-asked.number // asked.processes)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        lost = _run(folder, asked, each)
        seen = [json.loads(path.read_text("utf-8")) for path in Path(folder).glob("*.seen")]
    return _report(seen, lost, time.monotonic() - started)


def _run(folder: str, asked: argparse.Namespace, each: int) -> list[str]:
    """Statements at which a process hung or died."""
    context = multiprocessing.get_context("spawn")  # a fork with ClickHouse open would hang
    jobs = {
        first: context.Process(target=work, args=(folder, asked.seed, first, each, asked.compare))
        for first in range(asked.processes)
    }
    for job in jobs.values():
        job.start()
    lost, begun = [], time.time()
    while any(job.is_alive() for job in jobs.values()):
        time.sleep(0.5)
        for first, job in jobs.items():
            at_hand = Path(folder, f"{first}.now")
            moved = at_hand.stat().st_mtime if at_hand.exists() else begun
            if job.is_alive() and time.time() - moved > _PATIENCE:
                job.kill()
    for first, job in jobs.items():
        job.join()
        if job.exitcode:
            at_hand = Path(folder, f"{first}.now")
            lost.append(f"exit {job.exitcode}: {at_hand.read_text('utf-8') if at_hand.exists() else 'at the start'}")
    return lost


def _report(seen: list[dict[str, Any]], lost: list[str], seconds: float) -> int:
    statuses = sum((Counter(one["statuses"]) for one in seen), Counter[str]())
    print(f"{sum(statuses.values())} statements in {seconds:.0f} s: {dict(sorted(statuses.items()))}")
    for took, node in sorted((slow for one in seen for slow in one["slow"]), reverse=True)[:_SLOWEST]:
        print(f"{took:8.3f} s  {node[:300]}")
    faults = [fault for one in seen for fault in one["faults"]]
    for fault, node in faults:
        print(f"FAULT {fault}\n      {json.dumps(node)}")
    for node, ours, theirs in (differing for one in seen for differing in one["differ"]):
        print(f"DIFFERS {json.dumps(node)}\n      {ours}\n      {theirs}")
    for statement in lost:
        print(f"LOST {statement}")
    return 1 if faults or lost else 0


if __name__ == "__main__":
    sys.exit(main())
