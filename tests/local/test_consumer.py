"""The event source mapping: what stays in the queue, what goes, what is tried again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from insights_engine.queue import MAX_RECEIVES
from insights_engine.queue.sqlite import SqliteQueue
from insights_local.consumer import Consumer
from insights_local.routes import load_template, queue_mappings_of

Event = dict[str, Any]


@pytest.fixture
def queue(tmp_path: Path) -> SqliteQueue:
    return SqliteQueue(tmp_path / "events.db")


def bodies(event: Event) -> list[str]:
    return [record["body"] for record in event["Records"]]


def failing(*names: str) -> Callable[[Event], Event]:
    """An ingest function that cannot store messages of these bodies."""
    return lambda event: {
        "batchItemFailures": [{"itemIdentifier": r["messageId"]} for r in event["Records"] if r["body"] in names]
    }


def raising(event: Event) -> Any:
    raise RuntimeError("the function is broken")


ANSWERS: list[tuple[Callable[[Event], Any], set[str]]] = [
    (lambda event: {"batchItemFailures": []}, set()),
    (lambda event: {}, set()),
    (lambda event: None, set()),
    (failing("b"), {"b"}),
    (failing("a", "b", "c"), {"a", "b", "c"}),
    (lambda event: {"batchItemFailures": [{"itemIdentifier": "no such message"}]}, {"a", "b", "c"}),
    (lambda event: {"batchItemFailures": [{"itemIdentifier": None}]}, {"a", "b", "c"}),
    (raising, {"a", "b", "c"}),
]


@pytest.mark.parametrize(("function", "stay"), ANSWERS)
def test_only_what_failed_stays(queue: SqliteQueue, function: Callable[[Event], Any], stay: set[str]) -> None:
    queue.send(["a", "b", "c"])
    Consumer(queue, function, batch_size=10, pause=0).move()
    assert {message.body for message in queue.receive(10, 0)} == stay
    assert queue.depth() == len(stay)


def test_the_event_is_sqs_s(queue: SqliteQueue) -> None:
    seen: list[Event] = []
    queue.send(["hello"])
    Consumer(queue, seen.append, batch_size=10).move()
    (record,) = seen[0]["Records"]
    assert (record["body"], record["eventSource"]) == ("hello", "aws:sqs")
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert record.keys() == {
        *("messageId", "receiptHandle", "body", "attributes", "messageAttributes"),
        *("eventSource", "eventSourceARN", "awsRegion"),
    }


def test_a_batch_has_the_size_of_the_mapping(queue: SqliteQueue) -> None:
    sizes: list[int] = []
    queue.send(["x"] * 25)
    consumer = Consumer(queue, lambda event: sizes.append(len(event["Records"])), batch_size=10)
    while queue.depth():
        consumer.move()
    assert sizes == [10, 10, 5]


def test_what_never_succeeds_is_set_aside_and_the_rest_goes_on(queue: SqliteQueue) -> None:
    consumer = Consumer(queue, failing("bad"), batch_size=10, pause=0)
    queue.send(["bad", "good"])
    for _ in range(MAX_RECEIVES):
        consumer.move()
    assert queue.depth() == 0
    assert [(message.body, message.receive_count) for message in queue.dead()] == [("bad", MAX_RECEIVES)]


def test_nothing_waits_for_what_failed(queue: SqliteQueue) -> None:
    consumer = Consumer(queue, failing("bad"), batch_size=10, pause=60)
    queue.send(["bad"])
    assert consumer.move()
    queue.send(["good"])
    assert queue.wait(0)
    assert not consumer.move()
    assert (queue.depth(), queue.wait(0)) == (1, False)


def test_the_thread_takes_what_is_sent_later_and_stops(queue: SqliteQueue, eventually: Callable[..., Any]) -> None:
    seen: list[str] = []
    consumer = Consumer(queue, lambda event: seen.extend(bodies(event)), batch_size=10)
    consumer.start()
    try:
        queue.send(["a"])
        eventually(lambda: seen == ["a"])
        queue.send(["b", "c"])
        eventually(lambda: sorted(seen) == ["a", "b", "c"])
    finally:
        consumer.stop()
    queue.send(["d"])
    assert queue.depth() == 1


def test_a_failure_is_tried_again(queue: SqliteQueue, eventually: Callable[..., Any]) -> None:
    attempts: list[int] = []

    def second_time_lucky(event: Event) -> None:
        attempts.append(1)
        if len(attempts) < 2:
            raise RuntimeError("ClickHouse is away")

    queue.send(["a"])
    consumer = Consumer(queue, second_time_lucky, batch_size=10)
    consumer.start()
    try:
        eventually(lambda: queue.depth() == 0)
    finally:
        consumer.stop()
    assert len(attempts) == 2


def test_the_mapping_is_the_template_s() -> None:
    mapping = queue_mappings_of(load_template())["EventsQueue"]
    assert mapping.function.name == "Ingest"
    assert mapping.batch_size >= 100
