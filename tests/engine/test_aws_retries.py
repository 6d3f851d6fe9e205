"""What AWS leaves undone is done in the end: a server in front of moto that does a part of what it is asked."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
from insights_engine.queue import QueueUnavailable
from insights_engine.queue.sqs import SqsQueue
from insights_engine.store import ConflictError, Item, Put, StoreUnavailable
from insights_engine.store.dynamodb import DynamoStore

Forward = Callable[[], Any]
# Given the operation, its request, and a way to have moto do it (as the request then reads): the answer.
Rule = Callable[[str, Any, Forward], Any]


class Refusal(Exception):
    def __init__(self, code: str, **more: Any) -> None:
        self.answer = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": code, **more}


class Partial:
    """Where the SDK is sent; `rule` decides over each call, and `calls` counts them by operation."""

    def __init__(self) -> None:
        self.url = ""
        self.rule: Rule = lambda _operation, _request, forward: forward()
        self.calls: list[str] = []


@pytest.fixture
def partial(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Partial]:
    partial = Partial()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            operation = self.headers["X-Amz-Target"].rpartition(".")[2]
            partial.calls.append(operation)
            try:
                status, answer = 200, partial.rule(operation, request, lambda: self.forward(request))
            except Refusal as refusal:
                status, answer = 400, refusal.answer
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", self.headers["Content-Type"])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def forward(self, request: Any) -> Any:
            names = ("X-Amz-Target", "Content-Type", "Authorization", "X-Amz-Date")
            headers = {name: self.headers[name] for name in names}
            call = urllib.request.Request(moto_url, json.dumps(request).encode(), headers)
            with urllib.request.urlopen(call) as answer:
                return json.loads(answer.read())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    partial.url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", partial.url)
    yield partial
    server.shutdown()
    server.server_close()


@pytest.fixture
def partial_store(dynamo_table: Callable[[], str], partial: Partial) -> DynamoStore:
    return DynamoStore(dynamo_table())


def test_bulk_reads_and_writes_go_on_with_what_was_left(partial: Partial, partial_store: DynamoStore) -> None:
    def half(operation: str, request: Any, forward: Forward) -> Any:
        if not operation.startswith("Batch"):
            return forward()
        ((table, wanted),) = request["RequestItems"].items()
        entries = wanted["Keys"] if operation == "BatchGetItem" else wanted
        left = entries[(len(entries) + 1) // 2 :]
        del entries[(len(entries) + 1) // 2 :]
        answer = forward()
        unprocessed = {table: {**wanted, "Keys": left} if operation == "BatchGetItem" else left} if left else {}
        return {**answer, "UnprocessedKeys" if operation == "BatchGetItem" else "UnprocessedItems": unprocessed}

    partial.rule = half
    items: list[Item] = [{"pk": "p", "sk": f"{n:03}", "n": n} for n in range(130)]
    partial_store.put_many(items)
    assert partial_store.get_many([("p", item["sk"]) for item in items]) == items
    assert partial.calls.count("BatchWriteItem") > 130 // 25 + 1
    assert partial.calls.count("BatchGetItem") > 2


def test_every_read_is_of_all_that_was_written(partial: Partial, partial_store: DynamoStore) -> None:
    """Who reads after a write builds on it: it must not be a copy that lags behind that answers."""
    asked: dict[str, Any] = {}

    def rule(operation: str, request: Any, forward: Forward) -> Any:
        asked[operation] = request
        return forward()

    partial.rule = rule
    partial_store.get("p", "s")
    partial_store.get_many([("p", "s"), ("p", "t")])
    partial_store.query("p", "s", limit=5)
    (batch,) = asked.pop("BatchGetItem")["RequestItems"].values()
    assert asked.keys() == {"GetItem", "Query"}
    assert all(request["ConsistentRead"] for request in (batch, *asked.values()))


def test_what_is_never_done_is_an_error(
    partial: Partial, partial_store: DynamoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("insights_engine.aws.ATTEMPTS", 3)
    partial.rule = lambda _, request, __: {
        "UnprocessedItems": request["RequestItems"], "UnprocessedKeys": request["RequestItems"], "Responses": {},
    }  # fmt: skip
    with pytest.raises(StoreUnavailable, match="unwritten"):
        partial_store.put_many([{"pk": "p", "sk": "s"}])
    with pytest.raises(StoreUnavailable, match="unread"):
        partial_store.get_many([("p", "s")])


def _first(times: int, code: str, **more: Any) -> Rule:
    """Refuse that many calls, then let all through."""
    left = [times]

    def rule(_operation: str, _request: Any, forward: Forward) -> Any:
        left[0] -= 1
        if left[0] >= 0:
            raise Refusal(code, **more)
        return forward()

    return rule


def test_a_write_waits_for_the_transaction_that_holds_its_item(partial: Partial, partial_store: DynamoStore) -> None:
    calls: list[Callable[[], object]] = [
        lambda: partial_store.put({"pk": "p", "sk": "s"}, "absent"),
        lambda: partial_store.add("p", "s", "n", 1),
        lambda: partial_store.delete("p", "s"),
    ]
    for call in calls:
        partial.rule = _first(2, "TransactionConflictException")
        call()


def test_a_transaction_that_meets_another_is_sent_again(partial: Partial, partial_store: DynamoStore) -> None:
    meeting = [{"Code": "None"}, {"Code": "TransactionConflict"}]
    partial.rule = _first(2, "TransactionCanceledException", CancellationReasons=meeting)
    partial_store.transact([Put({"pk": "p", "sk": "a"}), Put({"pk": "p", "sk": "b"})])
    assert len(partial_store.query("p")) == 2
    failed = [{"Code": "TransactionConflict"}, {"Code": "ConditionalCheckFailed"}]
    partial.rule = _first(1, "TransactionCanceledException", CancellationReasons=failed)
    with pytest.raises(ConflictError) as conflict:
        partial_store.transact([Put({"pk": "p", "sk": "a"}), Put({"pk": "p", "sk": "b"}, "absent")])
    assert conflict.value.index == 1


def test_an_item_that_others_hold_for_too_long_makes_the_store_unavailable(
    partial: Partial, partial_store: DynamoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("insights_engine.aws.ATTEMPTS", 3)
    partial.rule = _first(99, "TransactionConflictException")
    with pytest.raises(StoreUnavailable):
        partial_store.put({"pk": "p", "sk": "s"})
    partial.rule = _first(99, "TransactionCanceledException", CancellationReasons=[{"Code": "TransactionConflict"}])
    with pytest.raises(StoreUnavailable):
        partial_store.transact([Put({"pk": "p", "sk": "s"})])


@pytest.fixture
def sqs_url(moto_url: str) -> str:
    from insights_engine import aws

    return str(aws.client("sqs").create_queue(QueueName=f"events-{uuid4().hex}")["QueueUrl"])


def _take(sqs_url: str) -> list[str]:
    from insights_engine import aws

    answer = aws.client("sqs").receive_message(QueueUrl=sqs_url, MaxNumberOfMessages=10)
    return sorted(message["Body"] for message in answer.get("Messages", []))


def _refusing(refused: Callable[[str], bool], sender_fault: bool) -> Rule:
    def rule(operation: str, request: Any, forward: Forward) -> Any:
        if operation != "SendMessageBatch":
            return forward()
        failed = [entry for entry in request["Entries"] if refused(entry["MessageBody"])]
        request["Entries"] = [entry for entry in request["Entries"] if entry not in failed]
        answer = forward() if request["Entries"] else {}
        named = [{"Id": entry["Id"], "SenderFault": sender_fault, "Code": "InternalError"} for entry in failed]
        return {"Successful": [], **answer, "Failed": named}

    return rule


def test_messages_that_failed_are_sent_again_and_only_those(sqs_url: str, partial: Partial) -> None:
    tried: dict[str, int] = {}

    def twice(body: str) -> bool:
        tried[body] = tried.get(body, 0) + 1
        return tried[body] <= int(body) % 3

    partial.rule = _refusing(twice, sender_fault=False)
    SqsQueue(sqs_url).send([str(n) for n in range(10)])
    assert _take(sqs_url) == [str(n) for n in range(10)]
    assert tried == {str(n): n % 3 + 1 for n in range(10)}


@pytest.mark.parametrize("sender_fault", [True, False])
def test_messages_that_fail_for_good_make_the_queue_unavailable(
    sqs_url: str, partial: Partial, monkeypatch: pytest.MonkeyPatch, sender_fault: bool
) -> None:
    monkeypatch.setattr("insights_engine.aws.ATTEMPTS", 3)
    partial.rule = _refusing(lambda body: body == "bad", sender_fault)
    with pytest.raises(QueueUnavailable, match="1 messages: InternalError"):
        SqsQueue(sqs_url).send(["good", "bad"])
    assert partial.calls == ["SendMessageBatch"] * (1 if sender_fault else 3)


def test_a_queue_that_does_not_answer_is_unavailable(sqs_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(QueueUnavailable):
        SqsQueue(sqs_url).send(["body"])
