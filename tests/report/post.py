"""Subscriptions whose messages a test brings to the worker itself, at times of its own choosing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import time_machine
from insights_api import agenda
from insights_engine.queue.sqlite import SqliteQueue
from insights_local.consumer import sqs_event
from insights_local.stack import Stack

from tests.api.boards import Office, made, read
from tests.api.world import World

SITE = "https://insights.example.com"
# A Monday in the far future, where nothing else is due, and no clock of a store has come to.
MONDAY = datetime(2101, 3, 7, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass
class Post:
    """One project. `at` is the time that the functions see."""

    office: Office
    at: datetime = MONDAY
    _seen: set[str] = field(default_factory=set)

    @property
    def stack(self) -> Stack:
        return self.office.world.stack

    @contextmanager
    def clock(self) -> Iterator[None]:
        with time_machine.travel(self.at, tick=False):
            yield

    def subscribe(self, of: dict[str, Any] | None = None, by: str = "maker", **body: Any) -> dict[str, Any]:
        """Weekly, on Mondays at nine; its first report, which comes at once, is on its way."""
        about = {"insight": of["id"]} if of else {}
        start = (self.at - timedelta(days=7)).isoformat()
        rule = {"frequency": "weekly", "byweekday": ["monday"], "start_date": start}
        where = {"target_type": "email", "target_value": "ada@example.com"}
        with self.clock():
            return made(self.office.api(by)("POST", "subscriptions", json={**rule, **where, **about, **body}))

    def end(self) -> None:
        """Nothing of its project is ever due again: no subscription, and no delivery that a test left on its way."""
        for one in read(self.office.api("admin")("GET", "subscriptions"))["results"]:
            self.office.api("admin")("PATCH", f"subscriptions/{one['id']}", json={"deleted": True})
        store, project_id = self.stack.services.policies, self.office.project.project.id
        for entry in [*agenda.due(store, datetime.max.replace(tzinfo=UTC))]:
            if entry.project_id == project_id:
                store.delete(*entry.key)
        self.messages()

    def change(self, subscription: dict[str, Any], **body: Any) -> dict[str, Any]:
        with self.clock():
            return read(self.office.api()("PATCH", f"subscriptions/{subscription['id']}", json=body))

    def wait(self, time: timedelta) -> None:
        self.at += time

    def tick(self) -> int:
        with self.clock():
            sent: int = self.stack.tick()["sent"]
            return sent

    def messages(self) -> list[dict[str, Any]]:
        """Those in the queue, which has them no longer, as events for the worker."""
        queue = self.stack.services.reports
        assert isinstance(queue, SqliteQueue)
        with self.clock():
            found = queue.receive(100, 1)
        queue.delete([one.id for one in found])
        return [sqs_event([one]) for one in found]

    def deliver(self) -> int:
        """What is in the queue is worked on. How many messages that were."""
        events = self.messages()
        for event in events:
            with self.clock():
                assert self.stack.deliver(event) == {"batchItemFailures": []}
        return len(events)

    def run(self, time: timedelta = timedelta()) -> None:
        """The schedule's turn, some time later, and what comes of it."""
        self.wait(time)
        self.tick()
        self.deliver()

    def deliveries(self, subscription: dict[str, Any]) -> list[dict[str, Any]]:
        """The newest first."""
        found: list[dict[str, Any]] = read(self.office.api()("GET", f"subscriptions/{subscription['id']}/deliveries"))[
            "results"
        ]
        return found

    def mails(self) -> list[EmailMessage]:
        """Those that came since this was asked for last, by their recipients."""
        folder = Path(self.stack.services.settings.mail_outbox.removeprefix("file://"))
        new = [path for path in sorted(folder.glob("*.eml")) if path.name not in self._seen]
        self._seen |= {path.name for path in new}
        found = [message_from_bytes(path.read_bytes(), EmailMessage, policy=policy.default) for path in new]
        return sorted(found, key=lambda mail: str(mail["to"]))

    def recipients(self) -> list[str]:
        return [str(mail["to"]) for mail in self.mails()]


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def world_of(stack: Stack, folder: Path) -> World:
    """With a queue that nobody reads."""
    stack.services.reports = SqliteQueue(folder / "reports.db")
    return World.of(stack)
