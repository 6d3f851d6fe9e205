"""The queue's consumer while ClickHouse or DynamoDB fail: a message is done when its events are stored, each once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from insights_acl.models import StoredProject
from insights_engine import driver
from insights_engine.capture.payload import Event as Captured
from insights_engine.ingest.handler import handle_sqs
from insights_engine.queue import pack
from insights_engine.services import Services, use
from insights_engine.sql import Sql
from insights_local.stack import Stack

from tests.api.world import World
from tests.faults import faulty
from tests.faults.conftest import Broken
from tests.faults.faulty import Asked, Fault, Faulty, always

EVENTS = 5


def message(token: str) -> dict[str, Any]:
    """As SQS hands it to the function."""
    at = datetime(2024, 3, 1, tzinfo=UTC).isoformat()
    events: list[Captured] = [
        {
            "uuid": str(uuid4()), "event": "buy", "distinct_id": f"p{n}", "token": token, "timestamp": at,
            "properties": {"n": n, "$set": {"plan": "free"}}, "captured_at": datetime.now(UTC).isoformat(), "ip": "",
        }
        for n in range(EVENTS)
    ]  # fmt: skip
    (body,) = pack(events)
    return {"Records": [{"messageId": "m", "body": body, "attributes": {"ApproximateReceiveCount": "1"}}]}


def deliver(services: Services, event: Mapping[str, Any]) -> bool:
    """Whether it is done; otherwise SQS delivers it again."""
    with use(services):
        return handle_sqs(event, None) == {"batchItemFailures": []}


def again(event: dict[str, Any]) -> dict[str, Any]:
    record = event["Records"][0]
    count = int(record["attributes"]["ApproximateReceiveCount"]) + 1
    return {"Records": [{**record, "attributes": {"ApproximateReceiveCount": str(count)}}]}


def stored(services: Services, project: StoredProject) -> list[tuple[Any, ...]]:
    """Events, people among them, and people with properties."""
    sql = Sql(
        "SELECT (SELECT (count(), uniqExact(person)) FROM events WHERE project = {p:UInt32}), "
        "(SELECT uniqExact(person) FROM persons WHERE project = {p:UInt32})",
        p=project.project.id,
    )
    driver.forget_connections()  # one that a fault broke would fail this look, which nobody repeats
    return [tuple(row) for row in services.clickhouse.admin_read(sql).rows]


ONCE = [((EVENTS, EVENTS), EVENTS)]

FAULTS: dict[str, Fault] = {
    "closed without an answer": faulty.close,
    "reset": faulty.abort,
    "done, and not answered": faulty.lose,
    "answer cut": faulty.cut(0.5),
    "asleep behind a gateway": faulty.status(503),
    "busy": faulty.exception(202, "TOO_MANY_SIMULTANEOUS_QUERIES"),
    "memory": faulty.exception(241, "MEMORY_LIMIT_EXCEEDED"),
    "too many parts": faulty.exception(252, "TOO_MANY_PARTS"),
    "read-only": faulty.exception(242, "TABLE_IS_READ_ONLY"),
    "no room": faulty.exception(243, "NOT_ENOUGH_SPACE"),
}
WHERE: dict[str, Callable[[Asked], bool]] = {
    "reading": lambda request: b"FROM events" in request.body,
    "inserting events": lambda request: "INSERT+INTO+events" in request.path or b"INSERT INTO events" in request.body,
    "copying persons": lambda request: "INSERT+INTO+persons" in request.path or b"INSERT INTO persons" in request.body,
}


@pytest.mark.parametrize("counts", WHERE.values(), ids=WHERE)
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_clickhouse_fails_and_comes_back(
    broken: Broken, world: World, fault: Fault, counts: Callable[[Asked], bool]
) -> None:
    services, project = broken.stack.services, world.new_project()
    event = message(project.project.api_token)
    broken.server.counts, broken.server.fault = counts, always(fault)
    was_done = deliver(services, event)
    assert broken.server.asked
    broken.server.reset()
    if was_done:  # what was sent is done, whatever came back
        assert stored(services, project) == ONCE
    assert deliver(services, again(event))
    assert stored(services, project) == ONCE
    assert deliver(services, again(event))
    assert stored(services, project) == ONCE


def test_clickhouse_is_away_and_comes_back(broken: Broken, world: World) -> None:
    services, project = broken.stack.services, world.new_project()
    event = message(project.project.api_token)
    broken.server.down()
    assert not deliver(services, event)
    broken.server.up()
    assert deliver(services, again(event))
    assert stored(services, project) == ONCE


STORE_FAULTS: dict[str, Fault] = {
    "throttled": faulty.aws_error("ProvisionedThroughputExceededException"),
    "a fault of its own": faulty.aws_error("InternalServerError", 500),
    "closed without an answer": faulty.close,
    "done, and not answered": faulty.lose,
    "answer cut": faulty.cut(0.5),
}


@pytest.mark.parametrize("number", [0, 1, 2, 4, 8])
@pytest.mark.parametrize("fault", STORE_FAULTS.values(), ids=STORE_FAULTS)
def test_dynamodb_fails_from_some_request_on_and_comes_back(
    dynamo_stack: Stack, dynamo_world: World, dynamo: Faulty, fault: Fault, number: int
) -> None:
    services, project = dynamo_stack.services, dynamo_world.new_project()
    event = message(project.project.api_token)
    dynamo.reset()
    dynamo.fault = lambda n: fault if n >= number else None
    deliver(services, event)
    dynamo.reset()
    assert deliver(services, again(event))
    assert stored(services, project) == ONCE
    assert deliver(services, again(event))
    assert stored(services, project) == ONCE
