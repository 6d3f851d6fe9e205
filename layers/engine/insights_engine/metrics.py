"""Figures for CloudWatch, as lines of the log that it reads (the embedded metric format)."""

from __future__ import annotations

NAMESPACE = "ServerlessInsights"


def count(name: str, service: str) -> None:
    """One more of `name`. The log has it at once, so that nothing has to be flushed at a request's end."""
    from aws_lambda_powertools.metrics import MetricUnit, single_metric

    with single_metric(
        name=name, unit=MetricUnit.Count, value=1, namespace=NAMESPACE, default_dimensions={"service": service}
    ):
        pass
