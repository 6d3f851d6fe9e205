"""Questions of the tests of funnels: events as short rows, and either form of the request."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from insights_engine.funnel.answer import Funnel, answer
from insights_engine.funnel.legacy import parse_legacy
from insights_engine.funnel.model import FunnelQuery
from insights_engine.funnel.node import parse_node

from tests.engine.asking import Asker

NOW = datetime(2024, 3, 20, 12, tzinfo=UTC)
RANGE = {"date_from": "2024-03-01", "date_to": "2024-03-10"}


def steps(*names: str | None) -> list[dict[str, Any]]:
    """Of the flat form."""
    return [{"id": name, "type": "events", "order": order} for order, name in enumerate(names)]


def series(*names: str | None) -> list[dict[str, Any]]:
    """Of a node."""
    return [{"kind": "EventsNode", "event": name} for name in names]


def query_of(*, node: dict[str, Any] | None = None, flat: dict[str, Any] | None = None) -> FunnelQuery:
    if node is not None:
        return parse_node({"kind": "FunnelsQuery", "series": series("a", "b"), "dateRange": RANGE, **node})
    return parse_legacy({"events": steps("a", "b"), **RANGE, **(flat or {})})


def ask(asker: Asker, **query: Any) -> Funnel:
    return answer(query_of(**query), asker.project, asker.services, asker.now)


def at(name: str, who: str, day: float, **properties: Any) -> dict[str, Any]:
    """An event on a day of March 2024, from 1, or at a part of it."""
    moment = datetime(2024, 3, 1, tzinfo=UTC) + timedelta(days=day - 1)
    return {"event": name, "distinct_id": who, "timestamp": moment.isoformat(), "properties": properties}


def counts(funnel: Funnel) -> Any:
    """Of each step; with a breakdown by value."""
    if funnel.result and isinstance(funnel.result[0], list):
        return {_plain(rows[0]["breakdown_value"]): [step["count"] for step in rows] for rows in funnel.result}
    return [step["count"] for step in funnel.result]


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
