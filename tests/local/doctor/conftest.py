"""`insights doctor` on a stack of the test's own, with variables changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

import pytest
from insights_local import doctor
from insights_local.doctor.findings import Finding
from insights_local.stack import Stack

Diagnose = Callable[..., dict[str, Finding]]
NAMES = (
    *("CLICKHOUSE_DSN", "CLICKHOUSE_SECRET_ARN", "POLICIES_TABLE", "RESULTS_TABLE", "RESULTS_BUCKET"),
    *("EVENTS_QUEUE", "QUERIES_QUEUE", "REPORTS_QUEUE", "REPORTS_BUCKET", "EVENT_BUS", "MAIL_FROM", "MAIL_OUTBOX"),
    *("DELIVERY_BUCKETS", "QUERY_SECONDS"),
)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """With a few events, so that there is a project to ask about."""
    with Stack() as stack:
        at = stack.services.now() - timedelta(days=2)
        events = [{"event": "paid", "distinct_id": f"p{n}", "timestamp": at.isoformat()} for n in range(20)]
        stack.load(stack.project_id, events=events)
        yield stack


@pytest.fixture
def diagnose(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Diagnose:
    """The findings by subject, of the stack's environment with some variables changed."""

    def diagnose(seconds: float = 20, project_id: int | None = None, **variables: str) -> dict[str, Finding]:
        for name in NAMES:
            monkeypatch.delenv(name, raising=False)
        for name, value in {**stack.environment, **variables}.items():
            monkeypatch.setenv(name, value)
        return {finding.subject: finding for finding in doctor.examine(None, project_id, seconds=seconds)}

    return diagnose


def bad(findings: Mapping[str, Finding]) -> dict[str, str]:
    return {subject: finding.level for subject, finding in findings.items() if finding.level in ("warning", "problem")}
