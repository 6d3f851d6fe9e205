"""The LifecycleQuery node -> TrendQuery."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from insights_engine.lifecycle.model import of_one_series
from insights_engine.nodes import QueryNode, common, read
from insights_engine.trend.model import TrendQuery


class LifecycleQueryNode(QueryNode):
    kind: Literal["LifecycleQuery"]
    # How the chart looks.
    lifecycle_filter: dict[str, Any] | None = Field(None, alias="lifecycleFilter")


def parse_node(node: dict[str, Any], field: str = "query") -> TrendQuery:
    """Raises ParseError for what the schema forbids and ValidationError for names that are not known."""
    return of_one_series(common(read(LifecycleQueryNode, node, field)))
