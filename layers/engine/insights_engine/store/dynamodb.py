"""The store in DynamoDB, for both tables. Keys `pk` (hash) and `sk` (range), both strings.

Whole numbers and bytes of an item are attributes of their own, so that conditions, `add` and the table's TTL
(`expires_at`) work on them; the rest is one attribute, `doc`, with JSON text: every float comes back as it was, and
empty names, deep nesting and long lists cost nothing extra.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import batched
from typing import TYPE_CHECKING, Any

import orjson

from insights_engine import aws
from insights_engine.store import Check, Delete, Expect, Item, Key, Put, StoreUnavailable, Write
from insights_engine.store.items import RESERVED, Encoded, check_transaction, conflict, is_possible, key_of, latest

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Attributes = dict[str, Any]

_GET_BATCH = 100
_WRITE_BATCH = 25

_ABSENT = "attribute_not_exists(pk) OR expires_at <= :now"
_LIVE = "attribute_exists(pk) AND (attribute_not_exists(expires_at) OR expires_at > :now)"
_VERSION = f"#version = :version AND {_LIVE}"


class DynamoStore:
    """`clock` gives the epoch seconds that `expires_at` is held against: DynamoDB itself removes items days late."""

    def __init__(
        self, table_name: str, *, client: DynamoDBClient | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._table = table_name
        self._clock = clock
        if client is not None:
            self._client = client

    def __repr__(self) -> str:
        return f"DynamoStore({self._table!r})"

    @cached_property
    def _client(self) -> DynamoDBClient:
        client: DynamoDBClient = aws.client("dynamodb")
        return client

    def get(self, pk: str, sk: str) -> Item | None:
        if not is_possible((pk, sk)):
            return None
        answer = self._send("get_item", {"TableName": self._table, "Key": _key((pk, sk)), "ConsistentRead": True})
        return self._live(answer.get("Item"))

    def get_many(self, keys: Sequence[Key]) -> list[Item | None]:
        batches = list(batched((key for key in dict.fromkeys(keys) if is_possible(key)), _GET_BATCH, strict=False))
        found: dict[Key, Item] = {}
        for items in _side_by_side(self._get_batch, batches):
            found |= {(item["pk"], item["sk"]): item for item in items}
        return [found.get(key) for key in keys]

    def query(
        self, pk: str, prefix: str = "", *, after: str | None = None, limit: int | None = None, descending: bool = False
    ) -> list[Item]:
        if not is_possible((pk, prefix or "-")) or limit == 0:
            return []
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": pk}},
            "ScanIndexForward": not descending,
            "ConsistentRead": True,
        }
        if prefix:
            request["KeyConditionExpression"] += " AND begins_with(sk, :prefix)"
            request["ExpressionAttributeValues"][":prefix"] = {"S": prefix}
        if after is not None:
            if after.startswith(prefix) and after:
                request["ExclusiveStartKey"] = _key((pk, after))
            elif (after > prefix) is not descending:  # a start outside the prefix is refused: nothing is left, or all
                return []
        return self._pages(request, limit)

    def put(self, item: Item, expect: Expect = "any") -> None:
        one = Encoded(item)
        self._write("put_item", one.key, expect, Item=_attributes(one))

    def delete(self, pk: str, sk: str, expect: Expect = "any") -> None:
        if is_possible((pk, sk)):
            self._write("delete_item", (pk, sk), expect, Key=_key((pk, sk)))
        elif expect not in ("any", "absent"):
            raise conflict((pk, sk), expect)

    def put_new_many(self, items: Sequence[Item]) -> list[Item]:
        encoded = [Encoded(item) for item in items]  # all of them before anything is written
        first = {one.key: (one, item) for one, item in zip(reversed(encoded), reversed(items), strict=True)}
        earlier = _side_by_side(self._put_new, [one for one, _ in first.values()])
        held = {key: there or item for (key, (_, item)), there in zip(first.items(), earlier, strict=True)}
        return [dict(held[one.key]) for one in encoded]

    def put_many(self, items: Sequence[Item]) -> None:
        puts = [{"PutRequest": {"Item": _attributes(one)}} for one in latest(items)]
        list(_side_by_side(self._put_batch, list(batched(puts, _WRITE_BATCH, strict=False))))

    def add(self, pk: str, sk: str, field: str, amount: int) -> int:
        request: dict[str, Any] = {
            "TableName": self._table,
            "Key": _key((pk, sk)),
            "UpdateExpression": "ADD #field :amount",
            "ConditionExpression": "attribute_not_exists(expires_at) OR expires_at > :now",
            "ExpressionAttributeNames": {"#field": field},
            "ExpressionAttributeValues": {":amount": {"N": str(amount)}, **self._now()},
            "ReturnValues": "ALL_NEW",
        }
        Encoded({"pk": pk, "sk": sk, field: amount})  # raises for what no item may have
        while True:
            try:
                return int(self._call("update_item", request)["Attributes"][field]["N"])
            except self._client.exceptions.ConditionalCheckFailedException:
                self._remove_expired((pk, sk))

    def transact(self, writes: Sequence[Write]) -> None:
        encoded = check_transaction(writes)
        for index, write in enumerate(writes):
            if not is_possible(key_of(write)) and write.expect not in ("any", "absent"):
                raise conflict(key_of(write), write.expect, index)
        places = [index for index, write in enumerate(writes) if is_possible(key_of(write)) and not _is_idle(write)]
        actions = [self._action(writes[index], encoded[index]) for index in places]
        if not actions:
            return
        for pause in aws.pauses():
            try:
                self._send("transact_write_items", {"TransactItems": actions})
                return
            except self._client.exceptions.TransactionCanceledException as error:
                reasons = error.response.get("CancellationReasons", [])
                for place, reason in zip(places, reasons, strict=False):
                    if reason.get("Code") == "ConditionalCheckFailed":
                        held = self._live(reason.get("Item"))
                        raise conflict(key_of(writes[place]), writes[place].expect, place, held) from error
                if not {reason.get("Code") for reason in reasons} & _PASSING:
                    raise
                if pause is None:
                    raise StoreUnavailable(f"{self!r}: {error}") from error
            time.sleep(pause)

    def _action(self, write: Write, one: Encoded | None) -> dict[str, Any]:
        shared = {"TableName": self._table, **self._condition(write.expect)}
        if isinstance(write, Put):
            assert one is not None
            return {"Put": {"Item": _attributes(one), **shared}}
        return {"Delete" if isinstance(write, Delete) else "ConditionCheck": {"Key": _key(key_of(write)), **shared}}

    def _condition(self, expect: Expect) -> dict[str, Any]:
        """With what the condition saw in the refusal: a read after it might see something else again."""
        if expect == "any":
            return {}
        told = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        if expect == "absent":
            return {"ConditionExpression": _ABSENT, "ExpressionAttributeValues": self._now(), **told}
        if expect == "present":
            return {"ConditionExpression": _LIVE, "ExpressionAttributeValues": self._now(), **told}
        return {
            "ConditionExpression": _VERSION,
            "ExpressionAttributeNames": {"#version": "version"},
            "ExpressionAttributeValues": {":version": {"N": str(expect)}, **self._now()},
            **told,
        }

    def _write(self, operation: str, key: Key, expect: Expect, **request: Any) -> None:
        try:
            self._call(operation, {"TableName": self._table, **request, **self._condition(expect)})
        except self._client.exceptions.ConditionalCheckFailedException as error:
            held = self._live(error.response.get("Item"))
            raise conflict(key, expect, held=held) from error

    def _call(self, operation: str, request: dict[str, Any]) -> Any:
        """A single write, tried again while a transaction holds the item; the SDK itself sees to throttling."""
        for pause in aws.pauses():
            try:
                return self._send(operation, request)
            except self._client.exceptions.TransactionConflictException as error:
                if pause is None:
                    raise StoreUnavailable(f"{self!r}: {error}") from error
            time.sleep(pause)
        raise AssertionError("unreachable")

    def _send(self, operation: str, request: dict[str, Any]) -> Any:
        try:
            return getattr(self._client, operation)(**request)
        except Exception as error:
            if aws.is_passing(error):
                raise StoreUnavailable(f"{self!r}: {error}") from error
            raise

    def _put_new(self, one: Encoded) -> Item | None:
        """The item that was there first, or None when it is now this one."""
        request = {"TableName": self._table, "Item": _attributes(one), **self._condition("absent")}
        try:
            self._call("put_item", request)
        except self._client.exceptions.ConditionalCheckFailedException as error:
            # What the condition saw, so that a deletion right after it cannot leave us with neither.
            return _decode(error.response["Item"])  # type: ignore[typeddict-item]
        return None

    def _get_batch(self, keys: Sequence[Key]) -> list[Item]:
        wanted: Any = {self._table: {"Keys": [_key(key) for key in keys], "ConsistentRead": True}}
        items: list[Item] = []
        for pause in aws.pauses():
            answer = self._send("batch_get_item", {"RequestItems": wanted})
            items += [item for found in answer["Responses"].get(self._table, []) if (item := self._live(found))]
            wanted = answer.get("UnprocessedKeys")
            if not wanted:
                return items
            if pause is None:
                break
            time.sleep(pause)
        raise StoreUnavailable(f"{self!r} left keys unread")

    def _put_batch(self, puts: Sequence[Any]) -> None:
        wanted: Any = {self._table: puts}
        for pause in aws.pauses():
            wanted = self._send("batch_write_item", {"RequestItems": wanted}).get("UnprocessedItems")
            if not wanted:
                return
            if pause is None:
                break
            time.sleep(pause)
        raise StoreUnavailable(f"{self!r} left items unwritten")

    def _pages(self, request: dict[str, Any], limit: int | None) -> list[Item]:
        items: list[Item] = []
        while True:
            if limit is not None:
                request["Limit"] = limit - len(items)
            answer = self._send("query", request)
            items += [item for found in answer["Items"] if (item := self._live(found))]
            if "LastEvaluatedKey" not in answer or len(items) == limit:
                return items
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _remove_expired(self, key: Key) -> None:
        request = {"ConditionExpression": "expires_at <= :now", "ExpressionAttributeValues": self._now()}
        try:
            self._call("delete_item", {"TableName": self._table, "Key": _key(key), **request})
        except self._client.exceptions.ConditionalCheckFailedException:
            return  # another caller has removed it, and may have written it anew

    def _live(self, attributes: Any) -> Item | None:
        if not attributes:
            return None
        expires_at = attributes.get("expires_at", {}).get("N")
        return _decode(attributes) if expires_at is None or float(expires_at) > self._clock() else None

    def _now(self) -> Attributes:
        return {":now": {"N": str(int(self._clock()))}}


# A transaction that was cancelled for one of these may pass when it is sent again.
_PASSING = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}


def _side_by_side[In, Out](call: Callable[[In], Out], values: Sequence[In]) -> Iterator[Out]:
    if len(values) < 2:
        yield from map(call, values)
        return
    with ThreadPoolExecutor(min(aws.CONNECTIONS, len(values)), thread_name_prefix="dynamodb") as pool:
        yield from pool.map(call, values)


def _is_idle(write: Write) -> bool:
    return isinstance(write, Check) and write.expect == "any"


def _key(key: Key) -> Attributes:
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}


def _attributes(one: Encoded) -> Attributes:
    return {
        **_key(one.key),
        RESERVED: {"S": one.doc.decode()},
        **{name: {"N": str(number)} for name, number in one.numbers.items()},
        **{name: {"B": blob} for name, blob in one.blobs.items()},
    }


def _decode(attributes: Any) -> Item:
    item: Item = orjson.loads(attributes[RESERVED]["S"]) if RESERVED in attributes else {}
    for name, value in attributes.items():
        if name != RESERVED:
            item[name] = value["S"] if "S" in value else int(value["N"]) if "N" in value else bytes(value["B"])
    return item
