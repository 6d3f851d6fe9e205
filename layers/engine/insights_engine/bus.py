"""The bus of events that say what has happened here: one method, two adapters (EventBridge, an embedded queue).

An event is told after what it tells of is stored, and nothing depends on it but reports that run on it: where the bus
does not answer, that is logged, and what was stored stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import uuid4

import orjson

SOURCE = "insights"


class EventBus(Protocol):
    def tell(self, name: str, detail: Mapping[str, Any]) -> None:
        """`name` is the event's detail-type. Never raises."""
        ...


def open_bus(name: str) -> EventBus:
    """`sqlite:///path` is the embedded one, a name that of a bus in EventBridge; with none nobody is told."""
    if not name:
        return _Nobody()
    if name.startswith("sqlite://"):
        return _EmbeddedBus(name)
    return _EventBridge(name)


class _Nobody:
    def tell(self, name: str, detail: Mapping[str, Any]) -> None:
        """There is no bus."""


class _EmbeddedBus:
    """A queue, whose messages are events as EventBridge delivers them."""

    def __init__(self, url: str) -> None:
        from insights_engine.queue import open_queue

        self._queue = open_queue(url)

    def tell(self, name: str, detail: Mapping[str, Any]) -> None:
        from insights_engine.queue import QueueUnavailable

        at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        event = {"id": str(uuid4()), "time": at, "source": SOURCE, "detail-type": name, "detail": detail}
        try:
            self._queue.send([orjson.dumps(event).decode()])
        except QueueUnavailable as error:
            _not_told(name, error)


class _EventBridge:
    def __init__(self, name: str) -> None:
        self._name = name

    def tell(self, name: str, detail: Mapping[str, Any]) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        from insights_engine import aws

        entry = {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": name,
            "Detail": orjson.dumps(detail).decode(),
        }
        try:
            answer = aws.client("events").put_events(Entries=[entry])
        except (BotoCoreError, ClientError) as error:
            _not_told(name, error)
            return
        if answer["FailedEntryCount"]:
            _not_told(name, answer["Entries"][0].get("ErrorCode"))


def _not_told(name: str, reason: object) -> None:
    from insights_engine.log import logger

    logger().warning("the event bus was not told", extra={"event": name, "reason": str(reason)})
