"""How long the product takes for each question, as a multiple of the least that reading its columns costs.

    python -m benchmarks queries [--events 10000000] [--only "by country"] [--json OUT] [--report]

The product is asked as the API asks it, from the filters to the series objects. It and the bare read are timed in
turns, in one process, and the best of each counts. `cpu` is the same ratio in processor time: where the machine has
other work to do, it holds better. Every answer is first compared with that of plain SQL. Exits with 1 when a question
is over its limit, or wrong.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from insights_engine.answer import Answer
from insights_engine.funnel import answer as funnel_answer
from insights_engine.funnel import legacy as funnel_legacy
from insights_engine.hogql.statements import answer as statement_answer
from insights_engine.hogql.statements import node as statement_node
from insights_engine.lifecycle import answer as lifecycle_answer
from insights_engine.lifecycle import legacy as lifecycle_legacy
from insights_engine.path import answer as path_answer
from insights_engine.path import legacy as path_legacy
from insights_engine.project import Project
from insights_engine.retention import answer as retention_answer
from insights_engine.retention import legacy as retention_legacy
from insights_engine.services import Services
from insights_engine.sql import Sql
from insights_engine.stickiness import answer as stickiness_answer
from insights_engine.stickiness import legacy as stickiness_legacy
from insights_engine.trend import answer as trend_answer
from insights_engine.trend import legacy as trend_legacy

from benchmarks.database import DEFAULT_DIRECTORY, PROJECT, Database, database
from benchmarks.questions import NOW, QUESTIONS, Question

EVENTS = 10_000_000
# Values beyond this many are one row, Other, in answers.
_OTHER = "$$_posthog_breakdown_other_$$"


@dataclass(frozen=True)
class Measured:
    """Milliseconds, best and median, and of processor time; `wrong` says how the answer differs from plain SQL's."""

    question: str
    product: float
    bare: float
    product_median: float
    bare_median: float
    product_cpu: float
    bare_cpu: float
    limit: float | None
    wrong: str | None = None

    @property
    def ratio(self) -> float:
        return self.product / self.bare

    @property
    def verdict(self) -> str:
        if self.wrong:
            return "WRONG"
        if self.limit is None:
            return ""
        return "ok" if self.ratio <= self.limit else "OVER"


Cells = Iterable[tuple[tuple[str, str], float]]


def _series(row: dict[str, Any]) -> Cells:
    """One number a day, or of stickiness one a number of days."""
    name = str(row.get("breakdown_value", row.get("status", "")))
    return (((name, str(day)), value) for day, value in zip(row["days"], row["data"], strict=True))


def _cohort(row: dict[str, Any]) -> Cells:
    return (((row["date"][:10], str(column)), cell["count"]) for column, cell in enumerate(row["values"]))


def _step(row: dict[str, Any]) -> Cells:
    return ((("", str(row["order"])), count) for count in (row["count"],))


def _edge(row: dict[str, Any]) -> Cells:
    """How often it was gone, and the mean of the milliseconds that took."""
    yield (row["source"], row["target"]), row["value"]
    yield (row["source"], f"{row['target']}, ms"), row["average_conversion_time"]


def _selected(row: list[Any]) -> Cells:
    """A statement's own columns."""
    return [((str(row[0]), str(row[1])), row[2])]


@dataclass(frozen=True)
class Kind:
    """Parser and answer of an insight, and the numbers of one row of its answer, by (row, place)."""

    parse: Callable[[dict[str, Any]], Any]
    answer: Callable[[Any, Project, Services, datetime], Answer]
    cells: Callable[[Any], Cells] = _series


# By the name that questions have.
KINDS = {
    "trend": Kind(trend_legacy.parse_legacy, trend_answer.answer),
    "lifecycle": Kind(lifecycle_legacy.parse_legacy, lifecycle_answer.answer),
    "stickiness": Kind(stickiness_legacy.parse_legacy, stickiness_answer.answer),
    "retention": Kind(retention_legacy.parse_legacy, retention_answer.answer, _cohort),
    "funnel": Kind(funnel_legacy.parse_legacy, funnel_answer.answer, _step),
    "hogql": Kind(statement_node.parse_node, statement_answer.answer, _selected),
    "path": Kind(path_legacy.parse_legacy, path_answer.answer, _edge),
}


def ask(question: Question, services: Services) -> Answer:
    kind = KINDS[question.kind]
    return kind.answer(kind.parse(question.asks), PROJECT, services, NOW)


def difference(question: Question, services: Services) -> str | None:
    """How the answer differs from that of plain SQL, which knows of no limit on the values."""
    cells = KINDS[question.kind].cells
    found = {key: float(number) for row in ask(question, services).result for key, number in cells(row)}
    shown = {value for value, _ in found}
    expected = dict.fromkeys(found, 0.0)
    for value, place, number in services.clickhouse.admin_read(Sql.of((question.check,))).rows:
        key = (value if value in shown else _OTHER, str(place))
        expected[key] = expected.get(key, 0.0) + float(number)
    wrong = [key for key, value in expected.items() if not math.isclose(value, found.get(key, math.nan), rel_tol=1e-9)]
    if not wrong:
        return None
    first = wrong[0]
    return f"{len(wrong)} of {len(expected)} values; {first}: {found.get(first)} instead of {expected[first]}"


def measure(question: Question, services: Services, rounds: int) -> Measured:
    wrong = difference(question, services)
    bare = Sql.of((question.bare,))
    product, read = [], []
    for _ in range(rounds):
        product.append(_milliseconds(lambda: ask(question, services)))
        read.append(_milliseconds(lambda: services.clickhouse.read(bare, project_id=PROJECT.id)))
    return Measured(
        question=question.name,
        product=min(wall for wall, _ in product),
        bare=min(wall for wall, _ in read),
        product_median=statistics.median(wall for wall, _ in product),
        bare_median=statistics.median(wall for wall, _ in read),
        product_cpu=min(cpu for _, cpu in product),
        bare_cpu=min(cpu for _, cpu in read),
        limit=question.limit,
        wrong=wrong,
    )


def _milliseconds(run: Callable[[], object]) -> tuple[float, float]:
    """By the clock, and of this process's processors: embedded ClickHouse's threads are in it."""
    started, used = time.perf_counter(), time.process_time()
    run()
    return (time.perf_counter() - started) * 1000, (time.process_time() - used) * 1000


def _row(found: Measured) -> str:
    limit = "" if found.limit is None else f"{found.limit:.2f}"
    return (
        f"{found.question:<40}{found.product:>10.1f}{found.bare:>9.1f}{found.ratio:>7.2f}{limit:>7}"
        f"{found.product_cpu / found.bare_cpu:>7.2f}  {found.verdict:<5}" + (f"  {found.wrong}" if found.wrong else "")
    )


def _report(base: Database, results: list[Measured]) -> dict[str, Any]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{os.cpu_count()} processors, {platform.machine()}",
        "database": base.facts,
        "questions": [
            {**{name: _short(value) for name, value in asdict(found).items()}, "ratio": round(found.ratio, 3)}
            for found in results
        ],
    }


def _short(value: Any) -> Any:
    return round(value, 3) if isinstance(value, float) else value


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks queries", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=EVENTS, help=f"how many to make (default {EVENTS:,})")
    parser.add_argument("--data-dir", type=Path, default=DEFAULT_DIRECTORY, help="where databases are kept")
    parser.add_argument("--rounds", type=int, default=15, help="how often each is timed (default 15)")
    parser.add_argument("--only", default="", help="questions whose name has this text")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures to this file")
    parser.add_argument("--report", action="store_true", help="exit with 0 whatever the figures are")
    asked = parser.parse_args()
    base = database(asked.events, asked.data_dir)
    print(
        f"{base.facts['events']:,} events of {base.facts['persons']:,} persons; milliseconds, best of {asked.rounds}\n"
    )
    print(f"{'question':<40}{'product':>10}{'bare':>9}{'ratio':>7}{'limit':>7}{'cpu':>7}")
    results = []
    for question in QUESTIONS:
        if asked.only in question.name:
            results.append(measure(question, base.services, asked.rounds))
            print(_row(results[-1]), flush=True)
    if asked.json:
        asked.json.write_text(json.dumps(_report(base, results), indent=2) + "\n")
    failed = sum(found.verdict in ("OVER", "WRONG") for found in results)
    if failed:
        print(f"\n{failed} of {len(results)} questions over the limit or wrong")
    return 1 if failed and not asked.report else 0
