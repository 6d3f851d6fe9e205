"""What capture has acknowledged is stored exactly once, with its persons, however often the consumer is killed.

The whole of `insights serve` is killed with SIGKILL again and again, each time while its consumer has a batch in work,
and started again on the same folder. Senders go on all the while, and send again, with the same uuids, what was not
acknowledged.
"""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from tests.examples import examples
from tests.local.serving import Eventually, Server, environment

KILLS = examples(6, 20)
SENDERS = 3
EVENTS_A_REQUEST = 20
STORIES_AT_ONCE = 8
# Prints what the stores of a folder hold; in a process of its own, for it opens the folder's ClickHouse.
CONTENTS = """
import json, sys
from pathlib import Path
from insights_engine.sql import Sql
from insights_local.data_dir import opened

SELECTS = {
    "events": "SELECT toString(uuid), event, distinct_id, person FROM events",
    "ids": "SELECT distinct_id, person FROM person_distinct_ids FINAL",
    "merges": "SELECT person, survivor FROM person_merges FINAL WHERE is_deleted = 0",
    "persons": "SELECT person, toJSONString(properties) FROM persons FINAL WHERE is_deleted = 0",
}
with opened(Path(sys.argv[1]), needs="both") as services:
    print(json.dumps({name: services.clickhouse.admin_read(Sql(text)).rows for name, text in SELECTS.items()}))
"""


def story(name: str) -> Iterator[dict[str, Any]]:
    """A visitor who signs in from a computer, and later from a telephone: three ids, one person."""
    for device in ("computer", "telephone"):
        anonymous = f"{device} of {name}"
        for number in range(4):
            yield seen(anonymous, f"{device} {number}")
        said = {"$anon_distinct_id": anonymous, "$set": {"name": name}}
        yield {"event": "$identify", "distinct_id": name, "properties": said}
        for number in range(4, 9):
            yield seen(name, f"{device} {number}")


def seen(distinct_id: str, where: str) -> dict[str, Any]:
    return {"event": "$pageview", "distinct_id": distinct_id, "properties": {"$set": {"seen": where}}}


class Sender:
    """Sends one request after the other; the next one goes out when this one is acknowledged."""

    def __init__(self, name: str, token: str) -> None:
        self.name = name
        self.token = token
        self.acknowledged: list[dict[str, Any]] = []
        self.unanswered = 0
        self.refused: list[str] = []
        self._random = random.Random(name)
        self._stories: dict[str, Iterator[dict[str, Any]]] = {}
        self._told = 0

    def run(self, address: list[str], stopping: threading.Event) -> None:
        """`address` changes with each start of the server."""
        with httpx.Client(timeout=30) as client:
            while not stopping.is_set():
                events = [self._event() for _ in range(EVENTS_A_REQUEST)]
                while not self._send(client, address[0], events):
                    time.sleep(0.05)
                self.acknowledged += events

    def _send(self, client: httpx.Client, url: str, events: list[dict[str, Any]]) -> bool:
        try:
            answer = client.post(f"{url}/batch/", json={"api_key": self.token, "batch": events})
        except httpx.TransportError:
            self.unanswered += 1
            return False
        if answer.status_code != 200:
            self.refused.append(answer.text)
        return answer.status_code == 200

    def _event(self) -> dict[str, Any]:
        while len(self._stories) < STORIES_AT_ONCE:
            name = f"{self.name} {self._told}"
            self._stories[name] = story(name)
            self._told += 1
        name = self._random.choice(list(self._stories))
        event = next(self._stories[name], None)
        if event is None:
            del self._stories[name]
            return self._event()
        return event | {"uuid": str(UUID(int=self._random.getrandbits(128), version=4))}


@dataclass
class Expected:
    """Who is who after these events, in their order: the last of a person's names, and what they were seen doing."""

    names: dict[str, str] = field(default_factory=dict)
    properties: defaultdict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))

    @classmethod
    def of(cls, events: list[dict[str, Any]]) -> Expected:
        found = cls()
        for event in events:
            distinct_id, said = event["distinct_id"], event["properties"]
            found.names.setdefault(distinct_id, distinct_id)
            if anonymous := said.get("$anon_distinct_id"):
                found.names[anonymous] = distinct_id
                found.properties[distinct_id] = found.properties.pop(anonymous) | found.properties[distinct_id]
            found.properties[found.names[distinct_id]] |= said["$set"]
        return found


class Queue:
    """The events' queue as another process sees it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def _select(self, text: str, *values: float) -> list[Any]:
        with closing(sqlite3.connect(self._path, timeout=30)) as connection:
            return connection.execute(text, values).fetchall()

    def in_work(self) -> set[int]:
        """The messages that a consumer has."""
        return {one for (one,) in self._select("SELECT id FROM messages WHERE visible_at > ?", time.time())}

    def in_work_after(self, batch: set[int]) -> set[int]:
        """The messages of the next batch, once this one is done."""
        found = self.in_work()
        return set() if found & batch else found

    def waiting(self) -> int:
        return int(self._select("SELECT count(*) FROM messages")[0][0])

    def set_aside(self) -> int:
        return int(self._select("SELECT count(*) FROM dead_messages")[0][0])


def finish(batches: int, queue: Queue, eventually: Eventually) -> list[float]:
    """Returns in the middle of a batch, after so many were finished, with the seconds that each of these took."""
    batch, took = eventually(queue.in_work), []
    for _ in range(batches):
        began = time.monotonic()
        batch = eventually(partial(queue.in_work_after, batch))
        took.append(time.monotonic() - began)
    return took


def contents(folder: Path) -> dict[str, list[list[Any]]]:
    command = [sys.executable, "-c", CONTENTS, str(folder)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True)
    found: dict[str, list[list[Any]]] = json.loads(done.stdout)
    return found


def test_kills_lose_and_double_nothing(start: Callable[..., Server], eventually: Eventually, tmp_path: Path) -> None:
    server = start("--no-demo")
    server.ready()
    address, stopping = [server.url], threading.Event()
    queue = Queue(tmp_path / "data" / "events.db")
    senders = [Sender(f"sender {number}", server.token) for number in range(SENDERS)]
    threads = [threading.Thread(target=sender.run, args=(address, stopping), daemon=True) for sender in senders]
    for thread in threads:
        thread.start()

    at_random, took, kills = random.Random(9), [0.0], 0
    for life in range(2 * KILLS):
        # A message that is in work at five kills is set aside: in most lives some batches are finished first.
        took += finish(life % 3, queue, eventually)
        time.sleep(at_random.random() * at_random.choice(took))
        server.stop(signal.SIGKILL)
        kills += bool(queue.in_work())
        server = start("--no-demo")
        server.ready()
        address[0] = server.url
        if kills == KILLS:
            break
    assert kills == KILLS
    stopping.set()
    for thread in threads:
        thread.join(60)
    eventually(lambda: queue.waiting() == 0)
    assert queue.set_aside() == 0
    assert server.stop() == 0

    found, sent = contents(tmp_path / "data"), [event for sender in senders for event in sender.acknowledged]
    assert [sender.refused for sender in senders] == [[]] * SENDERS
    assert sum(sender.unanswered for sender in senders) >= KILLS
    assert sorted(row[:3] for row in found["events"]) == sorted([e["uuid"], e["event"], e["distinct_id"]] for e in sent)
    check_persons(found, Expected.of(sent))


def check_persons(found: dict[str, list[list[Any]]], expected: Expected) -> None:
    """Numbers are the product's own, so a person is told by the names of their ids."""
    merges = dict(found["merges"])
    persons = {one: merges.get(number, number) for one, number in found["ids"]}
    names = {number: expected.names[one] for one, number in persons.items()}
    assert {one: names[number] for one, number in persons.items()} == expected.names
    assert {one: names[merges.get(number, number)] for _, _, one, number in found["events"]} == expected.names
    assert {names[number]: json.loads(text) for number, text in found["persons"]} == expected.properties
