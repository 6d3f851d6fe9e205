"""What an answer cost in ClickHouse, and with `?explain=true` how it came about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastapi import Request
    from insights_engine.answer import Answer
    from insights_engine.clickhouse import Cost


def what_it_took(found: Answer, request: Request) -> dict[str, Any]:
    """Of an answer that is never kept."""
    took = what_it_cost(found.total_cost)
    return took | {"explain": explanation(found)} if wants_explanation(request) else took


def wants_explanation(request: Request) -> bool:
    """`?explain=true`: the statements that gave the answer, and why."""
    return request.query_params.get("explain", "").lower() in ("true", "1")


def what_it_cost(cost: Cost) -> dict[str, Any]:
    return {
        "timings": [{"k": "clickhouse", "t": round(cost.milliseconds / 1000, 6)}],
        "query_cost": {
            "rows_read": cost.rows_read,
            "bytes_read": cost.bytes_read,
            "clickhouse_ms": cost.milliseconds,
        },
    }


def explanation(found: Answer) -> dict[str, Any]:
    """The statements that gave the answer, and why there are two where there are."""
    explain: dict[str, Any] = {
        "sql": found.sql.text,
        "parameters": found.sql.params,
        "resolved_date_range": found.resolved_date_range,
        "applied_filters": found.applied_filters,
    }
    if found.before is not None:
        first = {"sql": found.before.sql.text, "parameters": found.before.sql.params, "why": found.before.why}
        explain["ran_before"] = [first]
    return explain
