"""What nobody can read in the events' queue, through the whole stack: it is set aside, and holds up nothing."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
import zstandard
from insights_engine.queue import MAX_RECEIVES, pack
from insights_engine.queue.sqlite import SqliteQueue
from insights_engine.sql import Sql
from insights_local.stack import Stack

POISON = ["hello", "z1:AAAA", "z1:" + base64.b64encode(zstandard.ZstdCompressor().compress(b"[1, 2]")).decode()]


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack() as stack:
        yield stack


def test_it_is_set_aside_and_what_comes_with_it_and_after_it_is_stored(
    stack: Stack, eventually: Callable[..., Any]
) -> None:
    queue = stack.services.events
    assert isinstance(queue, SqliteQueue)

    def send(*names: str) -> None:
        for name in names:
            queue.send([*POISON, *pack([captured(stack, name)])])

    def stored() -> set[str]:
        return {name for (name,) in stack.services.clickhouse.admin_read(Sql("SELECT distinct_id FROM events")).rows}

    send("before", "beside")
    eventually(lambda: stored() == {"before", "beside"})
    send("after")
    eventually(lambda: stored() == {"before", "beside", "after"})
    eventually(lambda: len(queue.dead()) == 3 * len(POISON))
    assert sorted(message.body for message in queue.dead()) == sorted(POISON * 3)
    assert {message.receive_count for message in queue.dead()} == {MAX_RECEIVES}
    assert queue.depth() == 0


def captured(stack: Stack, distinct_id: str) -> dict[str, Any]:
    at = stack.services.now().isoformat()
    event = {"token": stack.project_token, "event": "e", "distinct_id": distinct_id, "properties": {}, "ip": ""}
    return {**event, "timestamp": at, "captured_at": at, "uuid": str(uuid4())}
