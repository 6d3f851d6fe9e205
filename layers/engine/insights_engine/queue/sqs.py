"""The queue in SQS. Lambda's own poller receives from it, so that there is only sending here."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from insights_engine import aws
from insights_engine.queue import MAX_MESSAGE_BYTES, QueueUnavailable, check_bodies

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef as Entry

MAX_BATCH_MESSAGES = 10
MAX_BATCH_BYTES = MAX_MESSAGE_BYTES


class SqsQueue:
    def __init__(self, url: str) -> None:
        self._url = url

    def __repr__(self) -> str:
        return f"SqsQueue({self._url!r})"

    @cached_property
    def _client(self) -> SQSClient:
        client: SQSClient = aws.client("sqs")
        return client

    def send(self, bodies: Sequence[str]) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        for batch in _batches(bodies, check_bodies(bodies)):
            try:
                self._send(batch)
            except (BotoCoreError, ClientError) as error:
                raise QueueUnavailable(f"SQS took no messages: {error}") from error

    def _send(self, entries: list[Entry]) -> None:
        """A batch succeeds in parts: what failed, and not by our fault, is sent again."""
        for pause in aws.pauses():
            failed = self._client.send_message_batch(QueueUrl=self._url, Entries=entries).get("Failed", [])
            if not failed:
                return
            if pause is None or any(one["SenderFault"] for one in failed):
                reasons = sorted({one["Code"] for one in failed})
                raise QueueUnavailable(f"SQS refused {len(failed)} messages: {', '.join(reasons)}")
            again = {one["Id"] for one in failed}
            entries = [entry for entry in entries if entry["Id"] in again]
            time.sleep(pause)


def _batches(bodies: Sequence[str], sizes: Sequence[int]) -> Iterator[list[Entry]]:
    batch: list[Entry] = []
    filled = 0
    for body, size in zip(bodies, sizes, strict=True):
        if batch and (len(batch) == MAX_BATCH_MESSAGES or filled + size > MAX_BATCH_BYTES):
            yield batch
            batch, filled = [], 0
        batch.append({"Id": str(len(batch)), "MessageBody": body})
        filled += size
    if batch:
        yield batch
