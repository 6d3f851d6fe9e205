"""What a client that sends events gets when SQS does not take them: never an acknowledgement."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from insights_api import capture
from insights_engine import aws
from insights_engine.http import create_app
from insights_engine.queue import unpack
from insights_engine.services import Services, use
from insights_engine.settings import Settings

from tests.faults import faulty
from tests.faults.faulty import Fault, Faulty, always, first

ATTEMPTS = 3
FAULTS: dict[str, Fault] = {
    "throttled": faulty.aws_error("RequestThrottled"),
    "a fault of its own": faulty.aws_error("InternalFailure", 500),
    "unavailable": faulty.status(503),
    "closed without an answer": faulty.close,
    "reset": faulty.abort,
    "silent": faulty.hang,
}


@pytest.fixture(scope="session")
def sqs_server(moto_url: str) -> Iterator[Faulty]:
    server = Faulty(moto_url)
    server.up()
    yield server
    server.down()


@pytest.fixture
def sqs(sqs_server: Faulty, moto_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Faulty]:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", sqs_server.url)
    monkeypatch.setattr("insights_engine.aws._clients", {})
    monkeypatch.setattr("insights_engine.aws._OTHER_READ_SECONDS", 0.3)
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None, time=time.time))
    sqs_server.reset()
    sqs_server.up()
    yield sqs_server
    sqs_server.reset()
    sqs_server.up()


@pytest.fixture
def queue_url(sqs: Faulty) -> str:
    return str(aws.client("sqs").create_queue(QueueName=f"events-{uuid4().hex}")["QueueUrl"])


Send = Callable[[], httpx.Response]


@pytest.fixture
def send(queue_url: str, sqs: Faulty) -> Send:
    services, app = Services(Settings.read({"EVENTS_QUEUE": queue_url})), create_app(capture.router)
    sqs.reset()

    async def sent() -> httpx.Response:
        body = {"api_key": "phc_x", "batch": [{"event": f"e{n}", "distinct_id": "d"} for n in range(3)]}
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as browser:
            return await browser.post("/batch", content=json.dumps(body))

    def call() -> httpx.Response:
        with use(services):
            return asyncio.run(sent())

    return call


def queued(url: str) -> list[str]:
    answer = aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [event["event"] for message in answer.get("Messages", []) for event in unpack(message["Body"])]


def refused(answered: httpx.Response) -> bool:
    return (answered.status_code, answered.text) == (503, "transient error, please retry")


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_events_that_were_not_taken_are_not_acknowledged(sqs: Faulty, send: Send, queue_url: str, fault: Fault) -> None:
    sqs.fault = always(fault)
    assert refused(send())
    assert len(sqs.asked) == ATTEMPTS
    sqs.reset()
    sqs.fault = first(ATTEMPTS - 1, fault)
    assert send().status_code == 200
    assert queued(queue_url) == ["e0", "e1", "e2"]


def test_nor_where_the_connection_is_refused(sqs: Faulty, send: Send) -> None:
    sqs.down()
    assert refused(send())


def test_nor_where_the_answer_that_names_refused_messages_was_cut(sqs: Faulty, send: Send) -> None:
    sqs.fault = always(faulty.cut(0.5))
    assert refused(send())


def test_nor_where_the_queue_is_not_there(sqs: Faulty, send: Send) -> None:
    sqs.fault = always(faulty.aws_error("AWS.SimpleQueueService.NonExistentQueue"))
    assert refused(send())


def test_capture_needs_neither_dynamodb_nor_clickhouse(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9")
    answered: Any = send()
    assert answered.status_code == 200
