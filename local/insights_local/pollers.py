"""What calls functions of an emulated AWS that no request calls: Lambda's event source mapping, and EventBridge. Each
is a thread of this process, and the function works in it.

Consumers work in this process rather than in a container of their own: they take the same messages from the same
queues, start at once, and show their logs in the same terminal.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from insights_local.consumer import failures_of
from insights_local.turns import Turns

Invoke = Callable[[dict[str, Any]], Any]

_WAIT_SECONDS = 1  # of one request for messages, and so how long `stop` may take
_MOST_MESSAGES = 10  # that SQS hands out at once


class Poller(Turns):
    """`invoke` gets Lambda's event for an SQS queue and answers as the function does; what failed comes again."""

    def __init__(self, queue_url: str, invoke: Invoke, *, batch_size: int = 1) -> None:
        from insights_engine import aws

        super().__init__(f"poller-{queue_url}", pause=_WAIT_SECONDS)
        self._sqs = aws.client("sqs")
        self._url = queue_url
        self._invoke = invoke
        self._batch_size = min(batch_size, _MOST_MESSAGES)

    def turn(self) -> None:
        self.move()

    def move(self) -> int:
        """One batch; the number of messages that are done."""
        answer = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=self._batch_size,
            WaitTimeSeconds=_WAIT_SECONDS,
            AttributeNames=["All"],
        )
        if not (batch := answer.get("Messages", [])):
            return 0
        stay = failures_of(self._invoke(sqs_event(batch)), {message["MessageId"] for message in batch})
        done = [message for message in batch if message["MessageId"] not in stay]
        for message in done:
            self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return len(done)


def sqs_event(batch: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Lambda's event for messages as SQS hands them out."""
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message.get("Attributes", {}),
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:local:000000000000:queue",
                "awsRegion": "local",
            }
            for message in batch
        ]
    }


def with_body(invoke: Invoke) -> Invoke:
    """The function is called with what is in the message: an event that came over a bus."""

    def each(event: dict[str, Any]) -> None:
        for record in event["Records"]:
            invoke(json.loads(record["body"]))

    return each
