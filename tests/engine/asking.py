"""Questions of tests: load events into a project of one's own, and ask in either form of the request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from insights_engine import keys
from insights_engine.answer import Answer
from insights_engine.ingest.bulk import load
from insights_engine.project import Project
from insights_engine.services import Services
from insights_engine.trend.answer import answer
from insights_engine.trend.legacy import parse_legacy
from insights_engine.trend.node import parse_node

NOW = datetime(2020, 1, 4, 13, 0, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Asker:
    services: Services
    id: int
    now: datetime = NOW

    @property
    def project(self) -> Project:
        item = self.services.policies.get(*keys.project(self.id))
        assert item is not None
        return Project.from_item(item)

    def change(self, **settings: Any) -> None:
        item = self.services.policies.get(*keys.project(self.id))
        assert item is not None
        self.services.policies.put({**item, **settings})

    def load(self, events: Iterable[Mapping[str, Any]], **further: Any) -> Asker:
        load(self.services, self.id, events=events, now=self.now, **further)
        return self

    def define(self, kind: str, number: int, **values: Any) -> int:
        """A cohort or an action, as the API stores it."""
        pk, sk = {"cohort": keys.cohort, "action": keys.action}[kind](self.id, number)
        self.services.policies.put({"pk": pk, "sk": sk, "id": number, **values})
        return number

    def legacy(self, *, now: datetime | None = None, **filters: Any) -> list[dict[str, Any]]:
        return answer(parse_legacy(filters), self.project, self.services, now or self.now).result

    def node(self, *, now: datetime | None = None, **node: Any) -> list[dict[str, Any]]:
        return self.trend(now=now, **node).result

    def trend(self, *, now: datetime | None = None, **node: Any) -> Answer:
        query = parse_node({"kind": "TrendsQuery", **node})
        return answer(query, self.project, self.services, now or self.now)


def event(
    name: str = "e", distinct_id: str = "p", at: str = "2020-01-02T10:00:00Z", **properties: Any
) -> dict[str, Any]:
    return {"event": name, "distinct_id": distinct_id, "timestamp": at, "properties": properties}


def series(event: str | None = "e", **further: Any) -> dict[str, Any]:
    return {"kind": "EventsNode", "event": event, **further}


def rows(result: list[dict[str, Any]]) -> list[tuple[Any, Any]]:
    """(breakdown value, data or total) of each row."""
    return [(row.get("breakdown_value"), row.get("aggregated_value", row["data"])) for row in result]


def data(result: list[dict[str, Any]]) -> Any:
    """Of the one row that there is."""
    (row,) = result
    return row.get("aggregated_value", row["data"])
