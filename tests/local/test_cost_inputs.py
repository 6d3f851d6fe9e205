"""What `insights cost` computes from: DynamoDB's units counted at the real thing, measures as the docs have them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from insights_engine.queue.sqlite import SqliteQueue
from insights_local.cost_inputs import MEASURES, QUESTIONS, UNITS
from insights_local.demo import load_demo
from insights_local.posthog.api import InProcess
from insights_local.stack import Stack

from tests.conftest import poll
from tests.local.counting_store import CountingStore

DOCS = Path(__file__).parents[2] / "docs"
MEASURE = {row.name: row.value for row in MEASURES}
UNIT = {row.name: row for row in UNITS}
QUERY = {
    "kind": "TrendsQuery",
    "series": [{"kind": "EventsNode", "event": "$pageview", "math": "dau"}],
    "dateRange": {"date_from": "-30d"},
    "breakdownFilter": {"breakdown": "$browser", "breakdown_type": "event"},
}


class Counted:
    """A stack whose stores count, with persons and events in it."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.stores = tuple(CountingStore(store) for store in (stack.services.policies, stack.services.results))
        vars(stack.services)["policies"], vars(stack.services)["results"] = self.stores
        load_demo(stack.services, stack.project_id, now=datetime.now(UTC), persons=30)
        headers = {"Authorization": f"Bearer {stack.admin_key}"}
        self._client = httpx.Client(transport=InProcess(stack.app), base_url="http://localhost", headers=headers)

    def of(self, work: Callable[[], Any]) -> tuple[int, int, int]:
        """(reads, writes, calls) of both tables together."""
        for store in self.stores:
            store.units.take()
        work()
        first, second = (store.units.take() for store in self.stores)
        return first[0] + second[0], first[1] + second[1], first[2] + second[2]

    def capture(self, *events: dict[str, Any]) -> None:
        at = datetime.now(UTC).isoformat()
        batch = [{"event": "e", "timestamp": at, "properties": {"n": n}, **one} for n, one in enumerate(events)]
        answer = self._client.post("/batch/", json={"api_key": self.stack.project_token, "batch": batch})
        assert answer.status_code == 200, answer.text
        self.stack.drain()

    def report(self) -> None:
        """Returns when the message is on its way and its delivery is noted."""
        base = f"/api/projects/{self.stack.project_id}"
        saved = self._client.post(f"{base}/insights/", json={"name": "Visitors", "query": QUERY})
        subscription = {
            **{"insight": saved.json()["id"], "target_type": "email", "target_value": "ann@example.com"},
            **{"frequency": "daily", "start_date": "2026-01-01T09:00:00Z"},
        }
        for store in self.stores:
            store.units.take()
        made = self._client.post(f"{base}/subscriptions/", json=subscription)
        assert made.status_code == 201, made.text
        reports = self.stack.services.reports
        assert isinstance(reports, SqliteQueue)
        poll(lambda: not reports.depth())

    def ask(self, refresh: str = "blocking") -> bool:
        answer = self._client.post(
            f"/api/projects/{self.stack.project_id}/query/", json={"query": QUERY, "refresh": refresh}
        )
        assert answer.status_code == 200, answer.text
        return bool(answer.json()["is_cached"])


@pytest.fixture(scope="module")
def counted() -> Iterator[Counted]:
    with Stack() as stack:
        yield Counted(stack)


def expected(name: str) -> tuple[int, int, int]:
    return UNIT[name].reads, UNIT[name].writes, UNIT[name].calls


def test_units_of_what_is_captured(counted: Counted) -> None:
    counted.capture({"distinct_id": "first"})  # an environment reads the project once
    message, person, merge = expected("message"), expected("person"), expected("merge")
    assert counted.of(lambda: counted.capture(*[{"distinct_id": "first"}] * 10)) == message
    assert counted.of(lambda: counted.capture({"distinct_id": "visitor"})) == person
    counted.capture({"distinct_id": "user"})
    identify = {"event": "$identify", "distinct_id": "user", "properties": {"$anon_distinct_id": "visitor"}}
    assert counted.of(lambda: counted.capture(identify)) == merge


def test_units_of_what_is_asked(counted: Counted) -> None:
    counted.ask()
    assert counted.ask()
    assert counted.of(lambda: counted.ask()) == expected("cached")
    assert counted.of(lambda: counted.ask("force_blocking")) == expected("computed")


def test_units_of_looking_for_reports(counted: Counted) -> None:
    assert counted.of(counted.stack.tick) == expected("tick")


def test_units_of_a_report_are_no_more_than_said(counted: Counted) -> None:
    """The first one of a new subscription, with what making that takes."""
    reads, writes, calls = counted.of(counted.report)
    report = UNIT["report"]
    assert report.reads / 2 <= reads <= report.reads
    assert report.writes / 2 <= writes <= report.writes
    assert report.calls / 2 <= calls <= report.calls


PERFORMANCE = (DOCS / "performance.md").read_text("utf-8")
SAID: list[tuple[str, float]] = [
    *((rf"\| {re.escape(question.name)} \| (\d+) \|", question.ms) for question in QUESTIONS),
    (r"\| capture \| 1 \| \d+ \| ([\d.]+) \|", MEASURE["capture_ms"]),
    (r"(\d+) µs of\s+processor time each", MEASURE["event_us"]),
    (r"\| trend, cached \| 2 kB \| ([\d.]+) \|", MEASURE["cached_ms"]),
    (r"\| trend by breakdown, computed \| 11 kB \| ([\d.]+) \|", MEASURE["computed_ms"]),
    (r"500,000 persons, (\d+) bytes an event", MEASURE["event_bytes"]),
]


@pytest.mark.parametrize(("pattern", "value"), SAID, ids=lambda value: str(value)[:40])
def test_measures_are_those_of_the_page_on_performance(pattern: str, value: float) -> None:
    found = re.search(pattern, PERFORMANCE)
    assert found, pattern
    assert float(found[1]) == value
