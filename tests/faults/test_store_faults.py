"""What a caller gets for each fault of DynamoDB, and how often DynamoDB was asked; and the embedded store's faults."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from fastapi import APIRouter
from insights_engine.http import create_app
from insights_engine.store import Put, Store, StoreUnavailable, open_store
from insights_engine.store.sqlite import SqliteStore
from insights_local.cli import main

from tests.api.world import Api
from tests.faults import faulty
from tests.faults.faulty import Asked, Fault, Faulty, always, first

AWAY = "The store of accounts and settings does not answer; try again in a moment."
ATTEMPTS = 3

FAULTS: dict[str, Fault] = {
    "throttled": faulty.aws_error("ProvisionedThroughputExceededException"),
    "throttled by the account": faulty.aws_error("RequestLimitExceeded"),
    "throttled by rate": faulty.aws_error("ThrottlingException"),
    "a fault of its own": faulty.aws_error("InternalServerError", 500),
    "unavailable": faulty.status(503),
    "closed without an answer": faulty.close,
    "reset": faulty.abort,
    "silent": faulty.hang,
    "done, and not answered": faulty.lose,
}


def reads(request: Asked) -> bool:
    return operation(request) in ("GetItem", "BatchGetItem", "Query")


def writes(request: Asked) -> bool:
    """Those of the change itself, not what is noted beside it, such as when a key was used."""
    return operation(request) == "TransactWriteItems"


def operation(request: Asked) -> str:
    return next(value for name, value in request.headers.items() if name.lower() == "x-amz-target").rpartition(".")[2]


def make(api: Api) -> httpx.Response:
    return api("POST", "notebooks", json={"title": "Mine"})


REQUESTS: dict[str, tuple[Callable[[Asked], bool], Callable[[Api], httpx.Response], int]] = {
    "read": (reads, lambda api: api("GET", "notebooks"), 200),
    "write": (writes, make, 201),
}


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_what_stays_is_a_503(dynamo_api: Api, dynamo: Faulty, fault: Fault, request_: Any) -> None:
    counts, ask, good = request_
    dynamo.counts, dynamo.fault = counts, always(fault)
    answered = ask(dynamo_api)
    assert answered.status_code == 503, answered.text
    assert answered.json() == {"type": "server_error", "code": "error", "detail": AWAY, "attr": None}
    assert len(dynamo.asked) == ATTEMPTS
    dynamo.fault = faulty.never
    assert ask(dynamo_api).status_code == good


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_what_passes_is_not_noticed(dynamo_api: Api, dynamo: Faulty, fault: Fault, request_: Any) -> None:
    counts, ask, good = request_
    dynamo.counts, dynamo.fault = counts, first(ATTEMPTS - 1, fault)
    assert ask(dynamo_api).status_code == good


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.9])
def test_an_answer_that_was_cut_is_not_an_item_that_is_not_there(dynamo_api: Api, dynamo: Faulty, share: float) -> None:
    """Of rules of access, what is not there lets people in."""
    store = dynamo_api.stack.services.policies
    store.put({"pk": "p", "sk": "cut", "text": "x" * 1000})
    dynamo.fault = first(ATTEMPTS - 1, faulty.cut(share))
    assert store.get("p", "cut") is not None
    dynamo.reset()
    dynamo.fault = always(faulty.cut(share))
    for call in (lambda: store.get("p", "cut"), lambda: store.query("p"), lambda: store.get_many([("p", "cut")])):
        with pytest.raises(StoreUnavailable):
            call()
    assert len(dynamo.asked) == 3 * ATTEMPTS


def test_a_write_whose_answer_was_cut_is_a_503_and_may_have_happened(dynamo_api: Api, dynamo: Faulty) -> None:
    before = dynamo_api("GET", "notebooks").json()["count"]
    dynamo.counts, dynamo.fault = writes, always(faulty.cut(0.5))
    assert make(dynamo_api).status_code == 503
    assert dynamo_api("GET", "notebooks").json()["count"] == before + 1


def test_nor_without_a_checksum(dynamo_api: Api, dynamo: Faulty) -> None:
    dynamo.fault = always(faulty.cut(0.5, without="x-amz-crc32"))
    with pytest.raises(StoreUnavailable):
        dynamo_api.stack.services.policies.get("p", "cut")


def test_a_refused_connection_is_a_503(dynamo_api: Api, dynamo: Faulty) -> None:
    for _ in range(2):
        dynamo.down()
        for _, ask, _ in REQUESTS.values():
            answered = ask(dynamo_api)
            assert (answered.status_code, answered.json()["detail"]) == (503, AWAY)
        dynamo.up()
        assert make(dynamo_api).status_code == 201


def test_a_thawed_function_finds_its_connections_dead(dynamo_api: Api, dynamo: Faulty) -> None:
    for _ in range(3):
        dynamo.break_connections()
        assert make(dynamo_api).status_code == 201


def test_what_is_our_fault_is_a_500(dynamo_api: Api, dynamo: Faulty) -> None:
    """A table that is not there, or that the function may not read: no other moment mends it."""
    for code in ("ResourceNotFoundException", "AccessDeniedException", "ValidationException"):
        dynamo.reset()
        dynamo.fault = always(faulty.aws_error(code))
        assert dynamo_api("GET", "notebooks").status_code == 500
        assert len(dynamo.asked) == 1


CALLS: dict[str, Callable[[Store], Any]] = {
    "get": lambda store: store.get("p", "s"),
    "get_many": lambda store: store.get_many([("p", str(n)) for n in range(150)]),
    "query": lambda store: store.query("p"),
    "put": lambda store: store.put({"pk": "p", "sk": "s"}),
    "put absent": lambda store: store.put({"pk": "p", "sk": "s"}, "absent"),
    "put_new_many": lambda store: store.put_new_many([{"pk": "p", "sk": str(n)} for n in range(3)]),
    "put_many": lambda store: store.put_many([{"pk": "p", "sk": str(n)} for n in range(30)]),
    "delete": lambda store: store.delete("p", "s"),
    "add": lambda store: store.add("p", "s", "n", 1),
    "transact": lambda store: store.transact([Put({"pk": "p", "sk": "s"})]),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_every_call_says_that_the_store_is_unavailable(dynamo_api: Api, dynamo: Faulty, call: Any) -> None:
    store = dynamo_api.stack.services.results
    for fault in (FAULTS["throttled"], FAULTS["closed without an answer"]):
        dynamo.fault = always(fault)
        with pytest.raises(StoreUnavailable):
            call(store)


# The embedded store


@pytest.fixture
def locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Another process is in the middle of a write, for longer than anybody waits."""
    monkeypatch.setattr("insights_engine.embedded._BUSY_SECONDS", 0.05)
    path = tmp_path / "store.db"
    open_store(f"sqlite://{path}").put({"pk": "p", "sk": "s"})
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield SqliteStore(path)
    other.close()


def test_a_locked_file_can_be_read_and_says_so_of_a_write(locked: Store) -> None:
    assert locked.get("p", "s") == {"pk": "p", "sk": "s"}
    with pytest.raises(StoreUnavailable, match="locked"):
        locked.put({"pk": "p", "sk": "t"})


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.db")
    store.put({"pk": "p", "sk": "s"})
    with store._file.write() as connection:
        connection.execute("PRAGMA max_page_count = 1")
    with pytest.raises(StoreUnavailable, match="full"):
        store.put({"pk": "p", "sk": "t", "text": "x" * 300_000})
    assert store.get("p", "s") == {"pk": "p", "sk": "s"}


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(StoreUnavailable, match="open"):
        SqliteStore(tmp_path / "folder.db").get("p", "s")


def test_any_endpoint_says_it(tmp_path: Path) -> None:
    router = APIRouter()

    @router.get("/api/fails")
    async def fails() -> None:
        raise StoreUnavailable("DynamoStore('table'): a reason with the name of a table")

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=create_app(router))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as browser:
            return await browser.get("/api/fails")

    answered = asyncio.run(send())
    assert answered.status_code == 503
    assert json.loads(answered.content)["detail"] == AWAY


def test_the_command_line_says_it_in_one_line(dynamo_api: Api, dynamo: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLICIES_TABLE", dynamo_api.stack.environment["POLICIES_TABLE"])
    dynamo.fault = always(FAULTS["throttled"])
    done = CliRunner().invoke(main, ["users", "list"])
    assert done.exit_code == 1
    assert done.output.startswith("Error: DynamoStore(")
    assert len(done.output.splitlines()) == 1
