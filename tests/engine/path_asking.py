"""Questions of the tests of paths: events as short rows, and either form of the request."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from insights_engine.path.answer import Paths, answer
from insights_engine.path.legacy import parse_legacy
from insights_engine.path.model import PathQuery
from insights_engine.path.node import parse_node

from tests.engine.asking import Asker
from tests.engine.conftest import NewProject
from tests.engine.retention_asking import asker_of

NOW = datetime(2024, 3, 20, 12, tzinfo=UTC)
NOTHING = {"edges": 0, "sessions": 0, "people": 0}


def query_of(*, node: dict[str, Any] | None = None, flat: dict[str, Any] | None = None) -> PathQuery:
    return parse_legacy(flat or {}) if node is None else parse_node({"kind": "PathsQuery", **node})


def ask(asker: Asker, **query: Any) -> Paths:
    return answer(query_of(**query), asker.project, asker.services, asker.now)


def world(new_project: NewProject, events: list[list[Any]], **settings: Any) -> Asker:
    """Events are (name, distinct id, moment, properties)."""
    return asker_of(new_project, events, NOW, **settings)


def edges(found: Paths) -> list[list[Any]]:
    return [[r["source"], r["target"], r["value"], r["average_conversion_time"]] for r in found.result]
