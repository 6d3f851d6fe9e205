"""Questions of the tests of retention: events as short rows, and either form of the request."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from insights_engine.retention.answer import Retention, answer
from insights_engine.retention.legacy import parse_legacy
from insights_engine.retention.model import RetentionQuery
from insights_engine.retention.node import parse_node

from tests.engine.asking import Asker
from tests.engine.conftest import NewProject

NOW = datetime(2024, 3, 20, 12, tzinfo=UTC)
SUMMED = {"aggregationType": "sum", "aggregationProperty": "price"}


def query_of(*, node: dict[str, Any] | None = None, flat: dict[str, Any] | None = None) -> RetentionQuery:
    return parse_legacy(flat or {}) if node is None else parse_node({"kind": "RetentionQuery", **node})


def ask(asker: Asker, **query: Any) -> Retention:
    return answer(query_of(**query), asker.project, asker.services, asker.now)


def asker_of(new_project: NewProject, events: list[list[Any]], now: datetime = NOW, **settings: Any) -> Asker:
    """Events are (name, distinct id, moment, properties)."""
    project = new_project(**{"days_timezone": settings.get("timezone", "UTC"), **settings})
    asker = Asker(project.services, project.id, now)
    asker.load(
        {"event": name, "distinct_id": who, "timestamp": at, "properties": own[0] if own else {}}
        for name, who, at, *own in events
    )
    return asker


PEOPLE = [
    ["$pageview", who, f"2024-03-{day}T10:00:00Z", {"b": b}]
    for who, day, b in [
        ("ann", 18, "x"),
        ("ann", 19, "x"),
        ("ann", 20, "y"),
        ("bob", 18, "x"),
        ("cat", 18, "y"),
        ("cat", 20, "y"),
    ]
]
