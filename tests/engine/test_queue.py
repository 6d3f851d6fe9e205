"""The queue between capture and ingest: what is sent is delivered, whichever adapter and whatever dies."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from insights_engine import queue
from insights_engine.queue import MAX_MESSAGE_BYTES, EventTooLarge, QueueUnavailable, open_queue
from insights_engine.queue.sqlite import SqliteQueue

Drain = Callable[[], list[str]]


@pytest.fixture
def sqs_url(moto_url: str) -> str:
    from insights_engine import aws

    return str(aws.client("sqs").create_queue(QueueName=f"events-{uuid4().hex}")["QueueUrl"])


@pytest.fixture(params=["sqlite", "sqs"])
def adapter(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[queue.EventQueue, Drain]:
    """A queue, and a way to receive all that it holds."""
    if request.param == "sqlite":
        local = SqliteQueue(tmp_path / "queue.db")
        return open_queue(f"sqlite://{tmp_path}/queue.db"), lambda: [one.body for one in local.receive(1000, 60)]
    url = request.getfixturevalue("sqs_url")
    return open_queue(url), lambda: _drain(url)


def _drain(url: str) -> list[str]:
    from insights_engine import aws

    bodies: list[str] = []
    while got := aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        bodies += [message["Body"] for message in got]
    return bodies


MIB = MAX_MESSAGE_BYTES


@pytest.mark.parametrize(
    "bodies",
    [
        [],
        ["one"],
        [str(n) for n in range(25)],
        ["x" * MIB],
        ["x" * MIB, "y" * MIB],
        ["a" * (MIB // 2), "b" * (MIB // 2), "c"],
        ["é" * (MIB // 4), "ü" * (MIB // 4 + 1), "🎉\n\t"],
        ["same", "same"],
    ],
    ids=lambda bodies: f"{len(bodies)} of {len(''.join(bodies))}",
)
def test_what_is_sent_is_delivered(adapter: tuple[queue.EventQueue, Drain], bodies: list[str]) -> None:
    events, drain = adapter
    events.send(bodies)
    assert sorted(drain()) == sorted(bodies)


REFUSED = [("", ValueError), ("x" * (MIB + 1), EventTooLarge), ("é" * MIB, EventTooLarge)]


@pytest.mark.parametrize(("body", "error"), REFUSED, ids=["empty", "too long", "too many bytes"])
def test_a_message_that_sqs_would_refuse_stops_all(
    adapter: tuple[queue.EventQueue, Drain], body: str, error: type[Exception]
) -> None:
    events, drain = adapter
    with pytest.raises(error):
        events.send(["fine", body])
    assert drain() == []


def test_a_queue_that_is_not_there_is_unavailable(moto_url: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "not-a-database").write_text("text " * 1000)
    for url in (
        f"{moto_url}/123456789012/none",
        f"sqlite://{tmp_path}/file/q.db",
        f"sqlite://{tmp_path}/not-a-database",
    ):
        with pytest.raises(QueueUnavailable):
            open_queue(url).send(["body"])
    with pytest.raises(RuntimeError, match="EVENTS_QUEUE"):
        open_queue("")


@pytest.fixture
def local(tmp_path: Path, clock: Any) -> SqliteQueue:
    return SqliteQueue(tmp_path / "queue.db", clock=clock)


def test_a_message_is_hidden_while_it_is_with_a_consumer(local: SqliteQueue, clock: Any) -> None:
    local.send(["a", "b", "c"])
    first = local.receive(2, 30)
    assert [(message.body, message.receive_count) for message in first] == [("a", 1), ("b", 1)]
    assert [message.body for message in local.receive(10, 60)] == ["c"]
    assert local.receive(10, 30) == []
    local.delete([first[0].id])
    assert local.depth() == 2
    clock.now += 30
    again = local.receive(10, 30)
    assert [(message.body, message.receive_count) for message in again] == [("b", 2)]
    local.release([again[0].id])
    assert [(message.body, message.receive_count) for message in local.receive(10, 30)] == [("b", 3)]


def test_after_five_deliveries_a_message_is_set_aside(local: SqliteQueue, clock: Any) -> None:
    local.send(["bad", "good"])
    for count in range(1, 6):
        bad, *good = local.receive(10, 30)
        assert (bad.body, bad.receive_count) == ("bad", count)
        local.delete([message.id for message in good])
        assert local.dead() == []  # it is with its consumer, who may still delete it
        clock.now += 30
    assert local.receive(10, 30) == []
    assert [(message.body, message.receive_count) for message in local.dead()] == [("bad", 5)]
    assert local.depth() == 0


def test_the_fifth_delivery_may_still_succeed(local: SqliteQueue) -> None:
    local.send(["slow"])
    for _ in range(5):
        (message,) = local.receive(1, 30)
        local.release([message.id]) if message.receive_count < 5 else local.delete([message.id])
    assert (local.depth(), local.dead()) == (0, [])


def test_a_waiting_consumer_wakes_when_another_queue_object_sends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("insights_engine.queue.sqlite._POLL_SECONDS", 3600)
    consumer, producer = SqliteQueue(tmp_path / "queue.db"), SqliteQueue(tmp_path / "queue.db")
    assert not consumer.wait(0)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(consumer.wait, 60)
        producer.send(["body"])
        assert answer.result(30)
    (message,) = consumer.receive(10, 60)
    assert not consumer.wait(0)
    producer.release([message.id])
    assert consumer.wait(0)


def test_waiting_sees_what_another_process_sends_and_what_becomes_visible(tmp_path: Path) -> None:
    consumer = SqliteQueue(tmp_path / "queue.db")
    code = f"from insights_engine.queue import open_queue; open_queue('sqlite://{tmp_path}/queue.db').send(['body'])"
    with subprocess.Popen([sys.executable, "-c", code]):
        assert consumer.wait(60)
    assert len(consumer.receive(1, 0.05)) == 1
    assert consumer.wait(60)


def test_racing_consumers_share_the_messages_without_repeats(tmp_path: Path) -> None:
    events = SqliteQueue(tmp_path / "queue.db")
    events.send([str(n) for n in range(200)])

    def consume(_: int) -> list[str]:
        own = SqliteQueue(tmp_path / "queue.db")
        bodies: list[str] = []
        while got := own.receive(7, 600):
            bodies += [message.body for message in got]
            own.delete([message.id for message in got])
        return bodies

    with ThreadPoolExecutor(4) as pool:
        bodies = [body for part in pool.map(consume, range(4)) for body in part]
    assert sorted(bodies, key=int) == [str(n) for n in range(200)]
    assert events.depth() == 0


SENDER = """
    import sys
    from insights_engine.queue import open_queue
    events, n = open_queue(sys.argv[1]), 0
    while True:
        events.send([f"{n} {part}" for part in range(3)])
        print(n, flush=True)
        n += 1
"""


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path}/queue.db"
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SENDER), url], stdout=subprocess.PIPE, text=True
    ) as sender:
        assert sender.stdout is not None
        acknowledged = [*islice(sender.stdout, 30)]
        sender.kill()
        acknowledged += sender.stdout
    bodies = {message.body for message in SqliteQueue(tmp_path / "queue.db").receive(1_000_000, 60)}
    assert {f"{int(n)} {part}" for n in acknowledged for part in range(3)} <= bodies
    assert len(bodies) % 3 == 0
