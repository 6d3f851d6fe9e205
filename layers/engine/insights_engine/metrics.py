"""Figures for CloudWatch, as lines of the log that it reads (the embedded metric format).

A line is written at once, so that nothing has to be flushed at a request's end. docs/observability.md has every figure.
"""

from __future__ import annotations

from typing import Literal

from insights_engine import log

NAMESPACE = "ServerlessInsights"

# Where the answer to a question came from; the metric of each is the word with a capital.
Outcome = Literal["hit", "stale", "missed", "computed", "joined", "queued", "failed"]


def count(name: str, service: str) -> None:
    """One more of `name`."""
    from aws_lambda_powertools.metrics import MetricUnit, single_metric

    with single_metric(
        name=name, unit=MetricUnit.Count, value=1, namespace=NAMESPACE, default_dimensions={"service": service}
    ):
        pass


def question(
    *,
    project_id: int,
    insight: str,
    outcome: Outcome,
    total_ms: float,
    clickhouse_ms: float = 0.0,
    rows_read: int = 0,
    bytes_read: int = 0,
    service: str | None = None,
) -> None:
    """One question, answered or not. What ClickHouse did is counted only where it did something.

    The project is no dimension: each value of one is a metric that CloudWatch charges for.
    """
    from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

    log.note(project=project_id, insight=insight, outcome=outcome)
    figures = EphemeralMetrics(namespace=NAMESPACE, service=service or log.service())
    figures.add_dimension("insight", insight)
    figures.add_metric(outcome.capitalize(), MetricUnit.Count, 1)
    figures.add_metric("TotalMs", MetricUnit.Milliseconds, round(total_ms, 1))
    if clickhouse_ms or rows_read:
        log.note(rows_read=rows_read, bytes_read=bytes_read, clickhouse_ms=round(clickhouse_ms, 1))
        figures.add_metric("ClickHouseMs", MetricUnit.Milliseconds, round(clickhouse_ms, 1))
        figures.add_metric("RowsRead", MetricUnit.Count, rows_read)
        figures.add_metric("BytesRead", MetricUnit.Bytes, bytes_read)
    for name, value in {"project": project_id, "outcome": outcome, "request_id": log.known().get("request_id")}.items():
        figures.add_metadata(name, value)
    figures.flush_metrics()


def cold_start(function: str) -> None:
    """An environment's first request: of the installation, whose share an alarm watches, and of the function."""
    from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

    figures = EphemeralMetrics(namespace=NAMESPACE, service=log.service())
    figures.add_dimensions(service=log.service(), function_name=function)
    figures.add_metric("ColdStart", MetricUnit.Count, 1)
    figures.flush_metrics()
