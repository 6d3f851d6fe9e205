"""A few events that queries of events are asked about, at a time that is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from insights_engine.hogql.events.answer import Events, answer
from insights_engine.hogql.events.node import parse_node

from tests.engine.asking import Asker
from tests.engine.conftest import NewAsker

NOW = datetime(2024, 5, 10, 12, 0, 0, tzinfo=UTC)
ZONE = "America/New_York"
PERSONS: list[dict[str, Any]] = [
    {
        "distinct_ids": ["ann", "ann-phone"],
        "created_at": "2024-01-01T00:00:00Z",
        "properties": {"email": "ann@example.com", "plan": "pro", "a.b": 1},
    },
    {"distinct_ids": ["bob"], "created_at": "2024-02-01T00:00:00Z", "properties": {"name": "Bob", "plan": "free"}},
    {"distinct_ids": ["eve"], "created_at": "2024-03-01T00:00:00Z", "properties": {}},
]
_ROWS: list[tuple[str, str, str, dict[str, Any]]] = [
    ("view", "ann", "2024-04-01T00:00:00Z", {"$browser": "Chrome"}),
    ("buy", "ann-phone", "2024-05-09T11:59:59Z", {"price": 5, "a.b": {"c.d": 1}}),
    ("view", "bob", "2024-05-09T12:00:00Z", {"price": 7}),
    ("buy", "bob", "2024-05-09T12:00:00.000001Z", {"price": 10, "tags": ["x"]}),
    ("view", "eve", "2024-05-10T03:59:59Z", {}),
    ("leave", "eve", "2024-05-10T11:00:00Z", {"price": 2.5}),
    ("view", "ann", "2024-05-10T12:00:04Z", {}),
    ("view", "ann", "2024-05-10T12:00:06Z", {}),
]
EVENTS = [
    {
        "uuid": f"00000000-0000-4000-8000-{number:012d}",
        "event": event,
        "distinct_id": distinct_id,
        "timestamp": at,
        "properties": properties,
    }
    for number, (event, distinct_id, at, properties) in enumerate(_ROWS, 1)
]


@dataclass(frozen=True)
class Shop:
    asker: Asker
    # The uuids of persons, by a distinct id.
    persons: dict[str, str]

    def ask(self, select: list[str], **further: Any) -> Events:
        query = parse_node({"kind": "EventsQuery", "select": select, **further})
        return answer(query, self.asker.project, self.asker.services, NOW)

    def rows(self, select: list[str], **further: Any) -> list[list[Any]]:
        found: list[list[Any]] = self.ask(select, **further).result
        return found

    def numbers(self, **further: Any) -> list[int]:
        """Of the events, in the order that is asked for; as whole events they are the same."""
        found = [str(row[1]) for row in self.rows(["timestamp", "uuid"], **further)]
        if further.get("orderBy") is None:
            assert [row[0]["uuid"] for row in self.rows(["*"], **further)] == found
        return [int(uuid[-4:]) for uuid in found]


def shop_of(new_asker: NewAsker, **settings: Any) -> Shop:
    asker = new_asker(timezone=ZONE, **settings)
    asker = Asker(asker.services, asker.id, NOW)
    asker.load(EVENTS[1:], persons=PERSONS).load(EVENTS[:1])
    asker.define("cohort", 1, filters={"properties": {"type": "AND", "values": [leaf("plan", "pro", type="person")]}})
    asker.define("action", 7, name="Sale", steps=[{"event": "buy", "properties": [leaf("price", 6, operator="gt")]}])
    asker.define("action", 8, name="In cohort", steps=[{"properties": [{"type": "cohort", "key": "id", "value": 1}]}])
    shop = Shop(asker, {})
    found = shop.rows(["distinct_id", "person_id"], after="all", before="2030-01-01")
    shop.persons.update(dict(found))
    return shop


def leaf(key: str, value: Any, **further: Any) -> dict[str, Any]:
    return {"key": key, "value": value, "operator": "exact", **further}
